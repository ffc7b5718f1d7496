"""Paying as customers do: in a mini-program, an app, a browser; over real sockets, end to end.

What invokes a payment is judged by a second reading of the providers' rules, written here.
"""

import base64
import json
from hashlib import sha256
from random import Random
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import pytest

from gateway import messages as m
from gateway.providers.port import NOBODY, number_of
from gateway.providers.sandbox.postman import Postman
from gateway.providers.sandbox.till import Till
from gateway.providers.sandbox.trades import Trades
from tests.practice import (
    BACK,
    OPENID,
    PAYING,
    QUIET,
    TOTAL,
    WAYS,
    balance,
    becomes,
    brought,
    invoked,
    placed,
    practice,
    quiet,
    settled_becomes,
    started,
    status_becomes,
)
from tests.serving import live

TRADE_TYPES = {"mini_program": "JSAPI", "official_account": "JSAPI", "app": "APP", "h5": "MWEB"}
LAZY = PAYING.__class__(pays_after_s=30.0, refunds_take_s=0.0, retries_s=(0.05, 0.1, 0.2))


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


def test_whoever_moved_is_told_where_he_is_when_he_asks_again():
    till = Till(Trades(), Postman(Random(1)), Random(1))
    first, again = (
        till.open("wechat", "o", 1_700, "CNY", "", f"http://{x}", kind="JSAPI") for x in "ab"
    )
    assert first is again
    assert till.trades.get("wechat", "o").notify_url == "http://b"


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


@pytest.mark.parametrize("method", ["app", "h5", "web"])
@live
async def test_what_is_brought_to_alipay_after_we_gave_up_goes_back_once(tmp_path, method):
    """A question that was signed cannot be called back: until its time is over it may be paid."""
    async with practice(tmp_path, PAYING) as p:
        told = await placed(p, "o", "alipay", method)
        page = (await started(p, told.payment, return_url=BACK)).page
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        await becomes(lambda: p.state.payments["o/1"].status.value, "failed")
        assert (await invoked(p.sandbox, page))[0] in (200, 204)
        await settled_becomes(p, "o/1/void")
        trade = p.sandbox.trades.get("alipay", number_of("o/1"))
        assert (trade.taken_minor, trade.refunded_minor, len(trade.refunds)) == (TOTAL, TOTAL, 1)
        assert balance(p, "provider:alipay") == balance(p, "platform:held") == 0
        assert p.state.orders["o"].status == "cancelled"


@live
async def test_a_browser_is_led_back_to_where_the_shop_says(tmp_path):
    async with practice(tmp_path, QUIET) as p:
        for provider, method in (("wechat", "h5"), ("alipay", "h5"), ("alipay", "web")):
            told = await placed(p, f"{provider}-{method}", provider, method)
            payer = {"client_ip": "10.0.0.1", "return_url": BACK + "?a=1&b=<i>"}
            page = (await started(p, told.payment, **payer)).page
            status, text = await invoked(p.sandbox, page)
            assert status == 200
            assert f'href="{BACK}?a=1&amp;b=&lt;i&gt;"' in text
