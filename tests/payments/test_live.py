"""Payments over real sockets: a gateway, three providers that sign as the real ones do, and orders."""

import asyncio

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.providers.port import number_of
from gateway.providers.sandbox.postman import Conduct
from tests.practice import (
    PAYING,
    PROVIDERS,
    QUIET,
    TOTAL,
    balance,
    becomes,
    brought,
    ordered,
    practice,
    quiet,
    settled_becomes,
    status_becomes,
    trade_of,
)
from tests.serving import live


@pytest.mark.parametrize("provider", PROVIDERS)
@live
async def test_an_order_is_paid_delivered_taken_and_partly_given_back(tmp_path, provider):
    async with practice(tmp_path, PAYING) as p:
        told = await ordered(p.city, "o", provider, tip=300)
        await status_becomes(p, told.payment, "authorized")
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture")
        for refund, amount in (("a", 500), ("b", 200)):
            money = m.Money(amount, "CNY")
            await p.city.operator.request(m.RefundOrder(refund, "o", money, "cold"))
            await settled_becomes(p, f"o/refund/{refund}")
        trade = await trade_of(p, provider, "o/1")
        assert (trade.taken_minor, trade.refunded_minor) == (TOTAL + 300, 700)
        assert balance(p, f"provider:{provider}") == TOTAL + 300 - 700
        assert balance(p, "platform:held") == 0
        unbilled = p.state.reconciliations.unbilled[provider].movements.values()
        assert sorted(x.amount_minor for x in unbilled) == [200, 500, TOTAL + 300]
        await quiet(p)
        assert p.app.payments.reports.tally.notices_refused == 0


@pytest.mark.parametrize("provider", PROVIDERS)
@live
async def test_with_every_notice_lost_all_payments_still_converge(tmp_path, provider, monkeypatch):
    monkeypatch.setattr("gateway.providers.errands.FIRST_LOOK_S", 0.05)
    lost = Conduct(pays_after_s=0.02, drops=1.0, refunds_take_s=0.1)
    async with practice(tmp_path, lost) as p:
        for number in range(5):
            await ordered(p.city, f"o{number}", provider)
        for number in range(5):
            await status_becomes(p, f"o{number}/1", "authorized")
        await brought(p, "o0")
        await settled_becomes(p, "o0/1/capture")
        await p.city.operator.request(m.RefundOrder("a", "o0", m.Money(500, "CNY"), "cold"))
        await settled_becomes(p, "o0/refund/a")
        await p.city.shop.request(m.CancelOrder("o1", "changed_mind"))
        await settled_becomes(p, "o1/1/void")
        assert p.sandbox.postman.delivered == 0
        assert p.sandbox.postman.dropped > 5


@pytest.mark.parametrize("provider", PROVIDERS)
@live
async def test_less_than_was_held_is_taken_and_the_rest_goes_back(tmp_path, provider):
    async with practice(tmp_path, PAYING) as p:
        await ordered(p.city, "o", provider, lines=2)
        await becomes(lambda: p.state.orders["o"].status.value, "confirmed")
        placed_at = (await p.city.shop.request(m.GetOrder("o"))).placed_at
        await p.city.store.request(m.AcceptOrder("o", placed_at))
        await p.city.store.request(m.ReportMissing("o", "ramen", 1))
        delivery = "o/1"
        await p.city.operator.request(m.AssignDelivery("kim", delivery, "by_hand"))
        await p.city.kim.request(m.AcceptOffer(delivery))
        await p.city.kim.request(m.ReportPickup(delivery))
        await p.city.kim.request(m.ReportDropoff(delivery))
        await quiet(p)
        trade = await trade_of(p, provider, "o/1")
        assert trade.taken_minor - trade.refunded_minor == TOTAL
        assert balance(p, f"provider:{provider}") == TOTAL
        assert balance(p, "platform:held") == 0


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("when", ["before we look", "while we close"])
@live
async def test_money_that_lands_after_we_gave_up_goes_back_once(tmp_path, provider, when):
    async with practice(tmp_path, QUIET) as p:
        await ordered(p.city, "o", provider)
        trade = await trade_of(p, provider, "o/1")
        p.sandbox.postman.is_held = when == "before we look"
        p.sandbox.till.pay(trade)
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        await settled_becomes(p, "o/1/void")
        for letter in p.sandbox.postman.waiting:  # the notice comes after all, twice
            await p.sandbox.postman.deliver(*letter)
            await p.sandbox.postman.deliver(*letter)
        await quiet(p)
        kept = trade.taken_minor - trade.refunded_minor
        assert kept == 0
        assert trade.status == ("closed" if provider == "stripe" else "taken")
        assert len(trade.refunds) == (0 if provider == "stripe" else 1)
        assert balance(p, f"provider:{provider}") == balance(p, "platform:held") == 0
        assert p.state.orders["o"].status == "cancelled"


@pytest.mark.parametrize("provider", PROVIDERS)
@live
async def test_what_nobody_paid_is_shut_when_we_give_up(tmp_path, provider):
    async with practice(tmp_path, QUIET) as p:
        await ordered(p.city, "o", provider)
        trade = await trade_of(p, provider, "o/1")
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        await becomes(lambda: p.state.payments["o/1"].withdrawn, True)
        assert trade.status == "closed"
        assert p.state.payments["o/1"].status == "failed"


