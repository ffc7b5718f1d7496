"""Where a store delivers to: within the city's radius, or in an area of its own, with holes."""

from engine.rejections import Detail, RejectionReason
from engine.settings import Settings
from engine.state.stores import Store
from geo.points import Point, distance_m
from geo.zones import Polygon

CORNERS_MAX = 1_000  # of all rings: the journal and every snapshot hold them
Fault = tuple[RejectionReason, Detail]


def area_fault(store: Store, settings: Settings, dropoff: Point) -> Fault | None:
    """Why nothing is brought there, if nothing is: which has to do with no courier."""
    if store.area is not None:
        if store.area.contains(dropoff):
            return None
        return RejectionReason.OUT_OF_AREA, {"distance_m": distance_m(store.location, dropoff)}
    far_m, limit_m = distance_m(store.location, dropoff), settings.delivery_radius_m
    if far_m <= limit_m:
        return None
    return RejectionReason.OUT_OF_AREA, {"distance_m": far_m, "limit_m": limit_m}


def corners(area: Polygon) -> int:
    return sum(len(ring) - 1 for rings in area.parts for ring in rings)
