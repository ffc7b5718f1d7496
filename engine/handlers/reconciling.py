"""Reconciling: a provider's bill beside our books; a line agrees, or is a difference of a kind.

Money that moved after midnight by one clock and before it by the other is found on the next bill.
"""

from dataclasses import dataclass

from engine.commands import (
    CloseReconciliation,
    OpenReconciliation,
    ReportBillLines,
    ResolveDifference,
)
from engine.events import (
    BillLinesRead,
    DifferenceFound,
    DifferenceResolved,
    MoneyMoved,
    ReconciliationClosed,
    ReconciliationOpened,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.bookkeeping import DIFFERENCES, PROVIDER_FEES, of_provider, posted
from engine.rules.bounds import AMOUNT_MINOR, ID_CHARACTERS
from engine.state.payments import InstructionStatus, Payments, PaymentStatus
from engine.state.reconciliations import Movement, Reconciliation, Reconciliations
from engine.turn import Turn
from engine.values import (
    BillLine,
    DifferenceKind,
    InstructionId,
    InstructionKind,
    MovementKind,
    OrderId,
    PaymentId,
    ProviderId,
    ReconciliationId,
    movement_name,
)

LINES_MAX = 1_000
KEY_CHARACTERS = 3 * ID_CHARACTERS  # made of others
PERIOD_MAX_MS = 32 * 24 * 3_600_000
NO_ORDER = OrderId("")
MOVED, NOTHING = "moved", "nothing"


@dataclass(eq=False, slots=True)
class Reconciling:
    payments: Payments
    reconciliations: Reconciliations

    # commands

    def open_reconciliation(self, turn: Turn, c: OpenReconciliation) -> None:
        if not 0 < c.to_at - c.from_at <= PERIOD_MAX_MS or c.from_at < 0:
            turn.reject(Reason.MALFORMED, field="to_at")
        known = self.reconciliations.get(c.reconciliation)
        if known and (not known.is_open or known.provider != c.provider):
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(ReconciliationOpened(c.reconciliation, c.provider, c.from_at, c.to_at))

    def report_bill_lines(self, turn: Turn, c: ReportBillLines) -> None:
        if not 0 < len(c.lines) <= LINES_MAX:
            turn.reject(Reason.MALFORMED, field="lines", limit=LINES_MAX)
        if not all(_is_sound(x) for x in c.lines):
            turn.reject(Reason.MALFORMED, field="lines")
        reconciliation = self._open(turn, c.reconciliation)
        reading = Reading(self, c.reconciliation, reconciliation)
        for line in c.lines:
            reading.read(line)
        for event in reading.events():
            turn.emit(event)

    def close_reconciliation(self, turn: Turn, c: CloseReconciliation) -> None:
        reconciliation = self._open(turn, c.reconciliation)
        if reconciliation.lines != c.lines:
            turn.reject(Reason.MALFORMED, field="lines", limit=reconciliation.lines)
        provider, late = reconciliation.provider, list(reconciliation.late)
        for movement in self.reconciliations.between(
            provider, reconciliation.from_at, reconciliation.to_at
        ):
            number = len(reconciliation.differences)
            turn.emit(_missing_there(c.reconciliation, number, movement))
        turn.emit(ReconciliationClosed(c.reconciliation))
        for name in late:
            self._resolve(turn, provider, name, f"on the bill {c.reconciliation}")
        for difference in reconciliation.differences:
            self._recognize(turn, provider, difference.name)
        if fees := reconciliation.fees_minor:
            memo = f"fees of {c.reconciliation}"
            entry = (PROVIDER_FEES, fees), (of_provider(provider), -fees)
            turn.emit(posted(NO_ORDER, memo, *entry))

    def resolve_difference(self, turn: Turn, c: ResolveDifference) -> None:
        if not c.note.strip():
            turn.reject(Reason.MALFORMED, field="note")
        reconciliation = self.reconciliations.get(c.reconciliation)
        known = reconciliation.differences if reconciliation else []
        if not reconciliation or reconciliation.is_open or not 0 <= c.difference < len(known):
            turn.reject(Reason.UNKNOWN, what="difference", id=f"{c.reconciliation}/{c.difference}")
        difference = known[c.difference]
        if difference.note:
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(DifferenceResolved(c.reconciliation, c.difference, c.note, c.booked))
        if c.booked and (missing := difference.missing_minor):
            provider = of_provider(reconciliation.provider)
            memo = f"difference {c.difference} of {c.reconciliation}"
            turn.emit(posted(NO_ORDER, memo, (provider, missing), (DIFFERENCES, -missing)))

    # follow-ups

    def recognize(self, turn: Turn, e: MoneyMoved) -> None:
        """We heard of it only after a bill had told."""
        self._recognize(turn, e.provider, movement_name(e.kind, e.key))

    # what else a reading asks

    def state_of(self, provider: ProviderId, line: BillLine) -> tuple[str, bool, int] | None:
        """What our books say of it, whether that means the money has moved, and how much."""
        if line.kind is MovementKind.PAYMENT:
            payment = self.payments.get(PaymentId(line.key))
            if not payment or payment.provider != provider:
                return None
            moved = payment.taken or payment.status is PaymentStatus.CAPTURED
            return payment.status, moved, payment.amount_minor
        instruction = self.payments.find_instruction(InstructionId(line.key))
        if not instruction or instruction.kind is InstructionKind.CAPTURE:
            return None
        if self.payments[instruction.payment].provider != provider:
            return None
        settled = instruction.status is InstructionStatus.SETTLED
        return instruction.status, settled, instruction.amount_minor

    # internals

    def _open(self, turn: Turn, key: ReconciliationId) -> Reconciliation:
        reconciliation = self.reconciliations.get(key)
        if not reconciliation or not reconciliation.is_open:
            turn.reject(Reason.UNKNOWN, what="reconciliation", id=key)
        return reconciliation

    def _recognize(self, turn: Turn, provider: ProviderId, name: str) -> None:
        found = self.reconciliations.unresolved_of(provider, name)
        movement = self.reconciliations.movement(provider, name)
        if found and movement and found[2].theirs_minor == movement.amount_minor:
            self._resolve(turn, provider, name, "heard of later")

    def _resolve(self, turn: Turn, provider: ProviderId, name: str, note: str) -> None:
        found = self.reconciliations.unresolved_of(provider, name)
        if found:
            turn.emit(DifferenceResolved(found[0], found[1], note))


class Reading:
    """Some lines, one after the other; nothing is emitted before all are read."""

    def __init__(
        self, asked: Reconciling, key: ReconciliationId, reconciliation: Reconciliation
    ) -> None:
        self._asked = asked
        self._key = key
        self._reconciliation = reconciliation
        self._lines = self._fees = self._agreed = 0
        self._names: dict[str, None] = {}
        self._late: dict[str, None] = {}
        self._early: dict[str, None] = {}
        self._differences: list[DifferenceFound] = []

    def read(self, line: BillLine) -> None:
        self._lines += 1
        self._fees += line.fee_minor
        provider, books = self._reconciliation.provider, self._asked.reconciliations
        name = movement_name(line.kind, line.key)
        movement = None if name in self._names else books.movement(provider, name)
        if movement is not None:
            self._names[name] = None
            self._compare(line, movement)
        elif self._is_late(line, name):
            self._late[name] = None
            self._agreed += 1
        else:
            self._judge(line, name)

    def events(self) -> list[BillLinesRead | DifferenceFound]:
        read = BillLinesRead(
            self._key,
            self._lines,
            self._agreed,
            self._fees,
            list(self._names),
            list(self._late),
            list(self._early),
        )
        return [read, *self._differences]

    def _compare(self, line: BillLine, movement: Movement) -> None:
        if not line.moved:
            self._differ(DifferenceKind.STATE_DIFFERS, line, movement.amount_minor, 0, MOVED)
        elif line.amount_minor != movement.amount_minor:
            ours, theirs = movement.amount_minor, line.amount_minor
            self._differ(DifferenceKind.AMOUNT_DIFFERS, line, ours, theirs, MOVED)
        else:
            self._agreed += 1

    def _is_late(self, line: BillLine, name: str) -> bool:
        """An earlier bill should have had it."""
        books, reconciliation = self._asked.reconciliations, self._reconciliation
        if name in self._late or name in reconciliation.late:
            return False
        found = books.unresolved_of(reconciliation.provider, name)
        if found is None or not line.moved:
            return False
        lacked = found[2].kind is DifferenceKind.MISSING_THERE
        return lacked and found[2].ours_minor == line.amount_minor

    def _judge(self, line: BillLine, name: str) -> None:
        """No movement of ours: nothing we know of, or twice, or something we thought had failed."""
        known = self._asked.state_of(self._reconciliation.provider, line)
        theirs = line.amount_minor if line.moved else 0
        if known == (InstructionStatus.PENDING, False, line.amount_minor) and not line.final:
            self._early[name] = None
            self._agreed += 1
            return
        if known is None or (known[1] and line.moved):
            self._differ(DifferenceKind.MISSING_HERE, line, 0, theirs, NOTHING)
        elif line.moved or known[1]:
            ours = line.amount_minor - theirs
            self._differ(DifferenceKind.STATE_DIFFERS, line, ours, theirs, known[0])
        else:
            self._agreed += 1  # nothing moved, say both

    def _differ(
        self, kind: DifferenceKind, line: BillLine, ours: int, theirs: int, state: str
    ) -> None:
        number = len(self._reconciliation.differences) + len(self._differences)
        key, about = self._key, (line.kind, line.key, line.number)
        self._differences.append(
            DifferenceFound(key, number, kind, *about, ours, theirs, state, line.state)
        )


def _is_sound(line: BillLine) -> bool:
    named = len(line.key) <= KEY_CHARACTERS and 0 < len(line.number) <= ID_CHARACTERS
    return named and 0 <= line.amount_minor <= AMOUNT_MINOR >= abs(line.fee_minor)


def _missing_there(key: ReconciliationId, number: int, movement: Movement) -> DifferenceFound:
    kind, amount = DifferenceKind.MISSING_THERE, movement.amount_minor
    return DifferenceFound(
        key, number, kind, movement.kind, movement.key, "", amount, 0, MOVED, NOTHING
    )
