"""One unit and a thousand buyers at once, over real sockets: one gets it, the rest are told so."""

import asyncio
from collections import Counter
from random import Random

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import DOOR, live, party, serving, small_city

BUYERS, SOCKETS, BRANCHES = 1_000, 50, 4


async def answer(client, request) -> str:
    """`sold`, or the code of the refusal and how many are left."""
    try:
        await client.request(request)
    except RequestRefusedError as refused:
        return f"{refused.code}: {refused.error.detail.get('available')}"
    return "sold"


async def clients(app, role, subject, number):
    """So many connections of the same party."""
    found = [party(app, role, subject) for _ in range(number)]
    for client in found:
        client.start()
    for client in found:
        await client.ready()
    return found


async def level(city):
    [shelf] = (await city.store.request(m.ListStock())).products
    return shelf


async def quoted(city, number: int) -> None:
    """So many promises of the same bowl; a quote holds no stock."""
    lines = [m.Line("ramen", 1)]
    for n in range(number):
        await city.shop.request(m.RequestQuote(f"q{n}", "ann", "s1", lines, DOOR))


@live
async def test_one_unit_and_a_thousand_buyers_give_one_order_and_999_refusals(tmp_path):
    """Orders placed from 50 sockets at once, each with a valid quote of its own."""
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.store.request(m.CountStock("ramen", 1))
        shop = await clients(app, "order_service", "shop", SOCKETS)
        feed = city.store.subscribe("stock")
        async for _ in feed:
            break  # its snapshot: from here on every change is told
        await quoted(city, BUYERS)
        buyers = [
            answer(shop[n % SOCKETS], m.PlaceOrder(f"o{n}", f"q{n}", "bank")) for n in range(BUYERS)
        ]
        answers = Counter(await asyncio.gather(*buyers))
        assert answers == {"sold": 1, "insufficient_stock: 0": 999}
        shelf = await level(city)
        assert (shelf.on_hand, shelf.reserved, shelf.available) == (1, 1, 0)
        moved = (await anext(aiter(feed))).body
        assert (moved.cause, moved.available, moved.reserved_by) == ("reserved", 0, 1)
        assert len(app.engine.state.orders.orders) == 1
        for client in shop:
            await client.close()


@live
async def test_tills_and_orders_that_race_for_the_last_pieces_never_sell_more_than_there_are(
    tmp_path,
):
    """Two tills of the store and a shop, all at once: exactly as many winners as pieces."""
    pieces, each = 7, 40
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.store.request(m.CountStock("ramen", pieces))
        tills = await clients(app, "store", "s1", 2)
        shop = await clients(app, "order_service", "shop", BRANCHES)
        await quoted(city, each)
        bowl, price = "ramen", m.Money(1200, "CNY")
        asked = []
        for n in range(each):
            asked.append(answer(shop[n % BRANCHES], m.PlaceOrder(f"o{n}", f"q{n}", "bank")))
            for number, till in enumerate(tills):
                sold = [m.SoldLine(bowl, 1, price)]
                receipt = m.RecordReceipt(f"till{number}", f"r{number}-{n}", sold, "cash")
                asked.append(answer(till, receipt))
        Random(7).shuffle(asked)
        answers = Counter(await asyncio.gather(*asked))
        assert answers == {"sold": pieces, "insufficient_stock: 0": 3 * each - pieces}
        shelf = await level(city)
        receipts = app.engine.state.receipts.recent.get("s1", {})
        assert shelf.available == shelf.on_hand - shelf.reserved == 0
        assert len(receipts) + shelf.reserved == pieces
        for client in [*tills, *shop]:
            await client.close()


@live
async def test_a_till_that_was_off_the_line_is_heard_and_the_order_that_goes_without_is_told(
    tmp_path,
):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.store.request(m.CountStock("ramen", 1))
        await quoted(city, 1)
        orders = city.shop.subscribe("orders")
        placed = await city.shop.request(m.PlaceOrder("o0", "q0", "bank"))
        sold = [m.SoldLine("ramen", 1, m.Money(1200, "CNY"))]
        told = m.ReconcileTill("till1", [m.SoldReceipt("r1", placed.placed_at, sold, "card")])
        for recorded in (1, 0):  # the second time, nothing is new
            answered = await city.store.request(told)
            assert (answered.recorded, answered.known) == (recorded, 1 - recorded)
            assert [x.orders for x in answered.short] == [["o0"]] * recorded
        async for update in orders:
            if update.kind == "delta" and update.body.order_status == "cancelled":
                assert update.body.reason == "store/item_missing"
                break
        given = await city.store.request(m.RefundReceipt("r1", "b1", [m.Line("ramen", 1)]))
        assert given.amount == m.Money(1200, "CNY")
        assert (await level(city)).on_hand == 1
