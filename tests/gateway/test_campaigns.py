"""A campaign over the gateway, from its launch to what it changed."""

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.wire import time_text
from tests.serving import delivered, live, party, serving, small_city, until


async def code_of(client, body):
    with pytest.raises(RequestRefusedError) as info:
        await client.request(body)
    return info.value.code


@live
async def test_coupons_reach_a_segment_and_what_they_change_is_told(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        desk = party(app, "crm", "desk")
        desk.start()
        news = desk.subscribe("crm")
        await delivered(city, "o1")
        await city.shop.request(m.SetConsent("ann", "marketing", True))
        tenth = m.PromotionTerms("come back", [m.Action("percent", permille=100)], by_coupon=True)
        await city.operator.request(m.DefinePromotion("p", tenth))
        until_ms = app.loop.clock.now() + 3_600_000
        launch = m.LaunchCampaign("spring", ["new_customers"], "p", "K", time_text(until_ms), 0)
        await desk.request(launch)
        assert await code_of(desk, launch) == "already_exists"
        given = await until(news, lambda x: isinstance(x.body, m.CouponsGiven))
        assert (given.body.coupon, given.body.customers) == ("K", ["ann"])
        await delivered(city, "o2", ("K",))
        used = await until(news, lambda x: isinstance(x.body, m.CouponRedeemed))
        assert (used.body.coupon, used.body.order, used.body.off) == (
            "K",
            "o2",
            m.Money(120, "CNY"),
        )
        told = await desk.request(m.GetCampaign("spring"))
        assert (told.treated.members, told.treated.redeemed, told.uplift) == (1, 1, None)
        [listed] = (await city.operator.request(m.ListCampaigns())).campaigns
        assert listed.campaign == "spring"
        await desk.request(m.StopCampaign("spring"))
        assert (await desk.request(m.GetCampaign("spring"))).ended_at
        assert await code_of(desk, m.GetCampaign("winter")) == "unknown"
        assert await code_of(city.shop, m.GetCampaign("spring")) == "forbidden"
        await desk.close()
