"""Which reports are believed, and what a fence notices: in the order of the fixes, not of arrival."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.fences import Crossing, Fence, Touch, touch_circles
from geo.points import Point, places
from geo.tracks import NEVER, Fixes, FixLimits, FixProblem, LastKnown, judge, length_m
from geo.zones import Circle, polygon_of_geojson

NOW = 1_700_000_000_000
HOME = Point.of_degrees(41.15, -8.61)
METER = 90  # e7 of latitude
LIMITS = FixLimits()


def fixes_of(*rows: tuple[int, int, int, int, int]) -> Fixes:
    """Rows of courier, meters north and east of home, time relative to NOW, accuracy."""
    courier, north, east, at, accuracy = np.array(rows, np.int64).reshape(-1, 5).T
    lat, lon = HOME.lat_e7 + north * METER, HOME.lon_e7 + east * METER
    return Fixes(courier, lat, lon, NOW + at, accuracy)


def never_seen(fixes: Fixes) -> LastKnown:
    nothing = np.zeros_like(fixes.courier)
    return LastKnown(nothing, nothing, nothing + NEVER)


def seen(fixes: Fixes, north: int, at: int) -> LastKnown:
    """All of them last seen there, then."""
    same = np.zeros_like(fixes.courier)
    return LastKnown(same + HOME.lat_e7 + north * METER, same + HOME.lon_e7, same + NOW + at)


def verdicts(fixes: Fixes, last: LastKnown | None = None, limits: FixLimits = LIMITS) -> list[str]:
    found = judge(fixes, last or never_seen(fixes), limits, NOW)
    return [FixProblem(v).code for v in found.tolist()]


# each filter, on both sides of its limit


def one_fix(
    lat: int = HOME.lat_e7, lon: int = HOME.lon_e7, at: int = 0, accuracy: int = 5
) -> Fixes:
    columns = (np.array([v], np.int64) for v in (7, lat, lon, NOW + at, accuracy))
    return Fixes(*columns)


@pytest.mark.parametrize(
    ("fix", "verdict"),
    [
        (one_fix(), "none"),
        (one_fix(lat=900_000_001), "out_of_range"),
        (one_fix(lon=-1_800_000_001), "out_of_range"),
        (one_fix(lat=-900_000_000, lon=1_800_000_000), "none"),
        (one_fix(lat=0, lon=0), "zero_coordinates"),
        (one_fix(lat=0, lon=1), "none"),
        (one_fix(at=30_000), "none"),
        (one_fix(at=30_001), "future"),
        (one_fix(at=-86_400_000), "none"),
        (one_fix(at=-86_400_001), "past"),
        (one_fix(accuracy=200), "none"),
        (one_fix(accuracy=201), "inaccurate"),
        (one_fix(accuracy=-1), "none"),
        (one_fix(lat=0, lon=0, at=40_000, accuracy=999), "zero_coordinates"),
    ],
)
def test_a_fix_is_judged_by_itself(fix, verdict):
    assert verdicts(fix) == [verdict]


@pytest.mark.parametrize(
    ("north", "at", "verdict"),
    [
        (0, -10_000, "duplicate"),
        (700, -10_000, "duplicate"),  # nobody is in two places at one moment
        (0, -9_501, "too_soon"),
        (0, -9_500, "none"),
        (0, -10_499, "too_soon"),  # late, but as close in time
        (640, 0, "none"),  # 600 m in 10 s at 60 m/s, and 50 m of error
        (660, 0, "too_fast"),
        (-660, -20_000, "too_fast"),  # measured before the last one known
        (99_999, -10_000 + 300_001, "future"),
    ],
)
def test_a_fix_is_compared_with_the_last_one_known(north, at, verdict):
    fix = one_fix(lat=HOME.lat_e7 + north * METER, at=at)
    assert verdicts(fix, seen(fix, 0, -10_000)) == [verdict]


def test_a_jump_is_forgiven_when_the_last_fix_is_old():
    fix = one_fix(lat=HOME.lat_e7 + 99_999 * METER)
    assert verdicts(fix, seen(fix, 0, -300_000)) == ["too_fast"]
    assert verdicts(fix, seen(fix, 0, -300_001)) == ["none"]


def test_a_refused_jump_does_not_make_the_way_back_look_fast():
    track = fixes_of((1, 0, 0, -30_000, 5), (1, 9_000, 0, -25_000, 5), (1, 50, 0, -20_000, 5))
    assert verdicts(track) == ["none", "too_fast", "none"]


def test_a_duplicate_is_called_one_even_where_it_is_also_too_fast():
    """It is far from the last one known, and as old as another of its batch."""
    batch = fixes_of((1, 2_000, 0, -200_000, 5), (1, 5_000, 0, -200_000, 90))
    assert verdicts(batch, seen(batch, 0, -240_000)) == ["none", "duplicate"]


def test_couriers_are_judged_apart():
    batch = fixes_of((1, 0, 0, -5_000, 5), (2, 9_000, 0, -4_000, 5), (1, 20, 0, -3_000, 5))
    assert verdicts(batch) == ["none", "none", "none"]


def test_of_two_fixes_at_one_moment_the_more_accurate_is_believed():
    batch = fixes_of((1, 0, 0, -5_000, 90), (1, 9, 0, -5_000, 10), (1, 5, 0, -5_000, -1))
    assert verdicts(batch) == ["duplicate", "none", "duplicate"]


def test_an_empty_batch_is_no_trouble():
    assert verdicts(fixes_of()) == []


def test_columns_of_different_length_are_refused():
    batch = fixes_of((1, 0, 0, -5_000, 5), (1, 9, 0, -4_000, 5))
    with pytest.raises(ValueError, match="length"):
        judge(batch, never_seen(one_fix()), LIMITS, NOW)


def test_columns_of_32_bits_are_judged_alike():
    wide = fixes_of((1, 0, 0, -5_000, 5), (1, 9_000, 0, -4_000, 5))
    narrow = Fixes(
        wide.courier.astype(np.int32),
        wide.lat_e7.astype(np.int32),
        wide.lon_e7.astype(np.int32),
        wide.measured_at_ms,
        wide.accuracy_m.astype(np.int32),
    )
    assert verdicts(narrow) == verdicts(wide) == ["none", "too_fast"]


row = st.tuples(
    st.integers(1, 3),
    st.integers(0, 2_000),
    st.integers(0, 2_000),
    st.integers(-8, 1).map(lambda s: s * 5_000),
    st.integers(-1, 300),
)


@settings(deadline=None)
@given(st.lists(row, max_size=25), st.randoms(use_true_random=False))
def test_a_shuffled_batch_is_judged_the_same(rows, random):
    """Of two equal reports one is believed: which one of them does not matter."""
    shuffled = random.sample(rows, len(rows))
    in_order = zip(rows, verdicts(fixes_of(*rows)), strict=True)
    out_of_order = zip(shuffled, verdicts(fixes_of(*shuffled)), strict=True)
    assert sorted(in_order) == sorted(out_of_order)


def test_planted_teleports_are_found_and_a_clean_trace_is_not_accused():
    """Ten couriers for 20 minutes at up to 15 m/s, 8 m of noise, 1 % jumps of 2 to 30 km."""
    random = np.random.default_rng(4)
    n, steps = 10, 240
    ways = np.cumsum(random.normal(0, 30, (n, steps, 2)), axis=1) + random.normal(
        0, 8, (n, steps, 2)
    )
    jumps = random.random((n, steps)) < 0.01
    jumps[:, 0] = False
    angle, reach = random.uniform(0, 7, (n, steps)), random.uniform(2_000, 30_000, (n, steps))
    leap = np.stack((np.cos(angle), np.sin(angle)), axis=2) * (reach * jumps)[:, :, None]
    meters = (ways + leap).astype(int)
    rows = [
        (courier, *meters[courier, step].tolist(), (step - steps) * 5_000, 10)
        for courier in range(n)
        for step in range(steps)
    ]
    found = np.array(verdicts(fixes_of(*rows))) == "too_fast"
    assert found[jumps.ravel()].mean() >= 0.99
    assert found[~jumps.ravel()].mean() <= 0.001


def test_limits_below_zero_are_refused():
    with pytest.raises(ValueError, match="min_period_ms"):
        FixLimits(min_period_ms=-1)


def test_a_track_is_as_long_as_its_steps():
    track = fixes_of((1, 0, 0, 0, 5), (1, 100, 0, 1, 5), (1, 0, 0, 2, 5))
    rows = np.column_stack((track.lat_e7, track.lon_e7))
    assert length_m(rows) == 200
    assert length_m(rows[:1]) == length_m(rows[:0]) == 0


# fences


def track_of(*meters: tuple[int, int]) -> np.ndarray:
    """Meters north and east of home; a meter east is 1/cos(lat) of one north in degrees."""
    north, east = np.array(meters).reshape(-1, 2).T
    lat = HOME.lat_e7 + north * 89.932
    lon = HOME.lon_e7 + east * 89.932 / np.cos(np.radians(HOME.lat_deg))
    return np.column_stack((lat, lon)).round().astype(np.int64)


def square_fence(margin_m: int) -> Fence:
    """100 m to each side of home."""
    south, west = track_of((-100, -100))[0] / 1e7
    north, east = track_of((100, 100))[0] / 1e7
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return Fence(polygon_of_geojson({"type": "Polygon", "coordinates": [ring]}), margin_m)


FENCES = [Fence(Circle(HOME, 100), 20), square_fence(20)]
ENTER, EXIT, CROSS = Crossing.ENTER, Crossing.EXIT, Crossing.CROSS
both_fences = pytest.mark.parametrize("fence", FENCES, ids=["circle", "polygon"])


@both_fences
def test_who_arrives_stays_and_leaves_is_noticed_twice(fence):
    track = track_of((0, -300), (0, -90), (0, 0), (30, 40), (0, 90), (0, 300))
    assert fence.along(track) == [(1, ENTER), (5, EXIT)]


@both_fences
def test_a_fast_courier_who_jumps_over_the_fence_still_crosses_it(fence):
    assert fence.along(track_of((0, -5_000), (30, 5_000))) == [(1, CROSS)]
    assert fence.along(track_of((150, -5_000), (150, 5_000))) == []
    assert fence.along(track_of((0, -5_000), (0, -300), (0, -200))) == []  # points at it, and stops


@both_fences
def test_trembling_on_the_border_is_one_arrival(fence):
    track = track_of((0, -200), (0, -99), (0, -105), (0, -99), (0, -118), (0, -95), (0, -125))
    assert fence.along(track) == [(1, ENTER), (6, EXIT)]


@both_fences
def test_who_passes_through_into_the_margin_has_arrived_and_not_left(fence):
    assert fence.along(track_of((0, -500), (0, 110), (0, 130))) == [(1, ENTER), (2, EXIT)]


@both_fences
def test_the_margin_alone_is_not_the_zone(fence):
    assert fence.along(track_of((0, -500), (0, -110), (0, -500))) == []


@both_fences
def test_a_track_that_begins_inside_enters_with_its_first_fix(fence):
    assert fence.along(track_of((0, 0), (0, 10))) == [(0, ENTER)]
    assert fence.along(track_of((0, 0))) == [(0, ENTER)]
    assert fence.along(track_of()) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-300, 300), st.integers(-300, 300)), max_size=20), st.data())
def test_enter_and_exit_alternate_and_step_by_step_says_the_same(meters, data):
    fence = data.draw(st.sampled_from(FENCES))
    track = track_of(*meters)
    found = fence.along(track)
    lasting = [what for _, what in found if what is not CROSS]
    assert lasting == [ENTER, EXIT] * (len(lasting) // 2) + [ENTER] * (len(lasting) % 2)

    inside, one_by_one = False, []
    for i in range(len(track)):
        touch = fence.touch(track[max(i - 1, 0)][None, :], track[i][None, :])
        [touched], [near] = touch.touched, touch.ends_near
        if inside and not near:
            one_by_one.append((i, EXIT))
        elif touched and not inside:
            one_by_one.append((i, ENTER if near else CROSS))
        inside = near and (inside or touched)
    assert one_by_one == found


def test_a_shuffled_track_in_the_order_of_its_fixes_crosses_the_same():
    random = np.random.default_rng(8)
    meters = np.cumsum(random.integers(-120, 121, (60, 2)), axis=0)
    times, track = np.arange(60), track_of(*map(tuple, meters.tolist()))
    shuffled = random.permutation(60)
    again = track[shuffled][np.argsort(times[shuffled])]
    assert FENCES[0].along(again) == FENCES[0].along(track) != []
    assert length_m(again) == length_m(track)


def test_many_couriers_against_a_fence_each():
    starts = track_of((0, -500), (0, -500), (0, 0), (0, 0))
    ends = track_of((0, 500), (0, 0), (0, 500), (50, 0))
    centers = np.repeat(places([HOME]), 4, axis=0)
    touch = touch_circles(starts, ends, centers, np.array([100] * 4), 20)
    assert touch.touched.tolist() == [True, True, True, True]
    assert touch.ends_near.tolist() == [False, True, False, True]


def test_a_fence_on_the_date_line_is_crossed_there():
    fence = Fence(Circle(Point(0, 1_800_000_000), 500), 0)
    track = places([Point(0, 1_799_900_000), Point(0, -1_799_900_000)])
    assert fence.along(track) == [(1, CROSS)]


def test_margins_are_exact_to_a_meter_and_not_negative():
    for fence in FENCES:
        touch = fence.touch(track_of((0, 0), (0, 0)), track_of((0, 119), (0, 121)))
        assert touch.ends_near.tolist() == [True, False]
    bare = square_fence(0)
    assert isinstance(bare.touch(track_of((0, 0)), track_of((0, 99))), Touch)
    assert bare.along(track_of((0, 99), (0, 101))) == [(0, ENTER), (1, EXIT)]
    with pytest.raises(ValueError, match="margin"):
        Fence(Circle(HOME, 100), -1)
