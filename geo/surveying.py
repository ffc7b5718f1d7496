"""A city's streets measured, and a `StreetSpace` fitted to what was found. Half a minute.

From a sample of junctions the fastest ways to all others are searched; the corners of a grid are
then moved, a little for each way in turn, until lines in the space are as long as the ways
(stochastic gradient descent on the absolute error, smoothed near zero). A part of the sample is
kept apart: the errors told are of ways the fit has never seen.
"""

from math import cos, radians

import numpy as np
from msgspec import Struct
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.points import Point
from geo.roads import RoadGraph
from geo.space import DIMENSIONS, StreetSpace
from geo.sphere import MM_PER_E7, Floats, Int64s, Places, kernel, straight_mm_between
from geo.travel import project

STEP_M = 400.0  # between corners
SOURCES = 1_200  # junctions whose ways to all others are searched
TESTED = 0.2  # of them are kept apart
WAYS_A_SOURCE = 500
NEAR_M = 50.0  # nearer is on the same street
EPOCHS = 20
RATE = 0.3
PATIENCE_S = 40.0  # a way that is off by more pulls no stronger
RIPPLE_S, RIPPLE_M = 60.0, 1_500.0  # what the third and fourth numbers begin with
SEED = 1


class SurveyError(ValueError):
    """There is nothing to measure there; the words say why."""


class Errors(Struct, frozen=True):
    """Of travel times in seconds, over the ways kept apart, each in its own direction."""

    median_s: float
    p95_s: float


class Survey(Struct, frozen=True):
    """A space, the speed that fits it, and how far off it is beside a straight line.

    `pace_mm_s`: millimeters of straight line a second; with it as speed, and no detour, the
    space tells the times on the streets, and so does the great circle as well as it can.
    """

    space: StreetSpace
    pace_mm_s: int
    ways: int  # kept apart
    typical_s: float  # the median of them
    by_space: Errors
    by_great_circle: Errors


class _Ways(Struct, frozen=True):
    """From one junction to another: rows of places, and seconds there and back."""

    start: Int64s
    goal: Int64s
    there_s: Floats
    back_s: Floats
    straight_m: Floats


def survey(graph: RoadGraph, middle: Point, radius_m: float, reach_m: float) -> Survey:
    """Within a circle, for ways of up to `reach_m`. Raises SurveyError."""
    rng = np.random.default_rng(SEED)
    near = straight_mm_between(graph.places, np.array([[middle.lat_e7, middle.lon_e7]]))
    inside = np.flatnonzero(near <= radius_m * 1_000)
    if len(inside) < 2 * DIMENSIONS:
        raise SurveyError(f"{len(inside)} junctions within {radius_m:g} m")
    sources = rng.choice(inside, min(SOURCES, len(inside)), replace=False)
    tested = max(1, int(len(sources) * TESTED))
    known = _ways(graph, inside, sources[tested:], reach_m, rng)
    kept = _ways(graph, inside, sources[:tested], reach_m, rng)
    if not len(known.start) or not len(kept.start):
        raise SurveyError(f"no ways of {NEAR_M:g} to {reach_m:g} m")
    pace_mm_s = _best_pace(known)
    space = _fitted(graph.places[inside], middle, known, pace_mm_s, rng)
    located = space.locate(graph.places[inside])
    lines = np.sqrt(((located[kept.start] - located[kept.goal]).astype(float) ** 2).sum(axis=1))
    return Survey(
        space,
        round(pace_mm_s),
        len(kept.start),
        float(np.median(kept.there_s)),
        _errors(lines / pace_mm_s, kept),
        _errors(kept.straight_m * 1_000 / pace_mm_s, kept),
    )


def _errors(seconds: Floats, ways: _Ways) -> Errors:
    off = np.abs(np.concatenate((seconds - ways.there_s, seconds - ways.back_s)))
    median, p95 = np.percentile(off, [50, 95])
    return Errors(float(median), float(p95))


