"""What is said at random about what not everybody may carry, who may, and what goes together."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.values import Line
from geo.travel import Vehicle
from tests.days import random_groups

COLD, AGE = "cold_box", "age_check"
ALL = [COLD, AGE]
AT_FIRST = {"lee": [COLD], "sun": [AGE, COLD]}
KINDS = ([], [COLD], [AGE], ALL, [AGE, COLD], [COLD, COLD], [""])
Made = c.AnyCommand | list[c.AnyCommand]


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    yield 1, lambda: _product(day)
    yield 0.3, lambda: c.RegisterCourier("lee", Vehicle.CAR, 12, day.rng.choice(KINDS))
    yield 2, lambda: _learn(day)
    yield 4, lambda: _buy(day)
    yield 2, lambda: _assign(day)
    yield 1, lambda: _edit(day)
    yield 1, lambda: _hand_over(day)
    yield from random_groups.makers(day)


def _product(day) -> Made:
    name = day._any(("tea", "cake", "cake"))
    old = day.rng.random() < 0.3
    return c.ListProduct(name, name, "food", 1, skills=day.rng.choice(KINDS), age_check=old)


def _learn(day) -> Made:
    """At home; and then to work."""
    courier = day._any([*day._s.couriers.couriers])
    skills = day.rng.choice((None, *KINDS))
    changed = c.ChangeCourier(courier, Vehicle.CAR, 12, skills)
    shift = c.StartShift(courier, day.at + 3_600_000)
    return day.rng.choice(([changed, shift], [c.EndShift(courier), changed, shift], changed))


def _buy(day) -> Made:
    quote, store = day._new("q"), day._any(("s0", "s1"))
    lines = [Line("cake", 1), *day._lines()][: day.rng.choice((1, 2))]
    asked = c.RequestQuote(quote, "app", "ann", store, lines, day._place(1))
    return [asked, c.PlaceOrder(day._new("o"), "app", quote, "bank")]


def _assign(day) -> Made:
    """By hand, whoever it is."""
    waiting = [*day._s.deliveries.waiting] or [day._delivery()[0]]
    courier = day._any([*day._s.couriers.couriers])
    return c.AssignDelivery(courier, day.rng.choice(waiting), "by hand")


def _edit(day) -> Made:
    lines = [Line(day._any(("tea", "cake")), 1), *day._lines()][: day.rng.choice((1, 2))]
    return c.EditLines(day._order(), "app", lines)


def _hand_over(day) -> Made:
    """What is at a door turns out to be for grown-ups only, and nobody was asked; and back."""
    deliveries, orders = day._s.deliveries.deliveries, day._s.orders
    at_door = [k for k, x in deliveries.items() if x.status in ("picked_up", "arrived_at_dropoff")]
    if not at_door:
        return c.Tick()
    key = day.rng.choice(at_door)
    delivery = deliveries[key]
    single = [x.product for x in orders[delivery.order].lines if not x.components]
    if not single:
        return c.Tick()
    known = day._s.products[single[0]]
    listed = single[0], known.name, known.category, known.load, [], known.skills
    brought = c.ReportDropoff(delivery.courier, key, orders[delivery.order].placed.proof, "42")
    return [c.ListProduct(*listed, True), brought, c.ListProduct(*listed, known.age_check)]
