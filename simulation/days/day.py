"""What a day brings, to the simulation and to live clients: who is there, who comes when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from engine.values import HOUR
from geo.points import Point
from simulation.days.arrivals import Arrivals
from simulation.days.city import CourierProfile, StoreSite, couriers_of, stores_of
from simulation.days.conditions import Conditions
from simulation.days.recorded_day import (
    recorded_couriers,
    recorded_ready_ms,
    recorded_stores,
    recorded_visits,
)
from simulation.people.demand import Population, Wish
from simulation.scenarios.recorded import Recorded
from simulation.scenarios.scenario import Scenario
from simulation.streams import RandomStreams

Visits = Iterator[tuple[int, Wish]]  # milliseconds after the day's beginning
VISITS_MAX = 1_000_000  # of one source on one day
ANOTHER_DAY, USUAL_RIDES = 1_000, 400


@dataclass(frozen=True, slots=True)
class Day:
    """`visits(n)` are those of the n-th day, from 0. `ready_ms` fixes, by the key of a wish, when
    its order is ready (milliseconds after the day's beginning); others are cooked."""

    scenario: Scenario
    sites: list[StoreSite]
    couriers: list[CourierProfile]
    visits: Callable[[int], Visits]
    ready_ms: dict[str, int] = field(default_factory=dict)
    comes_again: bool = True  # after its end; otherwise the city drains
    conditions: Conditions = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", Conditions(self.scenario))

    @property
    def length_ms(self) -> int:
        return round(self.scenario.hours * HOUR)

    def usual_rides(self) -> list[tuple[Point, Point]]:
        """From stores to homes, of people like those who will come, but of another day."""
        another = islice(self.visits(ANOTHER_DAY), USUAL_RIDES)
        return [(wish.store.location, wish.home) for _, wish in another]


def of_scenario(scenario: Scenario, streams: RandomStreams) -> Day:
    """The same people and places for the simulation and for the demo, under the same seed."""
    if scenario.recorded is not None:
        return _of_recorded(scenario, streams, scenario.recorded)
    sites = stores_of(scenario, streams)
    population = Population(scenario, streams, sites)

    starts_ms = scenario.starts_ms

    def visits(day: int) -> Visits:
        for visit in Arrivals(scenario, streams):
            number = day * VISITS_MAX + visit.number
            yield visit.at - starts_ms, population.wish(number, visit.source)

    return Day(scenario, sites, couriers_of(scenario, streams), visits)


def _of_recorded(scenario: Scenario, streams: RandomStreams, day: Recorded) -> Day:
    """A day that happened comes once."""
    sites = recorded_stores(scenario, day)
    couriers = recorded_couriers(scenario, streams, day) or couriers_of(scenario, streams)

    def visits(_: int) -> Visits:
        return recorded_visits(scenario, streams, day, sites)

    ready_ms = recorded_ready_ms(scenario, day)
    return Day(scenario, sites, couriers, visits, ready_ms, comes_again=False)
