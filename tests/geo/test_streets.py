"""What a street's tags mean for each vehicle, and what a file without osmium says."""

from pathlib import Path

import numpy as np
import pytest

from gateway.streets import StreetFileError, direction, read_ways, speed_mm_s
from geo.roads import BOTH_WAYS, ONE_WAY, ONE_WAY_BACK, RoadGraph
from geo.travel import Vehicle

WALK, BICYCLE, SCOOTER, CAR = Vehicle


@pytest.mark.parametrize(
    ("tags", "may_use"),
    [
        ({"highway": "residential"}, [WALK, BICYCLE, SCOOTER, CAR]),
        ({"highway": "motorway"}, [CAR]),
        ({"highway": "footway"}, [WALK, BICYCLE]),
        ({"highway": "steps"}, [WALK]),
        ({"highway": "footway", "bicycle": "no"}, [WALK]),
        ({"highway": "residential", "access": "private"}, []),
        ({"highway": "residential", "access": "no", "foot": "yes"}, [WALK]),
        ({"highway": "service", "motor_vehicle": "no"}, [WALK, BICYCLE]),
        ({"highway": "residential", "motorcar": "no"}, [WALK, BICYCLE, SCOOTER]),
        ({"highway": "pedestrian", "area": "yes"}, []),
        ({"highway": "proposed"}, []),
        ({}, []),
    ],
)
def test_who_may_use_a_street(tags, may_use):
    assert [v for v in Vehicle if speed_mm_s(tags, v) > 0] == may_use


@pytest.mark.parametrize(
    ("maxspeed", "mm_s"),
    [("", 9_722), ("20", 5_556), ("10 mph", 4_470), ("walk", 9_722), ("0", 9_722), ("200", 9_722)],
)
def test_a_limit_slows_cars_down_and_never_speeds_them_up(maxspeed, mm_s):
    assert speed_mm_s({"highway": "primary", "maxspeed": maxspeed}, CAR) == mm_s
    assert speed_mm_s({"highway": "primary", "maxspeed": maxspeed}, WALK) == 1_389


@pytest.mark.parametrize(
    ("tags", "car", "bicycle"),
    [
        ({}, BOTH_WAYS, BOTH_WAYS),
        ({"oneway": "no", "junction": "roundabout"}, BOTH_WAYS, BOTH_WAYS),
        ({"oneway": "yes"}, ONE_WAY, ONE_WAY),
        ({"oneway": "-1"}, ONE_WAY_BACK, ONE_WAY_BACK),
        ({"junction": "roundabout"}, ONE_WAY, ONE_WAY),
        ({"highway": "motorway"}, ONE_WAY, ONE_WAY),
        ({"oneway": "yes", "oneway:bicycle": "no"}, ONE_WAY, BOTH_WAYS),
        ({"oneway": "yes", "cycleway": "opposite_lane"}, ONE_WAY, BOTH_WAYS),
    ],
)
def test_one_ways_are_for_vehicles_and_sometimes_not_for_bicycles(tags, car, bicycle):
    assert [direction(tags, v) for v in (CAR, SCOOTER, BICYCLE, WALK)] == [
        car,
        car,
        bicycle,
        BOTH_WAYS,
    ]


def test_without_a_file_or_without_osmium_the_error_says_so():
    with pytest.raises(
        StreetFileError, match=r"pip install o2o-dispatch|no street file nowhere\.osm\.pbf"
    ):
        read_ways(Path("nowhere.osm.pbf"), CAR)


def test_a_small_file_becomes_the_ways_it_describes(tmp_path):
    pytest.importorskip("osmium", reason="needs osmium to read street files")
    path = tmp_path / "small.osm"
    path.write_text(
        """<osm version="0.6">
        <node id="70" lat="41.1500000" lon="-8.6100000" version="1"/>
        <node id="30" lat="41.1510000" lon="-8.6100000" version="1"/>
        <node id="50" lat="41.1510000" lon="-8.6085001" version="1"/>
        <way id="1" version="1"><nd ref="70"/><nd ref="30"/><nd ref="50"/><nd ref="99"/>
          <tag k="highway" v="primary"/></way>
        <way id="2" version="1"><nd ref="50"/><nd ref="70"/>
          <tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
        <way id="3" version="1"><nd ref="70"/><nd ref="50"/><tag k="building" v="yes"/></way>
        </osm>"""
    )
    ways = read_ways(path, CAR)
    assert ways.places.tolist() == [
        [411_510_000, -86_100_000],
        [411_510_000, -86_085_001],
        [411_500_000, -86_100_000],
    ]
    assert ways.start.tolist() == [0, 3, 5]  # node 99 lies outside the extract
    assert ways.nodes.tolist() == [2, 0, 1, 1, 2]
    assert ways.speed_mm_s.tolist() == [9_722, 6_111]
    assert ways.direction.tolist() == [BOTH_WAYS, ONE_WAY]
    assert len(RoadGraph.of_ways(ways).pieces.edge) == 3
    (tmp_path / "torn.osm").write_text("<osm version='0.6'><node id=")
    with pytest.raises(StreetFileError, match="torn"):
        read_ways(tmp_path / "torn.osm", CAR)
    empty = tmp_path / "empty.osm"
    empty.write_text("<osm version='0.6'></osm>")
    assert np.array_equal(read_ways(empty, CAR).start, [0])
