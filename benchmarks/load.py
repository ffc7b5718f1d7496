"""The gateway as its users feel it: a city's clients on real sockets at `o2o serve`, for a while.

    python benchmarks/load.py               couriers who report every second, 20 orders a second
    python benchmarks/load.py --storm 3     and three times every connection is cut at once
    python benchmarks/load.py --flood 10    and ten times more quotes asked for than can be given

Everybody is a client of gateway/client.py: an order service, a payment provider, stores, couriers
who accept, ride (for two seconds), pick up and deliver. At the end the server is killed with -9,
started again on the same data, and asked for every order it had acknowledged. Exit status 1 if
one is missing, or if the server's audit of its own books found something.
"""

import argparse
import asyncio
import math
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from flood import Flood
from served import Served

from engine.values import SECOND, Millis
from gateway import messages as m
from gateway.client import Client, GivenUpError, RequestRefusedError, Update
from gateway.clock import wall_ms
from gateway.latency import quantile
from gateway.wire import time_text

LAT, LON, SPREAD = 31.23, 121.47, 0.02
RIDE_S = 2.0
STEP_DEG = 0.00005  # five meters a second
READY_S = 3.0
GIVES_UP_S = 60.0  # who waits for an answer


def now_text(later_s: float = 0.0) -> str:
    return time_text(Millis(wall_ms() + round(later_s * SECOND)))


class Load:
    """The clients, and what they have measured."""

    def __init__(self, served: Served, args: argparse.Namespace) -> None:
        self.served, self.args = served, args
        self.rng = Random(7)
        self.stores = [f"s{n}" for n in range(args.stores)]
        self.couriers = [f"k{n}" for n in range(args.couriers)]
        self.tasks: set[asyncio.Task[Any]] = set()
        self.acknowledged: list[str] = []
        self.delivered: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.waits_s: dict[str, list[float]] = {"request_quote": [], "place_order": []}
        self.lag_s: list[float] = []
        self.silence_s: list[float] = []  # of a party that was cut, until it is welcome again
        self.counters: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.is_over = False

    # everybody

    async def connect(self) -> None:
        await self._register()
        self.shop = self.served.client("order_service", "shop")
        self.bank = self.served.client("payment_provider", "bank")
        self.shops = {x: self.served.client("store", x) for x in self.stores}
        self.riders = {x: self.served.client("courier", x) for x in self.couriers}
        self.clients = [self.shop, self.bank, *self.shops.values(), *self.riders.values()]
        for client in self.clients:
            client.start()
        await asyncio.gather(*(x.ready() for x in self.clients))
        self.bank.subscribe("payments", self._hear_payment)
        self.shop.subscribe("orders", self._hear_order)
        for client in self.shops.values():
            self._prepare(client)
        for name, client in self.riders.items():
            Rider(self, name, client)

    async def _register(self) -> None:
        async with self.served.client("operator", "ops") as ops:
            await ops.request(m.ListProduct("ramen", "Ramen", "food"))
            for x in self.stores:
                await ops.request(m.RegisterStore(x, x, self.place(), 300))
            await asyncio.gather(
                *(ops.request(m.RegisterCourier(x, "scooter", 12)) for x in self.couriers)
            )
        for x in self.stores:
            async with self.served.client("store", x) as store:
                await store.request(m.SetPrice("ramen", m.Money(1_200, "CNY")))
                await store.request(m.ReceiveStock("ramen", 1_000_000))
        async with self.served.client("order_service", "shop") as shop:
            await asyncio.gather(
                *(shop.request(m.RegisterCustomer(f"c{n}")) for n in range(self.args.customers))
            )

    def place(self) -> m.Place:
        lat, lon = (self.rng.uniform(-SPREAD, SPREAD) for _ in range(2))
        return m.Place(round(LAT + lat, 6), round(LON + lon, 6))

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._suffer(work))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _suffer(self, work: Any) -> None:
        try:
            await work
        except RequestRefusedError as refusal:
            self.refused[refusal.code] += 1
        except TimeoutError:
            self.refused["no answer in time"] += 1
        except GivenUpError:
            if not self.is_over:
                raise

    # orders

    async def order_forever(self) -> None:
        """So many a second, whatever becomes of those before: an open loop."""
        gap_s, began_s = 1.0 / self.args.orders_per_s, time.monotonic()
        for n in range(round(self.args.seconds * self.args.orders_per_s)):
            await asyncio.sleep(max(0.0, began_s + n * gap_s - time.monotonic()))
            self.spawn(self._order(n))

    async def _order(self, n: int) -> None:
        customer, store = f"c{n % self.args.customers}", self.rng.choice(self.stores)
        lines = [m.Line("ramen", 1)]
        asked = m.RequestQuote(f"q{n}", customer, store, lines, self.place())
        await self._timed(self.shop, "request_quote", asked)
        await self._timed(self.shop, "place_order", m.PlaceOrder(f"o{n}", f"q{n}", "bank"))
        self.acknowledged.append(f"o{n}")

    async def _timed(self, client: Client, name: str, body: Any) -> None:
        began_s = time.monotonic()
        await client.request(body, timeout_s=GIVES_UP_S)
        self.waits_s[name].append(time.monotonic() - began_s)

    def _hear_order(self, update: Update) -> None:
        orders = update.body.orders if update.kind == "snapshot" else [update.body]
        ended = (x for x in orders if getattr(x, "order_status", "") == "fulfilled")
        self.delivered.update(x.order for x in ended)

    # the others

    def _hear_payment(self, update: Update) -> None:
        due = update.body
        if isinstance(due, m.PaymentsDue):
            for x in (*due.payments, *due.instructions):
                self._pay(x)
        else:
            self._pay(due)

    def _pay(self, due: Any) -> None:
        if isinstance(due, m.PaymentDue):
            body: Any = m.ReportAuthorization(due.payment, True, due.amount, "ref")
            self.spawn(self.bank.request(body))
        elif isinstance(due, m.InstructionDue):
            body = m.ReportInstruction(due.instruction, True, "ref")
            self.spawn(self.bank.request(body))

    def _prepare(self, client: Client) -> None:
        begun: set[str] = set()

        def hear(update: Update) -> None:
            body = update.body
            for ticket in body.tickets if isinstance(body, m.Tickets) else [body]:
                status = getattr(ticket, "order_status", "")
                if status == "confirmed" and ticket.order not in begun:
                    begun.add(ticket.order)
                    self.spawn(self._cook(client, ticket.order))

        client.subscribe("tickets", hear)

    async def _cook(self, client: Client, order: str) -> None:
        await client.request(m.AcceptOrder(order, now_text(READY_S)))
        await asyncio.sleep(READY_S)
        await client.request(m.ReportReady(order))
        self.counters[order].set()

    # what is done to them

    async def cut_all(self) -> None:
        """Every connection at once, without a word; until the last is welcome again."""
        welcomed = {x: x.connections for x in self.clients}
        began_s = time.monotonic()
        for client in self.clients:
            if client._ws is not None:
                client._ws.transport.abort()
        for client, before in welcomed.items():
            while client.connections == before:
                await asyncio.sleep(0.01)
        self.silence_s.append(time.monotonic() - began_s)

    async def watch_lag(self) -> None:
        """Of this process: what it adds to every wait that it measures."""
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(0.05)
            self.lag_s.append(time.monotonic() - began_s - 0.05)

    async def close(self) -> None:
        self.is_over = True
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.gather(*(x.close() for x in self.clients))


