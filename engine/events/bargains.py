"""Facts about bargains that change before they are carried out: edits and substitutes."""

from msgspec import Struct

from engine.events.event import Event
from engine.values import Line, Millis, Minor, OrderId, PaymentId, PricedLine, ProductId, Skill
from geo.points import Point


class Amendment(Struct, frozen=True, array_like=True):
    """The bargain as it is to be."""

    lines: list[PricedLine]
    dropoff: Point
    delivery_fee_minor: Minor
    total_minor: Minor
    load: int
    promised_at: Millis
    skills: list[Skill] = []  # that its courier has to have


class EditRequested(Event, frozen=True):
    """It costs more than is held: it waits for another payment, which is for all of it."""

    order: OrderId
    amendment: Amendment
    added: list[Line]  # kept for the order meanwhile
    payment: PaymentId


class OrderEdited(Event, frozen=True):
    order: OrderId
    amendment: Amendment


class EditDropped(Event, frozen=True):
    """It was not paid for, or the world moved on: the bargain stays as it was."""

    order: OrderId
    reason: str
    payment: PaymentId  # nobody need pay it any more


class SubstituteProposed(Event, frozen=True):
    """Instead of so many missing pieces: these, which are kept for the order until then."""

    order: OrderId
    missing: ProductId
    quantity: int
    line: PricedLine
    expires_at: Millis


class SubstituteAccepted(Event, frozen=True):
    order: OrderId
    missing: ProductId


class SubstituteDropped(Event, frozen=True):
    order: OrderId
    missing: ProductId
    reason: str  # declined, lapsed, cancelled or short
