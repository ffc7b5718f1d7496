"""What is told about providers' bills and our books."""

from typing import Literal

from gateway.messages.values import Money, Part, Told

DifferenceKind = Literal["missing_here", "missing_there", "amount_differs", "state_differs"]


class Reconciliation(Part, frozen=True):
    """Of [from_time, to_time). `agreed` lines say what we say; fees may be negative.

    `unresolved` differences wait for somebody to look.
    """

    reconciliation: str
    from_time: str
    to_time: str
    closed: bool
    lines: int
    agreed: int
    differences: int
    unresolved: int
    fees_minor: int


class Reconciliations(Told, frozen=True):
    provider: str
    reconciliations: list[Reconciliation]


class Difference(Part, frozen=True):
    """`key` is our payment or instruction, `number` the bill's; states as each side says them.

    An amount is 0 where nothing moved.
    """

    index: int
    kind: DifferenceKind
    movement: Literal["payment", "refund"]
    key: str
    number: str
    ours: Money
    theirs: Money
    our_state: str
    their_state: str
    note: str = ""
    booked: bool = False


class Differences(Told, frozen=True):
    """`next`, if there are more: pass it as `after`."""

    reconciliation: str
    differences: list[Difference]
    next: int | None = None
