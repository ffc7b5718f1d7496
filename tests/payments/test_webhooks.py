"""The door providers knock at: what is let in, what is not, and how each is told."""

import asyncio
from contextlib import suppress

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from gateway.clock import wall_s
from gateway.providers import webhooks
from tests.practice import QUIET, becomes, ordered, practice, status_becomes, trade_of
from tests.serving import live

REFUSED = {
    "wechat": (400, {"code": "FAIL", "message": "bad_signature"}),
    "alipay": (400, "fail"),
    "stripe": (400, {"error": "bad_signature"}),
}


async def knock(p, path, data=b"", headers=None, method="POST"):
    """Status and what was said."""
    url = f"http://127.0.0.1:{p.app.payments.webhooks.port}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=data, headers=headers or {}) as answer,
    ):
        body = await answer.read()
        is_json = answer.content_type == "application/json"
        return answer.status, (await answer.json() if is_json else body.decode())


@live
async def test_strangers_are_refused_in_their_providers_words(tmp_path):
    async with practice(tmp_path) as p:
        for provider, words in REFUSED.items():
            sent = b"sign_type=RSA2&sign=AAAA&notify_id=1" if provider == "alipay" else b"{}"
            assert await knock(p, f"/webhooks/{provider}", sent) == words
        probe = {
            "Wechatpay-Timestamp": "1700000000",
            "Wechatpay-Nonce": "n",
            "Wechatpay-Serial": "s",
            "Wechatpay-Signature": "WECHATPAY/SIGNTEST/AAAA",
        }
        assert (await knock(p, "/webhooks/wechat", b"{}", probe))[0] == 400
        assert (await knock(p, "/webhooks/paypal"))[0] == 404
        assert (await knock(p, "/webhooks/wechat", method="GET"))[0] == 405
        assert (await knock(p, "/"))[0] == 404
        assert p.app.payments.reports.tally.notices_refused == 4


@live
async def test_a_body_without_end_or_in_no_hurry_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(webhooks, "READ_S", 0.2)
    async with practice(tmp_path) as p:
        assert (await knock(p, "/webhooks/stripe", b"x" * (64 * 1024 + 1)))[0] == 413

        async def drip():
            for _ in range(100):
                yield b"x"
                await asyncio.sleep(0.05)

        assert (await knock(p, "/webhooks/stripe", drip()))[0] == 413

        async def flood():
            for _ in range(100):
                yield b"x" * 10_000

        with suppress(aiohttp.ClientError):  # the door may be shut while it is still talking
            assert (await knock(p, "/webhooks/stripe", flood()))[0] == 413


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [("wechat", 204, b""), ("alipay", 200, b"success"), ("stripe", 200, b"{}")],
)
@live
async def test_what_is_taken_is_acknowledged_as_each_provider_wants(
    tmp_path, provider, status, body
):
    async with practice(tmp_path) as p:
        await ordered(p.city, "o", provider)
        trade = await trade_of(p, provider, "o/1")
        p.sandbox.postman.is_held = True
        p.sandbox.till.pay(trade)
        [(write, _)] = p.sandbox.postman.waiting
        for _ in range(3):  # a repeat is answered alike
            said = []
            await p.sandbox.postman.deliver(write, lambda *told: said.append(told) or True)  # noqa: B023
            assert said == [(status, body)]
        await status_becomes(p, "o/1", "authorized")
        assert p.app.payments.reports.tally.notices == 3


@live
async def test_a_new_platform_key_is_fetched_when_it_is_first_used(tmp_path, monkeypatch):
    monkeypatch.setattr(webhooks, "ROTATE_EVERY_S", 0.0)
    async with practice(tmp_path) as p:
        await ordered(p.city, "o", "wechat")
        trade = await trade_of(p, "wechat", "o/1")
        identity = p.sandbox._identity
        identity.platform = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        identity.names = replace(identity.names, platform_serial="ABCDEF0123456789")
        p.sandbox.till.pay(trade)
        await status_becomes(p, "o/1", "authorized")


@live
async def test_nobody_can_make_us_fetch_keys_all_day(tmp_path):
    async with practice(tmp_path) as p:
        strange = {
            "Wechatpay-Timestamp": str(wall_s()),
            "Wechatpay-Nonce": "n",
            "Wechatpay-Serial": "nobody's",
            "Wechatpay-Signature": "AAAA",
        }
        fetched = []
        wechat = p.app.payments.providers["wechat"]

        async def rotate():
            fetched.append(1)
            return False

        wechat.rotate = rotate
        for _ in range(20):
            assert (await knock(p, "/webhooks/wechat", b"{}", strange))[0] == 400
        assert len(fetched) == 1


@live
async def test_what_is_not_durable_is_not_acknowledged(tmp_path):
    """The engine has stopped: the provider is told to come again."""
    async with practice(tmp_path) as p:
        await ordered(p.city, "o", "stripe")
        trade = await trade_of(p, "stripe", "o/1")
        p.sandbox.postman.is_held = True
        p.sandbox.till.pay(trade)
        [letter] = p.sandbox.postman.waiting
        submit = p.app.loop.submit

        async def refuse(*_):
            raise webhooks.SubmissionError("no")

        p.app.loop.submit = refuse
        assert not await p.sandbox.postman.deliver(*letter)
        p.app.loop.submit = submit
        assert await p.sandbox.postman.deliver(*letter)
        await status_becomes(p, "o/1", "authorized")
        await becomes(lambda: p.sandbox.conduct, QUIET)


@live
async def test_metrics_say_how_payments_go(tmp_path):
    async with practice(tmp_path) as p:
        await knock(p, "/webhooks/stripe", b"{}")
        host = f"http://127.0.0.1:{p.app.server.port}"
        async with aiohttp.ClientSession() as session, session.get(f"{host}/metrics") as answer:
            told = await answer.text()
        assert "o2o_payments_notices_refused_total 1" in told
        assert "o2o_payments_under_way 0" in told
