"""A provider's bill of a day, line by line, and what became of the differences.

The gateway reads the bill in the provider's own format and submits these; operators resolve.
"""

from engine.commands.command import Command
from engine.values import BillLine, Millis, ProviderId, ReconciliationId


class OpenReconciliation(Command, frozen=True):
    """The bill of [from_at, to_at) is there. One that was begun and not closed begins again."""

    reconciliation: ReconciliationId
    provider: ProviderId
    from_at: Millis
    to_at: Millis


class ReportBillLines(Command, frozen=True):
    """The next lines of the bill, at most a thousand."""

    reconciliation: ReconciliationId
    lines: list[BillLine]


class CloseReconciliation(Command, frozen=True):
    """That was all: so many lines."""

    reconciliation: ReconciliationId
    lines: int


class ResolveDifference(Command, frozen=True):
    """Somebody looked at it. `booked`: the bill is right, and the books follow it."""

    reconciliation: ReconciliationId
    difference: int
    note: str
    booked: bool = False
