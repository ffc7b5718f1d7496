"""Where a store delivers to: within the city's radius, or in an area of its own.

An area is polygons, each an outer ring and its holes, where nobody goes. Who is inside an odd
number of rings is in it; a border belongs to it. In integers: the same answer on every machine.
"""

from collections.abc import Sequence
from itertools import chain, pairwise

from engine.rejections import Detail, RejectionReason
from engine.settings import Settings
from engine.state.stores import Store
from geo.points import Point, PointError, distance_m
from geo.sphere import HALF_TURN_E7

RINGS_MAX = 50
CORNERS_MAX = 1_000  # of all rings: a quote looks at each
Ring = list[Point]  # closed by itself: the last corner is not the first again
Fault = tuple[RejectionReason, Detail]


def area_fault(store: Store, settings: Settings, dropoff: Point) -> Fault | None:
    """Why nothing is brought there, if nothing is: which has to do with no courier."""
    if store.area:
        if contains(store.area, dropoff):
            return None
        return RejectionReason.OUT_OF_AREA, {"distance_m": distance_m(store.location, dropoff)}
    far_m, limit_m = distance_m(store.location, dropoff), settings.delivery_radius_m
    if far_m <= limit_m:
        return None
    return RejectionReason.OUT_OF_AREA, {"distance_m": far_m, "limit_m": limit_m}


def is_area(polygons: Sequence[Sequence[Ring]]) -> bool:
    """Few enough corners, each on Earth, no ring less than a triangle or across the date line."""
    rings = [ring for polygon in polygons for ring in polygon]
    if not all(polygons) or len(rings) > RINGS_MAX or sum(len(x) for x in rings) > CORNERS_MAX:
        return False
    return all(len(x) >= 3 and _is_on_earth(x) for x in rings)


def contains(polygons: Sequence[Sequence[Ring]], place: Point) -> bool:
    """Edges are straight in latitude and longitude, as in GeoJSON (RFC 7946, 3.1.1)."""
    inside = False
    lat, lon = place.lat_e7, place.lon_e7
    for ring in chain.from_iterable(polygons):
        for a, b in pairwise((*ring, ring[0])):
            north, east = b.lat_e7 - a.lat_e7, b.lon_e7 - a.lon_e7
            left = east * (lat - a.lat_e7) - north * (lon - a.lon_e7)  # of the edge, if above 0
            is_level = _is_between(a.lat_e7, lat, b.lat_e7)
            if left == 0 and is_level and _is_between(a.lon_e7, lon, b.lon_e7):
                return True
            if (a.lat_e7 > lat) != (b.lat_e7 > lat) and (left > 0) == (north > 0):
                inside = not inside
    return inside


def _is_between(a: int, x: int, b: int) -> bool:
    return a <= x <= b or b <= x <= a


def _is_on_earth(ring: Ring) -> bool:
    try:
        for point in ring:
            point.checked()
    except PointError:
        return False
    return all(abs(a.lon_e7 - b.lon_e7) <= HALF_TURN_E7 for a, b in pairwise((*ring, ring[0])))
