"""Paying as customers do: in a mini-program, an app, a browser; over real sockets, end to end.

What invokes a payment is judged by a second reading of the providers' rules, written here.
"""

import base64
import json
from hashlib import sha256
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.providers.port import NOBODY, number_of
from tests.practice import (
    BUYER,
    OPENID,
    PAYING,
    QUIET,
    TOTAL,
    balance,
    becomes,
    brought,
    invoked,
    practice,
    quiet,
    settled_becomes,
    status_becomes,
)
from tests.serving import DOOR, live

BACK = "https://shop.example/back"
WAYS = {
    ("wechat", "mini_program"): {"openid": OPENID},
    ("wechat", "official_account"): {"openid": OPENID},
    ("wechat", "app"): {},
    ("wechat", "h5"): {"client_ip": "2001:db8::7", "device": "android"},
    ("alipay", "mini_program"): {"openid": BUYER},
    ("alipay", "app"): {},
    ("alipay", "h5"): {"return_url": BACK},
    ("alipay", "web"): {"return_url": BACK},
}
TRADE_TYPES = {"mini_program": "JSAPI", "official_account": "JSAPI", "app": "APP", "h5": "MWEB"}
LAZY = PAYING.__class__(pays_after_s=30.0, refunds_take_s=0.0, retries_s=(0.05, 0.1, 0.2))


async def placed(p, order, provider, method, tip=0):
    ask = m.RequestQuote(f"q-{order}", "ann", "s1", [m.Line("ramen", 1)], DOOR)
    await p.city.shop.request(ask)
    gift = m.Money(tip, "CNY") if tip else None
    place = m.PlaceOrder(order, f"q-{order}", provider, tip=gift, method=method)
    return await p.city.shop.request(place)


async def started(p, payment, **payer):
    return await p.city.shop.request(m.StartPayment(payment, **payer))


def is_signed(key, message, signature):
    """RFC 8017, 8.2.2: the padding and the digest of SHA-256 are what the public key brings out."""
    public = key.public_key().public_numbers()
    size = (public.n.bit_length() + 7) // 8
    raw = base64.b64decode(signature, validate=True)
    found = pow(int.from_bytes(raw, "big"), public.e, public.n).to_bytes(size, "big")
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + sha256(message).digest()
    return found == b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest


def is_alipays(key, question):
    """Of an order text or an address: all but the signature, decoded, by name."""
    fields = dict(x.split("=", 1) for x in question.split("&"))
    plain = {unquote_plus(k): unquote_plus(x) for k, x in fields.items()}
    sign = plain.pop("sign")
    return is_signed(key, "&".join(f"{k}={plain[k]}" for k in sorted(plain)).encode(), sign)


# from the quote to the door


@pytest.mark.parametrize(("provider", "method"), WAYS)
@live
async def test_an_order_is_paid_where_its_customer_is_and_partly_given_back(
    tmp_path, provider, method
):
    async with practice(tmp_path, PAYING) as p:
        told = await placed(p, "o", provider, method, tip=300)
        assert (await p.city.shop.request(m.GetPayment(told.payment))).page is None
        payment = await started(p, told.payment, **WAYS[provider, method])
        assert (payment.status, payment.method) == ("requested", method)
        assert (await invoked(p.sandbox, payment.page))[0] in (200, 204)
        await becomes(lambda: p.state.orders["o"].status.value, "confirmed")
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture")
        await p.city.operator.request(m.RefundOrder("a", "o", m.Money(500, "CNY"), "cold"))
        await settled_becomes(p, "o/refund/a")
        trade = p.sandbox.trades.get(provider, number_of("o/1"))
        assert (trade.taken_minor, trade.refunded_minor) == (TOTAL + 300, 500)
        assert balance(p, f"provider:{provider}") == TOTAL + 300 - 500
        assert balance(p, "platform:held") == 0
        await quiet(p)
        assert p.app.payments.reports.tally.notices_refused == 0
        assert p.app.payments.reports.tally.notices_unmatched == 0


