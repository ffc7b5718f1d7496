"""Ways of paying that are refused, and why; and that nobody learns from us who paid."""

import pytest

from engine.settings import Settings
from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.practice import (
    BUYER,
    OPENID,
    PAYING,
    QUIET,
    WAYS,
    invoked,
    placed,
    practice,
    quiet,
    started,
    status_becomes,
)
from tests.serving import live

# what is refused


@pytest.mark.parametrize(
    ("provider", "method", "payer", "field"),
    [
        ("wechat", "mini_program", {}, "openid"),
        ("wechat", "official_account", {"client_ip": "10.0.0.1"}, "openid"),
        ("wechat", "h5", {"openid": OPENID}, "client_ip"),
        ("alipay", "mini_program", {}, "openid"),
        ("alipay", "h5", {}, "return_url"),
    ],
)
@live
async def test_what_is_missing_is_named_and_asked_of_nobody_and_the_order_waits(
    tmp_path, provider, method, payer, field
):
    async with practice(tmp_path, PAYING) as p:
        told = await placed(p, "o", provider, method)
        reply = await p.city.shop.ask(m.StartPayment(told.payment, **payer))
        assert (reply.error.code, reply.error.detail) == ("payer_incomplete", {"field": field})
        assert p.sandbox.trades.all == {}
        assert p.state.orders["o"].status == "placed"
        page = (await started(p, told.payment, **WAYS[provider, method])).page
        await invoked(p.sandbox, page)
        await status_becomes(p, "o/1", "authorized")


@pytest.mark.parametrize(
    ("provider", "method", "known"),
    [
        ("wechat", "web", ["default", "mini_program", "official_account", "app", "h5"]),
        ("alipay", "official_account", ["default", "mini_program", "app", "h5", "web"]),
        ("stripe", "app", ["default"]),
        ("cash", "app", []),
        ("nobody", "h5", []),
    ],
)
@live
async def test_a_way_that_is_not_configured_is_refused_and_the_quote_stays_good(
    tmp_path, provider, method, known
):
    async with practice(tmp_path, PAYING) as p:
        with pytest.raises(RequestRefusedError, match="method_unavailable") as info:
            await placed(p, "o", provider, method)
        detail = {"provider": provider, "method": method, "methods": known}
        assert info.value.error.detail == detail
        assert p.state.orders.get("o") is None
        await p.city.shop.request(m.PlaceOrder("o", "q-o", "wechat"))
        await status_becomes(p, "o/1", "authorized")


@live
async def test_what_the_provider_would_not_take_is_said_in_its_word_and_can_be_mended(tmp_path):
    async with practice(tmp_path, PAYING) as p:
        await placed(p, "o", "wechat", "mini_program")
        reply = await p.city.shop.ask(m.StartPayment("o/1", openid="nonsense"))
        assert reply.error.code == "payment_refused"
        assert reply.error.detail == {"provider_code": "PARAM_ERROR"}
        page = (await started(p, "o/1", openid=OPENID)).page
        other = await p.city.shop.ask(m.StartPayment("o/1", openid=OPENID[:-1] + "x"))
        assert other.error.detail == {"provider_code": "INVALID_REQUEST"}
        for bad in ("10.0.0.256", "1::2::3"):
            reply = await p.city.shop.ask(m.StartPayment("o/1", client_ip=bad))
            assert (reply.error.code, reply.error.detail) == ("malformed", {"field": "client_ip"})
        await invoked(p.sandbox, page)
        await status_becomes(p, "o/1", "authorized")


@live
async def test_a_provider_is_not_asked_for_money_it_does_not_take(tmp_path):
    """Alipay is told amounts in yuan alone: as many yuan would be paid as euros are due."""
    async with practice(tmp_path, PAYING, settings=Settings(currency="EUR")) as p:
        told = await placed(p, "o", "alipay", "mini_program")
        reply = await p.city.shop.ask(m.StartPayment(told.payment, openid=BUYER))
        assert reply.error.code == "payment_refused"
        assert reply.error.detail == {"provider_code": "currency"}
        assert p.sandbox.trades.all == {}


@live
async def test_a_provider_that_does_not_answer_is_said_to_be_silent(tmp_path):
    async with practice(tmp_path, PAYING) as p:
        told = await placed(p, "o", "wechat", "mini_program")
        await p.sandbox._runner.cleanup()
        reply = await p.city.shop.ask(m.StartPayment(told.payment, openid=OPENID))
        assert (reply.error.code, reply.error.retryable) == ("provider_silent", True)
        assert p.state.orders["o"].status == "placed"


@live
async def test_nobody_starts_what_is_another_services(tmp_path):
    from tests.serving import party

    async with practice(tmp_path, QUIET) as p:
        told = await placed(p, "o", "wechat", "mini_program")
        other = party(p.app, "order_service", "other")
        other.start()
        with pytest.raises(RequestRefusedError, match="unknown"):
            await other.request(m.StartPayment(told.payment, openid=OPENID))
        await other.close()
        assert p.sandbox.trades.all == {}


# privacy


@live
async def test_who_paid_and_from_where_is_in_no_file_and_no_log(tmp_path, caplog):
    caplog.set_level(0)
    address = "203.0.113.77"
    async with practice(tmp_path, PAYING) as p:
        await placed(p, "o", "wechat", "mini_program")
        await placed(p, "h", "wechat", "h5")
        await placed(p, "a", "alipay", "mini_program")
        await p.city.shop.ask(m.StartPayment("o/1", openid="nonsense-of-ann"))
        pages = [
            await started(p, "o/1", openid=OPENID),
            await started(p, "h/1", client_ip=address),
            await started(p, "a/1", openid=BUYER),
        ]
        for x in pages:
            await invoked(p.sandbox, x.page)
        for order in "oha":
            await status_becomes(p, f"{order}/1", "authorized")
        await quiet(p)
    said = caplog.text
    kept = [x for x in tmp_path.rglob("*") if x.is_file() and "sandbox" not in x.parts]
    assert len(kept) > 3
    for secret in (OPENID, "nonsense-of-ann", address, BUYER):
        assert secret not in said
        for path in kept:
            assert secret.encode() not in path.read_bytes(), path
