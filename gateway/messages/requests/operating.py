"""What operators ask for."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.messages.settings import SettingsInForce
from gateway.messages.values import (
    Id,
    Line,
    Place,
    Reason,
    Ref,
    Role,
    Sent,
    Skills,
    Text,
    Vehicle,
)


class RegisterStore(Sent, frozen=True):
    """A store joins; it is open until it says otherwise."""

    store: Id
    name: Text
    location: Place
    preparation_s: Annotated[int, Meta(ge=0, le=86_400)]


class ChangeStore(Sent, frozen=True):
    """Its name or its place was wrong, or is another now: both as they are to be.

    What is promised and planned from then on is from the new place. What was promised before stays
    so, and a delivery that there is already is fetched where it was to be.
    """

    store: Id
    name: Text
    location: Place


class ListProduct(Sent, frozen=True):
    """It may be sold in every store that has a price and stock for it.

    With `components` it is a bundle, sold for its own price from the shelves of what is in it,
    whose loads count. A bundle stays one, and has no bundle in it. Only couriers who have all of
    its `skills` carry it, as a cold box; a bundle has those of what is in it. With `age_check`
    it is handed over only by who has looked at an age.
    """

    product: Id
    name: Text
    category: Text
    load: Annotated[int, Meta(ge=1, le=1_000)] = 1
    components: Annotated[list[Line], Meta(max_length=50)] = []
    skills: Skills = []
    age_check: bool = False


class DelistProduct(Sent, frozen=True):
    product: Id


class RegisterCourier(Sent, frozen=True):
    """`capacity` in units of load on board at once.

    A courier of a fleet is its for good, and is called `fleet:name`; a fleet need not name itself.
    """

    courier: Id
    vehicle: Vehicle
    capacity: Annotated[int, Meta(ge=1, le=10_000)]
    skills: Skills = []
    fleet: Id | None = None


class ChangeCourier(Sent, frozen=True):
    """Another vehicle, another bag, or other skills; without, those of before. First the shift
    and everything on it must end."""

    courier: Id
    vehicle: Vehicle
    capacity: Annotated[int, Meta(ge=1, le=10_000)]
    skills: Skills | None = None


class TakeOffShift(Sent, frozen=True):
    """Who cannot say it: a lost phone, an accident. Nothing new; what was not fetched is given to
    others. Goods on board are `carried` to their end all the same, or `stranded`: whoever comes
    next fetches them where this courier was seen last. Until it is said that they are lost,
    stranded goods are looked for: `cancel_order` with `goods_lost`.
    """

    courier: Id
    reason: Reason
    goods: Literal["carried", "stranded"] = "carried"


class AssignDelivery(Sent, frozen=True):
    """Overrule the planner: this courier takes it, last on the route."""

    courier: Id
    delivery: Ref
    reason: Reason


class ChangeSettings(Sent, frozen=True):
    """All of them at once: ask for those in force, change some, send them back, and say why.

    To raise what one person may give back alone (`refund_alone_max_minor`) takes two: it waits,
    answered by `settings_proposed`, until another operator asks for exactly the same. Whatever
    else is changed meanwhile takes its place.
    """

    settings: SettingsInForce
    why: Text = ""


class GetSettings(Sent, frozen=True):
    """Answered by `settings`."""


class RevokeAccess(Sent, frozen=True):
    """A lost phone, a leaked token: this party's connections end, its tokens are refused.

    Only tokens minted later are accepted. For a tracking link the subject is the order.
    """

    role: Role
    subject: Ref


class ExplainOrder(Sent, frozen=True):
    """Why it goes with whom it goes, or with nobody. Answered by `explanation`."""

    order: Id
    top: Annotated[int, Meta(ge=1, le=20)] = 5