@live
async def test_the_bill_of_the_day_has_every_way_and_agrees(tmp_path):
    from tests.payments.test_city import today

    async with practice(tmp_path, PAYING) as p:
        for n, ((provider, method), payer) in enumerate(WAYS.items()):
            told = await placed(p, f"o{n}", provider, method)
            page = (await started(p, told.payment, **payer)).page
            await invoked(p.sandbox, page)
            await status_becomes(p, told.payment, "authorized")
            await brought(p, f"o{n}")
            await settled_becomes(p, f"{told.payment}/capture")
        await p.city.operator.request(m.RefundOrder("a", "o0", m.Money(500, "CNY"), "cold"))
        await settled_becomes(p, "o0/refund/a")
        office = p.app.payments
        for provider in ("wechat", "alipay"):
            data = p.sandbox.bill(provider, today(provider))
            chosen, keeper = office.providers[provider], office.bookkeeper
            told = await keeper.reconcile(chosen, today(provider), data, early=True)
            assert (told.differences, told.agreed) == (0, 5 if provider == "wechat" else 4)
        for name in TRADE_TYPES.values():
            assert f"`{name}," in p.sandbox.bill("wechat", today("wechat")).decode()


@live
async def test_a_tip_is_paid_in_the_mini_program_too(tmp_path):
    async with practice(tmp_path, PAYING) as p:
        told = await placed(p, "o", "wechat", "mini_program")
        await invoked(p.sandbox, (await started(p, told.payment, openid=OPENID)).page)
        await brought(p, "o")
        tip = m.AddTip("t", "o", m.Money(250, "CNY"), "wechat", "mini_program")
        told = await p.city.shop.request(tip)
        await invoked(p.sandbox, (await started(p, told.payment, openid=OPENID)).page)
        await status_becomes(p, "o/tip/t", "captured")
        await quiet(p)


# what invokes it


@live
async def test_what_a_mini_program_and_an_app_are_given_is_signed_as_wechat_reads_it(tmp_path):
    async with practice(tmp_path, QUIET) as p:
        identity = p.sandbox._identity
        key, names = identity.merchant, identity.names
        await placed(p, "j", "wechat", "mini_program")
        page = (await started(p, "j/1", openid=OPENID)).page
        x = page.parameters
        assert list(x) == ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"]
        assert (x["appId"], x["signType"]) == (names.appids["mini_program"], "RSA")
        assert x["package"] == f"prepay_id={page.value}"
        lines = f"{x['appId']}\n{x['timeStamp']}\n{x['nonceStr']}\nprepay_id={page.value}\n"
        assert is_signed(key, lines.encode(), x["paySign"])
        assert not is_signed(key, lines.encode()[:-1], x["paySign"])
        await placed(p, "a", "wechat", "app")
        page = (await started(p, "a/1")).page
        x = page.parameters
        assert (x["appid"], x["partnerid"]) == (names.appids["app"], names.mchid)
        assert (x["package"], x["prepayid"]) == ("Sign=WXPay", page.value)
        lines = f"{x['appid']}\n{x['timestamp']}\n{x['noncestr']}\n{page.value}\n"
        assert is_signed(key, lines.encode(), x["sign"])


@live
async def test_what_goes_to_alipay_by_the_customers_hand_is_signed_as_alipay_reads_it(tmp_path):
    async with practice(tmp_path, QUIET) as p:
        key = p.sandbox._identity.merchant
        found = {}
        for method in ("app", "h5", "web"):
            await placed(p, method, "alipay", method)
            page = (await started(p, f"{method}/1", return_url=BACK)).page
            question = urlsplit(page.value).query if page.kind == "redirect" else page.value
            assert is_alipays(key, question)
            assert not is_alipays(key, question.replace("17.00", "1.00"))
            fields = dict(parse_qsl(question, strict_parsing=True))
            asked = json.loads(fields["biz_content"])
            assert asked["out_trade_no"] == number_of(f"{method}/1")
            assert asked["total_amount"] == "17.00"
            quits, returns = asked.get("quit_url"), fields.get("return_url")
            found[method] = (page.kind, fields["method"], asked["product_code"], quits, returns)
        app = ("alipay_app", "alipay.trade.app.pay", "QUICK_MSECURITY_PAY", None, None)
        wap = ("redirect", "alipay.trade.wap.pay", "QUICK_WAP_WAY", BACK, BACK)
        web = ("redirect", "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY", None, BACK)
        assert found == {"app": app, "h5": wap, "web": web}
        # Nothing was asked of Alipay: a trade begins when a customer brings the question there.
        assert p.sandbox.trades.all == {}


