"""Points: what is accepted, how far apart, what lies between; and China's shifted maps."""

from math import atan2, cos, hypot, inf, nan, radians, sin

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.datums import Datum, from_wgs84, to_wgs84
from geo.points import (
    SWAPPED,
    Point,
    PointError,
    are_valid,
    distance_m,
    interpolate,
    interpolate_all,
    places,
)
from geo.sphere import (
    EARTH_RADIUS_M,
    cosines,
    haversine_m,
    nearest,
    sine,
    straight_mm,
    straight_mm_between,
    within,
)

anywhere = st.builds(
    Point, st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000)
)


def textbook_m(a: Point, b: Point) -> float:
    """The angle between two vectors, by the functions of the C library."""
    turn = radians(b.lon_deg - a.lon_deg)
    sin_a, cos_a = sin(radians(a.lat_deg)), cos(radians(a.lat_deg))
    sin_b, cos_b = sin(radians(b.lat_deg)), cos(radians(b.lat_deg))
    across = hypot(cos_b * sin(turn), cos_a * sin_b - sin_a * cos_b * cos(turn))
    return EARTH_RADIUS_M * atan2(across, sin_a * sin_b + cos_a * cos_b * cos(turn))


# validation


def test_degrees_are_rounded_to_a_ten_millionth():
    assert Point.of_degrees(41.15799994, -8.62910006) == Point(411579999, -86291001)
    assert Point.of_degrees(-90, 180) == Point(-900_000_000, 1_800_000_000)


@pytest.mark.parametrize(
    ("lat", "lon", "code", "hint"),
    [
        (nan, 0.0, "not_finite", ""),
        (0.0, nan, "not_finite", ""),
        (inf, 0.0, "not_finite", ""),
        (90.0000001, 100.0, "out_of_range", ""),
        (0.0, 180.1, "out_of_range", ""),
        (0.0, -1e300, "out_of_range", ""),
        (121.5, 31.2, "out_of_range", SWAPPED),
        (-122.4, 37.8, "out_of_range", SWAPPED),
        (181.0, 31.2, "out_of_range", ""),
    ],
)
def test_what_is_not_a_place_is_refused_with_a_code(lat, lon, code, hint):
    with pytest.raises(PointError) as refused:
        Point.of_degrees(lat, lon)
    assert (refused.value.code, refused.value.hint) == (code, hint)


def test_a_decoded_point_is_checked_in_integers():
    swapped = msgspec.msgpack.decode(
        msgspec.msgpack.encode([1_215_000_000, 312_000_000]), type=Point
    )
    with pytest.raises(PointError) as refused:
        swapped.checked()
    assert refused.value.hint == SWAPPED
    with pytest.raises(PointError):
        Point(0, 1_800_000_001).checked()
    edge = Point(-900_000_000, -1_800_000_000)
    assert edge.checked() is edge


def test_rows_are_judged_like_points():
    rows = places([Point(0, 0), Point(900_000_001, 0), Point(0, -1_800_000_001), Point(-9, 9)])
    assert are_valid(rows[:, 0], rows[:, 1]).tolist() == [True, False, False, True]


def test_columns_are_judged_to_their_last_number():
    least = np.array([-(2**31)], np.int32)  # its absolute value is no int32
    assert not are_valid(least, np.zeros(1, np.int32)).any()
    assert not are_valid(np.zeros(1, np.int32), least).any()


# distance


antipode = st.builds(Point, st.integers(-5_000, 5_000), st.integers(1_799_990_000, 1_800_000_000))


@settings(deadline=None)
@given(anywhere, anywhere | antipode)
@example(Point(0, 0), Point(0, 1_799_997_436))
@example(Point(0, 0), Point(0, 1_800_000_000))
@example(Point(0, 0), Point(0, 0))
def test_the_portable_distance_is_the_textbook_one(a, b):
    measured = haversine_m(a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7)
    assert abs(measured - textbook_m(a, b)) < 0.001


