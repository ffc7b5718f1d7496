"""Customers over the gateway: each service its own, operators everybody's, pages that stay right."""

import pytest

from gateway import messages as m
from gateway.asking import customer_records
from gateway.client import RequestRefusedError
from tests.serving import delivered, live, party, placed, serving, small_city


async def code_of(client, body):
    with pytest.raises(RequestRefusedError) as info:
        await client.request(body)
    return info.value.error.code


@live
async def test_what_is_known_of_a_customer_is_told_to_the_service_whose_customer_it_is(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        await placed(city, "o2", 3)
        await city.shop.request(m.SetConsent("ann", "marketing", True))
        ann = await city.shop.request(m.GetCustomer("ann"))
        assert (ann.customer, ann.service, ann.standing) == ("ann", "shop", "good")
        assert (ann.purchases, ann.segments) == (1, ["new_customers"])
        assert [x.purpose for x in ann.consents] == ["marketing"]
        assert ann.first_purchase_at == ann.last_purchase_at is not None
        purchases = await city.shop.request(m.ListPurchases("ann"))
        assert [(x.order, x.order_status) for x in purchases.purchases] == [
            ("o2", "placed"),
            ("o1", "fulfilled"),
        ]
        assert ann.spent == purchases.purchases[1].due
        assert purchases.purchases[0].lines == [m.PricedLine("ramen", 3, m.Money(1200, "CNY"))]
        segmentation = await city.operator.request(m.GetSegmentation())
        assert segmentation.sizes["new_customers"] == 1
        assert sum(segmentation.sizes.values()) == 1


@live
async def test_another_service_learns_nothing_not_even_that_the_customer_exists(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        rival = party(app, "order_service", "rival")
        rival.start()
        for body in (
            m.GetCustomer("ann"),
            m.ListPurchases("ann"),
            m.SetConsent("ann", "marketing", True),
            m.ForgetCustomer("ann"),
            m.GetCustomer("nobody"),
        ):
            assert await code_of(rival, body) == "unknown"
        for body in (m.SetStanding("ann", "blocked", "fraud"), m.GetSegmentation()):
            assert await code_of(rival, body) == "forbidden"
        assert (await city.operator.request(m.GetCustomer("ann"))).service == "shop"
        await rival.close()


@live
async def test_pages_of_purchases_stay_right_while_more_is_bought(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for n in range(5):
            await placed(city, f"o{n}")
        first = await city.shop.request(m.ListPurchases("ann", limit=2))
        await placed(city, "o5")
        rest = await city.shop.request(m.ListPurchases("ann", first.next, 2))
        last = await city.shop.request(m.ListPurchases("ann", rest.next, 2))
        pages = [[x.order for x in page.purchases] for page in (first, rest, last)]
        assert pages == [["o4", "o3"], ["o2", "o1"], ["o0"]]
        assert last.next is None
        for cursor in ("7", "x", "-1", "9" * 50):
            assert await code_of(city.shop, m.ListPurchases("ann", cursor)) == "malformed"


@live
async def test_who_is_forgotten_is_unknown_to_everybody(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        await city.shop.request(m.ForgetCustomer("ann"))
        for client in (city.shop, city.operator):
            assert await code_of(client, m.GetCustomer("ann")) == "unknown"
            assert await code_of(client, m.ListPurchases("ann")) == "unknown"


@live
async def test_who_is_in_a_segment_is_listed_page_by_page_for_who_markets(tmp_path, monkeypatch):
    async with serving(tmp_path) as app, small_city(app) as city:
        crm = party(app, "crm", "campaigns")
        crm.start()
        for n in range(5):
            await city.shop.request(m.RegisterCustomer(f"c{n}"))
        for customer in ("c3", "ann", "c1"):
            await delivered(city, f"of-{customer}", customer=customer)
        await city.shop.request(m.SetConsent("c1", "marketing", True))
        page = await crm.request(m.ListSegmentMembers("new_customers", limit=2))
        assert (page.size, [x.customer for x in page.members]) == (3, ["ann", "c1"])
        [_, c1] = page.members
        assert (c1.purchases, c1.marketing, c1.standing) == (1, True, "good")
        assert c1.last_purchase_at is not None
        await city.shop.request(m.ForgetCustomer("ann"))
        rest = await crm.request(m.ListSegmentMembers("new_customers", page.next))
        assert (rest.size, [x.customer for x in rest.members], rest.next) == (2, ["c3"], None)
        nobody = await city.operator.request(m.ListSegmentMembers("lost"))
        assert (nobody.size, nobody.members, nobody.next) == (0, [], None)
        monkeypatch.setattr(customer_records, "LOOKED_AT_MAX", 2)
        found, cursor, pages = [], "0", 0
        while cursor:
            page = await crm.request(m.ListSegmentMembers("new_customers", cursor))
            found += [x.customer for x in page.members]
            cursor, pages = page.next, pages + 1
        assert (found, pages) == (["c1", "c3"], 3)
        assert await code_of(crm, m.ListSegmentMembers("new_customers", "7")) == "malformed"
        assert await code_of(city.shop, m.ListSegmentMembers("new_customers")) == "forbidden"
        await crm.close()


@live
async def test_another_rule_makes_other_segments(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        low = m.SetSegmentation([7, 14, 30, 60], [3, 2, 1, 0], [4, 3, 2, 1])
        await city.operator.request(low)
        told = await city.operator.request(m.GetSegmentation())
        assert told.purchases == [3, 2, 1, 0]
        while told.sizes["new_customers"]:  # the timer of the review is due at once
            told = await city.operator.request(m.GetSegmentation())
        assert told.sizes["potential_loyalist"] == 1
        bad = m.SetSegmentation([7, 7, 30, 60], [4, 3, 2, 1], [4, 3, 2, 1])
        assert await code_of(city.operator, bad) == "malformed"


@live
async def test_everything_a_customer_did_is_on_one_line_of_time(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.shop.request(m.SetConsent("ann", "marketing", True))
        await delivered(city, "o1")
        await city.shop.request(m.RateOrder("o1", 4))
        await city.shop.request(m.OpenComplaint("c1", "ann", "late", order="o1"))
        await city.operator.request(m.AnswerComplaint("c1", "sorry"))
        await city.shop.request(m.RecordInteraction("i1", "ann", "phone", "delivery"))
        back = [m.Line("ramen", 1)]
        await city.shop.request(m.PreviewChange("r1", "o1", back, "defective"))
        await city.shop.request(m.PreviewChange("r2", "o1", back, "unwanted"))
        await city.shop.request(m.ConfirmChange("r1"))
        await placed(city, "o2")
        await city.shop.request(m.CancelOrder("o2", "changed_mind"))
        entries, cursor = [], None
        while True:
            page = await city.shop.request(m.GetTimeline("ann", cursor, 3))
            entries, cursor = entries + page.entries, page.next
            if cursor is None:
                break
        assert sorted(((x.at) for x in entries), reverse=True) == [x.at for x in entries]
        told = {(x.kind, x.id, x.what) for x in entries}
        assert len(told) == len(entries) == 11
        assert told == {
            ("registered", "ann", "good"),
            ("consent", "marketing", "given"),
            ("order", "o1", "placed"),
            ("order", "o1", "fulfilled"),
            ("rating", "o1", "4"),
            ("complaint", "c1", "opened"),
            ("complaint", "c1", "answered"),
            ("interaction", "i1", "phone"),
            ("return", "r1", "defective/confirmed"),
            ("order", "o2", "placed"),
            ("order", "o2", "customer/changed_mind"),
        }
        for cursor in ("x", "1", "1:", ":1", "-1:0"):
            assert await code_of(city.shop, m.GetTimeline("ann", cursor)) == "malformed"
        rival = party(app, "order_service", "rival")
        rival.start()
        assert await code_of(rival, m.GetTimeline("ann")) == "unknown"
        await rival.close()