@live
async def test_what_somebody_changed_on_the_way_is_not_invoked(tmp_path):
    async with practice(tmp_path, PAYING) as p:
        await placed(p, "j", "wechat", "mini_program")
        page = (await started(p, "j/1", openid=OPENID)).page
        for name, value in (("nonceStr", "x" * 32), ("appId", "wx1"), ("paySign", "AAAA")):
            bent = m.Page(page.kind, page.value, page.parameters | {name: value})
            assert (await invoked(p.sandbox, bent))[0] == 409
        await placed(p, "a", "alipay", "app")
        page = (await started(p, "a/1")).page
        bent = m.Page(page.kind, page.value.replace("17.00", "1.00"))
        assert await invoked(p.sandbox, bent) == (409, "bad_signature")
        assert p.state.payments["j/1"].status == p.state.payments["a/1"].status == "requested"


# again, and again


@pytest.mark.parametrize(("provider", "method"), WAYS)
@live
async def test_asked_again_it_is_a_fresh_invocation_of_the_same_payment(tmp_path, provider, method):
    async with practice(tmp_path, QUIET) as p:
        told = await placed(p, "o", provider, method)
        payer = WAYS[provider, method]
        first = (await started(p, told.payment, **payer)).page
        again = (await started(p, told.payment, **payer)).page
        assert again.kind == first.kind
        if again.parameters:
            assert again.parameters != first.parameters  # a nonce of its own
        p.sandbox.conduct = PAYING
        for page in (first, again):
            await invoked(p.sandbox, page)
        await status_becomes(p, told.payment, "authorized")
        assert [x.number for x in p.sandbox.trades.all.values()] == [number_of("o/1")]
        after = await started(p, told.payment, **payer)
        assert (after.status, after.page) == ("authorized", None)


@live
async def test_who_has_paid_is_found_out_when_the_client_asks_once_more(tmp_path):
    """Its notice is lost; the client's next question brings it to light."""
    async with practice(tmp_path, QUIET) as p:
        told = await placed(p, "o", "wechat", "mini_program")
        await started(p, told.payment, openid=OPENID)
        p.sandbox.postman.is_held = True
        p.sandbox.till.pay(p.sandbox.trades.get("wechat", number_of("o/1")))
        after = await started(p, told.payment, openid=OPENID)
        assert (after.status, after.page) == ("authorized", None)
        assert p.state.orders["o"].status == "confirmed"


@pytest.mark.parametrize(("provider", "method"), WAYS)
@live
async def test_what_was_invoked_and_not_paid_is_shut_or_given_back_once(tmp_path, provider, method):
    async with practice(tmp_path, LAZY) as p:
        told = await placed(p, "o", provider, method)
        page = (await started(p, told.payment, **WAYS[provider, method])).page
        await invoked(p.sandbox, page)
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        await becomes(lambda: p.state.payments["o/1"].withdrawn, True)
        assert p.sandbox.trades.get(provider, number_of("o/1")).status == "closed"
        after = await started(p, told.payment, **WAYS[provider, method])
        assert (after.status, after.page) == ("failed", None)
        assert (await invoked(p.sandbox, page))[0] == 409


@live
async def test_whoever_waited_while_it_was_given_up_starts_nothing(tmp_path):
    """Between the question and its turn the customer changed his mind; it is not shut yet."""
    async with practice(tmp_path, QUIET) as p:
        await placed(p, "o", "wechat", "app")
        await p.sandbox._runner.cleanup()
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        errands = p.app.payments.errands
        assert errands.payment_of("wechat", number_of("o/1")) == "o/1"
        assert await errands.start("o/1", NOBODY) is None


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