def _ways(
    graph: RoadGraph, inside: Int64s, sources: Int64s, reach_m: float, rng: np.random.Generator
) -> _Ways:
    """Some from each source, nearer and farther ones alike."""
    network = csr_array((graph.ms, (graph.tail, graph.head)), shape=(len(graph.places),) * 2)
    back = network.T.tocsr()
    places = graph.places[inside]
    found = list[tuple[Int64s, Int64s, Floats, Floats, Floats]]()
    for source in sources.tolist():
        straight_m = straight_mm_between(places, graph.places[[source]]) / 1_000
        far = np.flatnonzero((straight_m > NEAR_M) & (straight_m <= reach_m))
        goal = rng.choice(far, min(WAYS_A_SOURCE, len(far)), replace=False)
        start = np.full(len(goal), np.searchsorted(inside, source))
        times = [dijkstra(x, indices=source)[inside[goal]] / 1_000 for x in (network, back)]
        found.append((start, goal, *times, straight_m[goal]))
    return _Ways(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _best_pace(ways: _Ways) -> float:
    """The one straight-line speed, in mm/s, with the least median error."""
    mean_s = (ways.there_s + ways.back_s) / 2
    usual = float(np.median(ways.straight_m / mean_s))
    tried = [usual * x / 100 for x in range(60, 161)]
    off = [float(np.median(np.abs(ways.straight_m / x - mean_s))) for x in tried]
    return 1_000 * tried[int(np.argmin(off))]


def _fitted(
    places: Places, middle: Point, ways: _Ways, pace_mm_s: float, rng: np.random.Generator
) -> StreetSpace:
    step_lat = round(STEP_M * 1_000 / MM_PER_E7)
    step_lon = round(step_lat / max(0.05, cos(radians(middle.lat_deg))))
    south, west = (int(x) for x in places.min(axis=0))
    rows = int(np.ptp(places[:, 0])) // step_lat + 2
    columns = int(np.ptp(places[:, 1])) // step_lon + 2
    i, j = np.divmod(np.arange(rows * columns), columns)
    grid = np.column_stack((south + i * step_lat, west + j * step_lon))
    flat = project(grid, middle)
    corners = np.zeros((len(grid), DIMENSIONS))
    corners[:, :2] = flat * (1_000 / pace_mm_s)
    for k in range(2, DIMENSIONS):
        turn, shift = rng.uniform(0, 2 * np.pi, 2)
        along = flat @ np.array([np.cos(turn), np.sin(turn)])
        corners[:, k] = RIPPLE_S * np.sin(along / RIPPLE_M + shift)
    around, share = _between(places - (south, west), step_lat, step_lon, columns)
    mean_s = (ways.there_s + ways.back_s) / 2
    for epoch in range(EPOCHS):
        order, rate = rng.permutation(len(mean_s)), RATE / (1 + epoch / 3)
        _descend(order, ways.start, ways.goal, mean_s, around, share, corners, rate)
    mm = np.rint(corners * pace_mm_s).astype("<i4")
    return StreetSpace(
        south_e7=south, west_e7=west, step_lat_e7=step_lat, step_lon_e7=step_lon,
        rows=rows, columns=columns, corners_mm=mm.tobytes(),
    )  # fmt: skip


def _between(offsets: Places, step_lat: int, step_lon: int, columns: int) -> tuple[Int64s, Floats]:
    """(n, 4) corners around each place, and how much each counts."""
    i, j = offsets[:, 0] // step_lat, offsets[:, 1] // step_lon
    n, e = offsets[:, 0] / step_lat - i, offsets[:, 1] / step_lon - j
    k = i * columns + j
    around = np.column_stack((k, k + 1, k + columns, k + columns + 1))
    share = np.column_stack(((1 - n) * (1 - e), (1 - n) * e, n * (1 - e), n * e))
    return around, share


@kernel
def _descend(
    order: Int64s,
    start: Int64s,
    goal: Int64s,
    seconds: Floats,
    around: Int64s,
    share: Floats,
    corners: Floats,
    rate: float,
) -> None:
    """One look at every way: both ends move along the line between them."""
    apart = np.zeros(DIMENSIONS)
    for way in order:
        a, b, square = start[way], goal[way], 1e-12
        for k in range(DIMENSIONS):
            apart[k] = 0.0
            for c in range(4):
                apart[k] += share[a, c] * corners[around[a, c], k]
                apart[k] -= share[b, c] * corners[around[b, c], k]
            square += apart[k] * apart[k]
        length = np.sqrt(square)
        off = min(max(length - seconds[way], -PATIENCE_S), PATIENCE_S)
        for k in range(DIMENSIONS):
            pull = rate * off * apart[k] / length
            for c in range(4):
                corners[around[a, c], k] -= share[a, c] * pull
                corners[around[b, c], k] += share[b, c] * pull
