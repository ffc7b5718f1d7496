"""A courier's app tells over the wire when something happened, and everyone reads when it did."""

from gateway import messages as m
from gateway.wire import millis, time_text
from tests.serving import accepted, live, serving, small_city


@live
async def test_what_was_done_offline_is_told_with_its_time_and_with_when_it_was_heard(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        delivery = await accepted(city, "o1")
        await city.kim.request(m.ReportPickup(delivery))
        now = app.loop.clock.now()
        door_at = time_text(now + 60_000)  # a clock that is fast by a minute
        wrong = await city.kim.ask(m.ReportDropoff(delivery, occurred_at="2020-01-01T00:00:00Z"))
        assert wrong.error.code == "time_not_believed"
        assert millis(wrong.error.detail["earliest_at"], "") <= now
        await city.kim.request(m.ReportDropoff(delivery, occurred_at=door_at))
        order = await city.shop.request(m.GetOrder("o1"))
        assert order.order_status == "fulfilled"
        assert now <= millis(order.occurred_at, "") < millis(door_at, "")
        assert app.engine.state.orders["o1"].delivered_at == millis(order.occurred_at, "")
        bad = await city.kim.ask(m.ReportDropoff(delivery, occurred_at="yesterday"))
        assert bad.error.code == "malformed"
