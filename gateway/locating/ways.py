"""Which way a courier is to ride, as a line for whoever draws it."""

import asyncio
from itertools import pairwise

from engine.engine import Engine
from engine.queries.arrivals import told_stops
from engine.rules.locality import is_near
from engine.rules.stops import place_of
from engine.values import CourierId
from gateway import messages as m
from gateway.codes import unknown
from gateway.tokens import Identity
from geo.city_streets import CityStreets
from geo.points import Point
from geo.polyline import encode

STOPS_MAX = 20  # of a route that is drawn: each takes a search through the streets


async def get_way(b: m.GetWay, who: Identity, engine: Engine, streets: CityStreets | None) -> m.Way:
    """As the route is now; streets are searched beside the loop. Raises Refusal."""
    s = engine.state
    courier = s.couriers.get(CourierId(b.courier))
    if courier is None or (who.role == "courier" and who.subject != b.courier):
        raise unknown("courier", b.courier)
    told = told_stops(s, CourierId(b.courier))[:STOPS_MAX]
    stops = [place_of(stop.kind, delivery, s.stores) for stop, delivery in told]
    seen = s.positions.get(courier.number)
    corners = [seen, *stops] if seen else stops
    along = None
    if streets is not None:
        along = await asyncio.to_thread(by_streets, streets, corners)
    line = encode(along or corners, b.precision)
    return m.Way(b.courier, line, b.precision, along is not None, len(stops))


def by_streets(streets: CityStreets, places: list[Point]) -> list[Point] | None:
    """Every corner once; a stop is one. None if these are the streets of somewhere else."""
    middle = Point(*(int(x) for x in streets.graph.places.mean(axis=0)))
    if not all(is_near(middle, x) for x in places):
        return None
    found = places[:1]
    for a, b in pairwise(places):
        corners = streets.way(a, b).corners.tolist()
        found += [Point(lat, lon) for lat, lon in corners[1:]]
    return found
