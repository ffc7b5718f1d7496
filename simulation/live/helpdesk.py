"""Who answers the customers of a live city, gives money back, and counts what couriers bring."""

from engine.values import MINUTE
from gateway import messages as m
from gateway.client import Update
from simulation.commerce import conduct
from simulation.commerce.parts import Commerce
from simulation.live.party import Party, World


class Supervisor(Party):
    """A second person, with a name of his own, for what the first may not decide alone."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "operator", "supervisor")

    async def look_over(self, refund: m.Refund) -> None:
        await self.sleep(conduct.LOOKS_OVER_MIN * MINUTE)
        await self.ask(m.EndorseRefund(refund.instruction))


class Helpdesk:
    """Over the office's connection. What a snapshot tells again is not done twice."""

    def __init__(self, office: Party, supervisor: Supervisor, commerce: Commerce) -> None:
        self._office, self._supervisor, self._commerce = office, supervisor, commerce
        self._streams = office.world.streams
        self._answered: dict[str, None] = {}
        self._counted = 0
        office.client.subscribe("crm", self._hear)

    def shift_ended(self, courier: str) -> None:
        """Whoever collected money at doors brings it in."""
        self._office.spawn(self._take_cash(courier))

    def _hear(self, update: Update) -> None:
        """Whoever complains is answered, once."""
        body = update.body
        waiting = body.complaints if isinstance(body, m.CrmOpen) else [body]
        for complaint in waiting:
            is_new = isinstance(complaint, m.Complaint) and complaint.status == "open"
            if is_new and complaint.complaint not in self._answered:
                self._answered[complaint.complaint] = None
                self._office.spawn(self._answer(complaint))

    async def _answer(self, complaint: m.Complaint) -> None:
        """With words, and with money or none."""
        office, key = self._office, complaint.complaint
        await office.sleep(conduct.answers_ms(self._streams, self._commerce, key))
        await office.ask(m.AnswerComplaint(key, "We are sorry for this."))
        told = await office.ask(m.GetOrder(complaint.order)) if complaint.order else None
        if told is not None and isinstance(told.body, m.Order):
            order, left = told.body, await self._refundable(told.body)
            asked = self._streams, self._commerce, key
            amount = conduct.compensation_minor(*asked, order.due.amount, left)
            if amount and await self._give_back(key, m.Money(amount, order.due.currency)):
                return
        await office.ask(m.CloseComplaint(key, "resolved"))

    async def _refundable(self, order: m.Order) -> int:
        """What was captured and not given back; nothing, if nothing was paid."""
        reply = await self._office.ask(m.GetPayment(order.payment)) if order.payment else None
        if reply is None or not isinstance(reply.body, m.Payment):
            return 0
        return reply.body.captured.amount - reply.body.refunded.amount

    async def _give_back(self, complaint: str, amount: m.Money) -> bool:
        reply = await self._office.ask(m.ApproveRefund(complaint, amount))
        if reply is not None and isinstance(reply.body, m.Refund) and reply.body.needs_approval:
            await self._supervisor.look_over(reply.body)
        return reply is not None

    async def _take_cash(self, courier: str) -> None:
        office, welcome = self._office, self._office.client.welcome
        assert welcome is not None
        await office.sleep(conduct.TAKES_CASH_MIN * MINUTE)
        reply = await office.ask(m.ListCash())
        held = reply.body.couriers if reply and isinstance(reply.body, m.Cash) else []
        for x in held:
            if x.courier == courier:
                self._counted += 1
                name = f"cash-{welcome.seq}-{self._counted}"
                await office.ask(m.HandInCash(name, courier, x.amount))
