"""A store's screen: accepts orders, cooks them in turn, hands them over, takes goods back."""

import asyncio
from functools import partial

from engine.values import HOUR, SECOND, Millis, OrderId
from gateway import messages as m
from gateway.client import Update
from simulation.commerce.conduct import brings_back_ms, is_fit
from simulation.commerce.shoppers import comes_after_ms
from simulation.days.city import StoreSite
from simulation.days.conditions import spells
from simulation.live.attendance import Attendance
from simulation.live.city_time import millis, text
from simulation.live.party import Party, World
from simulation.live.shopkeeping import Shopkeeping
from simulation.people import conduct
from simulation.people.conduct import Answer
from simulation.people.stores import Kitchen
from simulation.scenarios.episodes import FlashSale


class StoreTerminal(Party):
    """`_begun` names the orders and returns somebody here is working on."""

    def __init__(self, world: World, site: StoreSite) -> None:
        super().__init__(world, "store", site.id)
        self.site = site
        self._kitchen = Kitchen(site.group.cooks, 0)
        self._begun: dict[str, None] = {}
        self._awaited: dict[str, None] = {}  # orders whose customers are to come
        self._cooking = 0
        self._is_full = False
        self._has_power = asyncio.Event()
        self._has_power.set()
        self._stood_still_ms = 0  # the kitchen, all power cuts together
        self._is_open = True
        commerce = world.scenario.commerce
        self._keeper = Shopkeeping(self, site) if commerce else None
        self._attendance = Attendance(self, commerce.shops) if commerce else None
        self.client.subscribe("tickets", self._hear)

    async def open(self) -> None:
        """Prices on every product; shelves filled now and then."""
        await self._put_up_prices(1.0)
        await self._fill()
        self.spawn(self._fill_forever())
        if self.site.group.walk_ins_per_h:
            self.spawn(self._sell_forever())
        if self._keeper is not None:
            await self._keeper.open()

    async def begin(self) -> None:
        """Just before the first customer."""
        if self._attendance is not None:
            await self._attendance.begin()

    async def _put_up_prices(self, times: float) -> None:
        currency = self.world.scenario.engine.currency
        for product in self.site.products:
            price = m.Money(max(1, round(product.price_minor * times)), currency)
            await self.ask(m.SetPrice(product.id, price))

    def foresee(self) -> None:
        """Power cuts, sales and shifts come when the scenario says."""
        group, scenario = self.site.group.name, self.world.scenario
        for start, end in self.world.conditions.power_cuts(group, self.site.number):
            self.spawn(self.whenever(start, partial(self._lose_power, end - start)))
        for start, end, sale in spells(scenario, FlashSale):
            if sale.stores == group and sale.price != 1.0:
                self.spawn(self.whenever(start, partial(self._put_up_prices, sale.price)))
                self.spawn(self.whenever(end, partial(self._put_up_prices, 1.0)))
        if self._keeper is not None:
            self._keeper.foresee()
        if self._attendance is not None:
            self._attendance.foresee()

    async def _lose_power(self, for_ms: int) -> None:
        """Closed and silent, and what is on the fire waits."""
        if self._has_power.is_set():
            self._has_power.clear()
            self._kitchen.stand_still(self.world.time.now(), for_ms)
            self._stood_still_ms += for_ms
            await self._open_or_close()
            await self.sleep(for_ms)
            self._has_power.set()
            await self._open_or_close()

    async def _open_or_close(self) -> None:
        opens = not self._is_full and self._has_power.is_set()
        if opens != self._is_open:
            self._is_open = opens
            await self.ask(m.OpenStore() if opens else m.CloseStore())

    async def _fill(self) -> None:
        """Up to the morning's stock."""
        reply = await self.ask(m.ListStock(limit=200))
        shelf = reply.body.products if reply and isinstance(reply.body, m.Stock) else []
        on_hand = {x.product: x.on_hand for x in shelf}
        for product in self.site.products:
            short = self.site.group.stock - on_hand.get(product.id, 0)
            if short > 0:
                await self.ask(m.ReceiveStock(product.id, short))

    async def _fill_forever(self) -> None:
        while True:
            await self.sleep(self.site.group.restocks_every_h * HOUR)
            await self._fill()

    async def _sell_forever(self) -> None:
        """Pieces over the counter, from the same shelf, so a sale may be refused."""
        draws = self.world.streams.named("till", self.site.id)
        while True:
            await self.sleep(draws.exponential(HOUR / self.site.group.walk_ins_per_h))
            product = self.site.products[draws.pick(self.site.popularity)]
            await self._has_power.wait()
            await self.ask(m.RecordSale(product.id, 1))

    # orders

    def _hear(self, update: Update) -> None:
        match update.body:
            case m.Tickets(tickets=tickets, returns=returns, expected=expected):
                for change in expected:
                    self._await_return(change)
                for ticket in tickets:
                    self._look_at(ticket)
                for due in returns:
                    self._expect(due)
            case m.Ticket():
                self._look_at(update.body)
            case m.TicketClosed(order=order):
                self._begun.pop(order, None)
                self._awaited.pop(order, None)
                self.world.street.taken(order)
            case m.OrderChange():
                self._await_return(update.body)
            case m.ReturnDue():
                self._expect(update.body)
            case m.ReturnClosed(delivery=delivery):
                self._begun.pop(delivery, None)
                self.world.street.forget_return(delivery)

    def _look_at(self, ticket: m.Ticket) -> None:
        if ticket.order_status == "ready":
            self._put_on_counter(ticket.order)
            if ticket.fulfillment == "collection":
                self._await_customer(ticket)
        if ticket.order in self._begun or ticket.order_status not in ("confirmed", "accepted"):
            return
        self._begun[ticket.order] = None
        if ticket.order_status == "confirmed":
            self.spawn(self._consider(ticket))
        else:  # accepted before this screen was switched on
            left_ms = millis(ticket.ready_at or ticket.promised_at) - self.world.time.now()
            self.spawn(self._cook(ticket, left_ms))

    async def _consider(self, ticket: m.Ticket) -> None:
        reply = conduct.store_reply(self.world.streams, self.site.group, OrderId(ticket.order))
        if reply.answer is Answer.SILENCE:
            return
        await self.sleep(reply.after_ms)
        await self._has_power.wait()
        if reply.answer is Answer.NO:
            await self.ask(m.RejectOrder(ticket.order, reply.reason))
        else:
            await self._accept(ticket)

    async def _accept(self, ticket: m.Ticket) -> None:
        """Say when it will be ready, and hand it to the kitchen; unless it is off meanwhile."""
        now, group = self.world.time.now(), self.site.group
        cooking = conduct.cooking(self.world.streams, group, OrderId(ticket.order))
        fixed = self.world.ready_at(ticket.order)
        if fixed is not None:
            told = done = fixed
        else:
            queue_ms = self._kitchen.next_free(now) - now
            expected_ms = (queue_ms + group.preparation_s.typical * SECOND) * (1 - group.optimism)
            told = Millis(now + round(expected_ms))
            done = Millis(self._kitchen.take(now, cooking.preparation_ms))
        if await self.ask(m.AcceptOrder(ticket.order, text(told))) is None:
            return
        if done > told and cooking.tells_when_late:
            self.spawn(self._tell_late(ticket.order, told, done))
        await self._pause_if_busy()
        await self._cook(ticket, done - now, cooking)

    async def _tell_late(self, order: str, told: Millis, done: Millis) -> None:
        await self.sleep(told - self.world.time.now())
        if order in self._begun and self._has_power.is_set():
            await self.ask(m.UpdateReadyTime(order, text(done)))

    async def _cook(
        self, ticket: m.Ticket, for_ms: float, cooking: conduct.Cooking | None = None
    ) -> None:
        """On the counter, short of what the shelf did not have; or in the bin, if cancelled."""
        self._cooking += 1
        stood_ms = self._stood_still_ms
        await self.sleep(for_ms)
        while stood_ms != self._stood_still_ms:
            more_ms, stood_ms = self._stood_still_ms - stood_ms, self._stood_still_ms
            await self.sleep(more_ms)
        self._cooking -= 1
        await self._reopen_if_quiet()
        if ticket.order not in self._begun:
            return
        if cooking is not None and cooking.piece_missing:
            line = ticket.lines[int(cooking.which * len(ticket.lines))]
            piece = line.components[0].product if line.components else line.product
            await self.ask(m.ReportMissing(ticket.order, piece, 1))
        if ticket.order in self._begun and await self.ask(m.ReportReady(ticket.order)):
            self._put_on_counter(ticket.order)

    def _put_on_counter(self, order: str) -> None:
        handover_ms = conduct.handover_ms(self.world.streams, self.site.group, OrderId(order))
        self.world.street.put_on_counter(order, handover_ms)

    def _await_customer(self, ticket: m.Ticket) -> None:
        """Who comes with a code, sooner or later; or never. A snapshot may tell of it again."""
        commerce, order = self.world.scenario.commerce, ticket.order
        if commerce is None or order in self._awaited:
            return
        self._awaited[order] = None
        key, habits = OrderId(order), commerce.shoppers
        after_ms = comes_after_ms(self.world.streams, habits, key)
        if after_ms is not None:
            self.spawn(self._hand_over(ticket, after_ms))

    async def _hand_over(self, ticket: m.Ticket, after_ms: int) -> None:
        await self.sleep(after_ms)
        code, looks = self.world.street.code(ticket.order), self._looks_at_age(ticket)
        await self.ask(m.ReportCollection(ticket.order, code, age_checked=looks))

    def _looks_at_age(self, ticket: m.Ticket) -> bool:
        """A bundle counts by what is in it, too."""
        asked = [x.id for x in self.world.scenario.products if x.age_check]
        return any(
            x in asked
            for line in ticket.lines
            for x in (line.product, *(part.product for part in line.components))
        )

    async def _pause_if_busy(self) -> None:
        limit = self.site.group.pauses_at_orders
        if limit and self._cooking >= limit:
            self._is_full = True
            await self._open_or_close()

    async def _reopen_if_quiet(self) -> None:
        if self._is_full and self._cooking <= self.site.group.pauses_at_orders // 2:
            self._is_full = False
            await self._open_or_close()

    # goods that come back

    def _expect(self, due: m.ReturnDue) -> None:
        if due.delivery not in self._begun:
            self._begun[due.delivery] = None
            self.spawn(self._take_back(due))

    def _await_return(self, change: m.OrderChange) -> None:
        """Somebody comes with what was bought, unless a courier fetches it."""
        if change.status == "confirmed" and change.way == "store":
            if change.change not in self._begun:
                self._begun[change.change] = None
                self.spawn(self._look_over(change))
        elif change.status in ("received", "closed"):
            self._begun.pop(change.change, None)

    async def _look_over(self, change: m.OrderChange) -> None:
        await self.sleep(brings_back_ms(self.world.streams, change.change))
        fit = is_fit(change.reason)
        lines = [
            m.ReturnedLine(x.product, x.quantity * fit, x.quantity * (not fit))
            for x in change.lines
        ]
        await self.ask(m.ReceiveChange(change.change, lines))

    async def _take_back(self, due: m.ReturnDue) -> None:
        await self.world.street.brought_back(due.delivery).wait()
        streams, order = self.world.streams, OrderId(due.order)
        await self.sleep(conduct.handover_ms(streams, self.site.group, order))
        sellable = conduct.is_sellable(streams, self.site.group, order)
        await self.ask(m.ReceiveReturn(due.delivery, sellable))