def test_known_distances():
    porto, lisbon = Point.of_degrees(41.15, -8.61), Point.of_degrees(38.72, -9.14)
    assert distance_m(porto, lisbon) == round(textbook_m(porto, lisbon)) == 273_955
    assert distance_m(Point(0, 0), Point(0, 1_800_000_000)) == 20_015_114  # half way round
    assert distance_m(Point(0, 1_799_999_000), Point(0, -1_799_999_000)) == 22
    assert distance_m(porto, porto) == 0


@settings(deadline=None)
@given(anywhere, anywhere)
def test_distance_is_the_same_in_both_directions(a, b):
    assert distance_m(a, b) == distance_m(b, a)
    there = straight_mm(a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7)
    assert there == straight_mm(b.lat_e7, b.lon_e7, a.lat_e7, a.lon_e7)


@settings(deadline=None)
@given(st.lists(st.tuples(anywhere, anywhere), min_size=1, max_size=20))
def test_arrays_and_scalars_agree_to_the_last_bit(pairs):
    scalar = [straight_mm(a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7) for a, b in pairs]
    rows = straight_mm_between(places([a for a, _ in pairs]), places([b for _, b in pairs]))
    assert rows.tolist() == scalar


@settings(deadline=None)
@given(anywhere, anywhere)
def test_compiled_distances_have_the_bits_that_python_gives(a, b):
    e7 = a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7
    assert haversine_m(*e7) == haversine_m.py_func(*e7)
    assert straight_mm(*e7) == straight_mm.py_func(*e7)
    assert sine(a.lat_e7 / 1e9) == sine.py_func(a.lat_e7 / 1e9)


@settings(deadline=None)
@given(anywhere, st.lists(anywhere, max_size=20), st.integers(0, 20), st.integers(0, 2))
def test_the_nearest_is_the_first_of_the_nearest_among_those_in_question(
    here, others, skipped, unseen
):
    spots = places(others).astype(np.int32)
    lats_e7, lons_e7 = spots[:, 0].copy(), spots[:, 1].copy()
    rows = np.arange(min(skipped, len(others)), len(others), dtype=np.int32)
    seen_at = np.arange(len(others), dtype=np.int64) - unseen  # the first ones never
    known = [x for x in rows.tolist() if x >= unseen]
    rows = np.append(rows, np.int32(len(others)))  # and one that is in no column yet
    found = nearest(here.lat_e7, here.lon_e7, rows, lats_e7, lons_e7, seen_at)
    squeeze = float(cosines(np.array([here.lat_e7]))[0])
    away = {}
    for row in known:
        turn = abs(others[row].lon_e7 - here.lon_e7)
        north = others[row].lat_e7 - here.lat_e7
        away[row] = hypot(north, squeeze * min(turn, 3_600_000_000 - turn))
    assert found == -1 if not away else away[found] == pytest.approx(min(away.values()), rel=1e-6)
    limit_mm = 10**9
    near = within(here.lat_e7, here.lon_e7, lats_e7, lons_e7, limit_mm)
    e7 = here.lat_e7, here.lon_e7
    assert near.tolist() == [straight_mm(*e7, x.lat_e7, x.lon_e7) <= limit_mm for x in others]


@pytest.mark.parametrize(("reach_m", "tolerance"), [(30_000, 1e-5), (100_000, 1e-4)])
def test_the_fast_distance_keeps_its_stated_error(reach_m, tolerance):
    random = np.random.default_rng(7)
    lat, lon = random.uniform(-64, 64, 4_000), random.uniform(-180, 180, 4_000)
    away, course = random.uniform(500, reach_m, 4_000) / 111_195, random.uniform(0, 7, 4_000)
    for row in zip(
        lat, lon, lat + away * np.sin(course), lon + away * np.cos(course) / np.cos(np.radians(lat)),
        strict=True,
    ):  # fmt: skip
        e7 = [round(float(x) * 1e7) for x in row]
        exact = haversine_m(*e7)
        assert abs(straight_mm(*e7) / 1e3 - exact) <= tolerance * exact + 0.001, row


