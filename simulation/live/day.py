"""What a day brings, for live clients: who is there, who comes when, what is ready when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.values import HOUR
from simulation.city import CourierProfile, StoreSite, couriers_of, stores_of
from simulation.demand import Arrivals, Population, Wish
from simulation.scenario import Scenario
from simulation.streams import RandomStreams

Visits = Iterator[tuple[int, Wish]]  # milliseconds after the day's beginning


@dataclass(frozen=True, slots=True)
class Day:
    """`visits(n)` numbers its wishes from n on. `ready_ms` fixes, by the number of the wish, when
    its order is ready (milliseconds after the day's beginning); others are cooked."""

    scenario: Scenario
    sites: list[StoreSite]
    couriers: list[CourierProfile]
    visits: Callable[[int], Visits]
    ready_ms: dict[int, int] = field(default_factory=dict)
    comes_again: bool = True  # after its end; otherwise the city drains

    @property
    def length_ms(self) -> int:
        return round(self.scenario.hours * HOUR)


def of_scenario(scenario: Scenario, streams: RandomStreams) -> Day:
    """The same people and places as in the simulation in-process, under the same seed."""
    sites = stores_of(scenario, streams)
    population = Population(scenario, streams, sites)

    def visits(first: int) -> Visits:
        for n, at in enumerate(Arrivals(scenario, streams)):
            yield at - scenario.starts_ms, population.wish(first + n)

    return Day(scenario, sites, couriers_of(scenario, streams), visits)
