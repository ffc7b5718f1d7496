"""Random days: half sense, half nonsense, from everyone at once; then everybody behaves.

Each seed draws its own mixture (swarm testing: some things are nearly never said), so that
rare combinations get their day.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from engine import commands as c
from engine.engine import Engine, Record
from engine.rules.cancelling import REASONS, WRITE_OFF
from engine.settings import Settings
from engine.state.deliveries import Delivery
from engine.values import HOUR, MINUTE, Actor, Line, Proof, StopKind
from geo.points import Point
from geo.travel import Vehicle
from tests.cases import positions
from tests.days import (
    random_archives,
    random_bargains,
    random_campaigns,
    random_complaints,
    random_customers,
    random_fleets,
    random_merchandising,
    random_orders,
    random_payments,
    random_plans,
    random_promoting,
    random_reports,
    random_rescues,
    random_returns,
    random_skills,
    random_staff,
    random_stock,
    random_streets,
    random_supply,
)
from tests.good_deeds import answers, good_plan, is_over, next_report, progress, reopening

CENTER = Point(390_000_000, 1_160_000_000)
STORES, PRODUCTS, CUSTOMERS = ("s0", "s1"), ("ramen", "tea", "cake"), ("ann", "bob")
UNPRICED = ("s1", "cake")
COURIERS = {"kim": 12, "lee": 6, "max": 4, "sun": 12}
AFTERWARDS_MS = 8 * 24 * HOUR  # longer than any timer waits
LULL_MS = 7 * MINUTE  # enough for every timeout there is
NONSENSE = 0.04  # of the ids
SUBJECTS = (  # that have a module of their own
    random_archives,
    random_bargains,
    random_campaigns,
    random_complaints,
    random_customers,
    random_merchandising,
    random_orders,
    random_payments,
    random_promoting,
    random_rescues,
    random_returns,
    random_skills,
    random_staff,
    random_stock,
    random_streets,
    random_supply,
    random_fleets,
)
ASIDE = 0.35  # of what is said is about the subject of the day, now and then about another
DAYS_A_ROUND = 16  # in which everything is the talk of one day
NEVER_RARE = 2  # makers: progress and purchases, without which nothing happens
PAUSES_MS = (0, 0, 0, 1, 40, 40, 300, 300, 700, 700, 2_000, 2_000, 2_000, 6_000, 30_000)
BIG = 10**9


def setup() -> list[c.AnyCommand]:
    return [
        c.OpenEngine(Settings()),
        *(
            c.RegisterStore(s, s, Point(CENTER.lat_e7 + n * 50_000, CENTER.lon_e7), 8 * MINUTE)
            for n, s in enumerate(STORES)
        ),
        *(c.ListProduct(p, p, "food", 1 + n % 2) for n, p in enumerate(PRODUCTS)),
        *(
            c.SetPrice(s, p, 100 * (n + 1))
            for s in STORES
            for n, p in enumerate(PRODUCTS)
            if (s, p) != UNPRICED
        ),
        *(c.ReceiveStock(s, p, 40) for s in STORES for p in PRODUCTS),
        *(c.RegisterCustomer(x) for x in CUSTOMERS),
        c.RegisterCustomer("eve", "app"),
        *(
            c.RegisterCourier(x, Vehicle.SCOOTER, n, random_skills.AT_FIRST.get(x, []))
            for x, n in COURIERS.items()
        ),
        *(c.StartShift(x, 6 * HOUR) for x in COURIERS),
    ]


class RandomDay:
    """`for record in RandomDay(seed).records(steps)`; what was submitted is kept."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.engine = Engine()
        self.at = 0
        self.submitted: list[tuple[int, c.AnyCommand]] = []
        self.count = 0
        self.draft: list[c.RouteLine] = []
        self.makers = list(self._makers())
        self.subjects = [list(x.makers(self)) for x in SUBJECTS]
        self.subject = self.subjects[seed % len(SUBJECTS)]
        self.weights = [
            self._weight(n, weight, n % DAYS_A_ROUND == seed % DAYS_A_ROUND)
            for n, (weight, _) in enumerate(self.makers)
        ]

    def records(self, steps: int) -> Iterator[Record]:
        """One turn at a time; the engine is in the state that each record left."""
        for command in setup():
            yield from self._submit(command)
        while steps > 0:
            self.at += self.rng.choice(PAUSES_MS)
            self.at += LULL_MS * (self.rng.random() < 0.004)
            for command in self._next():
                steps -= 1
                yield from self._submit(command)

    def heal(self, rounds: int = 2_000) -> Iterator[Record]:
        """No more faults: everyone answers, and time runs on until all orders have ended."""
        hero = c.RegisterCourier("hero", Vehicle.CAR, 40, random_skills.ALL)
        done = random_supply.no_more_reviews(self._s)
        for command in (c.ChangeSettings(Settings()), hero, *done):
            yield from self._submit(command)
        for _ in range(rounds):
            self.at += 3_000
            yield from self._submit(c.Tick())
            if is_over(self._s):
                break
            for command in list(self._good_deeds()):
                yield from self._submit(command)
        self.at += AFTERWARDS_MS
        yield from self._submit(c.Tick())

    # what is said

    def _submit(self, command: c.AnyCommand) -> Iterator[Record]:
        self.submitted.append((self.at, command))
        yield from self.engine.turns(self.at, command)

    def _weight(self, n: int, usual: float, is_its_day: bool) -> float:
        chance = self.rng.random()
        if n < NEVER_RARE:
            return usual * (0.5 + chance)
        return max(usual, 2.0) * (1 + chance) if is_its_day else usual * chance**2

    def _next(self) -> list[c.AnyCommand]:
        drawn = (self.makers, self.weights)
        if self.rng.random() < ASIDE:
            subject = self.subject if self.rng.random() < 0.7 else self.rng.choice(self.subjects)
            drawn = (subject, [weight for weight, _ in subject])
        [(_, make)] = self.rng.choices(*drawn)
        if self._s.planning_rounds.open and self.rng.random() < 0.3:
            make = partial(random_plans.draw, self)
        made = make()
        commands = made if isinstance(made, list) else [made]
        return commands * 2 if self.rng.random() < 0.05 else commands  # people double-click

    def _makers(self) -> Iterator[tuple[float, Callable[[], c.AnyCommand | list[c.AnyCommand]]]]:
        """How likely, and what. In the order of engine/commands."""
        yield 16, self._go_on
        yield 8, self.buy
        yield (
            1,
            lambda: c.RequestQuote(
                self._new("q"),
                "app",
                self._any(CUSTOMERS),
                self._any(STORES),
                self._lines(),
                self._place(9),
            ),
        )
        yield (
            2,
            lambda: c.PlaceOrder(self._new("o"), "app", self._quote(), "bank"),
        )
        yield 2, self._cancel
        yield 2, self._authorize
        yield 3, self._instruct
        yield (
            1,
            lambda: c.RefundOrder(
                self._new("r"), self._order(), self.rng.randrange(-1, 400), "cold"
            ),
        )
        yield 6, self._store_says
        yield (
            1,
            lambda: c.ReportMissing(
                self._any(STORES), self._order(), self._any(PRODUCTS), self.rng.randrange(3)
            ),
        )
        yield (
            3,
            lambda: c.ReceiveReturn(
                self._any(STORES), self._delivery()[0], self.rng.random() < 0.5
            ),
        )
        yield (
            1,
            lambda: c.StartShift(
                self._any(COURIERS), self.at + self.rng.choice((-1, 60_000, HOUR))
            ),
        )
        yield 1.5, lambda: c.EndShift(self._any(COURIERS))
        yield (
            0.6,
            lambda: c.TakeBreak(
                self._any(COURIERS), self.at + self.rng.choice((-1, 5_000, 40_000, 300_000))
            ),
        )
        yield 1.5, lambda: c.ReportBreakdown(self._any(COURIERS))
        yield 1, lambda: c.RegisterCourier(self._any(COURIERS), Vehicle.WALK, self.rng.randrange(3))
        yield 15, lambda: random_reports.dated(self, self._courier_says())
        yield 0.2, partial(random_plans.draw, self)
        yield 0.5, lambda: c.AdoptPlan(self.rng.randrange(9), [])
        yield 1, lambda: c.ImprovePlan(random_plans.draw(self).lines)
        yield 1, lambda: c.RepositionCourier(self._any(COURIERS), self._any(STORES))
        yield 1, lambda: c.AssignDelivery(self._any(COURIERS), self._delivery()[0], "by hand")
        yield 4, lambda: random_stock.daily(self)
        yield 0.6, lambda: random_merchandising.daily(self)
        yield (
            0.4,
            lambda: c.ChangeSettings(
                Settings(
                    offer_timeout_ms=self.rng.choice((0, 9_000, -1)),
                    payment_timeout_ms=self.rng.choice((9_000, 120_000)),
                    open_deliveries_per_courier=self.rng.choice((0, 1, 6)),
                    planning_interval_ms=self.rng.choice((0, 1, 2_000, 30_000)),
                    acceptance_timeout_ms=self.rng.choice((0, 5_000, 300_000)),
                    courier_search_ms=self.rng.choice((0, 60_000, 2 * HOUR)),
                    currency=self.rng.choice(("CNY", "cny")),
                )
            ),
        )
        yield 2, self._positions
        yield 1, c.Tick

    def _go_on(self) -> list[c.AnyCommand]:
        """One of the things somebody is waiting for."""
        deeds = [*answers(self._s, self.at), *progress(self._s, self._s.couriers.ids, self.rng)]
        idle = [x for x in COURIERS if not self._s.couriers[x].on_shift]
        deeds += [c.StartShift(x, self.at + HOUR) for x in idle]
        deeds += reopening(self._s)
        return [self.rng.choice(deeds)] if deeds else [c.Tick()]

    def buy(self) -> list[c.AnyCommand]:
        quote, proof = self._new("q"), self.rng.choice(list(Proof))
        pin = "42" if proof is Proof.PIN else ""
        return [
            c.RequestQuote(quote, "app", "ann", self._any(STORES), self._lines(), self._place(1)),
            c.PlaceOrder(self._new("o"), "app", quote, "bank", proof, pin),
        ]

    def _cancel(self) -> c.AnyCommand:
        actor = self.rng.choice([Actor.CUSTOMER, Actor.OPERATOR, *Actor])
        reasons = [*REASONS[actor], "because"]
        on_the_way = [k for k, x in self._s.orders.orders.items() if x.status == "handed_over"]
        key = self._one(on_the_way) if self.rng.random() < 0.3 else self._order()
        order = self._s.orders.get(key)
        if order and order.status == "handed_over":
            actor, reasons = Actor.OPERATOR, [*WRITE_OFF, "fraud"]
        return c.CancelOrder(key, actor, self.rng.choice(reasons))

    def _authorize(self) -> c.AnyCommand:
        key = self._one(self._s.payments.payments)
        payment = self._s.payments.get(key)
        amount = payment.amount_minor if payment and self.rng.random() < 0.8 else 1
        return c.ReportAuthorization("bank", key, self.rng.random() < 0.85, amount)

    def _instruct(self) -> c.AnyCommand:
        known = self._s.payments.instructions
        pending = [key for key, x in known.items() if x.status == "pending"]
        key = self._one(pending if self.rng.random() < 0.7 else known)
        return c.ReportInstruction("bank", key, self.rng.random() < 0.8)

    def _store_says(self) -> c.AnyCommand:
        key = self._order()
        order = self._s.orders.get(key)
        store = order.placed.store if order and self.rng.random() > NONSENSE else "s0"
        ready_at = self.at + self.rng.choice((-5_000, 0, 300_000, 25 * HOUR))
        kinds = [c.AcceptOrder] * 4 + [c.ReportReady] * 2 + [c.UpdateReadyTime, c.RejectOrder]
        kind = self.rng.choice(kinds)
        if kind is c.ReportReady:
            return kind(store, key)
        return kind(store, key, "too_busy" if kind is c.RejectOrder else ready_at)

    def _courier_says(self) -> c.AnyCommand:
        key, delivery = self._delivery()
        courier = delivery.courier if delivery and delivery.courier else self._any(COURIERS)
        if self.rng.random() < NONSENSE:
            courier = self._any(COURIERS)
        reason = self.rng.choice([*REASONS[Actor.COURIER], "bored"])
        if delivery and delivery.status == "picked_up" and self.rng.random() < 0.2:
            return c.ReportFailure(courier, key, reason)
        if delivery and self.rng.random() < 0.2:
            return c.ReportDropoff(courier, key, Proof.PIN, "43")
        sense = [next_report(self._s, key, courier, self.rng)] * 6 if delivery else []
        return self.rng.choice(
            [
                *sense,
                c.AcceptOffer(courier, key),
                c.DeclineOffer(courier, key, reason),
                c.ReportArrival(courier, key, self.rng.choice(list(StopKind))),
                c.ReportPickup(courier, key),
                c.ReportDropoff(courier, key, self.rng.choice(list(Proof)), "42"),
                c.ReportFailure(courier, key, reason),
            ]
        )

    def _positions(self) -> c.AnyCommand:
        rows = [
            (
                self.rng.randrange(-1, 5) if self.rng.random() < 0.1 else self.rng.randrange(4),
                self._place(3),
                (self.at - self.rng.randrange(-999, 60_000)) / 1_000,
            )
            for _ in range(self.rng.randrange(4))
        ]
        return positions(*rows)

    # when everybody behaves

    def _good_deeds(self) -> Iterator[c.AnyCommand]:
        if not self._s.couriers["hero"].on_shift:
            yield c.StartShift("hero", self.at + 20 * HOUR)
        yield from answers(self._s, self.at)
        couriers = self._s.couriers.ids
        yield from good_plan(self._s, [x for x in couriers if x != "hero"], "hero")
        yield from progress(self._s, couriers, self.rng)

    # drawing

    @property
    def _s(self):
        return self.engine.state

    def _new(self, letter: str) -> str:
        if self.rng.random() < NONSENSE:
            return self.rng.choice(["", "x" * 999, f"{letter}1"])
        self.count += 1
        return f"{letter}{self.count}"

    def _any(self, known) -> str:
        return "nobody" if self.rng.random() < NONSENSE / 3 else self.rng.choice([*known])

    def _one(self, known) -> str:
        """Of what exists, mostly something recent."""
        keys = [*known][-8:]
        return self.rng.choice(keys) if keys and self.rng.random() > NONSENSE else "nothing"

    def _order(self) -> str:
        still = [
            k for k, x in self._s.orders.orders.items() if not x.why and x.status != "fulfilled"
        ]
        return self._one(still if self.rng.random() < 0.8 else self._s.orders.orders)

    def _quote(self) -> str:
        """Something recent, or one that was forgotten, however old."""
        quotes = self._s.quotes.quotes
        forgotten = [key for key, x in quotes.items() if x.order is None]
        return self.rng.choice([self._one(quotes), self.rng.choice(forgotten or ["nothing"])])

    def _delivery(self) -> tuple[str, Delivery | None]:
        deliveries = self._s.deliveries
        told = [k for k, x in deliveries.open.items() if x.status != "created"]
        known = self.rng.choice([told, told, told, deliveries.open, deliveries.deliveries])
        key = self._one(known)
        return key, deliveries.get(key)

    def _lines(self) -> list[Line]:
        number = self.rng.choice((1, 1, 2, 3, 0))
        return [
            Line(self._any(PRODUCTS), self.rng.choice((1, 1, 2, 5, 0, BIG)))
            if self.rng.random() < 0.15
            else Line(self._any(PRODUCTS), self.rng.choice((1, 1, 2)))
            for _ in range(number)
        ]

    def _place(self, km: int) -> Point:
        def offset() -> int:
            return self.rng.randrange(-km * 90_000, km * 90_000)

        if self.rng.random() < NONSENSE / 3:
            return Point(CENTER.lon_e7, CENTER.lat_e7)
        return Point(CENTER.lat_e7 + offset(), CENTER.lon_e7 + offset())
