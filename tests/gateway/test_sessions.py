"""What each party would say happened: the life of an order over real sockets."""

import asyncio

import msgpack
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from gateway import messages as m
from gateway.client import Client, GivenUpError, RequestRefusedError
from gateway.clock import stopwatch_s
from gateway.codes import CODES
from gateway.connections.limits import USUAL, Limits, RoleLimits
from tests.serving import (
    DOOR,
    accepted,
    delivered,
    hear,
    later,
    live,
    party,
    placed,
    raw,
    serving,
    small_city,
    tell,
    until,
)


async def everything(ws):
    """All frames until the connection is closed."""
    found = []
    while True:
        try:
            found.append(await hear(ws))
        except ConnectionClosed:
            return found


@pytest.mark.parametrize("subprotocol", m.SUBPROTOCOLS)
@live
async def test_an_order_is_told_to_everybody_it_concerns(tmp_path, subprotocol):
    async with serving(tmp_path) as app, small_city(app, subprotocol) as city:
        orders = city.shop.subscribe("orders")
        tickets = city.store.subscribe("tickets")
        payments = city.bank.subscribe("payments")
        route = city.kim.subscribe("route")
        for feed in (orders, tickets, payments, route):
            assert (await anext(feed)).kind == "snapshot"
        await delivered(city, "o1")

        seen = []
        await until(orders, lambda u: u.body.order_status == "fulfilled", seen)
        assert [u.seq for u in seen] == list(range(1, len(seen) + 1))
        assert [u.body.delivery_status for u in seen] == [
            "created",
            "created",
            "created",
            "offered",
            "assigned",
            "enroute_to_pickup",
            "arrived_at_pickup",
            "arrived_at_pickup",
            "picked_up",
            "picked_up",
            "enroute_to_dropoff",
            "delivered",
            "delivered",
        ]
        assert [u.body.order_status for u in seen] == [
            "placed",
            "confirmed",
            *["accepted"] * 5,
            *["ready"] * 2,
            *["handed_over"] * 3,
            "fulfilled",
        ]
        closed = await until(tickets, lambda u: isinstance(u.body, m.TicketClosed))
        assert closed.body.order_status == "handed_over"
        done = await until(payments, lambda u: isinstance(u.body, m.InstructionClosed))
        assert done.body.succeeded
        offer = await until(route, lambda u: u.body.offers)
        assert offer.body.offers[0].fee == m.Money(600, "CNY")
        stops = await until(route, lambda u: u.body.stops)
        assert [x.kind for x in stops.body.stops] == ["pickup", "dropoff"]
        await until(route, lambda u: not u.body.stops)


