"""An order service: the app customers use. It keeps its own list of what was acknowledged."""

from collections import Counter
from itertools import count

from msgspec.structs import replace

from engine.values import CASH, Millis
from gateway import messages as m
from gateway.client import Update
from simulation.live.aftercare import Aftercare
from simulation.live.city_time import millis
from simulation.live.party import Party, World
from simulation.live.shopping import Shopping
from simulation.live.wallets import Wallets
from simulation.people.demand import NOBODY_NOW, SERVICE, Wish

ENDED = ("fulfilled", "cancelled", "returned")


class OrderService(Party):
    """`acknowledged` are the orders the server has confirmed with a reply: none may be missing."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "order_service", SERVICE)
        self.come = 0
        self.lost: Counter[str] = Counter()
        self.paid_with: Counter[str] = Counter()
        self.acknowledged: dict[str, str] = {}  # order -> status as last heard
        self.promised: dict[str, int] = {}
        self.on_time = self.late = 0
        self.click_to_door_ms: list[int] = []
        self._placed_at: dict[str, int] = {}
        self._known: dict[str, None] = {}
        self._run = ""
        self.collected = 0
        commerce = world.scenario.commerce
        self.wallets = Wallets(self)
        self._shopping = Shopping(self, commerce) if commerce else None
        self._aftercare = Aftercare(self, commerce, self.wallets) if commerce else None
        self._provider_of: dict[str, str] = {}  # of orders that are open
        self.client.subscribe("orders", self._hear)

    @property
    def open_orders(self) -> int:
        return sum(status not in ENDED for status in self.acknowledged.values())

    async def serve(self, until_ms: float | None) -> None:
        """Customers come, day after day, until that city time (None: as long as days come)."""
        welcome = self.client.welcome
        assert welcome is not None
        self._run = _base36(welcome.seq)  # ids of an earlier run on the same data are not reused
        day, began = self.world.day, self.world.time.day_began
        for number in count():
            for offset, wish in day.visits(number):
                due = began + offset
                if until_ms is not None and due >= until_ms:
                    await self.sleep(until_ms - self.world.time.now())
                    return
                await self.sleep(due - self.world.time.now())
                self.spawn(self._visit(wish))
                self.come += 1
            if not day.comes_again:
                return
            began = Millis(began + day.length_ms)

    # a customer's visit

    async def _visit(self, wish: Wish) -> None:
        if wish.customer not in self._known:
            self._known[wish.customer] = None
            await self.client.ask(m.RegisterCustomer(wish.customer), f"customer:{wish.customer}")
            if self._shopping is not None:
                await self._shopping.introduce(wish.customer)
        name = f"{self._run}-{wish.key}"
        quote = await self._quote(wish, f"q{name}")
        if quote is None:
            return
        is_soon = quote.window is None  # who wants it later waits for it gladly
        promised_ms = quote.promised_within_s * 1_000 if is_soon else 0
        if objection := wish.objection(promised_ms, quote.delivery_fee.amount):
            self.lost[objection] += 1
            return
        await self.sleep(wish.thinks_ms)
        await self._place(wish, quote, f"o{name}")

    async def _quote(self, wish: Wish, key: str) -> m.Quote | None:
        lines = [m.Line(x.product, x.quantity) for x in wish.lines]
        home = m.Place(wish.home.lat_deg, wish.home.lon_deg)
        for attempt in (key, f"{key}:2"):
            ask = m.RequestQuote(attempt, wish.customer, wish.store.id, lines, home)
            reply = await self._ask_for(wish, ask)
            if isinstance(reply.body, m.Quote):
                return reply.body
            assert reply.error is not None
            if reply.error.code not in NOBODY_NOW or not wish.comes_back:
                break
            await self.sleep((reply.error.retry_after_s or 60) * 1_000)
        assert reply.error is not None
        self.lost[reply.error.code] += 1
        return None

    async def _ask_for(self, wish: Wish, plain: m.RequestQuote) -> m.Reply:
        """Whoever cannot have what was special asks for less of it."""
        asked = plain
        if self._shopping is not None:
            asked = await self._shopping.special(wish, plain)
        reply = await self.client.ask(asked, asked.quote, None)
        others = [replace(asked, coupons=[])] if asked.coupons else []
        for n, other in enumerate((*others, plain), 1):
            if reply.error is None or asked == plain:
                break
            asked = other
            again = replace(other, quote=f"{plain.quote}:again{n}")
            reply = await self.client.ask(again, again.quote, None)
        return reply

    async def _place(self, wish: Wish, quote: m.Quote, order: str) -> None:
        pin = self.world.street.pin(order) if wish.pin else ""
        place = m.PlaceOrder(
            order, quote.quote, self._provider(order), "pin" if pin else "none", pin
        )
        is_collected = quote.fulfillment == "collection"
        if self._shopping is not None:
            place = self._shopping.placing(wish, place, quote)
        place = replace(place, method=self.wallets.method(place.provider, order))
        reply = await self.client.ask(place, order, None)
        if not isinstance(reply.body, m.OrderPlaced):
            assert reply.error is not None
            self.lost[reply.error.code] += 1
            return
        self.acknowledged.setdefault(order, "placed")
        by_phone = place.method != "default"
        self.paid_with[f"{place.provider}:{place.method}" if by_phone else place.provider] += 1
        self._provider_of[order] = place.provider
        placed = reply.body
        if placed.payment is not None:
            self.wallets.pay(wish.customer, placed.payment, place.provider, place.method)
        self._placed_at[order] = millis(placed.placed_at)
        self.promised[order] = millis(placed.promised_at)
        if wish.changes_mind_after_ms is not None:
            self.spawn(self._give_up(order, wish.changes_mind_after_ms, "changed_mind"))
        if is_collected:
            return  # who collects waits for nobody
        patience_ms = self.promised[order] + wish.tolerance_ms - self.world.time.now()
        self.spawn(self._give_up(order, patience_ms, "too_slow"))

    def _provider(self, order: str) -> str:
        providers = self.world.providers or self.world.pays_with[:1]
        draw = self.world.streams.named("pays with", order).random()
        return providers[int(draw * len(providers))]

    async def _give_up(self, order: str, after_ms: float, reason: str) -> None:
        """The app offers the button only while it would still work."""
        await self.sleep(after_ms)
        if self.acknowledged[order] in ("placed", "confirmed", "accepted", "ready"):
            await self.ask(m.CancelOrder(order, reason))

    # what the server tells

    def _hear(self, update: Update) -> None:
        """Who comes near, and what will be late, is for the customer's screen."""
        match update.body:
            case m.OrdersOpen(orders=orders):
                for order in orders:
                    self._note(order)
            case m.Order():
                self._note(update.body)
            case m.OrderChange() if self._aftercare is not None:
                self._aftercare.look_at_change(update.body)

    def _note(self, order: m.Order) -> None:
        before = self.acknowledged.get(order.order)
        if before is None and not order.order.startswith(f"o{self._run}-"):
            return  # of an earlier run: somebody else's bookkeeping
        self.acknowledged[order.order] = order.order_status
        if self._aftercare is not None:
            self._aftercare.look_at(order)
        if order.order_status == "fulfilled" and before != "fulfilled":
            self._count(order)

    def _count(self, order: m.Order) -> None:
        """Who collects comes when it suits: that is never late."""
        ended_at = millis(order.at)
        promised_at = self.promised.get(order.order, millis(order.promised_at))  # the first
        late_ms = ended_at - promised_at
        if order.fulfillment == "collection":
            self.collected += 1
            late_ms = 0
        else:
            self.on_time += ended_at <= promised_at
            self.late += ended_at > promised_at
            self.click_to_door_ms.append(ended_at - millis(order.placed_at))
        if self._aftercare is not None:
            self._aftercare.fulfilled(order, late_ms, self._provider_of.pop(order.order, CASH))

    async def missing(self) -> list[str]:
        """Acknowledged orders the server does not know any more. There must be none."""
        lost = []
        for order in self.acknowledged:
            reply = await self.client.ask(m.GetOrder(order), None, 30)
            if not isinstance(reply.body, m.Order):
                lost.append(order)
        return lost


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
