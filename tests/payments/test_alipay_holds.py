"""Alipay's pre-authorization over real sockets: frozen when ordered, paid when brought."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from engine import audit
from gateway import messages as m
from gateway.providers import FILE
from gateway.providers.port import number_of
from gateway.providers.sandbox.alipay_desk import AlipayDesk
from gateway.providers.sandbox.postman import Conduct
from gateway.providers.sandbox.practising import practising
from tests.practice import (
    PAYING,
    QUIET,
    TOTAL,
    balance,
    becomes,
    brought,
    invoked,
    ordered,
    quiet,
    settled_becomes,
    status_becomes,
    trade_of,
)
from tests.serving import DOOR, live, serving, small_city


@asynccontextmanager
async def holding(data, conduct=PAYING):
    """As `practice`, for a merchant whose customers' money is frozen first."""
    async with practising(data):
        told = (data / FILE).read_text()
        (data / FILE).write_text(told.replace("hold = false", "hold = true"))
    async with practising(data) as sandbox:  # which leaves that as it was
        sandbox.conduct = conduct
        async with serving(data) as app, small_city(app) as city:
            yield SimpleNamespace(sandbox=sandbox, app=app, city=city, state=app.engine.state)
            assert list(audit.violations(app.engine.state)) == []


@live
async def test_what_is_frozen_is_paid_at_the_door_and_partly_given_back(tmp_path):
    async with holding(tmp_path) as p:
        told = await ordered(p.city, "o", "alipay", tip=300)
        await status_becomes(p, told.payment, "authorized")
        assert not p.state.payments[told.payment].taken
        trade = await trade_of(p, "alipay", "o/1")
        assert (trade.status, trade.taken_minor) == ("held", 0)
        assert balance(p, "platform:held") == 0
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture")
        await p.city.operator.request(m.RefundOrder("a", "o", m.Money(500, "CNY"), "cold"))
        await settled_becomes(p, "o/refund/a")
        assert (trade.taken_minor, trade.refunded_minor) == (TOTAL + 300, 500)
        assert balance(p, "provider:alipay") == TOTAL + 300 - 500
        unbilled = p.state.reconciliations.unbilled["alipay"].movements.values()
        assert sorted(x.amount_minor for x in unbilled) == [500, TOTAL + 300]
        await quiet(p)
        assert p.app.payments.reports.tally.notices_refused == 0


@live
async def test_in_an_app_it_is_frozen_too_and_elsewhere_a_code_does(tmp_path):
    async with holding(tmp_path) as p:
        for order, method in (("o", "app"), ("h", "h5")):
            await p.city.shop.request(
                m.RequestQuote(f"q-{order}", "ann", "s1", [m.Line("ramen", 1)], DOOR)
            )
            place = m.PlaceOrder(order, f"q-{order}", "alipay", method=method)
            reply = await p.city.shop.ask(place)
            assert (reply.error is None) == (method == "app")
        page = (await p.city.shop.request(m.StartPayment("o/1"))).page
        assert await invoked(p.sandbox, page) == (204, "")
        await status_becomes(p, "o/1", "authorized")
        assert not p.state.payments["o/1"].taken
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture")
        assert (await trade_of(p, "alipay", "o/1")).taken_minor == TOTAL
        await quiet(p)
        assert p.app.payments.reports.tally.notices_refused == 0


@live
async def test_less_than_was_frozen_is_paid_and_nothing_has_to_go_back(tmp_path):
    async with holding(tmp_path) as p:
        await ordered(p.city, "o", "alipay", lines=2)
        await becomes(lambda: p.state.orders["o"].status.value, "confirmed")
        placed_at = (await p.city.shop.request(m.GetOrder("o"))).placed_at
        await p.city.store.request(m.AcceptOrder("o", placed_at))
        await p.city.store.request(m.ReportMissing("o", "ramen", 1))
        await p.city.operator.request(m.AssignDelivery("kim", "o/1", "by_hand"))
        await p.city.kim.request(m.AcceptOffer("o/1"))
        await p.city.kim.request(m.ReportPickup("o/1"))
        await p.city.kim.request(m.ReportDropoff("o/1"))
        await settled_becomes(p, "o/1/capture")
        trade = await trade_of(p, "alipay", "o/1")
        assert (trade.taken_minor, trade.refunds) == (TOTAL, {})


@live
async def test_who_cancels_has_his_money_at_once_and_never_paid(tmp_path):
    async with holding(tmp_path) as p:
        told = await ordered(p.city, "o", "alipay")
        await status_becomes(p, told.payment, "authorized")
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        await settled_becomes(p, "o/1/void")
        trade = await trade_of(p, "alipay", "o/1")
        assert (trade.status, trade.taken_minor, trade.refunds) == ("closed", 0, {})
        assert balance(p, "provider:alipay") == 0


@live
async def test_what_nobody_froze_can_be_frozen_no_more_once_it_is_given_up(tmp_path):
    async with holding(tmp_path, QUIET) as p:
        await ordered(p.city, "o", "alipay")
        trade = await trade_of(p, "alipay", "o/1")
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        await becomes(lambda: trade.status, "closed")
        await becomes(lambda: p.app.payments.errands.under_way, 0)


@live
async def test_with_every_notice_lost_it_is_frozen_paid_and_let_go_all_the_same(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("gateway.providers.errands.FIRST_LOOK_S", 0.05)
    lost = Conduct(pays_after_s=0.02, drops=1.0, refunds_take_s=0.1)
    async with holding(tmp_path, lost) as p:
        for order in ("o0", "o1"):
            await ordered(p.city, order, "alipay")
            await status_becomes(p, f"{order}/1", "authorized")
        await brought(p, "o0")
        await settled_becomes(p, "o0/1/capture")
        await p.city.shop.request(m.CancelOrder("o1", "changed_mind"))
        await settled_becomes(p, "o1/1/void")
        paid, let_go = [await trade_of(p, "alipay", f"{x}/1") for x in ("o0", "o1")]
        assert (paid.status, paid.taken_minor) == ("taken", TOTAL)
        assert (let_go.status, let_go.refunds) == ("closed", {})
        assert p.sandbox.postman.delivered == 0


@live
async def test_what_was_let_go_of_by_itself_is_not_paid_and_the_books_say_so(tmp_path):
    """Alipay lets go of what is frozen after a while: then the goods were never paid for."""
    async with holding(tmp_path) as p:
        told = await ordered(p.city, "o", "alipay")
        await status_becomes(p, told.payment, "authorized")
        p.sandbox.till.shut("alipay", number_of("o/1"))
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture", "failed")
        assert balance(p, "platform:uncollected") == TOTAL
        assert balance(p, "provider:alipay") == 0


@pytest.mark.parametrize("forged", [{"amount": "0.01"}, {"payee_user_id": "2088000000000000"}])
@live
async def test_a_notice_of_another_sum_or_for_another_merchant_is_refused(
    tmp_path, forged, monkeypatch
):
    genuine = AlipayDesk._post
    monkeypatch.setattr(AlipayDesk, "_post", lambda desk, x, told: genuine(desk, x, told | forged))
    async with holding(tmp_path, QUIET) as p:
        await ordered(p.city, "o", "alipay")
        p.sandbox.till.pay(await trade_of(p, "alipay", "o/1"))
        await becomes(lambda: p.app.payments.reports.tally.notices_refused > 0, True)
        assert p.state.payments["o/1"].status.value == "requested"
