"""The payment provider's end: slow, repetitive, sometimes silent, sometimes too late."""

from engine.values import Millis
from gateway import messages as m
from gateway.client import Update
from simulation.live.party import Party, World
from simulation.people import conduct
from simulation.people.conduct import Answer, BankReply


class Provider(Party):
    """Answers what it is asked to hold, and carries out instructions. A snapshot may repeat
    what is being worked on, hence the two sets of names."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, "payment_provider", name)
        self._begun: dict[str, None] = {}
        self.client.subscribe("payments", self._hear)

    def _hear(self, update: Update) -> None:
        match update.body:
            case m.PaymentsDue(payments=payments, instructions=instructions):
                for payment in payments:
                    self._begin(payment)
                for instruction in instructions:
                    self._begin(instruction)
            case m.PaymentDue() | m.InstructionDue():
                self._begin(update.body)
            case m.PaymentClosed(payment=key):
                self._begun.pop(key, None)
            case m.InstructionClosed(instruction=key):
                self._begun.pop(key, None)

    def _begin(self, due: m.PaymentDue | m.InstructionDue) -> None:
        key = due.payment if isinstance(due, m.PaymentDue) else due.instruction
        if key in self._begun:
            return
        self._begun[key] = None
        work = self._authorize(due) if isinstance(due, m.PaymentDue) else self._carry_out(due)
        self.spawn(work)

    async def _authorize(self, due: m.PaymentDue) -> None:
        streams, bank = self.world.streams, self.world.scenario.bank
        reply = conduct.authorization(streams, bank, due.payment)  # type: ignore[arg-type]
        if reply.answer is Answer.SILENCE:
            return  # the engine's own timer must cope
        yes = reply.answer is Answer.YES
        report = m.ReportAuthorization(due.payment, yes, due.amount, f"auth-{due.payment}"[:64])
        await self._notify(reply, report)

    async def _carry_out(self, due: m.InstructionDue) -> None:
        reply = conduct.instruction(self.world.streams, self.world.scenario.bank, due.instruction)
        yes, reference = reply.answer is Answer.YES, f"ref-{due.instruction}"[:64]
        await self._notify(reply, m.ReportInstruction(due.instruction, yes, reference))

    async def _notify(self, reply: BankReply, notice: m.RequestBody) -> None:
        for after_ms in (0, reply.after_ms):
            await self.sleep(after_ms + self._outage_ms(after_ms))
        await self.ask(notice)
        if reply.again_after_ms:
            await self.sleep(reply.again_after_ms + self._outage_ms(reply.again_after_ms))
            await self.ask(notice)

    def _outage_ms(self, after_ms: int) -> int:
        """How much longer whoever answers then has to wait until the systems are up again."""
        at = Millis(self.world.moment + after_ms)
        return self.world.conditions.bank_answers_at(at) - at
