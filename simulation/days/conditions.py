"""What the episodes of a scenario do to whoever is out there, at a moment.

Times are milliseconds since the epoch; an episode holds from its beginning to just before its end.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from engine.settings import Settings
from engine.values import HOUR, Millis
from geo.points import Point
from geo.travel import PERMILLE, TravelModel
from simulation.scenarios.episodes import Episode, PaymentOutage, Rain, RoadClosure, StoreOutage
from simulation.scenarios.scenario import Scenario

K = TypeVar("K", bound=Episode)
Legs = Sequence[tuple[Point, Point]]
News = tuple[Millis, Settings]
Spell = tuple[Millis, Millis, K]  # from, to, what


def spells(scenario: Scenario, kind: type[K]) -> list[Spell[K]]:
    """The episodes of a kind with their times, in the order of the file."""
    start = scenario.starts_ms
    return [
        (Millis(start + round(x.from_h * HOUR)), Millis(start + round(x.to_h * HOUR)), x)
        for x in scenario.episodes
        if isinstance(x, kind)
    ]


class Conditions:
    """How things are out there. Nothing in it changes; ask with the time."""

    def __init__(self, scenario: Scenario) -> None:
        self._rain = spells(scenario, Rain)
        self._closures = spells(scenario, RoadClosure)
        self._bank = sorted((start, end) for start, end, _ in spells(scenario, PaymentOutage))
        self._power = spells(scenario, StoreOutage)
        self.always_fair = not self._rain and not self._closures

    def leg_permille(self, at: Millis, a: Point, b: Point) -> int:
        """How fast a leg that begins now is, of the usual; a closure counts for its part of it."""
        return _permille(at, a, b, [(s, e, x.speed) for s, e, x in self._rain], self._closures)

    def acceptance(self, at: Millis) -> float:
        """Times the share of offers that are accepted."""
        share = 1.0
        for start, end, rain in self._rain:
            if start <= at < end:
                share *= rain.acceptance
        return share

    def bank_answers_at(self, at: Millis) -> Millis:
        """Then, or when the provider is back."""
        for start, end in self._bank:
            if start <= at < end:
                at = end
        return at

    def power_cuts(self, group: str, number: int) -> list[tuple[Millis, Millis]]:
        """Of a store: the n-th of its group, from 0."""
        return [
            (start, end)
            for start, end, cut in self._power
            if cut.stores == group and (not cut.count or number < cut.count)
        ]

    def news(self, usual: Settings, rides: Callable[[], Legs]) -> Iterator[News]:
        """When the office tells the engine something new about travel times, and what.

        `rides` are as they are usual in this city: what they lose on average, all lose.
        """
        rain = [x for x in self._rain if x[2].known]
        closures = [x for x in self._closures if x[2].known]
        times = sorted({at for start, end, _ in [*rain, *closures] for at in (start, end)})
        speeds = [(start, end, x.speed) for start, end, x in rain]
        legs = rides() if times else []
        for at in times:
            lost = [PERMILLE / _permille(at, a, b, speeds, closures) for a, b in legs]
            speed = len(lost) / sum(lost) if lost else 1.0
            yield at, replace(usual, travel=_slowed(usual.travel, speed))


def _permille(
    at: Millis,
    a: Point,
    b: Point,
    rain: Sequence[tuple[Millis, Millis, float]],
    closures: Sequence[Spell[RoadClosure]],
) -> int:
    takes = 1.0
    for start, end, speed in rain:
        if start <= at < end:
            takes /= speed
    for start, end, closure in closures:
        if start <= at < end:
            takes *= 1 + closure.where.share_of(a, b) * (1 / closure.speed - 1)
    return max(1, round(PERMILLE / takes))


def _slowed(travel: TravelModel, speed: float) -> TravelModel:
    return TravelModel(
        walk_mm_s=max(1, round(travel.walk_mm_s * speed)),
        bicycle_mm_s=max(1, round(travel.bicycle_mm_s * speed)),
        scooter_mm_s=max(1, round(travel.scooter_mm_s * speed)),
        car_mm_s=max(1, round(travel.car_mm_s * speed)),
        detour_permille=travel.detour_permille,
    )