class Rider:
    """One courier: a fix every second, every offer accepted, every leg as long as the last."""

    def __init__(self, load: Load, name: str, client: Client) -> None:
        self.load, self.client, self.name = load, client, name
        self.heading: tuple[str, str] | None = None
        self.accepted: set[tuple[str, str]] = set()
        load.spawn(self._work())

    async def _work(self) -> None:
        rng, here = Random(self.name), self.load.place()
        await self.client.request(m.StartShift(now_text(8 * 3600)))
        self.client.subscribe("route", self._hear)
        await asyncio.sleep(rng.random())  # not all of them in the same moment
        turn, lat, lon = rng.uniform(0, 2 * math.pi), here.lat, here.lon
        while True:
            lat, lon = lat + STEP_DEG * math.sin(turn), lon + STEP_DEG * math.cos(turn)
            turn += rng.uniform(-0.3, 0.3)
            self.client.report([m.Fix(lat, lon, now_text(), accuracy_m=5.0)])
            await asyncio.sleep(1.0)

    def _hear(self, update: Update) -> None:
        route: m.Route = update.body
        for offer in route.offers:
            key = offer.delivery, offer.expires_at
            if key not in self.accepted:
                self.accepted.add(key)
                self.load.spawn(self.client.request(m.AcceptOffer(offer.delivery)))
        stop = route.stops[0] if route.stops and route.under_way else None
        heading = None if stop is None else (stop.kind, stop.delivery)
        if heading != self.heading:
            self.heading = heading
            if stop is not None:
                self.load.spawn(self._go(stop))

    async def _go(self, stop: m.RouteStop) -> None:
        await asyncio.sleep(RIDE_S)
        if self.heading != (stop.kind, stop.delivery):
            return
        await self.client.request(m.ReportArrival(stop.delivery, stop.kind))
        if stop.kind == "pickup":
            await self.load.counters[stop.order].wait()  # what it stands on
            await self.client.request(m.ReportPickup(stop.delivery))
        else:
            await self.client.request(m.ReportDropoff(stop.delivery))


