"""Stores: they answer orders, cook them in turn, run late, run out, and take goods back."""

from heapq import heapify, heappop, heappush

from engine.commands import (
    AcceptOrder,
    CloseStore,
    ListProduct,
    OpenStore,
    ReceiveReturn,
    ReceiveStock,
    RecordSale,
    RegisterStore,
    RejectOrder,
    ReportMissing,
    ReportReady,
    SetPrice,
    UpdateReadyTime,
)
from engine.events import CourierArrived, OrderConfirmed, OrderMoved
from engine.state.orders import OrderStatus
from engine.values import (
    HOUR,
    MINUTE,
    SECOND,
    Millis,
    Minor,
    OrderId,
    ProductId,
    Skill,
    StopKind,
    StoreId,
)
from simulation.days.city import StoreSite
from simulation.days.conditions import spells
from simulation.days.day import Day
from simulation.people import conduct
from simulation.people.conduct import Answer, Cooking
from simulation.scenarios.episodes import FlashSale
from simulation.scenarios.scenario import Product, StoreGroup
from simulation.world import World


class Kitchen:
    """So many cooks, first come, first served: when an order taken on now will be done."""

    def __init__(self, cooks: int, starts_ms: int) -> None:
        self._free_at = [starts_ms] * cooks
        heapify(self._free_at)

    def next_free(self, now: int) -> int:
        return max(now, self._free_at[0])

    def take(self, now: int, preparation_ms: int) -> int:
        """Give the order to the first cook who is free; when it is done."""
        done = max(now, heappop(self._free_at)) + preparation_ms
        heappush(self._free_at, done)
        return done

    def keep_until(self, now: int, done: int) -> int:
        """A cook is at it already, and will be until then."""
        heappop(self._free_at)
        done = max(now, done)
        heappush(self._free_at, done)
        return done

    def stand_still(self, now: int, still_ms: int) -> None:
        """Nobody cooks for so long: what is on the fire waits, and nothing new begins."""
        self._free_at = [max(now, x) + still_ms for x in self._free_at]


