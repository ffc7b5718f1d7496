"""Suggestions over the gateway: only what can be had, and personal only for who allows it."""

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import DOOR, live, party, serving, small_city

FAR = m.Place(39.2, 116.2)
GOODS = ("tea", "cake", "soup", "rice")


async def code_of(client, body):
    with pytest.raises(RequestRefusedError) as info:
        await client.request(body)
    return info.value.code


async def stocked(city):
    """More to sell, and two who bought it: tea and cake together, ramen again and again."""
    for product in GOODS:
        await city.operator.request(m.ListProduct(product, product.title(), "food"))
        await city.store.request(m.SetPrice(product, m.Money(500, "CNY")))
        await city.store.request(m.ReceiveStock(product, 1_000))
    await city.shop.request(m.RegisterCustomer("bob"))
    for n in range(4):
        await bought(city, f"t{n}", "bob", "tea", "cake")
        await bought(city, f"b{n}", "bob", "soup")
    for n in range(3):
        await bought(city, f"r{n}", "ann", "ramen")


async def bought(city, order, customer, *products):
    lines = [m.Line(x, 1) for x in products]
    await city.shop.request(m.RequestQuote(f"q-{order}", customer, "s1", lines, DOOR))
    told = await city.shop.request(m.PlaceOrder(order, f"q-{order}", "bank"))
    await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
    await city.store.request(m.AcceptOrder(order, told.placed_at))
    await city.operator.request(m.AssignDelivery("kim", f"{order}/1", "by_hand"))
    await city.kim.request(m.AcceptOffer(f"{order}/1"))
    await city.kim.request(m.ReportPickup(f"{order}/1"))
    await city.kim.request(m.ReportDropoff(f"{order}/1"))


async def shown(client, *args, **more):
    told = await client.request(m.Recommend("s1", *args, **more))
    return {x.product.product: x.why for x in told.products}


@live
async def test_what_goes_with_the_cart_and_what_sells_is_shown_to_anybody(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await stocked(city)
        assert next(iter((await shown(city.shop, cart=["tea"])).items())) == ("cake", "together")
        told = await city.shop.request(m.Recommend("s1", limit=3))
        assert [x.why for x in told.products] == ["popular"] * 3
        assert told.products[0].product.price == m.Money(500, "CNY")
        assert list(await shown(city.shop, limit=50))[-1] == "rice"  # nobody has bought it yet


@live
async def test_what_is_personal_needs_the_consent_of_the_person(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await stocked(city)
        assert set((await shown(city.shop, "ann")).values()) == {"popular"}
        await city.shop.request(m.SetConsent("ann", "personalization", True))
        assert next(iter((await shown(city.shop, "ann")).items())) == ("ramen", "again")
        await city.shop.request(m.SetConsent("ann", "personalization", False))
        await city.shop.request(m.SetConsent("ann", "personalization", True))
        assert (await shown(city.shop, "ann"))["ramen"] == "popular"  # what was known is gone
        rival = party(app, "order_service", "rival")
        rival.start()
        assert await code_of(rival, m.Recommend("s1", "ann")) == "unknown"
        assert await code_of(city.shop, m.Recommend("s9")) == "unknown"
        await rival.close()


@live
async def test_nothing_is_suggested_that_cannot_be_had(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await stocked(city)
        everything = await shown(city.shop, limit=50)
        assert set(everything) == {"ramen", *GOODS}
        await city.store.request(m.CountStock("tea", 0))
        await city.operator.request(m.DelistProduct("soup"))
        await city.store.request(m.SetSafetyStock("ramen", 1_000_000))
        assert set(await shown(city.shop, limit=50)) == {"cake", "rice"}
        for product in await shown(city.shop, limit=50):
            ask = m.RequestQuote(f"q-{product}", "ann", "s1", [m.Line(product, 1)], DOOR)
            assert (await city.shop.request(ask)).lines[0].product == product
        assert set(await shown(city.shop, dropoff=DOOR, limit=50)) == {"cake", "rice"}
        assert await shown(city.shop, dropoff=FAR) == {}
        await city.store.request(m.CloseStore())
        assert await shown(city.shop) == {}


@live
async def test_what_is_known_of_tastes_survives_a_restart(tmp_path):
    async with serving(tmp_path, snapshot_every=20) as app, small_city(app) as city:
        await stocked(city)
        await city.shop.request(m.SetConsent("ann", "personalization", True))
        before = await shown(city.shop, "ann", ["tea"])
    for _ in range(2):
        async with serving(tmp_path) as app:
            shop = party(app, "order_service", "shop")
            shop.start()
            assert await shown(shop, "ann", ["tea"]) == before
            await shop.close()
