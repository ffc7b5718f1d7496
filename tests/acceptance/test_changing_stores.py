"""What an operator would tell you of a store whose name or place was wrong."""

import pytest

from engine import commands as c
from engine import events as e
from engine.audit import violations
from engine.rejections import RejectionReason as Reason
from engine.rules.stops import place_of
from engine.values import HOUR, CourierId, FleetId, Millis, StoreId
from gateway import messages as m
from gateway.client import RequestRefusedError
from geo.points import Point
from geo.travel import Vehicle
from tests import cases
from tests.cases import STORE_PLACE, city, place, quote
from tests.serving import STORE, accepted, live, party, serving, small_city, until

NEXT_DOOR = Point(STORE_PLACE.lat_e7 + 90_000, STORE_PLACE.lon_e7)  # a kilometer north


def moved(case, place=NEXT_DOOR, name="Noodles"):
    return case.at(case.now_s, c.ChangeStore("store", name, place))


def test_a_store_that_moved_promises_and_charges_from_its_new_place():
    case = city(9).at(1, quote("before"))
    [before] = case.events
    moved(case, cases.HOME).emits(e.StoreChanged("store", "Noodles", cases.HOME))
    case.at(2, quote("after"))
    [after] = case.events
    assert after.promised_ms < before.promised_ms
    assert after.delivery_fee_minor < before.delivery_fee_minor


def test_what_was_promised_before_stays_so_and_what_is_under_way_is_fetched_where_it_was_to_be():
    case = cases.confirmed(cases.accepted(city(9)), "p")
    promised = case.state.orders["o"].placed.promised_at, case.state.orders["p"].placed.promised_at
    moved(case)
    case.at(case.now_s, c.AcceptOrder("store", "p", case.engine.now))
    orders = case.state.orders
    assert (orders["o"].placed.promised_at, orders["p"].placed.promised_at) == promised
    assert case.delivery("o").pickup == STORE_PLACE
    assert case.delivery("p").pickup == NEXT_DOOR
    assert violations(case.state) == []


def test_an_open_quote_is_kept_as_it_was_made():
    case = city(9).at(1, quote())
    [offered] = case.events
    moved(case).at(2, place()).includes(e.OrderPlaced)
    assert case.state.orders["o"].placed.total_minor == offered.total_minor


def test_what_comes_back_comes_to_the_new_place():
    case = cases.on_board(city(9))
    moved(case).at(case.now_s + 1, c.ReportFailure("kim", "o/1", "customer_absent"))
    route = case.state.deliveries.route("kim")
    assert place_of(route.stops[0].kind, case.delivery(), case.state.stores) == NEXT_DOOR


def test_a_change_has_to_be_one_of_a_store_there_is_within_the_city():
    case = city(9)
    case.at(1, c.ChangeStore("moon", "x", NEXT_DOOR))
    case.rejects(Reason.UNKNOWN, what="store", id="moon")
    moved(case, STORE_PLACE).rejects(Reason.ALREADY_EXISTS)
    moved(case, name=" ").rejects(Reason.MALFORMED, field="name")
    moved(case, STORE_PLACE, "Soup").emits(e.StoreChanged("store", "Soup", STORE_PLACE))
    far = Point(STORE_PLACE.lat_e7 + 20_000_000, STORE_PLACE.lon_e7)
    case.at(2, c.RegisterStore("other", "Other", NEXT_DOOR, HOUR))
    moved(case, far)
    assert case.events[0].reason is Reason.OUT_OF_AREA
    lone = moved(city(1), far)  # it was in the wrong city, and nothing else is in that
    lone.emits(e.StoreChanged("store", "Noodles", far))


# over the gateway


@live
async def test_an_operator_corrects_a_store_and_maps_and_lists_follow(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        right = m.Place(39.005, 116.005)
        await city.operator.request(m.ChangeStore("s1", "Noodle House", right))
        [listed] = (await city.shop.request(m.ListStores())).stores
        assert (listed.name, listed.location) == ("Noodle House", right)
        async for update in city.operator.subscribe("city"):
            [shown] = update.body.stores
            break
        assert (shown.name, shown.lat, shown.lon) == ("Noodle House", right.lat, right.lon)
        with pytest.raises(RequestRefusedError, match="forbidden"):
            await city.store.request(m.ChangeStore("s1", "Mine", right))


@live
async def test_who_goes_back_to_a_store_or_waits_near_it_sees_where_it_is_now(tmp_path):
    right = m.Place(39.005, 116.005)
    async with serving(tmp_path) as app, small_city(app) as city:
        delivery = await accepted(city, "o1")
        await city.kim.request(m.ReportPickup(delivery))
        await city.kim.request(m.ReportFailure(delivery, "customer_absent"))
        lee = CourierId("acme:lee")
        await app.loop.submit(c.RegisterCourier(lee, Vehicle.SCOOTER, 12, fleet=FleetId("acme")))
        await app.loop.submit(c.StartShift(lee, Millis(app.loop.clock.now() + 8 * HOUR)))
        await app.loop.submit(c.RepositionCourier(lee, StoreId("s1")))
        async with party(app, "courier", lee) as phone, party(app, "fleet", "acme") as acme:
            back, waiting = city.kim.subscribe("route"), phone.subscribe("route")
            fleet, seen = acme.subscribe("fleet"), city.operator.subscribe("city")
            assert (await anext(back)).body.stops[0].place == STORE
            for view in (waiting, fleet, seen):
                await anext(view)
            await city.operator.request(m.ChangeStore("s1", "Noodle House", right))
            [stop] = (await anext(back)).body.stops
            assert (stop.kind, stop.place, stop.store_name) == ("return", right, "Noodle House")
            near = (await anext(waiting)).body.wait_near
            assert (near.store_name, near.place) == ("Noodle House", right)
            told = await until(fleet, lambda x: x.body.couriers)
            assert told.body.couriers[0].wait_near == near
            told = await until(seen, lambda x: any(k.id == "kim" for k in x.body.couriers))
            [way_back] = next(k.route for k in told.body.couriers if k.id == "kim")
            assert (way_back.lat, way_back.lon) == (right.lat, right.lon)
