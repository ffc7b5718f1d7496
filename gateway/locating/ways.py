"""Which way a courier is to ride, as a line for whoever draws it."""

from collections.abc import Mapping
from itertools import pairwise

from engine.engine import Engine
from engine.queries.arrivals import told_stops
from engine.rules.locality import is_near
from engine.rules.stops import place_of
from engine.values import CourierId
from gateway import messages as m
from gateway.asking.finding import courier_asked
from gateway.running import Locks, OwnThread
from gateway.tokens import Identity
from geo.city_streets import CityStreets
from geo.points import Point
from geo.polyline import encode

STOPS_MAX = 20  # of a route that is drawn: each takes a search through the streets
KEPT = 100  # couriers whose last way is remembered
Legs = Mapping[tuple[Point, Point], list[Point]]


class Ways:
    """Along the city's streets, on a thread of its own: whoever asks often waits for himself, and
    what he was told last is not searched again. `close` it when nobody asks any more.
    """

    def __init__(self, streets: CityStreets | None) -> None:
        self._streets = streets
        self._thread = OwnThread("ways")
        self._locks = Locks()
        self._last: dict[CourierId, Legs] = {}

    def close(self) -> None:
        self._thread.close()

    async def along(self, courier: CourierId, corners: list[Point]) -> list[Point] | None:
        """None without streets, or if they are those of somewhere else."""
        if self._streets is None:
            return None
        async with self._locks.of(courier):
            known = self._last.pop(courier, {})
            legs = await self._thread(by_streets, self._streets, corners, known)
            if legs is None:
                return None
            self._last[courier] = legs
            if len(self._last) > KEPT:
                del self._last[next(iter(self._last))]
        return line_of(corners, legs)


async def get_way(b: m.GetWay, who: Identity, engine: Engine, ways: Ways) -> m.Way:
    """As the route is now; streets are searched beside the loop. Raises Refusal."""
    s = engine.state
    courier = courier_asked(b.courier, who, s)
    told = told_stops(s, courier)[:STOPS_MAX]
    stops = [place_of(stop.kind, delivery, s.stores) for stop, delivery in told]
    seen = s.positions.get(s.couriers[courier].number)
    corners = [seen, *stops] if seen else stops
    along = await ways.along(courier, corners)
    line = encode(along or corners, b.precision)
    return m.Way(b.courier, line, b.precision, along is not None, len(stops))


def by_streets(streets: CityStreets, places: list[Point], known: Legs) -> Legs | None:
    """Each leg with all its corners; None if these are the streets of somewhere else."""
    middle = Point(*(int(x) for x in streets.graph.places.mean(axis=0)))
    if not all(is_near(middle, x) for x in places):
        return None
    return {leg: known.get(leg) or _searched(streets, *leg) for leg in pairwise(places)}


def line_of(places: list[Point], legs: Legs) -> list[Point]:
    """Every corner once; a stop is one."""
    return places[:1] + [x for leg in pairwise(places) for x in legs[leg][1:]]


def _searched(streets: CityStreets, a: Point, b: Point) -> list[Point]:
    return [Point(lat, lon) for lat, lon in streets.way(a, b).corners.tolist()]
