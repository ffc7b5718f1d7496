"""What is sold, where, for how much, and to whom."""

from engine.commands.command import Command
from engine.values import CategoryId, CustomerId, Minor, ProductId, ServiceId, StoreId
from geo.points import Point


class RegisterStore(Command, frozen=True):
    """A store joins. It is open until it says otherwise."""

    store: StoreId
    name: str
    location: Point
    preparation_ms: int  # the first guess; it is learned from then on


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


class DelistProduct(Command, frozen=True):
    product: ProductId


class DefineCategory(Command, frozen=True):
    """Its name and its place in the tree, at a root if without parent; again, to move it."""

    category: CategoryId
    name: str
    parent: CategoryId = CategoryId("")


class SetPrice(Command, frozen=True):
    """From now on; open quotes keep theirs."""

    store: StoreId
    product: ProductId
    price_minor: Minor


class RegisterCustomer(Command, frozen=True):
    """An opaque id; who is behind it is known elsewhere. Without a service: anybody's."""

    customer: CustomerId
    service: ServiceId = ServiceId("")
