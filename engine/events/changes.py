"""Facts about changes of fulfilled orders: previewed, agreed on, carried out or given up."""

from engine.events.event import Event
from engine.values import (
    ChangeId,
    DeliveryId,
    Line,
    Millis,
    Minor,
    OrderId,
    Posting,
    ReturnedLine,
    ReturnWay,
    ServiceId,
    Skill,
    StoreId,
)


class ChangePreviewed(Event, frozen=True):
    """What would be given back: for the goods, of the delivery fee, less what fetching costs."""

    change: ChangeId
    order: OrderId
    service: ServiceId
    store: StoreId
    lines: list[Line]
    reason: str
    way: ReturnWay
    goods_minor: Minor
    delivery_minor: Minor
    fee_minor: Minor
    load: int
    expires_at: Millis
    skills: list[Skill] = []  # that whoever fetches it has to have


class ChangeConfirmed(Event, frozen=True):
    """The numbers hold; the goods are expected."""

    change: ChangeId
    at: Millis


class ReturnFetched(Event, frozen=True):
    """A courier is sent for the goods, with a delivery of its own."""

    change: ChangeId
    delivery: DeliveryId
    due_at: Millis


class ReturnMissed(Event, frozen=True):
    """The courier came for nothing: nobody was there, or nothing was handed over."""

    change: ChangeId
    reason: str


class ChangeReceived(Event, frozen=True):
    """The goods are back: so much is given back for what came. Nothing came if it was waived."""

    change: ChangeId
    order: OrderId
    received: list[ReturnedLine]
    goods_minor: Minor
    delivery_minor: Minor
    fee_minor: Minor
    charged: list[Posting]  # who bears it
    reason: str
    by: str
    at: Millis


class ChangeClosed(Event, frozen=True):
    """Nothing comes of it."""

    change: ChangeId
    reason: str  # expired, withdrawn or lapsed


class ChangeExchanged(Event, frozen=True):
    """An order is paid with what comes back: so much of it."""

    change: ChangeId
    order: OrderId  # the new one
    credit_minor: Minor


class ExchangeDropped(Event, frozen=True):
    """It is a return like any other again: everything is given back."""

    change: ChangeId


class CreditReturned(Event, frozen=True):
    """So much of what came back pays for nothing any more, and is given back after all."""

    change: ChangeId
    order: OrderId  # which it was to pay for
    amount_minor: Minor
    charged: list[Posting]
    reason: str
