"""Changes of fulfilled orders: what was agreed to come back, and what did."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from engine.events import (
    ChangeClosed,
    ChangeConfirmed,
    ChangeExchanged,
    ChangePreviewed,
    ChangeReceived,
    CreditReturned,
    ExchangeDropped,
    OrderPlaced,
    ReturnFetched,
    ReturnMissed,
)
from engine.values import (
    ChangeId,
    DeliveryId,
    Line,
    Millis,
    Minor,
    OrderId,
    ReturnedLine,
    ReturnWay,
    ServiceId,
    Skill,
    StoreId,
)


class ChangeStatus(StrEnum):
    PREVIEWED = "previewed"  # numbers, promised for a while
    CONFIRMED = "confirmed"  # the goods are expected
    RECEIVED = "received"  # and what they are worth is given back
    CLOSED = "closed"  # nothing came of it


S = ChangeStatus
TRANSITIONS: dict[ChangeStatus, tuple[ChangeStatus, ...]] = {
    S.PREVIEWED: (S.CONFIRMED, S.CLOSED),
    S.CONFIRMED: (S.RECEIVED, S.CLOSED),
    S.RECEIVED: (),
    S.CLOSED: (),
}


class OrderChange(Struct, array_like=True):
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
    status: ChangeStatus = S.PREVIEWED
    confirmed_at: Millis = Millis(0)
    delivery: DeliveryId | None = None  # the one under way, or the last one
    fetches: int = 0
    missed: str = ""  # why the last courier came for nothing
    received: list[ReturnedLine] = []
    closed: str = ""  # why nothing came of it
    replacement: OrderId | None = None  # which is paid with it
    credit_minor: int = 0  # how much of that order
    skills: list[Skill] = []  # that whoever fetches it has to have

    @property
    def refund_minor(self) -> int:
        return self.goods_minor + self.delivery_minor - self.fee_minor

    @property
    def gone(self) -> list[Line]:
        """What the customer has not any more, or is not to have for long."""
        if self.status is S.CONFIRMED or not self.received:
            return self.lines  # also what was waived: it was paid for
        return [Line(x.product, x.sellable + x.damaged) for x in self.received]

    @property
    def is_agreed(self) -> bool:
        return self.status in (S.CONFIRMED, S.RECEIVED)


class OrderChanges(Struct, dict=True):
    """Invariant: of every product no more comes back than was bought."""

    changes: dict[ChangeId, OrderChange] = {}

    def __post_init__(self) -> None:
        # Derived, hence not fields: snapshots neither write nor read them.
        self.of_order: dict[OrderId, dict[ChangeId, None]] = {}
        self.expected: dict[StoreId, dict[ChangeId, None]] = {}  # by the store they come back to
        for key, change in self.changes.items():
            self.of_order.setdefault(change.order, {})[key] = None
            if change.status is S.CONFIRMED:
                self.expected.setdefault(change.store, {})[key] = None

    # queries

    def __getitem__(self, change: ChangeId) -> OrderChange:
        return self.changes[change]

    def get(self, change: ChangeId) -> OrderChange | None:
        return self.changes.get(change)

    def of(self, order: OrderId) -> Iterator[OrderChange]:
        """All of an order that were agreed on, the oldest first."""
        found = (self.changes[x] for x in self.of_order.get(order, ()))
        return (x for x in found if x.is_agreed)

    def expected_minor(self, order: OrderId) -> int:
        """What is to be given back when the goods come: it is spoken for."""
        return sum(x.refund_minor for x in self.of(order) if x.status is S.CONFIRMED)

    def credited_minor(self, order: OrderId) -> int:
        """What was paid for it, came back, and pays for something else now."""
        return sum(x.credit_minor for x in self.of(order) if x.status is S.RECEIVED)

    def credit_of(self, placed: OrderPlaced) -> int:
        """How much of this order is paid with what has come back for it."""
        change = self.changes.get(placed.exchange)
        if change is None or change.replacement != placed.order:
            return 0
        return change.credit_minor if change.status is S.RECEIVED else 0

    def is_awaited(self, placed: OrderPlaced) -> bool:
        """Whether what this order is paid with has still to come back."""
        change = self.changes.get(placed.exchange)
        return change is not None and change.status is S.CONFIRMED

    # events

    def change_previewed(self, e: ChangePreviewed) -> None:
        assert e.change not in self.changes
        self.changes[e.change] = OrderChange(
            e.order,
            e.service,
            e.store,
            e.lines,
            e.reason,
            e.way,
            e.goods_minor,
            e.delivery_minor,
            e.fee_minor,
            e.load,
            e.expires_at,
            skills=e.skills,
        )
        self.of_order.setdefault(e.order, {})[e.change] = None

    def change_confirmed(self, e: ChangeConfirmed) -> None:
        change = self._move(e.change, S.CONFIRMED)
        change.confirmed_at = e.at
        self.expected.setdefault(change.store, {})[e.change] = None

    def return_fetched(self, e: ReturnFetched) -> None:
        change = self.changes[e.change]
        assert change.status is S.CONFIRMED
        change.way, change.delivery, change.missed = ReturnWay.COURIER, e.delivery, ""
        change.fetches += 1

    def return_missed(self, e: ReturnMissed) -> None:
        change = self.changes[e.change]
        assert change.status is S.CONFIRMED
        change.way, change.missed = ReturnWay.STORE, e.reason

    def change_received(self, e: ChangeReceived) -> None:
        change = self._move(e.change, S.RECEIVED)
        change.received, change.goods_minor = e.received, e.goods_minor
        change.delivery_minor, change.fee_minor = e.delivery_minor, e.fee_minor
        del self.expected[change.store][e.change]

    def change_exchanged(self, e: ChangeExchanged) -> None:
        change = self.changes[e.change]
        assert change.status is S.CONFIRMED
        assert change.replacement is None
        change.replacement, change.credit_minor = e.order, e.credit_minor

    def exchange_dropped(self, e: ExchangeDropped) -> None:
        change = self.changes[e.change]
        change.replacement, change.credit_minor = None, 0

    def credit_returned(self, e: CreditReturned) -> None:
        change = self.changes[e.change]
        assert change.status is S.RECEIVED
        change.credit_minor -= e.amount_minor
        assert change.credit_minor >= 0

    def change_closed(self, e: ChangeClosed) -> None:
        change = self._move(e.change, S.CLOSED)
        change.closed = e.reason
        if change.confirmed_at:
            del self.expected[change.store][e.change]
        else:  # nobody ever agreed on it
            del self.changes[e.change], self.of_order[change.order][e.change]

    # internals

    def _move(self, key: ChangeId, status: ChangeStatus) -> OrderChange:
        """The only line in the project that changes a change's status."""
        change = self.changes[key]
        assert status in TRANSITIONS[change.status], f"{key}: {change.status} to {status}"
        change.status = status
        return change
