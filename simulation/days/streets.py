"""How long rides take out there: as the engine's travel model says, or on a city's real streets.

With `[city] streets` couriers take the fastest way on them, to the millisecond; whether the engine
knows these streets is another question (`streets_told`), and what a plan is worth shows when both
are asked over the same days.
"""

from functools import cache
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from engine.settings import Settings
from geo.city_streets import CityStreets, decode
from geo.points import Point
from geo.travel import TravelModel
from geo.wayfinding import Way
from simulation.scenarios.scenario import Scenario


class Rides(Protocol):
    """What a travel model says, and streets say as well."""

    def travel_ms(self, a: Point, b: Point, speed_mm_s: int) -> int: ...


@cache
def streets_at(path: str) -> CityStreets:
    """Read once in a process. Raises StreetsError, OSError."""
    return decode(Path(path).read_bytes())


class OnStreets:
    """The fastest ways there are, by vehicles of these speeds."""

    def __init__(self, streets: CityStreets, travel: TravelModel) -> None:
        self._streets, self._travel = streets, travel

    def travel_ms(self, a: Point, b: Point, speed_mm_s: int) -> int:
        return self._streets.ride_ms(self._travel, a, b, speed_mm_s)


def rides_of(scenario: Scenario) -> Rides:
    """How couriers of this scenario get on, weather and closed roads apart."""
    travel, path = scenario.engine.travel, scenario.city.streets
    return OnStreets(streets_at(path), travel) if path else travel


def way_of(scenario: Scenario, a: Point, b: Point) -> Way:
    """Where a ride leads along: the city's streets, if it has any, or straight on."""
    path = scenario.city.streets
    return streets_at(path).way(a, b) if path else Way.straight(a, b)


def settings_of(scenario: Scenario) -> Settings:
    """The engine's: it plans by the streets if it was told."""
    city, settings = scenario.city, scenario.engine
    if not city.streets or not city.streets_told:
        return settings
    travel = replace(settings.travel, streets=streets_at(city.streets).space)
    return replace(settings, travel=travel)