class Store:
    """One store: its kitchen, its till, its shelf."""

    def __init__(self, world: World, site: StoreSite, ready_ms: dict[OrderId, Millis]) -> None:
        self.site = site
        self._world = world
        self._ready_ms = ready_ms  # of orders whose time is given
        self._group: StoreGroup = site.group
        self._kitchen = Kitchen(site.group.cooks, world.now)
        self._due: dict[OrderId, int] = {}  # orders in the kitchen: when they will be done
        self._is_full = False  # too many orders: closed until half are done
        self._power_at = Millis(0)  # when there is, or was, power again
        self._is_open = True
        self._till = world.streams.named("till", site.id)

    # the day

    def open(self) -> None:
        """Join, put up prices, fill the shelves."""
        site, group = self.site, self._group
        expected_ms = round(group.preparation_s.typical * SECOND)
        self._world.submit(RegisterStore(site.id, site.name, site.location, expected_ms))
        self.put_up_prices(1.0)
        self._fill()
        if group.walk_ins_per_h:
            self._await_walk_in()

    def go_on(self) -> None:
        """It was there before: with its prices, its shelves, and its door open or closed."""
        self._is_open = self._world.state.stores[self.site.id].is_open
        self._world.later(round(self._group.restocks_every_h * HOUR), self._fill)
        if self._group.walk_ins_per_h:
            self._await_walk_in()

    def put_up_prices(self, times: float) -> None:
        """The usual ones, times so much."""
        for product in self.site.products:
            price = Minor(max(1, round(product.price_minor * times)))
            self._world.submit(SetPrice(self.site.id, ProductId(product.id), price))

    def lose_power(self, until: Millis) -> None:
        """Closed and silent, and what is on the fire waits."""
        now = self._world.now
        still_ms = until - max(now, self._power_at)
        if still_ms <= 0:
            return
        self._kitchen.stand_still(now, still_ms)
        self._due = {order: due + still_ms for order, due in self._due.items()}
        self._power_at = until
        self._open_or_close()
        self._world.at(until, self._open_or_close)

    def _open_or_close(self) -> None:
        opens = not self._is_full and self._world.now >= self._power_at
        if opens != self._is_open:
            self._is_open = opens
            self._world.submit(OpenStore(self.site.id) if opens else CloseStore(self.site.id))

    def _fill(self) -> None:
        """Up to the morning's stock again, and again after a while."""
        inventory, store = self._world.state.inventory, self.site.id
        for product in self.site.products:
            level = inventory.get(store, ProductId(product.id))
            short = self._group.stock - (level.on_hand if level else 0)
            if short > 0:
                self._world.submit(ReceiveStock(store, ProductId(product.id), short))
        self._world.later(round(self._group.restocks_every_h * HOUR), self._fill)

    def _await_walk_in(self) -> None:
        gap_ms = self._till.exponential(HOUR / self._group.walk_ins_per_h)
        self._world.later(round(gap_ms), self._sell)

    def _sell(self) -> None:
        """One piece over the counter; from the same shelf, so it may be refused."""
        product = self.site.products[self._till.pick(self.site.popularity)]
        if self._world.now >= self._power_at:
            self._world.submit(RecordSale(self.site.id, ProductId(product.id), 1))
        self._await_walk_in()

    # an order

    def consider(self, order: OrderId) -> None:
        """Without power, nobody looks at the screen before it is back."""
        reply = self._world.habits.store_reply(self._group, order)
        after_ms = reply.after_ms + max(0, self._power_at - self._world.now)
        if reply.answer is Answer.YES:
            self._world.later(after_ms, self._accept, order)
        elif reply.answer is Answer.NO:
            self._world.after(after_ms, RejectOrder(self.site.id, order, reply.reason))

    def _accept(self, order: OrderId) -> None:
        """Say when it will be ready, and hand it to the kitchen; unless it is off meanwhile."""
        now, group = self._world.now, self._group
        if now < self._power_at:  # it went while the store was about to answer
            self._world.at(self._power_at, self._accept, order)
            return
        fixed = self._ready_ms.get(order)
        queue_ms = self._kitchen.next_free(now) - now
        expected_ms = (queue_ms + group.preparation_s.typical * SECOND) * (1 - group.optimism)
        said_ms = self._world.habits.told_ms(order)
        told = Millis(now + (round(expected_ms) if said_ms is None else max(0, said_ms)))
        if fixed is not None:
            told = Millis(max(now, fixed))
        if self._world.submit(AcceptOrder(self.site.id, order, told)).rejection is not None:
            return
        cooking = self._world.habits.cooking(group, order)
        done = told if fixed is not None else self._kitchen.take(now, cooking.preparation_ms)
        self._due[order] = done
        self._world.at(done, self._finish, order, cooking)
        if done > told and cooking.tells_when_late:
            self._world.at(told, self._tell_late, order, done)
        if group.pauses_at_orders and len(self._due) >= group.pauses_at_orders:
            self._is_full = True
            self._open_or_close()

    def go_on_cooking(self, order: OrderId) -> None:
        """Begun before: done when it was likely to be, or else soon, as it is not yet."""
        now, known = self._world.now, self._world.state.orders[order]
        cooking = self._world.habits.cooking(self._group, order)
        likely = known.accepted_at + cooking.preparation_ms
        if likely <= now:
            likely = max(now + round(cooking.which * MINUTE), known.ready_at)
        done = self._due[order] = self._kitchen.keep_until(now, likely)
        self._world.at(done, self._finish, order, cooking)
        if done > known.ready_at > now and cooking.tells_when_late:
            self._world.at(known.ready_at, self._tell_late, order, Millis(done))

    def _tell_late(self, order: OrderId, ready_at: Millis) -> None:
        is_up = self._world.now >= self._power_at
        if is_up and self._world.state.orders[order].status is OrderStatus.ACCEPTED:
            self._world.submit(UpdateReadyTime(self.site.id, order, ready_at))

    def _finish(self, order: OrderId, cooking: Cooking) -> None:
        """On the counter, short of what the shelf did not have; or in the bin, if cancelled."""
        if self._due[order] > self._world.now:  # the kitchen stood still meanwhile
            self._world.at(self._due[order], self._finish, order, cooking)
            return
        del self._due[order]
        if self._is_full and len(self._due) <= self._group.pauses_at_orders // 2:
            self._is_full = False
            self._open_or_close()
        orders = self._world.state.orders
        if orders[order].placed.store != self.site.id:
            return  # another store has it now
        if cooking.piece_missing and orders[order].status is OrderStatus.ACCEPTED:
            lines = orders[order].lines
            line = lines[int(cooking.which * len(lines))]
            piece = line.components[0].product if line.components else line.product
            self._world.submit(ReportMissing(self.site.id, order, piece, 1))
        if orders[order].status is OrderStatus.ACCEPTED:
            self._world.submit(ReportReady(self.site.id, order))

    def take_back(self, e: CourierArrived) -> None:
        """Goods that could not be delivered are looked at and booked in."""
        streams, order = self._world.streams, self._world.state.deliveries[e.delivery].order
        sellable = conduct.is_sellable(streams, self._group, order)
        after_ms = self._world.habits.handover_ms(self._group, order)
        self._world.after(after_ms, ReceiveReturn(self.site.id, e.delivery, sellable))


