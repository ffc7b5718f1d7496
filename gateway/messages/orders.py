"""What is told of orders: quotes, how they stand, how they are followed, and what goes back."""

from typing import Literal

from gateway.messages.merchandise import Discount
from gateway.messages.values import (
    ChangeStatus,
    DeliveryStatus,
    Fulfillment,
    InstructionKind,
    Line,
    Money,
    OrderStatus,
    Part,
    Place,
    PricedLine,
    Rescue,
    ReturnedLine,
    ReturnReason,
    ReturnWay,
    Told,
    Window,
)


class Quote(Told, frozen=True):
    """A promise until `expires_at`: this price, and there within so many seconds of placing, or
    by the end of the window.

    `total` is what the lines cost, less their discounts, and `delivery_fee`, which is what
    promotions left of it. `discounts` says which took off what. As often as the settings want
    (`promise_kept_permille`) it is there within `promised_within_s`; half of the time within
    `expected_within_s`, which is none for windows and collections.
    """

    quote: str
    lines: list[PricedLine]
    delivery_fee: Money
    total: Money
    promised_within_s: int
    expires_at: str
    load: int
    fulfillment: Fulfillment = "delivery"
    window: Window | None = None
    discounts: list[Discount] = []
    expected_within_s: int | None = None


class QuoteUnavailable(Told, frozen=True):
    """What is in an open quote is not for sale any more: accepting it would be refused, for this
    reason. Ask for another, without it."""

    quote: str
    store: str
    product: str
    code: Literal["not_listed"]


class ShortageRemedied(Told, frozen=True):
    """So many were `missing`, and this was done about it, as was wished beforehand.

    The order as it stands then: by when it is `promised`, from which `store`, and what is `due`.
    No `missing`: the store gave up all of it. `instead`: what took its place.
    """

    order: str
    remedy: Rescue
    store: str
    promised_at: str
    due: Money
    missing: str | None = None
    quantity: int = 0
    instead: str | None = None


class GroupDissolved(Told, frozen=True):
    """These were to be carried by one courier, and now each goes by itself: one of them waited
    for the others until its promise was at stake (`late`), they became too large for one courier
    (`too_large`), who has one on board cannot fetch another (`split`), or an operator said so."""

    group: str
    orders: list[str]
    reason: Literal["late", "too_large", "split", "by_hand"]


class OrderPlaced(Told, frozen=True):
    """`payment` is what the provider is asked for: total and tip, less `credit`; none if that is
    nothing."""

    order: str
    total: Money
    placed_at: str
    promised_at: str
    payment: str | None = None
    tip: Money | None = None
    credit: Money | None = None  # paid with what comes back for it
    expected_at: str | None = None  # half of such are there by then


class SubstituteOffered(Part, frozen=True):
    """So many are `missing`; instead the store offers this, until `expires_at`."""

    missing: str
    quantity: int
    line: PricedLine
    expires_at: str


class Order(Told, frozen=True):
    """An order as it stands: how far the bargain has come, and how far the goods.

    `attempt` counts deliveries of the same order; a status may go back when a courier is
    replaced. `due` is what is owed for what is left of it; once it is `cancelled` or `returned`,
    what would have been: `get_payment` says what was taken. `reason` is `actor/code` of an early
    end. `lines`, as they are by now, and `payment` are only in the answer to `get_order`.
    """

    order: str
    store: str
    customer: str
    order_status: OrderStatus
    delivery_status: DeliveryStatus
    attempt: int
    due: Money
    placed_at: str
    promised_at: str
    at: str  # of the last change told here
    delivery: str | None = None
    courier: str | None = None
    ready_at: str | None = None
    reason: str | None = None
    fulfillment: Fulfillment = "delivery"
    wrong_codes: int = 0  # given at the door or the counter since the code was set
    window: Window | None = None
    substitutes: list[SubstituteOffered] = []
    edit_due: str | None = None  # the payment an edit waits for
    exchange: str | None = None  # the change it is paid with
    failure: str | None = None  # why its courier could not hand it over
    lines: list[PricedLine] = []
    payment: str | None = None  # the latest for the bargain itself
    occurred_at: str | None = None  # when a courier's phone says it was so, if it gave a time
    group: str | None = None  # as `service/name`: what one courier carries, as long as it is open


