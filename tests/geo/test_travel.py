"""Travel times without streets: repeatable, consistent between its three forms, and honest."""

import numpy as np
import pytest
from hypothesis import strategies as st

from geo.points import Point, distance_m, places
from geo.sphere import straight_mm_between
from geo.travel import TravelModel, Vehicle, project

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
    travel_s = straight_mm_between(rows[:, None], rows[None]) * 1.3 / 4_200
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
