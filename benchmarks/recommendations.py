"""How often a suggestion is what was bought: against popularity, on held-out orders of a city.

`python -m benchmarks.recommendations [seeds] [orders]` plays a city whose people have tastes and
folds its records. The first four fifths of the orders are learned from; each later one is guessed
first, and then learned from, too. Only fulfilled orders of people who bought before are guessed.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time

import numpy as np
from msgspec import structs

from engine import events as e
from engine.engine import Record
from engine.projections.tastes import Basket, Tastes
from engine.values import CustomerId, Millis, OrderId, ProductId, StoreId
from simulation.run import simulate
from simulation.scenarios.scenario import Product, Scenario
from simulation.scenarios.scenario_file import load
from simulation.streams import Draws, RandomStreams

BASE = Path(__file__).parents[1] / "scenarios" / "lunch_rush.toml"
CATEGORIES = ("fruit", "bakery", "dairy", "noodles", "snacks", "drinks", "frozen", "household")
OF_EACH = 8
LEARNED = 0.8
TOP = (1, 3, 5)


def town(orders: int = 4_000, customers: int = 400, tastes: float = 1.0) -> Scenario:
    """Three small supermarkets with 64 products, and people who come about ten times.

    Tastes are log-normal, per category and per product; four lines in ten are what goes with the
    line before, one companion for each product.
    """
    base = load(BASE)
    products = [
        Product(
            id=f"{category}-{n + 1}",
            name=f"{category} {n + 1}",
            category=category,
            price_minor=400 + 100 * n,
            popularity=1 / (n + 1),
            goes_with=[f"{CATEGORIES[(k + 1) % len(CATEGORIES)]}-{(3 * n + k) % OF_EACH + 1}"],
        )
        for k, category in enumerate(CATEGORIES)
        for n in range(OF_EACH)
    ]
    more = {"name": "market", "count": 3, "sells": list(CATEGORIES), "cooks": 40, "stock": 10**5}
    market = structs.replace(base.stores[0], **more)
    size = max(12, orders // 60)
    fleet = structs.replace(base.couriers[0], count=size, from_h=0.0, to_h=18.0)
    wanted = {"orders": orders, "profile": [1.0], "customers": customers}
    demand = structs.replace(base.demand, **wanted, tastes=tastes, pairing=0.4)
    return structs.replace(
        base,
        name="tastes",
        hours=16.0,
        demand=demand,
        products=products,
        stores=[market],
        couriers=[fleet],
    )


@dataclass
class Tally:
    """Of one way to guess: of each order, whether the first 1, 3, 5 hit; and 1 / rank of a hit."""

    hits: list[tuple[bool, ...]] = field(default_factory=list)
    reciprocal: list[float] = field(default_factory=list)

    def note(self, guessed: list[ProductId], bought: list[ProductId]) -> None:
        self.hits.append(tuple(any(x in bought for x in guessed[:k]) for k in TOP))
        rank = next((n for n, x in enumerate(guessed, 1) if x in bought), 0)
        self.reciprocal.append(1 / rank if rank else 0.0)

    def rates(self) -> list[float]:
        return [float(x) for x in np.mean(self.hits, axis=0)] if self.hits else [0.0] * len(TOP)


class Guessing:
    """`see` every record. What an order will be is asked of what was folded before it."""

    def __init__(self, orders: int, draws: Draws) -> None:
        self.tastes = Tastes()
        self.personal = {"popular": Tally(), "personal": Tally()}
        self.beside = {"popular": Tally(), "personal": Tally(), "cart": Tally(), "both": Tally()}
        self.asked_s: list[float] = []
        self._first_guessed = round(orders * LEARNED)
        self._fulfilled = 0
        self._known: set[CustomerId] = set()
        self._draws = draws
        t = self.tastes
        self._folds = {
            e.OrderPlaced: t.placed,
            e.OrderReduced: t.reduced,
            e.OrderFulfilled: t.fulfilled,
            e.OrderCancelled: t.ended,
            e.OrderReturned: t.ended,
            e.OrderWrittenOff: t.ended,
        }

    def see(self, record: Record) -> None:
        for event in record.events:
            if isinstance(event, e.OrderFulfilled):
                self._guess(event.order, record.at)
            fold = self._folds.get(type(event))
            if fold is not None:
                fold(record.at, event)  # type: ignore[operator]

    def _guess(self, order: OrderId, at: Millis) -> None:
        basket = self.tastes.open[order]
        self._fulfilled += 1
        if self._fulfilled > self._first_guessed and basket.customer in self._known:
            self._guess_order(basket, at)
            if len(basket.products) > 1:
                self._guess_hidden(basket, at)
        self._known.add(basket.customer)

    def _guess_order(self, x: Basket, at: Millis) -> None:
        self.personal["popular"].note(self._suggest(x.store, at, None, []), x.products)
        began = process_time()
        guessed = self._suggest(x.store, at, x.customer, [])
        self.asked_s.append(process_time() - began)
        self.personal["personal"].note(guessed, x.products)

    def _guess_hidden(self, x: Basket, at: Millis) -> None:
        """One line is hidden; what is it, beside the others?"""
        hidden = x.products[self._draws.below(len(x.products))]
        cart = [y for y in x.products if y != hidden]
        for name, customer, seen in (
            ("popular", None, []),
            ("personal", x.customer, []),
            ("cart", None, cart),
            ("both", x.customer, cart),
        ):
            guessed = self._suggest(x.store, at, customer, seen)
            self.beside[name].note([y for y in guessed if y not in cart], [hidden])

    def _suggest(
        self, store: StoreId, at: Millis, customer: CustomerId | None, cart: list[ProductId]
    ) -> list[ProductId]:
        return [x.product for x in self.tastes.suggested(store, at, customer, cart)]


def played(seed: int, orders: int) -> Guessing:
    guessing = Guessing(orders, RandomStreams(seed).named("hidden"))
    run = simulate(town(orders), seed, guessing.see)
    assert run.is_sound, run.scorecard.violations
    return guessing


def lines_of(title: str, seeds: dict[int, dict[str, Tally]]) -> Iterator[str]:
    """Hit rates of all seeds together, and the smallest advantage over popularity of any."""
    yield f"\n{title}\n"
    columns = ("guessed by", "orders", *(f"hit@{k}" for k in TOP), "MRR", "least hit@5 gained")
    yield f"| {' | '.join(columns)} |"
    yield "|---|---|---|---|---|---|---|"
    [first, *_] = seeds.values()
    for name in first:
        hits = [x for tallies in seeds.values() for x in tallies[name].hits]
        ranks = [x for tallies in seeds.values() for x in tallies[name].reciprocal]
        rates = " | ".join(f"{x:.3f}" for x in np.mean(hits, axis=0))
        gains = [x[name].rates()[-1] - x["popular"].rates()[-1] for x in seeds.values()]
        gained = "" if name == "popular" else f"{min(gains):+.3f}"
        yield f"| {name} | {len(hits)} | {rates} | {np.mean(ranks):.3f} | {gained} |"


def main(seeds: int = 3, orders: int = 4_000) -> None:
    runs = {}
    for seed in range(1, seeds + 1):
        runs[seed] = played(seed, orders)
        rates = runs[seed].personal["personal"].rates()
        print(f"seed {seed}: {rates}", file=sys.stderr, flush=True)
    for line in lines_of("What will be in the order?", {k: x.personal for k, x in runs.items()}):
        print(line)
    for line in lines_of("Which line is hidden?", {k: x.beside for k, x in runs.items()}):
        print(line)
    asked = np.array([x for run in runs.values() for x in run.asked_s]) * 1e6
    middle, slow = np.percentile(asked, [50, 99])
    print(f"\nA suggestion takes {middle:.0f} us of CPU, p99 {slow:.0f} us.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
