"""A city measured: a river with one bridge is found out, and the file says what was found."""

import gzip
import json

import numpy as np
import pytest

from geo.city_streets import CityStreets, StreetsError, decode, drawn, encode
from geo.points import Point
from geo.roads import BOTH_WAYS, RoadGraph, Ways
from geo.surveying import SurveyError, survey
from geo.travel import TravelModel, Vehicle

CENTER = Point.of_degrees(41.15, -8.61)
SIZE, BLOCK_E7 = 24, 9_000  # 100 m north, 75 m east
RIVER, BRIDGE = 12, 3  # no street goes from row 11 to row 12 but in that column
SPEED_MM_S = 6_000


def town() -> Ways:
    """Streets and avenues, all alike, and between two rows of them a river."""
    nodes = np.array([(y, x) for y in range(SIZE) for x in range(SIZE)], np.int64)
    lines = [[y * SIZE + x for x in range(SIZE)] for y in range(SIZE)]
    for x in range(SIZE):
        avenue = [y * SIZE + x for y in range(SIZE)]
        lines += [avenue] if x == BRIDGE else [avenue[:RIVER], avenue[RIVER:]]
    middle = np.array([CENTER.lat_e7, CENTER.lon_e7])
    return Ways(
        places=(nodes - SIZE // 2) * BLOCK_E7 + middle,
        start=np.cumsum([0] + [len(x) for x in lines]),
        nodes=np.array([n for x in lines for n in x], np.int64),
        speed_mm_s=np.full(len(lines), SPEED_MM_S),
        direction=np.full(len(lines), BOTH_WAYS),
    )


def at(y: float, x: float) -> Point:
    north, east = (round((k - SIZE // 2) * BLOCK_E7) for k in (y, x))
    return Point(CENTER.lat_e7 + north, CENTER.lon_e7 + east)


@pytest.fixture(scope="module")
def streets() -> CityStreets:
    graph = RoadGraph.of_ways(town())
    found = survey(graph, CENTER, radius_m=2_000, reach_m=2_500)
    return CityStreets(Vehicle.SCOOTER, found, graph, drawn(town()))


def test_the_space_tells_times_better_than_a_great_circle_can(streets):
    found = streets.survey
    assert found.by_space.median_s < found.by_great_circle.median_s * 0.8
    assert found.by_space.p95_s < found.by_great_circle.p95_s / 3
    assert found.ways > 1_000
    assert 0 < found.typical_s < 600


def test_across_the_river_it_is_far_unless_there_is_the_bridge(streets):
    travel = TravelModel(detour_permille=1_000, streets=streets.space)
    far = [travel.travel_ms(at(10, x), at(13, x), streets.survey.pace_mm_s) for x in (3, 21)]
    assert far[1] > 3 * far[0]


def test_the_same_streets_give_the_same_space(streets):
    assert survey(streets.graph, CENTER, 2_000, 2_500) == streets.survey


def test_rides_are_as_long_as_the_streets_and_as_fast_as_the_vehicle(streets):
    travel = TravelModel(detour_permille=1_300)
    usual = streets.survey.pace_mm_s * 1_300 // 1_000  # as fast as the streets allow
    ms = streets.ride_ms(travel, at(13, 21), at(13, 10), usual)
    assert ms == pytest.approx(1_000 * 11 * 75 / (SPEED_MM_S / 1_000), rel=0.01)
    assert streets.ride_ms(travel, at(13, 21), at(13, 10), usual // 2) == pytest.approx(
        2 * ms, rel=0.01
    )
    assert streets.ride_ms(travel, at(5, 5), at(5, 5), usual) == 0


def test_a_file_gives_back_what_went_in(streets):
    back = decode(encode(streets))
    assert (back.survey, back.vehicle, back.lines) == (
        streets.survey,
        streets.vehicle,
        streets.lines,
    )
    travel = TravelModel()
    for a, b in [(at(1, 1), at(20, 20)), (at(9, 9.5), at(14, 2))]:
        assert back.ride_ms(travel, a, b, 5_000) == streets.ride_ms(travel, a, b, 5_000)


def test_a_damaged_file_is_refused_and_never_half_read(streets):
    whole = encode(streets)
    for broken in (b"", b"streets", whole[: len(whole) // 2], whole[:-30], gzip.compress(b"x")):
        with pytest.raises(StreetsError):
            decode(broken)


def test_the_lines_to_draw_are_geojson_and_say_whose_they_are(streets):
    told = json.loads(gzip.decompress(streets.lines))
    assert "OpenStreetMap" in told["attribution"]
    [feature] = told["features"]
    assert feature["properties"] == {"kmh": 22}
    lines = feature["geometry"]["coordinates"]
    assert len(lines) == 2 * SIZE + SIZE - 1
    assert all(len(line) == 2 for line in lines)  # straight: nothing between the ends


@pytest.mark.parametrize(("radius_m", "reach_m"), [(10, 2_500), (2_000, 1)])
def test_where_there_is_nothing_to_measure_it_says_so(streets, radius_m, reach_m):
    with pytest.raises(SurveyError):
        survey(streets.graph, CENTER, radius_m, reach_m)
