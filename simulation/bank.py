"""The payment provider: slow, repetitive, sometimes silent, sometimes too late."""

from engine.commands import AnyCommand, ReportAuthorization, ReportInstruction
from engine.events import InstructionIssued, PaymentRequested
from engine.state.payments import InstructionStatus, PaymentStatus
from engine.values import Millis, ProviderId
from simulation import conduct
from simulation.conduct import Answer, BankReply
from simulation.day import Day
from simulation.world import World


class Bank:
    """Answers requests for money and carries out instructions. It keeps nothing."""

    def __init__(self, world: World, day: Day) -> None:
        self._world, self._conditions = world, day.conditions
        self._bank = day.scenario.bank
        self._name = ProviderId(self._bank.name)
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
        reply = self._world.habits.authorization(self._bank, e.payment)
        if reply.answer is Answer.SILENCE:
            return  # the engine's own timer must cope
        yes, reference = reply.answer is Answer.YES, f"auth-{e.payment}"
        self._notify(
            reply, ReportAuthorization(self._name, e.payment, yes, e.amount_minor, reference)
        )

    def _carry_out(self, e: InstructionIssued) -> None:
        reply = conduct.instruction(self._world.streams, self._bank, e.instruction)
        yes, reference = reply.answer is Answer.YES, f"ref-{e.instruction}"
        self._notify(reply, ReportInstruction(self._name, e.instruction, yes, reference))

    def _notify(self, reply: BankReply, notice: AnyCommand) -> None:
        now, up_at = self._world.now, self._conditions.bank_answers_at
        at = up_at(Millis(up_at(now) + reply.after_ms))
        self._world.after(at - now, notice)
        if reply.again_after_ms:
            self._world.after(up_at(Millis(at + reply.again_after_ms)) - now, notice)