@live
async def test_replies_say_what_was_promised(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        quote = await city.shop.request(
            m.RequestQuote("q1", "ann", "s1", [m.Line("ramen", 1), m.Line("ramen", 2)], DOOR)
        )
        assert quote.lines == [m.PricedLine("ramen", 3, m.Money(1200, "CNY"))]
        assert quote.total.amount == 3 * 1200 + quote.delivery_fee.amount
        order = await city.shop.request(m.PlaceOrder("o1", "q1", "bank"))
        assert (order.total, order.payment) == (quote.total, "o1/1")
        told = await city.shop.request(m.GetOrder("o1"))
        assert (told.order_status, told.delivery_status) == ("placed", "created")
        assert told.promised_at == order.promised_at


@live
async def test_stock_and_prices_are_what_the_store_says(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.store.request(m.SetSafetyStock("ramen", 10))
        await placed(city, "o1", lines=5)
        [offered] = (await city.shop.request(m.ListProducts("s1"))).products
        assert (offered.available, offered.price.amount) == (99_985, 1200)
        [shelf] = (await city.store.request(m.ListStock())).products
        assert (shelf.on_hand, shelf.reserved, shelf.safety) == (100_000, 5, 10)


@live
async def test_pages_of_products_are_complete_and_disjoint(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for i in range(7):
            await city.operator.request(m.ListProduct(f"p{i}", f"P {i}", "food"))
            await city.store.request(m.SetPrice(f"p{i}", m.Money(100 + i, "CNY")))
        found, after = [], None
        while True:
            page = await city.shop.request(m.ListProducts("s1", after, 3))
            found += [x.product for x in page.products]
            after = page.next
            if after is None:
                break
        assert found == [*(f"p{i}" for i in range(7)), "ramen"]


@live
async def test_a_repeat_is_answered_byte_for_byte_on_any_connection_and_after_a_restart(tmp_path):
    frames = [
        {
            "type": "request",
            "id": "k-1",
            "body": {
                "type": "request_quote",
                "quote": "q1",
                "customer": "ann",
                "store": "s1",
                "lines": [{"product": "ramen", "quantity": 2}],
                "dropoff": {"lat": 39.01, "lon": 116.01},
            },
        },
        {  # a rejection is an answer, and stays one
            "type": "request",
            "id": "k-2",
            "body": {"type": "place_order", "order": "o1", "quote": "nope", "provider": "bank"},
        },
    ]

    async def answers(app):
        async with raw(app, "order_service", "shop") as ws:
            found = []
            for frame in frames:
                await tell(ws, frame)
                found.append(await ws.recv())
            return found

    async with serving(tmp_path) as app, small_city(app):
        first = await answers(app)
        assert msgpack.unpackb(first[0])["body"]["type"] == "quote"
        assert msgpack.unpackb(first[1])["error"]["code"] == "unknown"
        assert await answers(app) == first
        seq = app.loop.durable_seq
    async with serving(tmp_path) as app:
        assert await answers(app) == first
        assert app.loop.durable_seq == seq


@live
async def test_an_id_used_for_something_else_is_a_conflict(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.shop.request(m.RegisterCustomer("bob"), id="k-1")
        with pytest.raises(RequestRefusedError, match="idempotency_conflict"):
            await city.shop.request(m.RegisterCustomer("eve"), id="k-1")
        # Ids belong to the party: another one may use the same.
        await city.operator.request(m.RegisterCustomer("eve"), id="k-1")


@live
async def test_a_hundred_repeats_at_once_have_one_effect(tmp_path):
    async with serving(tmp_path) as app, small_city(app):
        shops = [party(app, "order_service", "shop") for _ in range(10)]
        for shop in shops:
            await shop.__aenter__()
        before = app.engine.seq
        ask = m.RegisterCustomer("bob")
        replies = await asyncio.gather(
            *(shop.ask(ask, id="k-1") for shop in shops for _ in range(1))
        )
        assert len(set(replies)) == 1
        assert app.engine.seq == before + 1
        for shop in shops:
            await shop.close()


@live
async def test_what_the_engine_refuses_says_what_would_have_to_differ(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:

        async def refused(client, body):
            with pytest.raises(RequestRefusedError) as info:
                await client.request(body)
            return info.value.error

        far = m.Place(39.5, 116.5)
        error = await refused(
            city.shop, m.RequestQuote("q1", "ann", "s1", [m.Line("ramen", 1)], far)
        )
        assert error.code == "out_of_area"
        assert error.detail["limit_m"] == 6_000
        await city.store.request(m.CountStock("ramen", 2))
        error = await refused(
            city.shop, m.RequestQuote("q1", "ann", "s1", [m.Line("ramen", 3)], DOOR)
        )
        assert (error.code, error.detail["available"]) == ("insufficient_stock", 2)
        delivery = await accepted(city, "o1")
        error = await refused(city.kim, m.ReportDropoff(delivery))
        assert error.code == "illegal_transition"
        assert error.detail["from"] == "assigned"
        assert "picked_up" in error.detail["allowed"]
        await city.kim.request(m.EndShift())
        error = await refused(
            city.shop, m.RequestQuote("q2", "ann", "s1", [m.Line("ramen", 1)], DOOR)
        )
        assert (error.code, error.retryable) == ("no_capacity_now", True)
        assert error.retry_after_s > 0


@live
async def test_a_place_with_lat_and_lon_swapped_is_refused_with_a_hint(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        swapped = m.Place(116.0, 39.0)
        with pytest.raises(RequestRefusedError) as info:
            await city.shop.request(
                m.RequestQuote("q1", "ann", "s1", [m.Line("ramen", 1)], swapped)
            )
        assert info.value.code == "coordinates_out_of_range"
        assert info.value.error.detail == {"field": "dropoff", "hint": "coordinates_swapped?"}


@live
async def test_amounts_in_another_currency_are_refused(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        with pytest.raises(RequestRefusedError) as info:
            await city.store.request(m.SetPrice("ramen", m.Money(100, "USD")))
        assert info.value.error.detail == {"field": "price.currency"}


@live
async def test_settings_are_changed_as_a_whole(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        told = (await city.operator.request(m.GetSettings())).settings
        changed = msgspec.structs.replace(told, delivery_radius_m=100)
        await city.operator.request(m.ChangeSettings(changed))
        assert (await city.operator.request(m.GetSettings())).settings == changed
        with pytest.raises(RequestRefusedError, match="out_of_area"):
            await city.shop.request(m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)], DOOR))


@live
async def test_who_says_no_hello_is_closed(tmp_path):
    async with serving(tmp_path) as app, raw(app) as ws:
        await tell(ws, {"type": "subscribe", "feed": "city"})
        assert (await hear(ws))["error"]["code"] == "hello_expected"
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        assert ws.close_code == 1008


@live
async def test_who_says_nothing_is_closed_and_hears_how_long_there_was(tmp_path):
    assert f"within {Limits().hello_s} seconds" in CODES["hello_expected"].message
    async with serving(tmp_path, limits=Limits(hello_s=0.05)) as app, raw(app) as ws:
        assert (await hear(ws))["error"]["code"] == "hello_expected"
        with pytest.raises(ConnectionClosed):
            await ws.recv()


@live
async def test_one_connection_too_many_replaces_whoever_was_silent_for_longest(tmp_path):
    async with (
        serving(tmp_path) as app,
        small_city(app) as city,
        raw(app, "courier", "kim") as silent,
    ):
        passed_s = 0.0
        app.desk.monotonic_s = lambda: stopwatch_s() + passed_s
        async with raw(app) as newcomer:  # both others said hello a moment ago
            await tell(newcomer, {"type": "hello", "token": app.mint("courier", "kim")})
            error = (await hear(newcomer))["error"]
            assert (error["code"], error["retryable"]) == ("too_many_connections", True)
            with pytest.raises(ConnectionClosed):
                await newcomer.recv()
            assert newcomer.close_code == 4429
        await city.kim.ask(m.EndShift())
        passed_s = 2.0
        async with raw(app, "courier", "kim"):
            with pytest.raises(ConnectionClosed):
                await silent.recv()
            assert (silent.close_code, silent.close_reason) == (4409, "replaced")
            assert (await city.kim.ask(m.StartShift(later()))).error is None


@live
async def test_a_client_whose_place_was_taken_stays_away(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        app.desk.monotonic_s = lambda: stopwatch_s() + 2.0
        async with raw(app, "courier", "kim"), raw(app, "courier", "kim"):
            await city.kim._life
        with pytest.raises(GivenUpError, match="place"):
            await city.kim.ask(m.EndShift())


@live
async def test_who_asks_too_much_hears_so_and_nobody_else_notices(tmp_path):
    roles = USUAL | {"courier": RoleLimits(1, 5, 2, 16)}
    limits = Limits(roles=roles, throttled=20)
    async with serving(tmp_path, limits=limits) as app, small_city(app) as city:
        async with raw(app, "courier", "lee") as ws:
            for i in range(40):
                await tell(ws, {"type": "request", "id": f"k{i}", "body": {"type": "end_shift"}})
            codes = [x["error"]["code"] for x in await everything(ws)]
            assert ws.close_code == 4429
            assert codes.count("rate_limited") == 20
        await city.shop.request(m.RegisterCustomer("bob"))


@live
async def test_a_courier_sends_no_courier_id(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        delivery = await accepted(city, "o1")
        await city.operator.request(m.RegisterCourier("lee", "scooter", 12))
        async with raw(app, "courier", "lee") as ws:
            for extra in ({"courier": "kim"}, {"courier_id": "kim"}):
                body = {"type": "report_pickup", "delivery": delivery} | extra
                await tell(ws, {"type": "request", "id": "k1", "body": body})
                assert (await hear(ws))["error"]["code"] == "malformed"
            body = {"type": "report_pickup", "delivery": delivery}
            await tell(ws, {"type": "request", "id": "k2", "body": body})
            foreign = await hear(ws)
            body = {"type": "report_pickup", "delivery": "o9/1"}
            await tell(ws, {"type": "request", "id": "k3", "body": body})
            missing = await hear(ws)
        assert foreign["error"]["code"] == missing["error"]["code"] == "unknown"
        assert foreign["error"]["detail"].keys() == missing["error"]["detail"].keys()


@live
async def test_an_order_of_another_service_looks_like_none(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        async with party(app, "order_service", "rival") as rival:
            for ask in (m.GetOrder, m.CreateTrackingLink, lambda o: m.CancelOrder(o, "too_slow")):
                foreign = (await rival.ask(ask("o1"))).error
                missing = (await rival.ask(ask("o2"))).error
                assert foreign.code == missing.code == "unknown"
                assert foreign.message == missing.message
                assert foreign.detail == {"what": "order", "id": "o1"}
            assert (await rival.ask(m.PlaceOrder("o3", "q-o1", "bank"))).error.code == "unknown"


@live
async def test_a_tracking_link_shows_one_order_and_nothing_else(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        delivery = await accepted(city, "o1")
        link = await city.shop.request(m.CreateTrackingLink("o1"))
        async with Client(app.url, lambda: link.token, m.JSON) as ann:
            tracking = ann.subscribe("tracking")
            first = (await anext(tracking)).body
            assert (first.order, first.delivery_status) == ("o1", "enroute_to_pickup")
            assert first.courier is None
            city.kim.report([m.Fix(39.001234, 116.001234, city.kim.welcome.at)])
            await city.kim.request(m.ReportPickup(delivery))
            seen = await until(tracking, lambda u: u.body.courier is not None)
            assert (seen.body.courier.lat, seen.body.courier.lon) == (39.001, 116.001)
            await city.kim.request(m.ReportDropoff(delivery))
            done = await until(tracking, lambda u: u.body.delivery_status == "delivered")
            assert done.body.courier is None
            for ask in (m.GetOrder("o1"), m.ListStores(), m.StartShift(later())):
                assert (await ann.ask(ask)).error.code == "forbidden"


@live
async def test_money_is_given_back_by_the_operator_through_the_provider(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        payments = city.bank.subscribe("payments")
        await delivered(city, "o1")
        await city.operator.request(m.RefundOrder("r1", "o1", m.Money(500, "CNY"), "cold"))
        due = await until(payments, lambda u: getattr(u.body, "kind", "") == "refund")
        assert due.body.amount == m.Money(500, "CNY")
        await city.bank.request(m.ReportInstruction(due.body.instruction, True))
