"""Facts about quotes and orders: the bargain with a customer."""

from engine.events.event import Event
from engine.terms import Discount
from engine.values import (
    Actor,
    ChangeId,
    CustomerId,
    Fulfillment,
    GroupId,
    Instead,
    Millis,
    Minor,
    OrderId,
    PaymentMethod,
    PricedLine,
    ProductId,
    Proof,
    ProviderId,
    QuoteId,
    Rescue,
    ServiceId,
    Skill,
    StoreId,
)
from geo.points import Point


class QuoteOffered(Event, frozen=True):
    """A promise not yet accepted: a price, and to be there in time.

    In time is `promised_ms` after it is placed, or by the end of the window if there is one;
    `promised_ms` is then what it takes at least. `total_minor` is what the lines cost after
    discounts and what is left of the delivery fee.
    """

    quote: QuoteId
    service: ServiceId
    customer: CustomerId
    store: StoreId
    lines: list[PricedLine]
    dropoff: Point
    delivery_fee_minor: Minor
    total_minor: Minor
    promised_ms: int  # from placing it to the door, or to being ready for collection
    expires_at: Millis
    load: int
    fulfillment: Fulfillment = Fulfillment.DELIVERY
    window_from_at: Millis = Millis(0)  # both 0: as soon as possible
    window_to_at: Millis = Millis(0)
    discounts: list[Discount] = []
    skills: list[Skill] = []  # that its courier has to have; none, if there is none
    sooner_ms: int = 0  # than promised half of such are there; 0: nobody has learned it
    group: GroupId = GroupId("")  # that it goes with
    alone_ms: int = 0  # what would be promised without; 0: there is no difference


class QuoteAccepted(Event, frozen=True):
    quote: QuoteId
    order: OrderId


class OrderPlaced(Event, frozen=True):
    order: OrderId
    service: ServiceId
    customer: CustomerId
    store: StoreId
    lines: list[PricedLine]
    dropoff: Point
    delivery_fee_minor: Minor
    total_minor: Minor
    provider: ProviderId
    proof: Proof
    pin: str
    load: int
    placed_at: Millis
    promised_at: Millis  # at the door, or ready to be collected
    fulfillment: Fulfillment = Fulfillment.DELIVERY
    tip_minor: Minor = Minor(0)
    window_from_at: Millis = Millis(0)  # both 0: as soon as possible
    window_to_at: Millis = Millis(0)
    discounts: list[Discount] = []
    exchange: ChangeId = ChangeId("")  # of which goods come back first
    credit_minor: Minor = Minor(0)  # so much of it is paid with them
    busy: int = 0  # deliveries for each courier, when it was promised
    if_missing: list[Rescue] = []  # what is tried then, in this order; after all: without it
    instead: list[Instead] = []
    method: PaymentMethod = PaymentMethod.DEFAULT
    skills: list[Skill] = []  # that its courier has to have
    sooner_ms: int = 0  # than promised half of such are there, as the quote said
    group: GroupId = GroupId("")  # that it is placed in


class OrderScheduled(Event, frozen=True):
    """Paid for, and wanted later: the store is asked at `ask_at`."""

    order: OrderId
    ask_at: Millis


class OrderConfirmed(Event, frozen=True):
    """Paid for, and wanted now: the store is asked."""

    order: OrderId


class StoreAsked(Event, frozen=True):
    """Whether it takes the order: who is silent until then is not waited for."""

    order: OrderId
    until: Millis


class OrderAccepted(Event, frozen=True):
    order: OrderId
    ready_at: Millis
    at: Millis


class ReadyTimeChanged(Event, frozen=True):
    order: OrderId
    ready_at: Millis


class OrderReady(Event, frozen=True):
    order: OrderId
    ready_at: Millis


class OrderLabelled(Event, frozen=True):
    """What stands on its bags: who fetches them reads all of it, or does not have them."""

    order: OrderId
    labels: list[str]


class OrderReduced(Event, frozen=True):
    """Items were missing: these lines remain, and so much less is owed."""

    order: OrderId
    lines: list[PricedLine]
    reduction_minor: Minor


class ItemsMissing(Event, frozen=True):
    """So many were promised and are not there, and who ordered them has said what to do then.
    Changes no state: what is done follows."""

    order: OrderId
    store: StoreId
    product: ProductId
    quantity: int


class OrderGivenUp(Event, frozen=True):
    """The store will not do it, and who ordered it would have it from another. Changes no state:
    what becomes of it follows."""

    order: OrderId
    store: StoreId
    actor: Actor
    reason: str


class OrderMoved(Event, frozen=True):
    """Another store has all of it, for no more: it is asked now. The old one keeps nothing."""

    order: OrderId
    before: StoreId
    store: StoreId
    promised_at: Millis  # never sooner than it was


class ShortageRemedied(Event, frozen=True):
    """What was done when something was missing. Changes no state."""

    order: OrderId
    product: ProductId  # empty: the store gave up all of it
    quantity: int
    remedy: Rescue
    substitute: ProductId = ProductId("")


class OrderHandedOver(Event, frozen=True):
    """A courier has the goods, or the customer who came for them."""

    order: OrderId


class ProofMissed(Event, frozen=True):
    """Somebody gave a wrong code: the `tries`-th time."""

    order: OrderId
    tries: int


class ProofRenewed(Event, frozen=True):
    """From now on this code counts, and nobody has tried it."""

    order: OrderId
    pin: str


class OrderFulfilled(Event, frozen=True):
    order: OrderId
    at: Millis
    delivered_at: Millis = Millis(0)  # at the door, if that was told later; 0: at `at`


class OrderRecalled(Event, frozen=True):
    """Nobody wants it any more, and it is on its way: it comes back instead."""

    order: OrderId
    actor: Actor
    reason: str


class RedeliveryRequested(Event, frozen=True):
    """Once it is back, it is to go out again."""

    order: OrderId


class OrderReattempted(Event, frozen=True):
    """It is back, and stands ready for the next attempt, with a new promise."""

    order: OrderId
    promised_at: Millis


class OrderCancelled(Event, frozen=True):
    """It ended before its goods left the store."""

    order: OrderId
    actor: Actor
    reason: str
    at: Millis = Millis(0)


class OrderReturned(Event, frozen=True):
    """It could not be delivered, and the goods are back."""

    order: OrderId
    actor: Actor
    reason: str
    at: Millis = Millis(0)


class OrderWrittenOff(Event, frozen=True):
    """Its goods were lost on the way: they stay issued, and the customer owes nothing."""

    order: OrderId
    actor: Actor
    reason: str
    at: Millis


class PreparationMeasured(Event, frozen=True):
    """What the store needed, from acceptance to ready. The store's estimate learns from it."""

    store: StoreId
    took_ms: int
    crowd_permille: int = -1  # orders waiting for each picker then; -1: nobody is counted there


class ArchivingPlanned(Event, frozen=True):
    """Whatever has ended long ago by then is archived then. 0: nothing has to be."""

    at: Millis


class OrdersArchived(Event, frozen=True):
    """They ended long ago, and are put away: still known, and out of the way."""

    orders: list[OrderId]
