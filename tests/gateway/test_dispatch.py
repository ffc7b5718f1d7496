"""What operators and couriers ask of dispatch over a real socket: why, and a break."""

import asyncio

import pytest
from msgspec.structs import replace

from gateway import messages as m
from gateway.app import App, Config
from gateway.client import RequestRefusedError
from gateway.planner import Planner
from gateway.wire import time_text
from solvers.crossing.bridge import USUAL, Objective
from solvers.crossing.explanation import explain
from solvers.policies.insertion import insertion
from solvers.problem import Budget
from tests.serving import (
    DOOR,
    STORE,
    accepted,
    later,
    live,
    placed,
    serving,
    small_city,
    until,
)


@live
async def test_an_operator_is_told_who_could_take_an_order_and_at_what_cost(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        found = await city.operator.request(m.ExplainOrder("o1"))
        assert (found.order, found.settled, found.delivery) == ("o1", False, None)
        told = await placed(city, "o2")
        await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
        await city.store.request(m.AcceptOrder("o2", told.placed_at))
        city.kim.report([m.Fix(STORE.lat, STORE.lon, time_text(app.loop.clock.now()))])
        async with asyncio.timeout(10):
            while not (found := await city.operator.request(m.ExplainOrder("o2"))).alternatives:
                await asyncio.sleep(0.05)
        [way] = found.alternatives
        assert (found.delivery, way.courier) == ("o2/1", "kim")
        assert way.cost == pytest.approx(sum(way.terms.values()))
        assert way.at_store < way.at_door
        with pytest.raises(RequestRefusedError, match="unknown"):
            await city.operator.request(m.ExplainOrder("nobodys"))


@live
async def test_costs_are_what_they_are_to_the_planner_in_charge(tmp_path):
    """Who plans by other weights explains by them, too."""
    heavy = Objective(weights=replace(USUAL.weights, travel_per_s=3.0))

    def planner(loop):
        return Planner(loop, insertion, Budget(iterations=0), objective=heavy)

    async with App(Config(data=tmp_path, port=0), planner) as app, small_city(app) as city:
        city.kim.report([m.Fix(STORE.lat, STORE.lon, time_text(app.loop.clock.now()))])
        told = await placed(city, "o")
        await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
        late = app.loop.clock.now() + 1_800_000  # not offered soon: it may still move
        await city.store.request(m.AcceptOrder("o", time_text(late)))
        async with asyncio.timeout(10):
            while not (found := await city.operator.request(m.ExplainOrder("o"))).alternatives:
                await asyncio.sleep(0.05)
        [way] = found.alternatives
        [usual] = explain(app.engine.state, "o", app.engine.now).alternatives
        assert way.terms["travel"] == pytest.approx(3 * usual.terms.travel)
        assert usual.terms.travel > 0


@live
async def test_nobody_but_operators_hears_about_couriers_costs(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        reply = await city.shop.ask(m.ExplainOrder("o1"))
        assert reply.error.code == "forbidden"


@live
async def test_a_courier_takes_a_break_and_another_time_counts_instead(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        now = app.loop.clock.now()
        await city.kim.request(m.TakeBreak(time_text(now + 600_000)))
        await city.kim.request(m.TakeBreak(time_text(now + 300_000)))
        past = await city.kim.ask(m.TakeBreak(time_text(now - 1_000)))
        assert past.error.code == "malformed"
        assert (await city.store.ask(m.TakeBreak(time_text(now)))).error.code == "forbidden"


@live
async def test_an_operator_speaks_for_a_courier_whose_phone_is_lost(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        delivery = await accepted(city, "o1")
        await city.kim.request(m.ReportPickup(delivery))
        changed = m.ChangeCourier("kim", "car", 20)
        assert (await city.operator.ask(changed)).error.code == "at_work"
        lost = m.TakeOffShift("kim", "phone lost", goods="stranded")
        assert (await city.store.ask(lost)).error.code == "forbidden"
        await city.operator.request(lost)
        assert (await city.kim.ask(m.ReportDropoff(delivery))).error.code == "unknown"
        assert (await city.operator.ask(lost)).error.code == "off_shift"
        told = await city.shop.request(m.GetOrder("o1"))
        assert (told.delivery_status, told.attempt) == ("created", 2)
        await city.operator.request(changed)


@live
async def test_who_is_only_sent_home_brings_what_is_on_board_to_its_end(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        delivery = await accepted(city, "o1")
        await city.kim.request(m.ReportPickup(delivery))
        await city.operator.request(m.TakeOffShift("kim", "too tired"))
        assert (await city.operator.ask(m.AssignDelivery("kim", delivery, "x"))).error is not None
        await city.kim.request(m.ReportDropoff(delivery))
        assert (await city.shop.request(m.GetOrder("o1"))).delivery_status == "delivered"


@live
async def test_a_store_says_what_is_on_the_bags_and_the_courier_has_to_read_it(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        delivery = await accepted(city, "o1")
        tickets, route = city.store.subscribe("tickets"), city.kim.subscribe("route")
        await anext(tickets)
        assert (await anext(route)).body.stops[0].labels == 0
        await city.store.request(m.LabelOrder("o1", ["a7", "a8"]))
        assert (await anext(tickets)).body.labels == ["a7", "a8"]
        assert (await anext(route)).body.stops[0].labels == 2
        none = await city.kim.ask(m.ReportPickup(delivery))
        assert (none.error.code, none.error.detail["at_least"]) == ("proof_required", 2)
        wrong = await city.kim.ask(m.ReportPickup(delivery, ["a7", "b1"]))
        assert wrong.error.detail == {"left": 1, "not_of_this_order": ["b1"]}
        await city.kim.request(m.ReportPickup(delivery, ["a8", "a7"]))


@live
async def test_goods_ask_for_skills_and_everybody_is_told_which(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        listed = m.ListProduct("ramen", "Ramen", "food", skills=["cold_box"])
        await city.operator.request(listed)
        quote = m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)], DOOR)
        refused = (await city.shop.ask(quote)).error
        assert (refused.code, refused.detail["skills"]) == ("skill_missing", ["cold_box"])
        assert refused.retryable
        signed_up = m.RegisterCourier("lee", "scooter", 12, ["cold_box", "age_check"])
        await city.operator.request(signed_up)
        await city.kim.request(m.EndShift())
        await city.operator.request(m.ChangeCourier("kim", "scooter", 12, ["cold_box"]))
        await city.operator.request(m.ChangeCourier("kim", "car", 12))  # and keeps what he has
        await city.kim.request(m.StartShift(later()))
        told = await placed(city, "o1")
        await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
        await city.store.request(m.AcceptOrder("o1", told.placed_at))
        offers = city.kim.subscribe("route")
        await city.operator.request(m.AssignDelivery("kim", "o1/1", "by_hand"))
        [offer] = (await until(offers, lambda x: x.body.offers)).body.offers
        assert offer.skills == ["cold_box"]
        [product] = (await city.shop.request(m.ListProducts("s1"))).products
        assert product.skills == ["cold_box"]
        odd = await city.operator.ask(m.RegisterCourier("max", "car", 9, ["Cold Box"]))
        assert odd.error.code == "malformed"


@live
async def test_orders_belong_together_until_somebody_is_told_that_they_do_not(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        orders = city.shop.subscribe("orders")
        ramen = [m.Line("ramen", 1)]
        for order, quoted in (("o1", "lunch"), ("o2", None)):
            quote = m.RequestQuote(f"q-{order}", "ann", "s1", ramen, DOOR, group=quoted)
            await city.shop.request(quote)
            await city.shop.request(m.PlaceOrder(order, f"q-{order}", "bank", group="lunch"))
        told = await city.shop.request(m.GetOrder("o2"))
        assert told.group == "shop/lunch"
        too_many = m.RequestQuote("q3", "ann", "s1", [m.Line("ramen", 11)], DOOR, group="lunch")
        assert (await city.shop.ask(too_many)).error.code == "too_large"
        by_hand = m.GroupOrders("shop/lunch", ["o1"])
        assert (await city.shop.ask(by_hand)).error.code == "forbidden"
        assert (await city.operator.ask(by_hand)).error.code == "already_exists"
        await city.operator.request(m.DissolveGroup("shop/lunch"))
        news = await until(orders, lambda x: isinstance(x.body, m.GroupDissolved))
        assert news.body == m.GroupDissolved("shop/lunch", ["o1", "o2"], "by_hand")
        assert (await city.shop.request(m.GetOrder("o2"))).group is None
        await city.operator.request(m.GroupOrders("again", ["o1", "o2"]))
        assert (await city.shop.request(m.GetOrder("o1"))).group == "again"


@live
async def test_couriers_and_operators_see_what_belongs_together_and_when_it_does_no_more(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for order in ("o1", "o2", "o3"):
            told = await placed(city, order)
            await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
            await city.store.request(m.AcceptOrder(order, told.placed_at))
        await city.operator.request(m.GroupOrders("both", ["o1", "o2"]))
        route, seen = city.kim.subscribe("route"), city.operator.subscribe("city")
        shown = await anext(seen)
        assert {x.id: x.group for x in shown.body.orders} == {"o1": "both", "o2": "both", "o3": ""}
        for order in ("o1", "o3"):
            await city.operator.request(m.AssignDelivery("kim", f"{order}/1", "by_hand"))
        await until(route, lambda x: offered(x) == ["both", "both", ""])
        await city.operator.request(m.DissolveGroup("both"))
        await until(route, lambda x: offered(x) == ["", "", ""])
        changed = await until(
            seen, lambda x: any(not k.group for k in x.body.orders if k.id == "o1")
        )
        assert {x.id: x.group for x in changed.body.orders if x.id != "o3"} == {"o1": "", "o2": ""}


def offered(update):
    """Which group each offer is of, by the order of the deliveries."""
    return [x.group for x in sorted(update.body.offers, key=lambda x: x.delivery)]
