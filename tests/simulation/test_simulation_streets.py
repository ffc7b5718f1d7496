"""A city whose couriers ride on real streets, whether its engine knows them or not."""

import numpy as np
import pytest
from msgspec.structs import replace

from geo.city_streets import CityStreets, encode
from geo.points import Point
from geo.roads import BOTH_WAYS, RoadGraph, Ways
from geo.surveying import survey
from geo.travel import Vehicle
from simulation.days.streets import rides_of, settings_of, way_of
from simulation.run import simulate
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.plausibility import check
from tests.simulated_city import small

SIZE, BLOCK_E7, RIVER, BRIDGE = 33, 22_000, 16, 2  # 245 m; a river from west to east


@pytest.fixture(scope="module")
def river_town(tmp_path_factory):
    """The small scenario's city, with a river through its middle and one bridge in the west."""
    city = small().city
    middle = Point.of_degrees(city.lat, city.lon)
    nodes = np.array([(y, x) for y in range(SIZE) for x in range(SIZE)], np.int64)
    lines = [[y * SIZE + x for x in range(SIZE)] for y in range(SIZE)]
    for x in range(SIZE):
        avenue = [y * SIZE + x for y in range(SIZE)]
        lines += [avenue] if x == BRIDGE else [avenue[:RIVER], avenue[RIVER:]]
    ways = Ways(
        places=(nodes - SIZE // 2) * BLOCK_E7 + [middle.lat_e7, middle.lon_e7],
        start=np.cumsum([0] + [len(x) for x in lines]),
        nodes=np.array([n for x in lines for n in x], np.int64),
        speed_mm_s=np.full(len(lines), 6_000),
        direction=np.full(len(lines), BOTH_WAYS),
    )
    graph = RoadGraph.of_ways(ways)
    found = survey(graph, middle, radius_m=5_000, reach_m=5_000)
    path = tmp_path_factory.mktemp("city") / "river.streets"
    path.write_bytes(encode(CityStreets(Vehicle.SCOOTER, found, graph, b"")))
    return replace(small(), city=replace(city, streets=str(path)))


def test_couriers_ride_round_by_the_bridge(river_town):
    city, rides = river_town.city, rides_of(river_town)
    e7 = [Point.of_degrees(city.lat, city.lon + x * 2.2e-3) for x in (-13, 10)]
    north = [Point(x.lat_e7 + BLOCK_E7, x.lon_e7) for x in e7]
    south = [Point(x.lat_e7 - 2 * BLOCK_E7, x.lon_e7) for x in e7]
    near, far = (rides.travel_ms(a, b, 5_600) for a, b in zip(north, south, strict=True))
    assert far > 5 * near


def test_the_engine_plans_by_the_streets_unless_it_is_not_told(river_town):
    assert settings_of(river_town).travel.streets is not None
    untold = replace(river_town, city=replace(river_town.city, streets_told=False))
    assert settings_of(untold) == untold.engine
    assert settings_of(small()) == small().engine


def test_a_day_on_streets_is_sound_repeats_itself_and_goes_better_when_they_are_known(river_town):
    untold = replace(river_town, city=replace(river_town.city, streets_told=False))
    knowing, ignorant = simulate(river_town, 1), simulate(untold, 1)
    assert knowing.is_sound
    assert ignorant.is_sound
    assert simulate(river_town, 1).scorecard == knowing.scorecard
    shares = [x.scorecard.service.on_time_share for x in (knowing, ignorant)]
    assert shares[0] > shares[1]


def test_streets_that_are_none_or_elsewhere_are_a_flaw(river_town, tmp_path):
    nothing = replace(river_town.city, streets=str(tmp_path / "no.streets"))
    with pytest.raises(ScenarioError, match=r"city\.streets"):
        check(replace(river_town, city=nothing))
    with pytest.raises(ScenarioError, match="km away"):
        check(replace(river_town, city=replace(river_town.city, lat=40.0)))


def test_live_couriers_are_seen_on_the_streets(river_town):
    """The way to the other side leads over the bridge, on the map as well."""
    city = river_town.city
    here, there = (
        Point.of_degrees(city.lat + y * 2.2e-3, city.lon + x * 2.2e-3)
        for y, x in ((1, -8), (-3, 8))
    )
    bridge_e7 = Point.of_degrees(city.lat, city.lon).lon_e7 - (SIZE // 2 - BRIDGE) * BLOCK_E7
    seen = [way_of(river_town, here, there).after(n, 1_000) for n in range(0, 1_001, 5)]
    river_e7 = Point.of_degrees(city.lat, city.lon).lat_e7 - BLOCK_E7 // 2
    k = next(n for n, x in enumerate(seen) if x.lat_e7 < river_e7)
    assert seen[k].lon_e7 == pytest.approx(bridge_e7, abs=1_000)
    assert (seen[0], seen[-1]) == (here, there)
    straight = way_of(small(), here, there).after(1, 2)
    assert straight.lon_e7 == pytest.approx((here.lon_e7 + there.lon_e7) // 2, abs=2)
