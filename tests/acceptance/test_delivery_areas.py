"""Where a store delivers to: an area of its own, with holes, instead of the radius."""

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.areas import CORNERS_MAX
from gateway import messages as m
from geo.points import Point, distance_m
from tests import cases
from tests.cases import HOME, STORE_PLACE, city
from tests.serving import DOOR, live, serving, small_city
from tests.spaces import polygon


def square(center: Point, half_e7: int) -> list[Point]:
    lat, lon, h = center.lat_e7, center.lon_e7, half_e7
    corners = ((-h, -h), (-h, h), (h, h), (h, -h))
    return [Point(lat + n, lon + w) for n, w in corners]


AROUND, HOLE = square(STORE_PLACE, 200_000), square(HOME, 10_000)
FAR_M = distance_m(STORE_PLACE, HOME)


def test_what_is_outside_or_in_a_hole_is_refused_and_what_is_inside_is_quoted():
    case = city().at(1, c.SetDeliveryArea("store", polygon(square(STORE_PLACE, 50_000))))
    case.at(2, cases.quote()).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)
    case.at(3, c.SetDeliveryArea("store", polygon(AROUND))).emits(
        e.AreaDrawn("store", polygon(AROUND))
    )
    case.at(4, cases.quote("q2")).includes(e.QuoteOffered)
    case.at(5, c.SetDeliveryArea("store", polygon(AROUND, HOLE)))
    case.at(6, cases.quote("q3")).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)
    case.at(7, c.SetDeliveryArea("store"))
    case.at(8, cases.quote("q4")).includes(e.QuoteOffered)


def test_an_area_says_no_whether_or_not_there_is_a_courier():
    case = city(couriers=()).at(1, cases.quote())
    assert case.events[0].reason is Reason.NO_CAPACITY_NOW
    case.at(2, c.SetDeliveryArea("store", polygon(AROUND, HOLE)))
    case.at(3, cases.quote("q2")).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)


def test_an_area_may_reach_farther_than_the_radius_and_other_stores_keep_theirs():
    far = Point(HOME.lat_e7, HOME.lon_e7 + 900_000)
    ask = c.RequestQuote("q", "app", "ann", "store", cases.quote().lines, far)
    case = city().at(1, ask)
    assert case.events[0].reason is Reason.OUT_OF_AREA
    case.at(2, c.SetDeliveryArea("store", polygon(square(far, 50_000))))
    case.at(3, ask).includes(e.QuoteOffered)
    case.at(4, cases.quote("q2")).rejects(Reason.OUT_OF_AREA, distance_m=FAR_M)


def test_what_was_promised_is_still_brought():
    case = cases.assigned()
    case.at(case.now_s + 1, c.SetDeliveryArea("store", polygon(square(STORE_PLACE, 5))))
    case.at(case.now_s + 1, c.ReportPickup("kim", "o/1")).includes(e.DeliveryPickedUp)


def test_an_area_has_no_more_corners_than_a_journal_should_hold():
    jagged = [Point(x, 1_000 + x % 2) for x in range(CORNERS_MAX)]
    most = polygon([*jagged[1:], Point(CORNERS_MAX, 0)])
    case = city().at(1, c.SetDeliveryArea("store", most)).emits(e.AreaDrawn("store", most))
    case.at(2, c.SetDeliveryArea("store", polygon([*jagged, Point(CORNERS_MAX, 0)])))
    case.rejects(Reason.MALFORMED, field="area", limit=CORNERS_MAX)


def test_a_store_nobody_knows_has_no_area():
    city().at(1, c.SetDeliveryArea("moon")).rejects(Reason.UNKNOWN, what="store", id="moon")


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