class Stores:
    """All of them; each hears of its own orders."""

    def __init__(self, world: World, day: Day) -> None:
        self._world = world
        start = day.scenario.starts_ms
        ready_ms = {OrderId(f"o{key}"): Millis(start + x) for key, x in day.ready_ms.items()}
        self._stores = {site.id: Store(world, site, ready_ms) for site in day.sites}
        for product in day.scenario.products:
            if world.state.products.get(ProductId(product.id)) is None:
                world.submit(_listed(product))
        for store in self._stores.values():
            if world.state.stores.get(store.site.id) is None:
                store.open()
            else:
                store.go_on()
        self._expect(day)
        world.subscribe(OrderConfirmed, self._consider)
        world.subscribe(OrderMoved, self._consider)
        world.subscribe(CourierArrived, self._take_back)
        self._go_on()

    def _go_on(self) -> None:
        """What was confirmed, cooking, or back at the counter before."""
        state = self._world.state
        for key, order in state.orders.orders.items():
            store = self._stores.get(order.placed.store)
            if store is not None and order.status is OrderStatus.CONFIRMED:
                store.consider(key)
            elif store is not None and order.status is OrderStatus.ACCEPTED:
                store.go_on_cooking(key)
        for name, delivery in state.deliveries.open.items():
            if delivery.at_store and delivery.courier is not None:
                back = CourierArrived(name, delivery.courier, StopKind.RETURN)
                self._take_back(back)

    def _expect(self, day: Day) -> None:
        """Power cuts and sales come when the scenario says."""
        sales = spells(day.scenario, FlashSale)
        for store in self._stores.values():
            site = store.site
            for start, end in day.conditions.power_cuts(site.group.name, site.number):
                self._world.at(start, store.lose_power, end)
            for start, end, sale in sales:
                if sale.stores == site.group.name and sale.price != 1.0:
                    self._world.at(start, store.put_up_prices, sale.price)
                    self._world.at(end, store.put_up_prices, 1.0)

    def group(self, store: StoreId) -> StoreGroup:
        return self._stores[store].site.group

    def _consider(self, e: OrderConfirmed | OrderMoved) -> None:
        self._stores[self._world.state.orders[e.order].placed.store].consider(e.order)

    def _take_back(self, e: CourierArrived) -> None:
        if e.stop is StopKind.RETURN:
            self._stores[self._world.state.deliveries[e.delivery].store].take_back(e)


def _listed(product: Product) -> ListProduct:
    skills = [Skill(x) for x in product.skills]
    name, category = product.name, product.category
    described = name, category, product.load
    return ListProduct(
        ProductId(product.id), *described, skills=skills, age_check=product.age_check
    )
