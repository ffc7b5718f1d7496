"""Facts about money that moved at providers, and how their bills compare with ours."""

from engine.events.event import Event
from engine.values import (
    DifferenceKind,
    Millis,
    Minor,
    MovementKind,
    PaymentId,
    ProviderId,
    ReconciliationId,
)


class MoneyMoved(Event, frozen=True):
    """At the provider, `at` by its clock: to us, or back to the customer.

    `key` is the payment, or the instruction that sent it back.
    """

    provider: ProviderId
    kind: MovementKind
    key: str
    payment: PaymentId
    amount_minor: Minor
    at: Millis


class ReconciliationOpened(Event, frozen=True):
    reconciliation: ReconciliationId
    provider: ProviderId
    from_at: Millis
    to_at: Millis


class BillLinesRead(Event, frozen=True):
    """So many more lines, with these fees; `names` of our movements were found on them.

    `agreed`: how many lines say what we say. `late`: names that an earlier bill lacked;
    `early`: what was under way there, and here.
    """

    reconciliation: ReconciliationId
    lines: int
    agreed: int
    fees_minor: int
    names: list[str]
    late: list[str]
    early: list[str] = []


class DifferenceFound(Event, frozen=True):
    """`number` is the bill's; amounts are 0 where nothing moved; `ours` and `theirs` are states."""

    reconciliation: ReconciliationId
    difference: int
    kind: DifferenceKind
    movement: MovementKind
    key: str
    number: str
    ours_minor: int
    theirs_minor: int
    ours: str
    theirs: str


class ReconciliationClosed(Event, frozen=True):
    reconciliation: ReconciliationId


class DifferenceResolved(Event, frozen=True):
    reconciliation: ReconciliationId
    difference: int
    note: str
    booked: bool = False


ReconciliationEvent = (
    ReconciliationOpened
    | BillLinesRead
    | DifferenceFound
    | ReconciliationClosed
    | DifferenceResolved
)
