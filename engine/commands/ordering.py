"""From a question about price and time to an order, or its end."""

from engine.commands.command import Command
from engine.values import (
    Actor,
    ChangeId,
    CouponId,
    CustomerId,
    Fulfillment,
    GroupId,
    Instead,
    Line,
    Millis,
    Minor,
    OrderId,
    PaymentMethod,
    Proof,
    ProviderId,
    QuoteId,
    Rescue,
    ServiceId,
    StoreId,
)
from geo.points import Point


class RequestQuote(Command, frozen=True):
    """What would this cost, and when would it be there?"""

    quote: QuoteId
    service: ServiceId
    customer: CustomerId
    store: StoreId
    lines: list[Line]
    dropoff: Point  # of no meaning for a collection
    fulfillment: Fulfillment = Fulfillment.DELIVERY
    window_from_at: Millis = Millis(0)  # both 0: as soon as possible
    window_to_at: Millis = Millis(0)
    coupons: list[CouponId] = []
    group: GroupId = GroupId("")  # of this service: what is promised counts the way by the others


class PlaceOrder(Command, frozen=True):
    """Accept a quote. The client chose the id, so a retry is harmless."""

    order: OrderId
    service: ServiceId
    quote: QuoteId
    provider: ProviderId
    proof: Proof = Proof.NONE
    pin: str = ""
    tip_minor: Minor = Minor(0)  # for the courier, on top of the total
    exchange: ChangeId = ChangeId("")  # paid with what comes back, and held until it has
    if_missing: list[Rescue] = []  # what is tried then, in this order; after all: without it
    instead: list[Instead] = []
    method: PaymentMethod = PaymentMethod.DEFAULT
    group: GroupId = GroupId("")  # of this service; empty: as it was quoted


class AskStore(Command, frozen=True):
    """It is time that the store begins with what was wanted later."""

    order: OrderId


class RenewProof(Command, frozen=True):
    """The old code is lost, or was guessed at too often."""

    order: OrderId
    service: ServiceId
    pin: str


class CancelOrder(Command, frozen=True):
    """End it early. `service` is empty unless an order service asks for its customer."""

    order: OrderId
    actor: Actor
    reason: str
    service: ServiceId = ServiceId("")