@live
async def test_where_to_pay_is_told_to_whoever_ordered_and_to_nobody_else(tmp_path):
    async with practice(tmp_path, QUIET) as p:
        for provider in PROVIDERS:
            told = await ordered(p.city, provider, provider)
            await trade_of(p, provider, told.payment)
            await becomes(lambda: p.app.payments.errands.page(told.payment) is None, False)  # noqa: B023
            payment = await p.city.shop.request(m.GetPayment(told.payment))
            assert (payment.status, payment.amount) == ("requested", m.Money(TOTAL, "CNY"))
            assert payment.page.kind == ("client_secret" if provider == "stripe" else "qr")
        from tests.serving import party

        other = party(p.app, "order_service", "other")
        other.start()
        with pytest.raises(RequestRefusedError, match="unknown"):
            await other.request(m.GetPayment("wechat/1"))
        await other.close()


@live
async def test_cash_needs_no_provider(tmp_path):
    async with practice(tmp_path, QUIET) as p:
        await ordered(p.city, "o", "cash", tip=100)
        await brought(p, "o")
        held = await p.city.operator.request(m.ListCash())
        assert held.couriers == [m.CashHeld("kim", m.Money(TOTAL + 100, "CNY"))]
        await p.city.operator.request(m.HandInCash("h", "kim", m.Money(TOTAL + 100, "CNY")))
        assert (await p.city.operator.request(m.ListCash())).couriers == []
        assert p.sandbox.trades.all == {}


@pytest.mark.parametrize("provider", PROVIDERS)
@live
async def test_a_tip_after_delivery_goes_through_the_provider_to_the_courier(tmp_path, provider):
    async with practice(tmp_path, PAYING) as p:
        await ordered(p.city, "o", provider)
        await brought(p, "o")
        before = balance(p, "courier:kim")
        told = await p.city.shop.request(m.AddTip("t", "o", m.Money(250, "CNY"), provider))
        assert told.payment == "o/tip/t"
        await status_becomes(p, "o/tip/t", "captured")
        assert balance(p, "courier:kim") == before - 250
        await quiet(p)


@live
async def test_a_refund_that_a_provider_cannot_carry_out_is_told_and_booked_back(tmp_path):
    fails = Conduct(pays_after_s=0.01, refunds_take_s=0.05, refunds_fail=1.0)
    async with practice(tmp_path, fails) as p:
        for provider in ("wechat", "stripe"):
            await ordered(p.city, provider, provider)
            await brought(p, provider)
            await settled_becomes(p, f"{provider}/1/capture")
            money = m.Money(500, "CNY")
            await p.city.operator.request(m.RefundOrder("a", provider, money, "cold"))
            await settled_becomes(p, f"{provider}/refund/a", "failed")
            assert balance(p, f"provider:{provider}") == TOTAL


@live
async def test_a_large_sum_is_not_believed_without_asking(tmp_path):
    """A notice alone would do for small ones; here the provider is asked, and says the same."""
    async with practice(tmp_path, PAYING) as p:
        tally = p.app.payments.reports.tally
        p.app.payments.providers["wechat"].confirm_above_minor = TOTAL - 1
        await ordered(p.city, "o", "wechat")
        await status_becomes(p, "o/1", "authorized")
        assert tally.notices == 1
        assert tally.asked == 2  # to make it payable, and to look


@live
async def test_a_provider_in_another_currency_is_never_believed(tmp_path):
    async with practice(tmp_path, QUIET) as p:
        await ordered(p.city, "o", "wechat")
        trade = await trade_of(p, "wechat", "o/1")
        trade.currency = "HKD"
        p.sandbox.till.pay(trade)
        await becomes(lambda: p.app.payments.reports.tally.notices_refused > 0, True)
        assert p.state.payments["o/1"].status == "requested"
        assert p.app.payments.reports.tally.mismatches >= 1


@pytest.mark.parametrize("off_by", [-1, 1])
@live
async def test_an_amount_that_is_off_by_one_confirms_nothing(tmp_path, off_by):
    async with practice(tmp_path, QUIET) as p:
        await ordered(p.city, "o", "alipay")
        trade = await trade_of(p, "alipay", "o/1")
        trade.amount_minor += off_by
        p.sandbox.till.pay(trade)
        await becomes(lambda: p.app.payments.reports.tally.notices_refused > 0, True)
        assert p.state.payments["o/1"].status == "requested"
        assert number_of("o/1") == trade.number
        await asyncio.sleep(0)


@live
async def test_a_refund_is_made_once_even_when_stripe_has_forgotten_that_it_was_asked(tmp_path):
    """After a day Stripe forgets idempotency keys; the refund itself is still there."""
    async with practice(tmp_path, PAYING) as p:
        await ordered(p.city, "o", "stripe")
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture")
        await p.city.operator.request(m.RefundOrder("r", "o", m.Money(500, "CNY"), "cold"))
        await settled_becomes(p, "o/refund/r")
        told = p.app.payments.errands._instruction("o/refund/r")
        p.sandbox._desks[2]._answered.clear()
        again = await p.app.payments.providers["stripe"].instruct(told)
        assert again.status == "done"
        trade = await trade_of(p, "stripe", "o/1")
        assert [x.amount_minor for x in trade.refunds.values()] == [500]