# interpolation


def test_half_way_is_half_way():
    a, b = Point(100, 200), Point(200, 100)
    assert interpolate(a, b, 1, 2) == Point(150, 150)
    assert interpolate(a, b, -5, 10) == a
    assert interpolate(a, b, 11, 10) == b
    assert interpolate(a, b, 0, 0) == interpolate(a, b, -1, 0) == b


def test_a_leg_over_the_date_line_takes_the_short_way():
    a, b = Point(0, 1_799_999_900), Point(0, -1_799_999_900)
    assert interpolate(a, b, 3, 4) == Point(0, -1_799_999_950)
    assert interpolate(b, a, 3, 4) == Point(0, 1_799_999_950)


@settings(deadline=None)
@given(st.lists(st.tuples(anywhere, anywhere, st.integers(-9, 99), st.integers(0, 90)), min_size=1))
def test_interpolation_of_rows_is_that_of_points(legs):
    starts, goals, done, whole = zip(*legs, strict=True)
    rows = interpolate_all(
        places(list(starts)), places(list(goals)), np.array(done), np.array(whole)
    )
    assert rows.tolist() == [
        [p.lat_e7, p.lon_e7] for p in map(interpolate, *zip(*legs, strict=True))
    ]


# datums

GCJ02_GOLDEN = [  # (WGS-84), (GCJ-02): Shanghai, Shenzhen, Beijing
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]
in_china = st.tuples(st.floats(18.5, 53.0), st.floats(74.0, 134.0))


@pytest.mark.parametrize(("wgs84", "gcj02"), GCJ02_GOLDEN)
def test_gcj02_matches_known_pairs(wgs84, gcj02):
    assert from_wgs84(Point.of_degrees(*wgs84), Datum.GCJ02) == pytest.approx(gcj02, abs=1e-9)
    assert distance_m(to_wgs84(*gcj02, Datum.GCJ02), Point.of_degrees(*wgs84)) == 0


def test_bd09_matches_a_known_pair():
    gcj02 = to_wgs84(39.915, 116.404, Datum.GCJ02)
    expected = (39.92133699351021, 116.41036949371029)
    assert from_wgs84(gcj02, Datum.BD09) == pytest.approx(expected, abs=2e-7)


@settings(deadline=None)
@example((37.0, 97.0), Datum.GCJ02)
@example((35.0, 105.0), Datum.GCJ02)
@given(in_china, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_there_and_back_is_the_same_place_to_a_few_centimeters(degrees, datum):
    point = Point.of_degrees(*degrees)
    shifted = from_wgs84(point, datum)
    assert shifted != (point.lat_deg, point.lon_deg)
    back = to_wgs84(*shifted, datum)
    assert max(abs(back.lat_e7 - point.lat_e7), abs(back.lon_e7 - point.lon_e7)) <= 3


@pytest.mark.parametrize("degrees", [(41.15, -8.61), (-33.9, 151.2), (35.68, 139.77), (0.5, 100.0)])
def test_gcj02_leaves_the_world_outside_china_alone(degrees):
    point = Point.of_degrees(*degrees)
    assert to_wgs84(*degrees, Datum.GCJ02) == point
    assert from_wgs84(point, Datum.GCJ02) == degrees


def test_wgs84_is_taken_as_it_is_and_nonsense_refused_in_every_datum():
    assert to_wgs84(31.2, 121.5, Datum.WGS84) == Point(312_000_000, 1_215_000_000)
    assert from_wgs84(Point(312_000_000, 1_215_000_000), Datum.WGS84) == (31.2, 121.5)
    for datum in Datum:
        with pytest.raises(PointError, match=r"coordinates_swapped\?"):
            to_wgs84(121.5, 31.2, datum)
