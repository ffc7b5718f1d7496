"""Where a courier was: his trail by the time of its fixes, how far it goes, and at which stores.

The same fixes give the same answer, in whatever order they came.
"""

import numpy as np

from engine.engine import Engine
from engine.values import DAY, SECOND
from gateway import messages as m
from gateway.asking.finding import courier_asked
from gateway.codes import Refusal
from gateway.locating.trails import Seen, Trails
from gateway.tokens import Identity
from gateway.wire import millis, point, time_text
from geo.fences import Crossing, Fence
from geo.sphere import Places, straight_mm_between
from geo.tracks import length_m
from geo.zones import Circle, Polygon, ZoneError

SPAN_MAX_MS = DAY
Where = tuple[str | None, str | None]  # a store, or an area
POINTS_MAX = 2_000  # told; distance and visits are of all


async def get_trail(b: m.GetTrail, who: Identity, engine: Engine, trails: Trails) -> m.Trail:
    """Raises Refusal."""
    courier = engine.state.couriers[courier_asked(b.courier, who, engine.state)]
    from_at, to_at = millis(b.from_at, "from_at"), millis(b.to_at, "to_at")
    if not 0 < to_at - from_at <= SPAN_MAX_MS:
        raise Refusal("malformed", "at most a day", {"field": "to_at"})
    known_at = None if b.known_at is None else millis(b.known_at, "known_at")
    seen = await trails.of(courier.number, from_at, to_at, known_at)
    track = np.array([(x.lat_e7, x.lon_e7) for x in seen], np.int64).reshape(-1, 2)
    points = [_told(x) for x in seen[:: max(1, -(-len(seen) // POINTS_MAX))]]
    fences: list[tuple[Where, Fence]] = [
        ((None, key), Fence(_area(key, ring), 0)) for key, ring in b.areas.items()
    ]
    if len(seen):
        fences += _stores(engine, track)
    visits = _visits(fences, seen, track) if len(seen) else []
    return m.Trail(b.courier, points, length_m(track), visits, len(seen))


def _area(key: str, ring: list[m.Place]) -> Polygon:
    """Closed, if it is not. Raises Refusal."""
    corners = [point(x, f"areas.{key}") for x in ring]
    if corners[0] != corners[-1]:
        corners.append(corners[0])
    try:
        return Polygon(((tuple(corners),),))
    except ZoneError as error:
        raise Refusal("malformed", str(error)[:160], {"field": f"areas.{key}"}) from None


def _stores(engine: Engine, track: Places) -> list[tuple[Where, Fence]]:
    """The same fences that are told of live, of every store the track comes near."""
    s, settings = engine.state, engine.state.settings.current
    radius, margin = settings.fence_radius_m, settings.fence_margin_m
    middle = ((track.min(axis=0) + track.max(axis=0)) // 2)[None, :]
    reach_mm = int(straight_mm_between(middle, track).max()) + (radius + margin) * 1_000
    found: list[tuple[Where, Fence]] = []
    for key, store in s.stores.stores.items():
        place = store.location
        center = np.array([[place.lat_e7, place.lon_e7]], np.int64)
        if straight_mm_between(middle, center)[0] <= reach_mm:
            found.append(((key, None), Fence(Circle(place, radius), margin)))
    return found


def _visits(fences: list[tuple[Where, Fence]], seen: list[Seen], track: Places) -> list[m.Visit]:
    """In order of time."""
    told = []
    for (store, area), fence in fences:
        entered = 0
        for row, crossing in fence.along(track):
            at, inside_s = seen[row].fix_at, 0
            if crossing is Crossing.ENTER:
                entered = at
            elif crossing is Crossing.EXIT:
                inside_s = (at - entered) // SECOND
            word: m.Crossing = crossing.name.lower()  # type: ignore[assignment]
            told.append((at, m.Visit(store, word, time_text(at), inside_s, area)))
    told.sort(key=lambda x: (x[0], x[1].store or "", x[1].area or ""))
    return [visit for _, visit in told]


def _told(x: Seen) -> m.TrailPoint:
    accuracy_m = None if x.accuracy_m < 0 else x.accuracy_m
    fix_time, received = time_text(x.fix_at), time_text(x.received_at)
    return m.TrailPoint(x.lat_e7 / 1e7, x.lon_e7 / 1e7, fix_time, received, accuracy_m)
