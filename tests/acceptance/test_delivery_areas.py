"""Where a store delivers to: an area of its own, with holes, instead of the radius."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point as Dot
from shapely import Polygon as Shape

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.areas import CORNERS_MAX, contains
from gateway import messages as m
from geo.points import Point, distance_m
from tests import cases
from tests.cases import HOME, STORE_PLACE, city
from tests.serving import DOOR, live, serving, small_city


def square(center: Point, half_e7: int) -> list[Point]:
    lat, lon, h = center.lat_e7, center.lon_e7, half_e7
    corners = ((-h, -h), (-h, h), (h, h), (h, -h))
    return [Point(lat + n, lon + w) for n, w in corners]


AROUND, HOLE = square(STORE_PLACE, 200_000), square(HOME, 10_000)
FAR_M = distance_m(STORE_PLACE, HOME)


def test_what_is_outside_or_in_a_hole_is_refused_and_what_is_inside_is_quoted():
    case = city().at(1, c.SetDeliveryArea("store", [[square(STORE_PLACE, 50_000)]]))
    case.at(2, cases.quote()).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)
    case.at(3, c.SetDeliveryArea("store", [[AROUND]])).emits(e.AreaDrawn("store", [[AROUND]]))
    case.at(4, cases.quote("q2")).includes(e.QuoteOffered)
    case.at(5, c.SetDeliveryArea("store", [[AROUND, HOLE]]))
    case.at(6, cases.quote("q3")).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)
    case.at(7, c.SetDeliveryArea("store"))
    case.at(8, cases.quote("q4")).includes(e.QuoteOffered)


def test_an_area_says_no_whether_or_not_there_is_a_courier():
    case = city(couriers=()).at(1, cases.quote())
    assert case.events[0].reason is Reason.NO_CAPACITY_NOW
    case.at(2, c.SetDeliveryArea("store", [[AROUND, HOLE]]))
    case.at(3, cases.quote("q2")).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)


def test_an_area_may_reach_farther_than_the_radius_and_other_stores_keep_theirs():
    far = Point(HOME.lat_e7, HOME.lon_e7 + 900_000)
    ask = c.RequestQuote("q", "app", "ann", "store", cases.quote().lines, far)
    case = city().at(1, ask)
    assert case.events[0].reason is Reason.OUT_OF_AREA
    case.at(2, c.SetDeliveryArea("store", [[square(far, 50_000)]]))
    case.at(3, ask).includes(e.QuoteOffered)
    case.at(4, cases.quote("q2")).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)


def test_what_was_promised_is_still_brought():
    case = cases.assigned()
    case.at(case.now_s + 1, c.SetDeliveryArea("store", [[square(STORE_PLACE, 5)]]))
    case.at(case.now_s + 1, c.ReportPickup("kim", "o/1")).includes(e.DeliveryPickedUp)


@pytest.mark.parametrize(
    "area",
    [
        [[]],
        [[AROUND[:2]]],
        [[AROUND] * 51],
        [[AROUND * (CORNERS_MAX // 4 + 1)]],
        [[[*AROUND[:3], Point(900_000_001, 0)]]],
        [[[Point(0, -1_700_000_000), Point(1, 1_700_000_000), Point(2, 0)]]],
    ],
)
def test_what_is_no_area_is_refused(area):
    case = city().at(1, c.SetDeliveryArea("store", area))
    case.rejects(Reason.MALFORMED, field="area", limit=CORNERS_MAX)


def test_a_store_nobody_knows_has_no_area():
    city().at(1, c.SetDeliveryArea("moon")).rejects(Reason.UNKNOWN, what="store", id="moon")


small = st.integers(-6, 6)
dots = st.builds(Point, small, small)


@given(st.lists(dots, min_size=3, max_size=8), st.lists(dots, min_size=3, max_size=4), dots)
def test_inside_is_what_another_library_says_borders_included(outer, inner, place):
    """Of polygons that are valid; of others an odd number of rings decides."""
    shape = Shape([(x.lon_e7, x.lat_e7) for x in outer], [[(x.lon_e7, x.lat_e7) for x in inner]])
    if not shape.is_valid:
        shape, inner = Shape([(x.lon_e7, x.lat_e7) for x in outer]), []
    if shape.is_valid:
        rings = [outer, inner] if inner else [outer]
        assert contains([rings], place) == shape.intersects(Dot(place.lon_e7, place.lat_e7))


def coordinates(*rings: list[Point]) -> m.MultiPolygon:
    return m.MultiPolygon([[[(x.lon_deg, x.lat_deg) for x in (*ring, ring[0])] for ring in rings]])


@live
async def test_an_office_draws_an_area_and_anybody_may_look_at_it(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as town:
        here = Point.of_degrees(39.0, 116.0)
        area = coordinates(square(here, 200_000), square(here, 20_000))
        await town.operator.request(m.SetDeliveryArea("s1", area))
        told = (await town.shop.ask(m.GetDeliveryArea("s1"))).body
        assert told == m.DeliveryArea("s1", area, 6_000)
        await town.operator.request(m.SetDeliveryArea("s1", coordinates(square(here, 30_000))))
        refused = await town.shop.ask(m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)], DOOR))
        assert refused.error.code == "out_of_area"
        bow = [here, Point(here.lat_e7 + 9, here.lon_e7 + 9)]
        bow += [Point(here.lat_e7, here.lon_e7 + 9), Point(here.lat_e7 + 9, here.lon_e7)]
        crossed = await town.operator.ask(m.SetDeliveryArea("s1", coordinates(bow)))
        assert (crossed.error.code, crossed.error.detail["hint"]) == (
            "malformed",
            "invalid_polygon",
        )
        assert (await town.shop.ask(m.SetDeliveryArea("s1"))).error.code == "forbidden"
        await town.operator.request(m.SetDeliveryArea("s1"))
        assert (await town.shop.ask(m.GetDeliveryArea("s1"))).body.area is None
