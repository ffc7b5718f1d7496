"""Who lives in a scenario: stores, couriers and homes, each drawn from a stream of its own."""

from dataclasses import dataclass

import numpy as np

from engine.values import HOUR, MINUTE, CourierId, Millis, StoreId
from geo.points import Point
from geo.sphere import Floats, cosines
from simulation.days.arrivals import Source, word
from simulation.scenarios.areas import M_PER_E7
from simulation.scenarios.scenario import CourierGroup, Product, Scenario, StoreGroup
from simulation.streams import Draws, RandomStreams

PERMILLE = 1_000
NEIGHBORHOOD_M = 200.0


@dataclass(frozen=True, slots=True)
class StoreSite:
    """One store of a group, where it is and what it sells."""

    id: StoreId
    name: str
    group: StoreGroup
    number: int  # within its group, from 0
    location: Point
    products: list[Product]
    popularity: list[float]  # of the products, summed up


@dataclass(frozen=True, slots=True)
class CourierProfile:
    """One courier of a group: where the day starts, and when."""

    id: CourierId
    group: CourierGroup
    home: Point
    starts_ms: Millis
    ends_ms: Millis
    pace_permille: int
    again: tuple[tuple[Millis, Millis], ...] = ()  # later shifts: from, to


class Ground:
    """The disc of the city, in meters east and north of its center."""

    def __init__(self, scenario: Scenario) -> None:
        city = scenario.city
        self._center = Point.of_degrees(city.lat, city.lon)
        self._radius_m = city.radius_m
        cos = float(cosines(np.array([self._center.lat_e7]))[0])
        self._lat_e7_per_m, self._lon_e7_per_m = 1 / M_PER_E7, 1 / (M_PER_E7 * cos)

    def anywhere(self, draws: Draws, share: float = 1.0) -> Point:
        """Every place within that share of the radius alike."""
        while True:
            x, y = 2 * draws.random() - 1, 2 * draws.random() - 1
            if x * x + y * y <= 1:
                reach = self._radius_m * share
                lat = self._center.lat_e7 + round(y * reach * self._lat_e7_per_m)
                return Point(lat, self._center.lon_e7 + round(x * reach * self._lon_e7_per_m))

    def meters(self, point: Point) -> tuple[float, float]:
        """East and north of the center."""
        x = (point.lon_e7 - self._center.lon_e7) / self._lon_e7_per_m
        return x, (point.lat_e7 - self._center.lat_e7) / self._lat_e7_per_m


def stores_of(scenario: Scenario, streams: RandomStreams) -> list[StoreSite]:
    """All stores, in the order of the file. One more of a group moves none of the others."""
    ground, sites = Ground(scenario), list[StoreSite]()
    for group in scenario.stores:
        for n in range(group.count):
            key = StoreId(f"{word(group.name)}-{n + 1}")
            draws = streams.named("store", key)
            if group.where is not None:
                place = group.where.anywhere(draws)
            else:
                place = ground.anywhere(draws, scenario.city.stores_within)
            sites.append(site_of(scenario, group, key, f"{group.name} {n + 1}", n, place))
    return sites


def site_of(
    scenario: Scenario, group: StoreGroup, key: StoreId, name: str, number: int, place: Point
) -> StoreSite:
    """A store of a group, with what the group sells."""
    products = [x for x in scenario.products if x.category in group.sells]
    popularity = np.cumsum([x.popularity for x in products]).tolist()
    return StoreSite(key, name, group, number, place, products, popularity)


def couriers_of(scenario: Scenario, streams: RandomStreams) -> list[CourierProfile]:
    """All couriers, in the order of the file; the first of each group starts on time."""
    ground, couriers = Ground(scenario), list[CourierProfile]()
    for group in scenario.couriers:
        for n in range(group.count):
            name = f"{word(group.name)}-{n + 1}"
            draws = streams.named("courier", name)
            home = group.where.anywhere(draws) if group.where else ground.anywhere(draws)
            late_ms = round(draws.random() * group.stagger_min * MINUTE) if n else 0
            couriers.append(
                CourierProfile(
                    CourierId(group.id_of(name)),
                    group,
                    home,
                    Millis(scenario.starts_ms + round(group.from_h * HOUR) + late_ms),
                    Millis(scenario.starts_ms + round(group.to_h * HOUR)),
                    max(1, round(group.pace.draw(draws) * PERMILLE)),
                )
            )
    return couriers


class Neighborhoods:
    """Where customers live, and which stores they like: near ones, and attractive ones.

    The share of a store is its attraction over 1 + (distance / reach)², a gravity model after
    D. L. Huff, "Defining and estimating a trading area", Journal of Marketing 28 (1964). It is
    the same for all homes of a neighborhood, and measured from its middle.
    """

    def __init__(self, scenario: Scenario, streams: RandomStreams, sites: list[StoreSite]) -> None:
        self._ground, self._streams = Ground(scenario), streams
        self._places: Floats = np.array([self._ground.meters(x.location) for x in sites])
        self._attraction: Floats = np.array([x.group.attraction for x in sites])
        self._reach_m = scenario.demand.reach_m
        self._shown_m = scenario.engine.delivery_radius_m - NEIGHBORHOOD_M
        self._groups = [x.group.name for x in sites]
        self._tastes: dict[tuple[int, int, str], list[float]] = {}

    def home(self, source: Source, customer: int) -> Point:
        name = (source.name, str(customer)) if source.name else (str(customer),)
        draws = self._streams.named("home", *name)
        return self._ground.anywhere(draws) if source.area is None else source.area.anywhere(draws)

    def tastes(self, home: Point, group: str = "") -> list[float]:
        """How each store (of a group) is liked from there, summed up: for `Draws.pick`."""
        east_m, north_m = self._ground.meters(home)
        key = int(east_m // NEIGHBORHOOD_M), int(north_m // NEIGHBORHOOD_M), group
        found = self._tastes.get(key)
        if found is None:
            found = self._tastes[key] = self._liked(*key)
        return found

    def _liked(self, east: int, north: int, group: str) -> list[float]:
        """The app shows stores that deliver; only who has none nearby tries one that does not."""
        way = self._places - [(east + 0.5) * NEIGHBORHOOD_M, (north + 0.5) * NEIGHBORHOOD_M]
        square = (way * way).sum(axis=1)
        liked = self._attraction / (1.0 + square / self._reach_m**2)
        if group:
            liked = liked * [x == group for x in self._groups]
        shown = liked * (square <= max(0.0, self._shown_m) ** 2)
        sums: list[float] = np.cumsum(shown if shown.any() else liked).tolist()
        return sums
