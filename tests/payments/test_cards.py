"""Cards over real sockets: Stripe's form confirms, a bank asks back, a wallet vouches."""

from contextlib import asynccontextmanager

import aiohttp
import pytest

from gateway import messages as m
from tests.practice import (
    QUIET,
    TOTAL,
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

BACK = "https://shop.example/back"
CARD, ASKS = {"payment_method": "pm_card_visa"}, {"payment_method": "pm_card_threeDSecure2Required"}
DECLINED = {"payment_method": "pm_card_chargeDeclined"}
WALLET = {"payment_method_data[type]": "card", "payment_method_data[card][token]": "tok_visa"}


@asynccontextmanager
async def at_the_form(data):
    """An order, and the form that pays it: `confirm(...)` gives status and intent."""
    async with practice(data, QUIET) as p, aiohttp.ClientSession() as session:
        await ordered(p.city, "o", "stripe")
        page = (await p.city.shop.request(m.StartPayment("o/1"))).page
        reference = page.value.partition("_secret")[0]
        where = f"{p.sandbox.url}/v1/payment_intents/{reference}/confirm"

        async def confirm(method, secret=page.value, **more):
            fields = {"client_secret": secret, "key": page.parameters["publishable_key"]}
            async with session.post(where, data=fields | method | more) as answer:
                return answer.status, await answer.json()

        async def visit(url, outcome):
            url = f"{url}?outcome={outcome}"
            async with session.get(url, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Location", "")

        yield p, confirm, visit


@pytest.mark.parametrize("method", [CARD, WALLET], ids=["typed", "wallet"])
@live
async def test_a_card_is_held_whoever_vouches_for_it_and_taken_at_the_door(tmp_path, method):
    async with at_the_form(tmp_path) as (p, confirm, _):
        status, intent = await confirm(method)
        assert (status, intent["status"]) == (200, "requires_capture")
        await becomes(lambda: p.state.orders["o"].status.value, "confirmed")
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture")
        assert (await trade_of(p, "stripe", "o/1")).taken_minor == TOTAL
        await quiet(p)


@live
async def test_the_bank_asks_back_and_the_order_waits_until_it_is_content(tmp_path):
    async with at_the_form(tmp_path) as (p, confirm, visit):
        status, intent = await confirm(ASKS, return_url=BACK)
        assert (status, intent["status"]) == (200, "requires_action")
        tally = p.app.payments.reports.tally
        await becomes(lambda: tally.notices, 1)
        told = await p.city.shop.request(m.StartPayment("o/1"))
        assert (told.status, told.page.value) == ("requested", intent["client_secret"])
        bank = intent["next_action"]["redirect_to_url"]["url"]
        status, back = await visit(bank, "pass")
        assert status == 303
        assert back.startswith(f"{BACK}?payment_intent={intent['id']}&")
        await becomes(lambda: p.state.orders["o"].status.value, "confirmed")
        assert tally.notices_refused == 0


@live
async def test_whom_the_bank_does_not_know_again_pays_with_another_card(tmp_path):
    async with at_the_form(tmp_path) as (p, confirm, visit):
        _, intent = await confirm(ASKS, return_url=BACK)
        bank = intent["next_action"]["redirect_to_url"]["url"]
        assert "redirect_status=failed" in (await visit(bank, "fail"))[1]
        assert (await confirm(DECLINED))[0] == 402
        assert p.state.payments["o/1"].status == "requested"
        assert (await confirm(CARD))[0] == 200
        await status_becomes(p, "o/1", "authorized")
        assert (await confirm(CARD))[0] == 400  # once


@live
async def test_who_gives_up_at_his_bank_pays_nothing_afterwards(tmp_path):
    async with at_the_form(tmp_path) as (p, confirm, visit):
        _, intent = await confirm(ASKS, return_url=BACK)
        await p.city.shop.request(m.CancelOrder("o", "changed_mind"))
        await becomes(lambda: p.state.payments["o/1"].withdrawn, True)
        bank = intent["next_action"]["redirect_to_url"]["url"]
        assert (await visit(bank, "pass"))[0] == 409
        assert (await trade_of(p, "stripe", "o/1")).status == "closed"


@live
async def test_a_form_without_the_secret_of_this_payment_confirms_nothing(tmp_path):
    async with at_the_form(tmp_path) as (p, confirm, _):
        assert (await confirm(CARD, secret="pi_secret_x"))[0] == 404
        assert (await confirm(CARD, key="pk_test_x"))[0] == 401
        assert p.state.payments["o/1"].status == "requested"
