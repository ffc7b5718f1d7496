"""Sockets cut a thousand times under load: does everybody know in the end what the server knows?

python -m benchmarks.cut_sockets [CUTS]     figures of one run, more than the tests do
"""

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gateway import messages as m
from gateway.client import Client
from tests.serving import delivered, party, serving, small_city

ENDED = ("fulfilled", "cancelled", "returned")
VICTIMS = ("shop", "store", "operator", "kim", "bank")


class Known:
    """What one client makes of a feed: every object by its id, and whether a number was missed."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], Any] = {}
        self.seq = 0
        self.deltas = self.snapshots = self.wrong = 0

    def hear(self, update: Any) -> None:
        body = update.body
        if update.kind == "snapshot":
            self.snapshots += 1
            self.things = {}
        else:
            self.deltas += 1
            self.wrong += update.seq != self.seq + 1
        self.seq = update.seq
        match body:
            case m.OrdersOpen():
                self.things = {("order", x.order): x for x in body.orders}
            case m.Tickets():
                self.things = {("ticket", x.order): x for x in body.tickets}
            case m.Order():
                self.things[("order", body.order)] = body
                if body.order_status in ENDED:
                    del self.things[("order", body.order)]
            case m.Ticket():
                self.things[("ticket", body.order)] = body
            case m.TicketClosed():
                self.things.pop(("ticket", body.order), None)
            case m.CityWhole() | m.CityChanges():
                for kind in ("stores", "couriers", "orders"):
                    self.things |= {(kind, x.id): x for x in getattr(body, kind)}
                removed = getattr(body, "removed", None)
                for key in removed.orders if removed else ():
                    self.things.pop(("orders", key), None)
            case m.Route():
                self.things = {("route", ""): body}

    def compared(self) -> dict[tuple[str, str], Any]:
        """Without the moment at which an order was last told of."""
        return {k: getattr(x, "order_status", None) or x for k, x in self.things.items()}


FEEDS: tuple[tuple[str, m.Role, str, m.Feed], ...] = (
    ("shop", "order_service", "shop", "orders"),
    ("store", "store", "s1", "tickets"),
    ("operator", "operator", "ops", "city"),
    ("kim", "courier", "kim", "route"),
)


async def run(folder: Path, cuts: int, seed: int = 1) -> dict[str, float]:
    """Raises AssertionError if anybody ends up knowing something else than the server."""
    chance, began = random.Random(seed), time.perf_counter()
    async with serving(folder) as app, small_city(app) as city:
        known = {name: Known() for name, *_ in FEEDS}
        for name, _, _, feed in FEEDS:
            getattr(city, name).subscribe(feed, known[name].hear)
        done = asyncio.Event()
        cutting = asyncio.create_task(_cut(city, cuts, chance, done))
        orders = 0
        while not done.is_set():
            orders += 1
            await delivered(city, f"o{orders}")
        await cutting
        await delivered(city, "last")
        await asyncio.sleep(1.0)  # the map is looked at four times a second
        for name, role, subject, feed in FEEDS:
            async with party(app, role, subject) as newcomer:
                fresh = Known()
                fresh.hear(await anext(newcomer.subscribe(feed)))
            assert fresh.compared() == known[name].compared(), name
            assert known[name].wrong == 0, name
        fulfilled = app.hub.projections.sales.fulfilled_total
        assert fulfilled == orders + 1, "everything that was asked for was done once"
        clients = [getattr(city, x) for x in VICTIMS]
        return {
            "cuts": cuts,
            "reconnects": sum(x.connections - 1 for x in clients),
            "orders": orders + 1,
            "deltas": sum(x.deltas for x in known.values()),
            "snapshots": sum(x.snapshots for x in known.values()),
            "gaps": sum(x.wrong for x in known.values()),
            "seconds": round(time.perf_counter() - began, 1),
        }


async def _cut(
    city: SimpleNamespace, cuts: int, chance: random.Random, done: asyncio.Event
) -> None:
    """One after another, at any moment, each back before it is cut again."""
    for number in range(cuts):
        victim: Client = getattr(city, VICTIMS[number % len(VICTIMS)])
        await victim.ready()
        await asyncio.sleep(chance.uniform(0, 0.01))
        if victim._ws is not None:
            victim._ws.transport.abort()
    done.set()


def main() -> int:
    cuts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        for name, value in asyncio.run(run(Path(folder), cuts)).items():
            print(f"{name:12} {value:>10g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
