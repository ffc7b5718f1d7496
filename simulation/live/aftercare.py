"""What live customers do after the goods: tip, rate, complain, give back, think again."""

from collections.abc import Awaitable, Callable
from typing import Any

from engine.values import CASH, MINUTE
from gateway import messages as m
from simulation.commerce import conduct
from simulation.commerce.conduct import Act, Thought
from simulation.commerce.parts import Commerce
from simulation.live.party import Party
from simulation.live.wallets import Wallets


class Aftercare:
    """Of the customers of one order service, over its connection. Nothing is asked twice."""

    def __init__(self, service: Party, commerce: Commerce, wallets: Wallets) -> None:
        self._service, self._habits, self._wallets = service, commerce.shoppers, wallets
        self._streams = service.world.streams
        self._failed: dict[tuple[str, int], None] = {}
        self._missed: dict[tuple[str, str], None] = {}

    def fulfilled(self, order: m.Order, late_ms: int, provider: str) -> None:
        """It is there. Late if positive; tips go by the same provider."""
        for x in conduct.thoughts(self._streams, self._habits, order.order):
            self._service.spawn(self._do(x, order, late_ms, provider))

    def look_at(self, order: m.Order) -> None:
        """Somebody was not there, and is now."""
        attempt = order.order, order.attempt
        is_back = order.delivery_status == "returning" and order.failure == "customer_absent"
        if is_back and attempt not in self._failed:
            self._failed[attempt] = None
            if conduct.asks_again(self._streams, self._habits, order.order):
                self._service.spawn(self._soon(m.RequestRedelivery(order.order)))

    def look_at_change(self, change: m.OrderChange) -> None:
        """The same for what was to be fetched."""
        leg = change.change, change.delivery or ""
        if change.status == "confirmed" and change.missed and leg not in self._missed:
            self._missed[leg] = None
            if conduct.asks_again(self._streams, self._habits, "/".join(leg)):
                self._service.spawn(self._soon(m.FetchReturn(change.change)))

    # internals

    async def _do(self, x: Thought, order: m.Order, late_ms: int, provider: str) -> None:
        await self._service.sleep(x.after_ms)
        told = await self._service.ask(m.GetOrder(order.order))
        if told is not None and isinstance(told.body, m.Order) and told.body.lines:
            act: dict[Act, Callable[..., Awaitable[None]]] = {
                Act.TIP: self._tip,
                Act.RATE: self._rate,
                Act.COMPLAIN: self._complain,
                Act.GIVE_BACK: self._give_back,
                Act.WITHDRAW: self._withdraw,
            }
            await act[x.act](x, told.body, late_ms, provider)

    async def _tip(self, _: Thought, order: m.Order, late_ms: int, provider: str) -> None:
        """For a courier who was in time."""
        if order.fulfillment == "delivery" and late_ms <= 0 and provider != CASH:
            amount = m.Money(self._habits.tip_minor, order.due.currency)
            tip = f"tip-{order.order}"
            method = self._wallets.method(provider, tip)
            reply = await self._service.ask(m.AddTip(tip, order.order, amount, provider, method))
            if reply is not None and isinstance(reply.body, m.TipRequested):
                self._wallets.pay(order.customer, reply.body.payment, provider, method)

    async def _rate(self, x: Thought, order: m.Order, late_ms: int, _: str) -> None:
        said = conduct.rating(late_ms, x.draws)
        courier = said.courier_stars if order.courier else None
        products = [order.lines[0].product]
        liked, disliked = (products, []) if said.likes else ([], products)
        tags: list[Any] = [said.tag]
        rate = m.RateOrder(order.order, said.stars, courier, tags, liked, disliked)
        await self._service.ask(rate)

    async def _complain(self, x: Thought, order: m.Order, late_ms: int, _: str) -> None:
        reason: Any = conduct.complaint(late_ms, x.draws)
        words = f"{late_ms // MINUTE} minutes late" if late_ms > 0 else "the lid was open"
        name = f"about-{order.order}"
        complaint = m.OpenComplaint(name, order.customer, reason, words, order.order)
        await self._service.ask(complaint)

    async def _give_back(self, x: Thought, order: m.Order, _: int, __: str) -> None:
        """A piece, if the refund that is shown will do."""
        how = conduct.given_back(self._habits, order.fulfillment == "collection", x.draws)
        line, change = order.lines[0], f"r-{order.order}"
        product = line.components[0].product if line.components else line.product
        reason: Any = how.reason
        back = [m.Line(product, 1)]
        ask = m.PreviewChange(change, order.order, back, reason, how.way.value)
        if await self._service.ask(ask) is not None:
            await self._service.ask(m.ConfirmChange(change))

    async def _withdraw(self, _: Thought, order: m.Order, __: int, ___: str) -> None:
        reply = await self._service.ask(m.GetCustomer(order.customer))
        if reply is not None and isinstance(reply.body, m.Customer):
            given = [c.purpose for c in reply.body.consents]
            if "marketing" in given:
                await self._service.ask(m.SetConsent(order.customer, "marketing", False))

    async def _soon(self, body: m.RequestBody) -> None:
        await self._service.sleep(MINUTE)
        await self._service.ask(body)
