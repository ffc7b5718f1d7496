"""The payment provider: slow, repetitive, sometimes silent, sometimes too late."""

from engine.commands import AnyCommand, ReportAuthorization, ReportInstruction
from engine.events import InstructionIssued, PaymentRequested
from engine.state.payments import InstructionStatus, PaymentStatus
from engine.values import CASH, BillLine, InstructionKind, Millis, MovementKind, ProviderId
from simulation.days.day import Day
from simulation.people import conduct
from simulation.people.conduct import Answer, BankReply
from simulation.world import World


class Bank:
    """Answers requests for money and carries out instructions, by whichever name it is called.

    If there are to be bills, it keeps what it moved and when, by name.
    """

    def __init__(self, world: World, day: Day) -> None:
        self._world, self._conditions = world, day.conditions
        self._bank = day.scenario.bank
        commerce = day.scenario.commerce
        self._bills = commerce is not None and commerce.bill is not None
        self.statements: dict[ProviderId, list[tuple[int, BillLine]]] = {}
        world.subscribe(PaymentRequested, self._consider)
        world.subscribe(InstructionIssued, self._carry_out)
        self._go_on()

    def _go_on(self) -> None:
        """What was asked before, and not answered."""
        payments = self._world.state.payments
        for key, x in payments.payments.items():
            if x.status is PaymentStatus.REQUESTED:
                self._consider(PaymentRequested(key, x.order, x.provider, x.amount_minor))
        for name, due in payments.instructions.items():
            if due.status is InstructionStatus.PENDING:
                asked = InstructionIssued(name, due.payment, due.kind, due.amount_minor, "")
                self._carry_out(asked)

    def _consider(self, e: PaymentRequested) -> None:
        if e.provider == CASH:
            return  # nobody is asked
        reply = self._world.habits.authorization(self._bank, e.payment)
        if reply.answer is Answer.SILENCE:
            return  # the engine's own timer must cope
        yes, reference = reply.answer is Answer.YES, f"auth-{e.payment}"
        notice = ReportAuthorization(e.provider, e.payment, yes, e.amount_minor, reference)
        self._notify(reply, notice, self._answers_at(reply))

    def _carry_out(self, e: InstructionIssued) -> None:
        provider = self._world.state.payments[e.payment].provider
        if provider == CASH:
            return
        reply = conduct.instruction(self._world.streams, self._bank, e.instruction)
        yes, reference = reply.answer is Answer.YES, f"ref-{e.instruction}"
        at = self._answers_at(reply)
        moved_at = Millis(at * self._bills)  # 0: nobody compares
        if moved_at and yes and e.kind is not InstructionKind.VOID:
            self.statements.setdefault(provider, []).append((at, _told(e, reference)))
        notice = ReportInstruction(provider, e.instruction, yes, reference, moved_at)
        self._notify(reply, notice, at)

    def _answers_at(self, reply: BankReply) -> Millis:
        up_at = self._conditions.bank_answers_at
        return up_at(Millis(up_at(self._world.now) + reply.after_ms))

    def _notify(self, reply: BankReply, notice: AnyCommand, at: Millis) -> None:
        now, up_at = self._world.now, self._conditions.bank_answers_at
        self._world.after(at - now, notice)
        if reply.again_after_ms:
            self._world.after(up_at(Millis(at + reply.again_after_ms)) - now, notice)


def _told(e: InstructionIssued, number: str) -> BillLine:
    """As a bill tells of it."""
    if e.kind is InstructionKind.CAPTURE:
        kind, key = MovementKind.PAYMENT, str(e.payment)
    else:
        kind, key = MovementKind.REFUND, str(e.instruction)
    return BillLine(kind, key, number, e.amount_minor, 0, True, "ok")
