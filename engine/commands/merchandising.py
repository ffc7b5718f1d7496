"""What is sold, where, for how much, and to whom."""

from engine.commands.command import Command
from engine.terms import Hours
from engine.values import (
    CategoryId,
    CustomerId,
    Line,
    Millis,
    Minor,
    ProductId,
    ServiceId,
    Skill,
    StoreId,
)
from geo.points import Point


class RegisterStore(Command, frozen=True):
    """A store joins. It is open until it says otherwise."""

    store: StoreId
    name: str
    location: Point
    preparation_ms: int  # the first guess; it is learned from then on


class ChangeStore(Command, frozen=True):
    """Its name or its place was wrong, or is another now: both as they are to be."""

    store: StoreId
    name: str
    location: Point


class OpenStore(Command, frozen=True):
    store: StoreId


class CloseStore(Command, frozen=True):
    """No new orders; what was accepted is still prepared."""

    store: StoreId


class ListProduct(Command, frozen=True):
    """A product may be sold in every store that has a price and stock for it.

    `category` may be one that was defined, or any other: a root without a tree.
    """

    product: ProductId
    name: str
    category: str
    load: int = 1  # units of a courier's capacity that one piece takes
    components: list[Line] = []  # it is a bundle of these, for its own price; their loads count
    skills: list[Skill] = []  # only who has all of them may carry it; of a bundle: its parts' count
    age_check: bool = False  # it is handed over to nobody whose age was not looked at


class DelistProduct(Command, frozen=True):
    product: ProductId


class ListInStore(Command, frozen=True):
    """A store sells it, within these weekly hours; without hours, always."""

    store: StoreId
    product: ProductId
    hours: list[Hours] = []


class DelistInStore(Command, frozen=True):
    """A store does not sell it, whoever else does."""

    store: StoreId
    product: ProductId


class DefineCategory(Command, frozen=True):
    """Its name and its place in the tree, at a root if without parent; again, to move it."""

    category: CategoryId
    name: str
    parent: CategoryId = CategoryId("")


class SetPrice(Command, frozen=True):
    """From then on; open quotes keep theirs. Later than every start there is."""

    store: StoreId
    product: ProductId
    price_minor: Minor
    from_at: Millis = Millis(0)  # 0: now


class WithdrawPrices(Command, frozen=True):
    """Those that have not begun yet: the one in force stays."""

    store: StoreId
    product: ProductId


class RegisterCustomer(Command, frozen=True):
    """An opaque id; who is behind it is known elsewhere. Without a service: anybody's."""

    customer: CustomerId
    service: ServiceId = ServiceId("")
