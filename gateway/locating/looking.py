"""Where a courier was: his trail by the time of its fixes, how far it goes, and at which stores.

The same fixes give the same answer, in whatever order they came.
"""

import numpy as np

from engine.engine import Engine
from engine.values import DAY, SECOND, CourierId
from gateway import messages as m
from gateway.codes import Refusal
from gateway.locating.trails import Seen, Trails
from gateway.wire import millis, time_text
from geo.fences import Fence
from geo.sphere import Places, straight_mm_between
from geo.tracks import length_m
from geo.zones import Circle

SPAN_MAX_MS = DAY
POINTS_MAX = 2_000  # told; distance and visits are of all


async def get_trail(b: m.GetTrail, engine: Engine, trails: Trails) -> m.Trail:
    """Raises Refusal."""
    courier = engine.state.couriers.get(CourierId(b.courier))
    if courier is None:
        raise Refusal("unknown", detail={"what": "courier", "id": b.courier})
    from_at, to_at = millis(b.from_at, "from_at"), millis(b.to_at, "to_at")
    if not 0 < to_at - from_at <= SPAN_MAX_MS:
        raise Refusal("malformed", "at most a day", {"field": "to_at"})
    known_at = None if b.known_at is None else millis(b.known_at, "known_at")
    seen = await trails.of(courier.number, from_at, to_at, known_at)
    track = np.array([(x.lat_e7, x.lon_e7) for x in seen], np.int64).reshape(-1, 2)
    points = [_told(x) for x in seen[:: max(1, -(-len(seen) // POINTS_MAX))]]
    visits = _visits(engine, seen, track) if len(seen) else []
    return m.Trail(b.courier, points, length_m(track), visits, len(seen))


def _visits(engine: Engine, seen: list[Seen], track: Places) -> list[m.Visit]:
    """Of stores, by the same fence that is told of live; ordered by when they began."""
    s, settings = engine.state, engine.state.settings.current
    lowest, highest = track.min(axis=0), track.max(axis=0)
    middle = ((lowest + highest) // 2)[None, :]
    reach_mm = int(straight_mm_between(middle, np.vstack((lowest, highest))).max())
    reach_mm += (settings.fence_radius_m + settings.fence_margin_m) * 2_000
    found = []
    for key, store in s.stores.stores.items():
        place = store.location
        center = np.array([[place.lat_e7, place.lon_e7]], np.int64)
        if straight_mm_between(middle, center)[0] > reach_mm:
            continue  # nowhere near
        fence = Fence(Circle(place, settings.fence_radius_m), settings.fence_margin_m)
        for row, crossing in fence.along(track):
            found.append((seen[row].fix_at, key, crossing.name.lower()))
    found.sort()
    entered: dict[str, int] = {}
    told = []
    for at, key, what in found:
        inside_s = (at - entered.pop(key, at)) // SECOND if what == "exit" else 0
        if what == "enter":
            entered[key] = at
        told.append(m.Visit(key, what, time_text(at), inside_s))  # type: ignore[arg-type]
    return told


def _told(x: Seen) -> m.TrailPoint:
    accuracy_m = None if x.accuracy_m < 0 else x.accuracy_m
    fix_time, received = time_text(x.fix_at), time_text(x.received_at)
    return m.TrailPoint(x.lat_e7 / 1e7, x.lon_e7 / 1e7, fix_time, received, accuracy_m)
