"""Streets as a space: what it says of places, on the grid and beyond, and what is no space."""

from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from geo.points import Point, distance_m, places
from geo.space import DIMENSIONS, StreetSpace
from geo.travel import TravelModel
from tests.spaces import CENTER, SIZE, STEP_E7, folded

SPACE = folded(3_000)
offset = st.integers(-400_000, 400_000)  # the grid ends at 200,000
somewhere = st.builds(lambda n, e: Point(CENTER.lat_e7 + n, CENTER.lon_e7 + e), offset, offset)
inside = st.integers(0, (SIZE - 1) * STEP_E7)


def beside(east_m: float, north_m: float = 0.0) -> Point:
    return Point(CENTER.lat_e7 + round(north_m * 90), CENTER.lon_e7 + round(east_m * 115.7))


def test_over_the_ridge_it_is_far_and_along_it_as_on_the_ground():
    over = SPACE.apart_mm(beside(-500), beside(500))
    along = SPACE.apart_mm(beside(-500), beside(-500, 1_000))
    assert over == pytest.approx(1_000 * (1_000**2 + 3_000**2) ** 0.5, rel=0.01)
    assert along == pytest.approx(1_000_000, rel=0.01)


@given(inside, inside)
def test_between_corners_every_number_is_what_the_four_around_say(north, east):
    corners = np.frombuffer(SPACE.corners_mm, "<i4").reshape(SIZE, SIZE, DIMENSIONS).tolist()
    point = Point(SPACE.south_e7 + north, SPACE.west_e7 + east)
    i, j = min(north // STEP_E7, SIZE - 2), min(east // STEP_E7, SIZE - 2)
    n, e = north - i * STEP_E7, east - j * STEP_E7
    s, w = STEP_E7 - n, STEP_E7 - e
    [found] = SPACE.locate(places([point])).tolist()
    assert found == [
        (s * w * a + s * e * b + n * w * c + n * e * d) // STEP_E7**2
        for a, b, c, d in zip(
            corners[i][j], corners[i][j + 1], corners[i + 1][j], corners[i + 1][j + 1], strict=True
        )
    ]


@given(somewhere, somewhere, somewhere)
def test_it_is_a_distance(a, b, c):
    assert SPACE.apart_mm(a, a) == 0
    assert SPACE.apart_mm(a, b) == SPACE.apart_mm(b, a)
    assert SPACE.apart_mm(a, c) <= SPACE.apart_mm(a, b) + SPACE.apart_mm(b, c) + 2


@given(somewhere, somewhere)
def test_one_pair_and_many_places_say_the_same(a, b):
    x, y = SPACE.locate(places([a, b])).tolist()
    square = sum((p - q) ** 2 for p, q in zip(x, y, strict=True))
    assert abs(SPACE.apart_mm(a, b) - isqrt(square)) <= 1


def test_beyond_the_grid_it_goes_on_as_on_the_ground():
    a, b = beside(9_000, 100), beside(9_000, 5_000)
    assert SPACE.apart_mm(a, b) == pytest.approx(distance_m(a, b) * 1_000, rel=0.02)


def test_the_nearest_is_the_nearest_by_the_streets():
    near, far, lost = beside(400), beside(-1_500), beside(-10)
    lat, lon = places([near, far, lost]).T.astype(np.int32)
    seen = np.array([5, 5, -1])
    rows = np.array([0, 1, 2, 7], np.int32)
    here = beside(-100)
    assert SPACE.nearest_mm(here, rows, lat, lon, seen) == SPACE.apart_mm(here, far)
    assert SPACE.nearest_mm(here, rows[2:], lat, lon, seen) == -1


def test_travel_times_and_the_projection_follow_the_streets():
    model = TravelModel(streets=SPACE)
    rows = places([beside(x, y) for x in (-900, -20, 20, 1_200) for y in (-700, 0, 800)])
    xyzu = model.project(rows, CENTER, 5_000)
    assert xyzu.shape == (12, 4)
    for k, a in enumerate(rows.tolist()):
        for m, b in enumerate(rows.tolist()):
            line_s = float(np.linalg.norm(xyzu[k] - xyzu[m]))
            assert model.travel_ms(Point(*a), Point(*b), 5_000) == pytest.approx(
                line_s * 1_000, abs=2
            )


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"rows": 1}, "grid"),
        ({"rows": 1 << 15, "columns": 1 << 15}, "grid"),
        ({"step_lat_e7": 0}, "steps"),
        ({"step_lon_e7": 2_000_000}, "steps"),
        ({"south_e7": 899_990_000}, "poles"),
        ({"west_e7": 1_799_990_000}, "date line"),
        ({"corners_mm": b""}, "bytes"),
        ({"corners_mm": b"\x7f" * len(SPACE.corners_mm)}, "thousand kilometers"),
        ({"corners_mm": b"\x80" * len(SPACE.corners_mm)}, "thousand kilometers"),
    ],
)
def test_what_is_no_space_says_why(wrong, word):
    assert not SPACE.fault()
    assert word in replace(SPACE, **wrong).fault()


def test_the_same_space_is_equal_whatever_was_asked_of_it():
    asked = folded(3_000)
    asked.apart_mm(CENTER, beside(10))
    assert asked == SPACE
    assert isinstance(asked, StreetSpace)
