"""How well a fitted scenario tells of a day: simulated once more, observed alike, laid beside it.

Both sides go through the same observer, so that what it cannot see is missing from both.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from engine.values import SECOND
from simulation.calibration.distributions import critical_distance, distance_between
from simulation.calibration.fitting import LEGS_MIN
from simulation.calibration.observed import CourierDay, Observed, StoreDay
from simulation.pages import BLACK, BLUE, Page, label

Of = Callable[[Observed], list[float]]
QUANTILES = tuple(n / 40 for n in range(1, 40))


def _stores(pick: Callable[[StoreDay], Sequence[float]]) -> Of:
    return lambda seen: list(chain.from_iterable(pick(x) for x in seen.stores.values()))


def _couriers(pick: Callable[[CourierDay], Sequence[float]]) -> Of:
    return lambda seen: list(chain.from_iterable(pick(x) for x in seen.couriers.values()))


QUANTITIES: dict[str, Of] = {
    "from placing to the door, s": lambda x: x.to_door_s,
    "in the kitchen, waiting included, s": _stores(
        lambda x: [(b - a) / SECOND for a, b in x.kitchen]
    ),
    "store answers, s": _stores(lambda x: x.answers_s),
    "handover at the counter, s": _stores(lambda x: x.handovers_s),
    "courier answers an offer, s": _couriers(lambda x: x.answers_s),
    "at the door, s": _couriers(lambda x: x.doors_s),
    # One value a courier: the legs of one are not independent of each other.
    "pace of a courier, planned over taken": _couriers(
        lambda x: [x.pace] if len(x.legs_s) >= LEGS_MIN else []
    ),
    "lines in a basket": lambda x: [float(len(v.lines)) for v in x.visits if v.lines],
    "between two visits, s": lambda x: np.diff([v.at / SECOND for v in x.visits]).tolist(),
    "quote to order, s": lambda x: [
        (v.placed_at - v.at) / SECOND
        for v in x.visits
        if v.placed_at is not None and v.placed_at > v.at  # rows tell only of the order
    ],
    "payment provider answers, s": lambda x: x.bank.answers_s,
}


class Comparison(NamedTuple):
    """One quantity, on the real day and on a simulated one."""

    name: str
    real: list[float]
    simulated: list[float]

    @property
    def distance(self) -> float:
        """Kolmogorov and Smirnov's; not a number without values on both sides."""
        return distance_between(self.real, self.simulated)

    @property
    def differs(self) -> bool:
        """More than two samples of one distribution do in nineteen of twenty cases."""
        return self.distance > critical_distance(len(self.real), len(self.simulated))


def compare(real: Observed, simulated: Observed) -> list[Comparison]:
    return [Comparison(name, pick(real), pick(simulated)) for name, pick in QUANTITIES.items()]


def counts(seen: Observed) -> list[tuple[str, float]]:
    """What is counted rather than measured."""
    doors = len(seen.to_door_s)
    orders = sum(x.orders for x in seen.stores.values())
    answers = sum(len(x.answers_s) for x in seen.couriers.values())
    declines = sum(x.declines for x in seen.couriers.values())
    return [
        ("visits", len(seen.visits)),
        ("orders placed", seen.placed),
        ("orders at the door", doors),
        ("of these in time, %", 100 * seen.on_time / seen.promised if seen.promised else nan),
        ("orders asked of stores", orders),
        ("offers declined, %", 100 * declines / answers if answers else nan),
        ("items missing, orders", sum(x.missing for x in seen.stores.values())),
    ]


def page(real: Observed, simulated: Observed, held_out: bool, title: str) -> str:
    """One HTML file: counts, a table of distances, a quantile plot for each quantity."""
    against = (
        "a day that was held out: nothing was fitted to it"
        if held_out
        else "the very day it was fitted to; give a held-out day to see whether it tells of others"
    )
    result = Page(title, f"The fitted scenario, simulated once, beside {against}.")
    sides = zip(counts(real), counts(simulated), strict=True)
    result.section("What was counted")
    rows = [(name, _told(a), _told(b)) for (name, a), (_, b) in sides]
    result.table("A day each", ("", "real", "simulated"), rows)
    found = compare(real, simulated)
    result.section(
        "What was measured",
        "The distance is the greatest difference between the shares of both days below any "
        "value (Kolmogorov, Smirnov): 0 is the same, 1 is nothing in common. A star: two samples "
        "of one distribution differ as much in less than one of twenty cases.",
    )
    result.table("Distances", _COLUMNS, [_row(x) for x in found])
    for x in found:
        if len(x.real) > 1 and len(x.simulated) > 1:
            _quantile_plot(result, x)
    return result.html()


def _told(figure: float) -> float | None:
    return None if isnan(figure) else round(figure, 1)


_COLUMNS = (
    "",
    "real",
    "simulated",
    "p50 real",
    "simulated ",
    "p90 real",
    "simulated  ",
    "distance",
)


def _row(x: Comparison) -> tuple[str | float | None, ...]:
    def at(values: list[float], q: float) -> float | None:
        return round(float(np.quantile(values, q)), 2) if values else None

    if not x.real or not x.simulated:
        return (x.name, len(x.real), len(x.simulated), None, None, None, None, "nothing to compare")
    told = f"{x.distance:.3f}{' *' if x.differs else ''}"
    halves = (at(x.real, 0.5), at(x.simulated, 0.5), at(x.real, 0.9), at(x.simulated, 0.9))
    return (x.name, len(x.real), len(x.simulated), *halves, told)


def _quantile_plot(result: Page, x: Comparison) -> None:
    real, simulated = np.quantile(x.real, QUANTILES), np.quantile(x.simulated, QUANTILES)
    limit = float(max(real[-1], simulated[-1]))
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": real.round(3).tolist(),
        "y": simulated.round(3).tolist(),
        "marker": {"color": BLUE},
        "name": "quantiles, 2.5 % apart",
    }
    same = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, limit],
        "y": [0, limit],
        "line": {"color": BLACK, "dash": "dot"},
        "name": "the same",
    }
    said = "On the dotted line, the simulated day is as the real one."
    axes = {"xaxis": {"title": {"text": "real"}}, "yaxis": {"title": {"text": "simulated"}}}
    result.plot(label(x.name), said, [points, same], **axes)
