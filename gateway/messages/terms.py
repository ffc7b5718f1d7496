"""Terms of sale beyond a price: weekly hours, and what a promotion asks for and gives."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.messages.values import Asked, Id, Money, Text, Time

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z|^24:00\Z",
        description="Local time, HH:MM; 24:00 ends a day",
    ),
]
ActionKind = Literal["percent", "amount", "amount_each", "free_delivery", "x_for_y", "buy_get"]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Permille = Annotated[int, Meta(ge=0, le=1_000)]
Category = Annotated[str, Meta(min_length=1, max_length=200)]


class Hours(Asked, frozen=True):
    """On these days from one time until another; past midnight if it closes no later than it
    opens. Hours may meet, and not overlap."""

    days: Annotated[list[Day], Meta(min_length=1, max_length=7)]
    opens: Clock
    closes: Clock


class Span(Asked, frozen=True):
    """Of one day; it closes later than it opens."""

    opens: Clock
    closes: Clock


class SpecialDay(Asked, frozen=True):
    """A date with other hours than its weekday; none: closed."""

    date: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", description="YYYY-MM-DD")]
    hours: Annotated[list[Span], Meta(max_length=10)] = []


class Selection(Asked, frozen=True):
    """Products by id, or by category with all below it. Empty: every product."""

    products: Annotated[list[Id], Meta(max_length=500)] = []
    categories: Annotated[list[Category], Meta(max_length=500)] = []


class Conditions(Asked, frozen=True):
    """All must hold; what is left out is not asked for. `order_min` counts goods before any
    discount, `pieces_min` pieces of what the order must contain."""

    order_min: Money | None = None
    contains: Selection = Selection()
    pieces_min: Count = 0
    first_order: bool = False
    segments: Annotated[list[Category], Meta(max_length=500)] = []
    stores: Annotated[list[Id], Meta(max_length=500)] = []
    from_at: Time | None = None
    until_at: Time | None = None
    hours: Annotated[list[Hours], Meta(max_length=50)] = []


class Action(Asked, frozen=True):
    """One reduction of the lines in `targets`; of the order, if there are none.

    `percent`: `permille` of what they cost, rounded down once. `amount`: off all of them
    together. `amount_each`: off each piece. `free_delivery`. `x_for_y`: of every `buy` pieces
    `pay` are paid for, the cheapest are free. `buy_get`: for every `buy` pieces of what the
    conditions ask for, `permille` off `get` of the targets, the cheapest. `limit_amount` is the
    most it takes off.
    """

    kind: ActionKind
    permille: Permille = 0
    amount: Money | None = None
    limit_amount: Money | None = None
    targets: Selection = Selection()
    buy: Count = 0
    pay: Count = 0
    get: Count = 0


class PromotionTerms(Asked, frozen=True):
    """What holds is applied in order of `priority`, smallest first, then of ids; each to what the
    ones before have left. An `exclusive` one applies only if none has, and then alone.

    `limit` counts orders, of everybody and per customer; 0 is none. `bearer`: the store that
    bears it, where alone it holds; the platform, if none.
    """

    name: Text
    actions: Annotated[list[Action], Meta(min_length=1, max_length=10)]
    conditions: Conditions = Conditions()
    bearer: Id | None = None
    by_coupon: bool = False
    exclusive: bool = False
    priority: Annotated[int, Meta(ge=-1_000, le=1_000)] = 0
    limit: Count = 0
    limit_per_customer: Count = 0
