"""Travel times without streets: repeatable, consistent between its three forms, and honest."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.points import Point, distance_m, places
from geo.travel import HOUR_MS, HourlySpeeds, TravelModel, Vehicle, project

CENTERS = [Point.of_degrees(*c) for c in [(0, 0), (41.15, -8.61), (-33.9, 151.2), (60.2, 24.9)]]
MODEL = TravelModel()
offset = st.integers(-1_500_000, 1_500_000)  # 17 km
near = st.builds(
    lambda c, y, x: Point(c.lat_e7 + y, c.lon_e7 + x), st.just(CENTERS[1]), offset, offset
)
hours = st.lists(st.integers(100, 3_000), min_size=24, max_size=24).map(tuple)


def cloud(center: Point, reach_m: float, size: int) -> np.ndarray:
    random = np.random.default_rng(3)
    reach_e7 = reach_m / 0.01112
    lat = center.lat_e7 + random.uniform(-reach_e7, reach_e7, size)
    wide = reach_e7 / np.cos(np.radians(center.lat_deg))
    lon = center.lon_e7 + random.uniform(-wide, wide, size)
    return np.column_stack((lat, lon)).round().astype(np.int64)


# one leg, many legs


def test_a_kilometer_north_by_bicycle():
    a, b = CENTERS[1], Point(CENTERS[1].lat_e7 + 89_932, CENTERS[1].lon_e7)
    assert distance_m(a, b) == 1_000
    # 1000 m x 1.3 / 4.2 m/s = 309.5 s
    assert MODEL.travel_ms(a, b, MODEL.speed_mm_s(Vehicle.BICYCLE)) == pytest.approx(309_524, abs=5)


def test_times_are_rounded_up_so_that_only_no_way_takes_no_time():
    a, b = Point(0, 0), Point(0, 1)
    assert MODEL.travel_ms(a, a, 5_000) == 0
    assert MODEL.travel_ms(a, b, 10_000) == 2  # 11 mm x 1.3 at 10 mm/ms


def test_every_vehicle_has_its_own_speed():
    model = TravelModel(walk_mm_s=1, bicycle_mm_s=2, scooter_mm_s=3, car_mm_s=4)
    assert [model.speed_mm_s(v) for v in Vehicle] == [1, 2, 3, 4]


@settings(deadline=None)
@given(st.lists(near, min_size=1, max_size=8), st.lists(near, min_size=1, max_size=8))
def test_matrix_legs_and_scalar_agree_exactly(origins, destinations):
    one_by_one = [[MODEL.travel_ms(a, b, 4_321) for b in destinations] for a in origins]
    matrix = MODEL.matrix_ms(places(origins), places(destinations), 4_321)
    assert matrix.tolist() == one_by_one
    n = min(matrix.shape)
    legs = MODEL.legs_ms(places(origins[:n]), places(destinations[:n]), 4_321)
    assert legs.tolist() == matrix.diagonal().tolist()


@pytest.mark.parametrize("field", ["walk_mm_s", "bicycle_mm_s", "scooter_mm_s", "car_mm_s"])
def test_who_does_not_move_is_refused(field):
    with pytest.raises(ValueError, match="speed"):
        TravelModel(**{field: 0})


def test_a_detour_shorter_than_the_straight_line_is_refused():
    with pytest.raises(ValueError, match="detour"):
        TravelModel(detour_permille=999)


# projection


@pytest.mark.parametrize("center", CENTERS)
@pytest.mark.parametrize(("reach_m", "tolerance"), [(14_000, 1e-5), (35_000, 1e-4)])
def test_distance_on_the_plane_is_travel_time(center, reach_m, tolerance):
    rows = cloud(center, reach_m, 120)
    xy_s = MODEL.project(rows, center, unit_speed_mm_s=4_200)
    on_plane = np.hypot(*(xy_s[:, None, :] - xy_s[None, :, :]).transpose(2, 0, 1))
    travel_s = MODEL.matrix_ms(rows, rows, 4_200) / 1_000
    assert (np.abs(on_plane - travel_s) <= tolerance * travel_s + 0.002).all()


def test_the_unit_speed_is_a_meter_a_second_unless_told():
    rows = places([Point(CENTERS[1].lat_e7 + 89_932, CENTERS[1].lon_e7)])
    assert MODEL.project(rows, CENTERS[1])[0] == pytest.approx([0, 1_300], abs=0.1)


def test_x_points_east_and_y_north_even_at_the_date_line():
    rows = places([Point(0, -1_799_999_000), Point(9_000, 1_799_999_000)])
    east, north = project(rows, Point(0, 1_799_999_000))
    assert east == pytest.approx([22.24, 0], abs=0.01)
    assert north == pytest.approx([0, 100.08], abs=0.01)


@pytest.mark.parametrize("far", [(43.2, -8.61), (41.15, 171.4), (-41.15, 171.39), (-60, -8.61)])
def test_what_the_plane_would_distort_is_refused(far):
    with pytest.raises(ValueError, match="200 km"):
        project(places([CENTERS[1], Point.of_degrees(*far)]), CENTERS[1])


# hours of the day


def test_a_trip_into_the_rush_hour_is_stretched_from_the_hour_on():
    rush = HourlySpeeds(tuple(500 if h == 8 else 1_000 for h in range(24)))
    assert rush.stretched_ms(7 * HOUR_MS, HOUR_MS) == HOUR_MS
    assert rush.stretched_ms(7 * HOUR_MS + HOUR_MS // 2, HOUR_MS) == HOUR_MS // 2 + HOUR_MS
    assert rush.stretched_ms(8 * HOUR_MS, 600_000) == 1_200_000
    assert rush.at(8 * HOUR_MS - 1) == 1_000
    assert rush.at(8 * HOUR_MS) == 500


def test_hours_are_local():
    evening = tuple(700 if h == 19 else 1_000 for h in range(24))
    shanghai = HourlySpeeds(evening, utc_offset_min=8 * 60)
    assert shanghai.at(11 * HOUR_MS) == 700
    assert shanghai.stretched_ms(11 * HOUR_MS, 7_000) == 10_000
    new_york = HourlySpeeds(evening, utc_offset_min=-5 * 60)
    assert new_york.at(24 * HOUR_MS) == 700


@settings(deadline=None)
@given(hours, st.integers(0, 10**12), st.integers(0, 5 * HOUR_MS), st.integers(0, 3 * HOUR_MS))
def test_who_leaves_later_never_arrives_earlier(permille, leave, later, base):
    speeds = HourlySpeeds(permille, utc_offset_min=345)
    first = leave + speeds.stretched_ms(leave, base)
    assert leave + later + speeds.stretched_ms(leave + later, base) >= first


@settings(deadline=None)
@given(hours, st.integers(0, 10**12), st.integers(1, 8 * HOUR_MS))
def test_the_stretched_trip_is_exactly_long_enough(permille, leave, base):
    """Distance covered in [0, t) reaches base at t, rounded up, and not a millisecond before."""
    speeds = HourlySpeeds(permille)
    took = speeds.stretched_ms(leave, base)

    def covered(ms: int) -> int:
        edges = sorted({leave, leave + ms, *range(leave // HOUR_MS * HOUR_MS, leave + ms, HOUR_MS)})
        edges = [e for e in edges if leave <= e <= leave + ms]
        return sum((b - a) * speeds.at(a) for a, b in pairwise(edges))

    assert covered(took) >= base * 1_000 > covered(took - 1)


def test_even_speeds_stretch_nothing():
    assert HourlySpeeds().stretched_ms(123, 456_789) == 456_789
    assert HourlySpeeds().stretched_ms(123, 0) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"permille": (1_000,) * 23},
        {"permille": (1_000,) * 23 + (99,)},
        {"permille": (1_000,) * 23 + (3_001,)},
        {"utc_offset_min": 15 * 60},
    ],
)
def test_impossible_hours_are_refused(wrong):
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        HourlySpeeds(**wrong)