class TrackingLink(Told, frozen=True):
    """For the one who ordered: a token of role `customer`."""

    order: str
    token: str
    expires_at: str


class CourierSeen(Part, frozen=True):
    """Rounded to about a hundred meters; only while on the way to this customer."""

    lat: float
    lon: float
    at: str


class Tracking(Told, frozen=True):
    """What the holder of a tracking link sees. `collection_code` opens the counter, once the
    goods are `ready` there."""

    order: str
    delivery_status: DeliveryStatus
    attempt: int
    promised_at: str
    store_name: str
    dropoff: Place
    courier: CourierSeen | None = None
    reason: str | None = None
    fulfillment: Fulfillment = "delivery"
    order_status: OrderStatus = "placed"
    collection_code: str | None = None
    window: Window | None = None
    eta_at: str | None = None  # once a courier has accepted it; whole minutes
    expected_at: str | None = None  # of the promise first given: half of such are there by then


class Refund(Told, frozen=True):
    """One that waits: for a second person if it needs approval, else for its capture."""

    instruction: str
    order: str
    amount: Money
    reason: str
    asked_by: str
    needs_approval: bool


class Refunds(Told, frozen=True):
    refunds: list[Refund]


class Instruction(Told, frozen=True):
    """What a provider was told."""

    instruction: str
    payment: str
    kind: InstructionKind
    amount: Money


class FailedInstructions(Told, frozen=True):
    """The oldest first."""

    instructions: list[Instruction]


class OrderChange(Told, frozen=True):
    """Pieces that come back: what is given back for them, or would be until `expires_at`.

    `refund` = `goods` + `delivery_fee` - `fee`. Once `received`, these are for what came. `missed`
    says why the last courier came for nothing, `closed` why nothing came of it.
    """

    change: str
    order: str
    store: str
    status: ChangeStatus
    lines: list[Line]
    reason: ReturnReason
    way: ReturnWay
    goods: Money
    delivery_fee: Money
    fee: Money
    refund: Money
    expires_at: str | None = None
    delivery: str | None = None
    missed: str | None = None
    received: list[ReturnedLine] = []
    closed: str | None = None
    replacement: str | None = None  # the order that is paid with it,
    credit: Money | None = None  # and how much of it


class OrderChanges(Told, frozen=True):
    """`next`, if there is more: pass it as `after`."""

    changes: list[OrderChange]
    next: str | None = None


class OrderFound(Part, frozen=True):
    """An order in short; stores do not hear whose it is. `due` is what is owed for what is left."""

    order: str
    service: str
    store: str
    order_status: OrderStatus
    delivery_status: DeliveryStatus
    fulfillment: Fulfillment
    due: Money
    placed_at: str
    promised_at: str
    customer: str | None = None
    window: Window | None = None
    ended_at: str | None = None
    reason: str | None = None


class OrdersFound(Told, frozen=True):
    """`next`, if there is more: pass it as `cursor`."""

    orders: list[OrderFound]
    next: str | None = None


class OrderCount(Part, frozen=True):
    """Of one hour, day, store or service (`key`): how many, by status; `fulfilled` is what is
    owed for those that were."""

    key: str
    orders: int
    statuses: dict[str, int]
    fulfilled: Money


class OrdersCounted(Told, frozen=True):
    by: Literal["hour", "day", "store", "service"]
    counts: list[OrderCount]


class OrderEdited(Told, frozen=True):
    """`total` is what it costs then. With a `payment` it is done once that is authorized, which
    it has to be by `expires_at`; without, it is done."""

    order: str
    total: Money
    payment: str | None = None
    expires_at: str | None = None