def quantiles(values: list[float]) -> str:
    """Median, p99 and most, in milliseconds."""
    return " / ".join(f"{quantile(values, x) * 1e3:,.1f}" for x in (0.5, 0.99, 1.0))


async def missing(served: Served, orders: list[str]) -> list[str]:
    """Which of them the server does not know."""
    lost = []
    async with served.client("order_service", "shop") as shop:
        for start in range(0, len(orders), 500):
            part = orders[start : start + 500]
            replies = await asyncio.gather(*(shop.ask(m.GetOrder(x)) for x in part))
            pairs = zip(part, replies, strict=True)
            lost += [order for order, reply in pairs if reply.error is not None]
    return lost


async def measure(args: argparse.Namespace, data: Path) -> int:
    served = Served(data, args.solver)
    await served.start()
    load = Load(served, args)
    await load.connect()
    lag = asyncio.create_task(load.watch_lag())
    memory = asyncio.create_task(served.watch_memory())
    flood = Flood(served.url, served.tokens, args.flood_parties, load.stores)
    await asyncio.sleep(2.0)
    cpu_s, began_s = served.cpu_s, time.monotonic()
    own_s = time.process_time()
    orders = asyncio.create_task(load.order_forever())
    for n in range(args.storm):
        await asyncio.sleep(args.seconds / (args.storm + 1) - sum(load.silence_s[n:]))
        await load.cut_all()
    if args.flood:
        await asyncio.sleep(args.seconds / 4)
        capacity = await flood.capacity(args.flood_s / 2)
        await flood.run(args.flood * capacity, args.flood_s)
    await orders
    took_s, cpu_s = time.monotonic() - began_s, served.cpu_s - cpu_s
    own_s = time.process_time() - own_s
    at_the_end = served.metrics()
    await asyncio.sleep(args.drain_s)
    problems = served.metrics()["o2o_audit_problems"]
    memory.cancel()
    lag.cancel()
    await load.close()
    await served.kill()
    began_again_s = time.monotonic()
    await served.start()
    again_s = time.monotonic() - began_again_s
    lost = await missing(served, load.acknowledged)
    await served.stop()
    rows = {
        "parties connected": f"{len(load.clients)}",
        "seconds": f"{took_s:.0f}",
        "orders acknowledged": f"{len(load.acknowledged)} ({len(load.delivered)} delivered)",
        "refused": ", ".join(f"{k} {n}" for k, n in load.refused.most_common()) or "nothing",
        "request_quote, ms": quantiles(load.waits_s["request_quote"]),
        "place_order, ms": quantiles(load.waits_s["place_order"]),
        "of that, this client's own lag, ms": quantiles(load.lag_s),
        "server: loop lag p99, ms": f"{at_the_end['o2o_loop_lag_p99_ms']:.1f}",
        "server: decided to durable p99, ms": f"{at_the_end['o2o_sync_p99_ms']:.1f}",
        "server: order to plan p99, ms": f"{at_the_end['o2o_order_to_plan_p99_ms']:.0f}",
        "server: CPU": f"{cpu_s:.1f} s, {100 * cpu_s / took_s:.0f} % of a core",
        "this client: CPU": f"{own_s:.1f} s",
        "server: frames in, a second": f"{at_the_end['o2o_gateway_frames_in_total'] / took_s:,.0f}",
        "server: memory at most, MB": f"{served.resident_mb_max:.0f}",
        "storms: all welcome again after, s": ", ".join(f"{x:.1f}" for x in load.silence_s) or "-",
        **flood.rows(),
        "killed with -9; serving again after, s": f"{again_s:.1f}",
        "acknowledged and lost": f"{len(lost)}",
        "audit problems": f"{problems:.0f}",
    }
    for name, value in rows.items():
        print(f"| {name} | {value} |")
    return 1 if lost or problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--couriers", type=int, default=200)
    add("--stores", type=int, default=20)
    add("--customers", type=int, default=500)
    add("--orders-per-s", type=float, default=20.0)
    add("--seconds", type=float, default=60.0)
    add("--drain-s", type=float, default=5.0, help="before the books are looked at")
    add("--storm", type=int, default=0, help="how often every connection is cut at once")
    add("--flood", type=float, default=0.0, help="times the quotes a second that it can give")
    add("--flood-s", type=float, default=15.0)
    add("--flood-parties", type=int, default=16, help="order services that flood")
    add("--solver", default="insertion", help="as of `o2o serve`")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        return asyncio.run(measure(args, Path(folder)))
    return 130


if __name__ == "__main__":
    sys.exit(main())
