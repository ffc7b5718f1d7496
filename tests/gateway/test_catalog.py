"""What is sold, over real sockets: search, prices to come, bundles, promotions and coupons."""

from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.hours import are_sound, is_within
from engine.values import MINUTE
from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.codes import Refusal
from gateway.translation.weeks import hours_told, weekly
from tests.serving import DOOR, later, live, party, serving, small_city

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def yuan(amount):
    return m.Money(amount, "CNY")


@asynccontextmanager
async def refused(code, **detail):
    with pytest.raises(RequestRefusedError) as info:
        yield
    assert (info.value.error.code, info.value.error.detail) == (code, detail)


def ask(name, *lines, coupons=()):
    return m.RequestQuote(name, "ann", "s1", list(lines), DOOR, coupons=list(coupons))


@live
async def test_a_shopper_finds_what_can_be_had_here(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.operator.request(m.DefineCategory("all", "Everything"))
        await city.operator.request(m.DefineCategory("food", "Food", "all"))
        found = await city.shop.request(m.SearchProducts("ram", "all", dropoff=DOOR, within_min=60))
        [hit] = found.hits
        assert (hit.store, hit.product, hit.price) == ("s1", "ramen", yuan(1200))
        assert 15 * 60 <= hit.within_s <= 3_600
        assert found.next is None
        assert (await city.shop.request(m.SearchProducts("noodle"))).hits == []
        told = await city.shop.request(m.ListCategories(limit=1))
        assert told.categories == [m.CategoryPlaced("all", "Everything")]
        told = await city.operator.request(m.ListCategories(after=told.next))
        assert told.categories == [m.CategoryPlaced("food", "Food", "all")]
        async with refused("malformed", field="dropoff"):
            await city.shop.request(m.SearchProducts(within_min=5))
        async with refused("unknown", what="store", id="s9"):
            await city.shop.request(m.SearchProducts(store="s9"))
        await city.operator.request(m.ListProduct("tea", "Tea", "hot drinks"))
        told = await city.shop.request(m.ListCategories(after="food"))
        assert told.categories == [m.CategoryPlaced("hot drinks", "hot drinks", defined=False)]


@live
async def test_a_search_goes_on_where_its_last_page_ended(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for n in range(3):
            await city.operator.request(m.ListProduct(f"tea{n}", f"Tea {n}", "drinks"))
            await city.store.request(m.SetPrice(f"tea{n}", yuan(n)))
            await city.store.request(m.ReceiveStock(f"tea{n}", 1))
        found, after = [], None
        for _ in range(3):
            page = await city.shop.request(m.SearchProducts("tea", after=after, limit=1))
            found += [x.product for x in page.hits]
            after = page.next
        assert found == ["tea0", "tea1", "tea2"]


@live
async def test_a_store_lists_prices_and_hours_for_itself(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        day = later(100)[:10]
        await city.store.request(m.SetPrice("ramen", yuan(900), f"{day}T00:00:00Z"))
        async with refused("price_out_of_order", not_before_at=f"{day}T00:00:00.001Z"):
            await city.store.request(m.SetPrice("ramen", yuan(800), later(1)))
        told = await city.store.request(m.GetPriceHistory("ramen", limit=1))
        assert told.prices == [m.PriceFrom(f"{day}T00:00:00.000Z", yuan(900))]
        told = await city.operator.request(m.GetPriceHistory("ramen", "s1", told.next))
        assert [x.price for x in told.prices] == [yuan(1200)]
        assert told.next is None
        async with party(app, "store", "s2") as other:
            async with refused("unknown", what="store", id="s2"):
                await other.request(m.GetPriceHistory("ramen"))
            async with refused("unknown", what="store", id="s1"):
                await other.request(m.GetPriceHistory("ramen", "s1"))
        async with refused("unknown", what="product", id="tea"):
            await city.store.request(m.GetPriceHistory("tea"))
        await city.store.request(m.WithdrawPrices("ramen"))
        told = await city.store.request(m.GetPriceHistory("ramen"))
        assert [x.price for x in told.prices] == [yuan(1200)]
        await city.store.request(m.DelistInStore("ramen"))
        assert (await city.shop.request(m.ListProducts("s1"))).products == []
        async with refused("not_listed", product="ramen"):
            await city.shop.request(ask("q", m.Line("ramen", 1)))
        await city.store.request(m.ListInStore("ramen", [m.Hours(list(DAYS), "00:00", "24:00")]))
        [offered] = (await city.shop.request(m.ListProducts("s1"))).products
        assert (offered.price, offered.sold_at) == (yuan(1200), None)


@live
async def test_outside_its_hours_a_product_is_told_with_when_it_is_sold_again(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        at = app.loop.engine.now
        ago_min = at // MINUTE + 3 * 1_440 - 1  # a window that closed as this minute began
        clock = f"{ago_min // 60 % 24:02d}:{ago_min % 60:02d}"
        day, ends = DAYS[ago_min // 1_440 % 7], (ago_min + 1) % 1_440
        hours = m.Hours([day], clock, f"{ends // 60:02d}:{ends % 60:02d}")
        await city.store.request(m.ListInStore("ramen", [hours]))
        [offered] = (await city.shop.request(m.ListProducts("s1"))).products
        async with refused("out_of_hours", product="ramen", available_at=offered.sold_at):
            await city.shop.request(ask("q", m.Line("ramen", 1)))
        assert (await city.shop.request(m.SearchProducts())).hits == []


@live
async def test_a_bundle_is_told_with_what_is_in_it(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.operator.request(m.ListProduct("duo", "Two", "food", 1, [m.Line("ramen", 2)]))
        await city.store.request(m.SetPrice("duo", yuan(2000)))
        told = await city.shop.request(ask("q", m.Line("duo", 3)))
        assert told.lines == [m.PricedLine("duo", 3, yuan(2000), None, [m.Line("ramen", 6)])]
        [duo, _] = (await city.shop.request(m.ListProducts("s1"))).products
        assert (duo.available, duo.components) == (50_000, [m.Line("ramen", 2)])
        async with refused("is_bundle", product="duo", components=["ramen"]):
            await city.store.request(m.ReceiveStock("duo", 1))


def tenth(until_at: str) -> m.PromotionTerms:
    return m.PromotionTerms(
        "A tenth off",
        [m.Action("percent", 100, limit_amount=yuan(500), targets=m.Selection([], ["food"]))],
        m.Conditions(
            yuan(1_000),
            m.Selection(["ramen"]),
            1,
            stores=["s1"],
            until_at=until_at,
            hours=[m.Hours([x], "00:00", "24:00") for x in DAYS],
        ),
        by_coupon=True,
        limit_per_customer=2,
    )


@live
async def test_a_coupon_from_its_promotion_to_its_use(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        terms = tenth(until_at=later(1_000))
        await city.operator.request(m.DefinePromotion("tenth", terms))
        await city.operator.request(m.IssueCoupons("TEN", "tenth", ["ann"], 1))
        told = await city.operator.request(m.GetPromotion("tenth"))
        assert told == m.Promotion("tenth", terms, True, 0, 0)
        for name in ("q", "r"):
            quote = await city.shop.request(ask(name, m.Line("ramen", 1), coupons=["TEN"]))
            assert quote.total.amount == 1_080 + quote.delivery_fee.amount
            assert quote.lines[0].discount == yuan(120)
            assert quote.discounts == [m.Discount("tenth", yuan(120), yuan(0), "TEN")]
        placed = await city.shop.request(m.PlaceOrder("o", "q", "bank"))
        assert placed.total == quote.total
        async with refused("coupon_used", coupon="TEN"):
            await city.shop.request(m.PlaceOrder("p", "r", "bank"))
        async with refused("unknown", what="coupon", id="NINE"):
            await city.shop.request(ask("s", m.Line("ramen", 1), coupons=["NINE"]))
        told = await city.operator.request(m.GetCoupon("TEN"))
        assert told == m.Coupon("TEN", "tenth", False, 1, 1, 1, 1, 0, False)
        for code, until_at in (("NOW", "2000-01-01T00:00:00Z"), ("TOO", None)):
            issue = m.IssueCoupons(code, "tenth", ["ann"], until_at=until_at)
            await city.operator.request(issue)
        held = await city.shop.request(m.ListCoupons("ann"))  # TEN is spent, NOW is over
        assert held.coupons == [m.CouponHeld("TOO", "tenth", "A tenth off")]
        async with refused("unknown", what="customer", id="zoe"):
            await city.shop.request(m.ListCoupons("zoe"))
        await city.operator.request(m.WithdrawCoupon("TEN"))
        await city.operator.request(m.EndPromotion("tenth"))
        assert not (await city.operator.request(m.GetPromotion("tenth"))).on


@live
async def test_promotions_are_listed_by_id_and_a_store_hears_of_its_own(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        free = m.PromotionTerms("Free delivery", [m.Action("free_delivery")])
        for name in ("b", "a", "c"):
            await city.operator.request(m.DefinePromotion(name, free))
        await city.store.request(m.DefinePromotion("mine", free))
        await city.operator.request(m.EndPromotion("b"))

        async def names(client, **more):
            told = await client.request(m.ListPromotions(**more))
            return [x.promotion for x in told.promotions], told.next

        desk = party(app, "crm", "desk")
        desk.start()
        assert await names(desk) == (["a", "b", "c", "mine"], None)
        assert await names(desk, on=True) == (["a", "c", "mine"], None)
        assert await names(desk, on=False) == (["b"], None)
        assert await names(desk, limit=2) == (["a", "b"], "b")
        assert await names(desk, limit=2, after="b") == (["c", "mine"], None)
        assert await names(city.store) == (["mine"], None)
        assert await names(city.store, on=False) == ([], None)
        [told] = (await city.store.request(m.ListPromotions())).promotions
        assert told == await city.store.request(m.GetPromotion("mine"))
        await desk.close()


@live
async def test_a_store_promotes_at_its_own_expense_and_sees_its_own_only(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        free = m.PromotionTerms("Free delivery", [m.Action("free_delivery")])
        await city.operator.request(m.DefinePromotion("ours", free))
        await city.store.request(m.DefinePromotion("mine", free))
        assert (await city.store.request(m.GetPromotion("mine"))).terms.bearer == "s1"
        async with refused("already_exists"):
            await city.store.request(m.DefinePromotion("ours", free))
        for request in (m.GetPromotion("ours"), m.EndPromotion("ours")):
            async with refused("unknown", what="promotion", id="ours"):
                await city.store.request(request)
        foreign = m.PromotionTerms("Theirs", [m.Action("free_delivery")], bearer="s9")
        async with refused("malformed", field="terms.bearer"):
            await city.store.request(m.DefinePromotion("theirs", foreign))
        euros = m.PromotionTerms("Less", [m.Action("amount", amount=m.Money(5, "EUR"))])
        async with refused("malformed", field="terms.actions.amount.currency"):
            await city.operator.request(m.DefinePromotion("less", euros))
        async with refused("unknown", what="coupon", id="TEN"):
            await city.store.request(m.GetCoupon("TEN"))


# weekly hours


@given(
    st.integers(0, 1_439),
    st.integers(1, 1_440),
    st.lists(st.sampled_from(DAYS), unique=True, min_size=1),
)
def test_hours_said_and_told_again_are_the_same_minutes(opens, closes, days):
    def clock(minute):
        return f"{minute // 60:02d}:{minute % 60:02d}"

    if closes == opens:
        return  # a day and a night: those of neighbors would overlap
    found = weekly([m.Hours(days, clock(opens), clock(closes))])
    assert are_sound(found)
    assert weekly(hours_told(found)) == found
    lasts = (closes - opens) % 1_440 or 1_440  # from 00:00 to 24:00
    for day in days:
        start = (DAYS.index(day) * 1_440 + opens) % (7 * 1_440)
        at = (start - 3 * 1_440) % (7 * 1_440) * MINUTE  # the epoch was a Thursday
        assert is_within(found, at, 0)
        assert is_within(found, at + (lasts - 1) * MINUTE, 0)


def test_no_day_begins_at_its_end():
    with pytest.raises(Refusal) as info:
        weekly([m.Hours(["mon"], "24:00", "03:00")])
    assert info.value.error.detail == {"field": "hours.opens"}
