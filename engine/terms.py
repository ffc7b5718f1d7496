"""Terms of sale beyond a price: weekly hours, what a promotion asks for and gives, a substitute."""

from enum import StrEnum

from msgspec import Struct

from engine.values import (
    CategoryId,
    CouponId,
    Millis,
    Minor,
    PricedLine,
    ProductId,
    PromotionId,
    StoreId,
)

PLATFORM = StoreId("")  # bears what no store bears


class Hours(Struct, frozen=True, array_like=True):
    """Every week from one minute until another, in local time: minutes since Monday, 0:00."""

    opens_min: int
    closes_min: int  # no longer then


class SpecialDay(Struct, frozen=True, array_like=True):
    """A date with hours of its own; none: closed. Days since the epoch, in local time."""

    day: int
    hours: list[Hours]  # in minutes since 0:00 of that day


class Selection(Struct, frozen=True, array_like=True):
    """Products by id, or by category with all below it. Empty: every product."""

    products: list[ProductId] = []
    categories: list[CategoryId] = []


class Conditions(Struct, frozen=True, array_like=True):
    """When a promotion holds: all of these. Empty, zero or false asks for nothing."""

    order_min_minor: Minor = Minor(0)  # of goods, before any discount
    contains: Selection = Selection()
    pieces_min: int = 0  # of what it must contain
    first_order: bool = False
    segments: list[str] = []  # the customer is in one of these
    stores: list[StoreId] = []
    from_at: Millis = Millis(0)
    until_at: Millis = Millis(0)  # 0: for good
    hours: list[Hours] = []


class ActionKind(StrEnum):
    """What a promotion takes off."""

    PERCENT = "percent"  # `permille` of what the targets cost, rounded down once
    AMOUNT = "amount"  # `amount_minor` off the targets together
    AMOUNT_EACH = "amount_each"  # `amount_minor` off each piece
    FREE_DELIVERY = "free_delivery"
    X_FOR_Y = "x_for_y"  # of every `buy` pieces `pay` are paid for; the cheapest are free
    BUY_GET = "buy_get"  # for every `buy` pieces of what is asked for, `permille` off `get` targets


class Action(Struct, frozen=True, array_like=True):
    """One reduction, of the lines in `targets`: by default, of the order. Never below zero."""

    kind: ActionKind
    permille: int = 0  # 1000: free
    amount_minor: Minor = Minor(0)
    limit_minor: Minor = Minor(0)  # at most so much; 0: no limit
    targets: Selection = Selection()
    buy: int = 0
    pay: int = 0
    get: int = 0


class PromotionTerms(Struct, frozen=True, array_like=True):
    """What a promotion asks for and gives, who bears it, and how it stands to others.

    Those that hold are applied in order of priority, smallest first, then of their ids; each to
    what the ones before have left. An exclusive one applies only if none has, and then alone.
    """

    name: str
    conditions: Conditions
    actions: list[Action]
    bearer: StoreId = PLATFORM  # a store bears its own, and they hold there only
    by_coupon: bool = False  # only for who has a coupon for it
    exclusive: bool = False
    priority: int = 0
    limit: int = 0  # orders, of everybody; 0: no limit
    limit_per_customer: int = 0


class Discount(Struct, frozen=True, array_like=True):
    """What one promotion took off an order: off its goods, and off the delivery fee."""

    promotion: PromotionId
    goods_minor: Minor
    fee_minor: Minor
    bearer: StoreId = PLATFORM
    coupon: CouponId = CouponId("")  # empty: it needed none


class Substitute(Struct, frozen=True, array_like=True):
    """For something missing, kept for the order until it is answered."""

    quantity: int  # of what is missing
    line: PricedLine
    expires_at: Millis
