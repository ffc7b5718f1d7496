"""Places in a simulated city: what is inside an area, and where phones think they are."""

from math import sqrt
from statistics import fmean, pstdev

import numpy as np
import pytest

from engine.values import Millis
from geo.points import Point
from simulation.people.gps import Gps
from simulation.scenarios.areas import Area
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.scenario_file import parse
from simulation.streams import RandomStreams
from tests.simulated_city import SMALL

MIDDLE = Point.of_degrees(31.2304, 121.4737)
DISC = Area(lat=31.2304, lon=121.4737, radius_m=600)
BENT = Area(
    polygon=[(31.22, 121.46), (31.24, 121.46), (31.23, 121.47), (31.24, 121.48), (31.22, 121.48)]
)


@pytest.mark.parametrize("area", [DISC, BENT], ids=["disc", "polygon"])
def test_the_share_of_a_way_within_an_area_is_that_of_the_places_on_it(area):
    draws = RandomStreams(1).named("ways")
    for _ in range(60):
        a, b = (
            Point.of_degrees(31.215 + draws.random() * 0.03, 121.455 + draws.random() * 0.03)
            for _ in range(2)
        )
        steps = 500
        on_way = [
            Point(
                a.lat_e7 + (b.lat_e7 - a.lat_e7) * k // steps,
                a.lon_e7 + (b.lon_e7 - a.lon_e7) * k // steps,
            )
            for k in range(steps)
        ]
        counted = sum(area.contains(x) for x in on_way) / steps
        assert area.share_of(a, b) == pytest.approx(counted, abs=0.01)


@pytest.mark.parametrize("area", [DISC, BENT], ids=["disc", "polygon"])
def test_every_place_drawn_in_an_area_is_in_it(area):
    draws = RandomStreams(2).named("places")
    points = [area.anywhere(draws) for _ in range(300)]
    assert all(area.contains(x) for x in points)
    assert area.share_of(points[0], points[0]) == 1.0


@pytest.mark.parametrize(
    "table",
    [
        "{ lat = 31.2, lon = 121.4 }",
        "{ lat = 31.2, lon = 121.4, radius_m = 5, polygon = [[31.2, 121.4]] }",
        "{ polygon = [[31.2, 121.4], [31.3, 121.5]] }",
        "{ polygon = [[31.2, 121.4], [31.3, 121.5], [31.3, 121.4], [31.2, 121.5]] }",
    ],
)
def test_what_is_no_area_is_refused_with_its_key(table):
    zone = f'[[zones]]\nname = "z"\nwhere = {table}\n'
    with pytest.raises(ScenarioError) as refused:
        parse(SMALL + zone)
    assert [(x.code, x.key) for x in refused.value.flaws] == [("wrong_value", "zones[0].where")]


def test_fixes_are_off_by_what_the_scenario_says_and_the_same_again():
    count = 4_000
    gps = Gps("7", [30.0] * count, MIDDLE)
    true = np.tile(np.array([[MIDDLE.lat_e7, MIDDLE.lon_e7]]), (count, 1))
    numbers = np.arange(count)
    fixes = gps.fixes(true, numbers, Millis(5))
    north_m = [(x - MIDDLE.lat_e7) * 0.0111195 for x in fixes[:, 0].tolist()]
    east_m = [(x - MIDDLE.lon_e7) * 0.0111195 * 0.8551 for x in fixes[:, 1].tolist()]
    for errors in (north_m, east_m):
        assert fmean(errors) == pytest.approx(0, abs=4 * 30 / sqrt(count))
        assert pstdev(errors) == pytest.approx(30, rel=0.05)
    some = numbers[::7]
    assert (gps.fixes(true[some], some, Millis(5)) == fixes[some]).all(), "whoever else reports"
    assert (gps.fixes(true, numbers, Millis(6)) != fixes).any(axis=1).all()
    assert fixes[:2].tolist() == [[312308961, 1214738059], [312304556, 1214735287]]


def test_exact_phones_say_where_they_are():
    true = np.array([[1, 2]])
    assert Gps("7", [0.0], MIDDLE).fixes(true, np.array([0]), Millis(5)) is true
