"""A gateway and a sandbox of all three providers, over real sockets; and orders to pay for."""

import asyncio
import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp

from engine import audit
from gateway import messages as m
from gateway.providers.port import number_of
from gateway.providers.sandbox.postman import Conduct
from gateway.providers.sandbox.practising import practising
from tests.serving import DOOR, serving, small_city

QUIET = Conduct(pays=0.0, refunds_take_s=0.0, retries_s=(0.05, 0.1, 0.2))
PAYING = Conduct(pays_after_s=0.01, refunds_take_s=0.0, retries_s=(0.05, 0.1, 0.2))
PROVIDERS = ("wechat", "alipay", "stripe")
BACK = "https://shop.example/back"
OPENID = "oUpF8uMuAJO-M2pxb1Q9zNjWeS6o"
BUYER = "2088102146225135"
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
TOTAL = 1_700  # of one bowl of ramen, and the way


@asynccontextmanager
async def practice(data, conduct=QUIET, **config):
    """Sandbox, gateway and a small city. Ends by asking the audit."""
    async with practising(data) as sandbox:
        sandbox.conduct = conduct
        async with serving(data, **config) as app:
            state = app.engine.state
            async with small_city(app, currency=state.settings.current.currency) as city:
                yield SimpleNamespace(sandbox=sandbox, app=app, city=city, state=state)
                assert list(audit.violations(state)) == []


async def ordered(city, order, provider, lines=1, tip=0):
    quote = m.RequestQuote(f"q-{order}", "ann", "s1", [m.Line("ramen", lines)], DOOR)
    await city.shop.request(quote)
    gift = m.Money(tip, "CNY") if tip else None
    return await city.shop.request(m.PlaceOrder(order, f"q-{order}", provider, tip=gift))


async def placed(p, order, provider, method, tip=0):
    ask = m.RequestQuote(f"q-{order}", "ann", "s1", [m.Line("ramen", 1)], DOOR)
    await p.city.shop.request(ask)
    gift = m.Money(tip, "CNY") if tip else None
    place = m.PlaceOrder(order, f"q-{order}", provider, tip=gift, method=method)
    return await p.city.shop.request(place)


async def started(p, payment, **payer):
    return await p.city.shop.request(m.StartPayment(payment, **payer))


async def invoked(sandbox, page):
    """On the customer's phone, or in his browser. What the provider's program says."""
    async with aiohttp.ClientSession() as session:
        if page.kind == "redirect":
            async with session.get(page.value) as answer:
                return answer.status, await answer.text()
        told = json.dumps({"kind": page.kind, "value": page.value, "parameters": page.parameters})
        async with session.post(f"{sandbox.url}/sandbox/invoke", data=told) as answer:
            return answer.status, await answer.text()


async def becomes(found, wanted, within_s=10.0):
    """Wait until that is so."""
    async with asyncio.timeout(within_s):
        while found() != wanted:
            await asyncio.sleep(0.005)


async def status_becomes(p, payment, wanted, within_s=10.0):
    await becomes(lambda: p.state.payments[payment].status.value, wanted, within_s)


async def settled_becomes(p, instruction, wanted="settled", within_s=10.0):
    def status():
        told = p.state.payments.instructions.get(instruction)
        return told.status.value if told else None

    await becomes(status, wanted, within_s)


async def trade_of(p, provider, payment):
    """The provider's side of it, once it was asked for."""
    await becomes(lambda: p.sandbox.trades.get(provider, number_of(payment)) is not None, True)
    return p.sandbox.trades.get(provider, number_of(payment))


async def brought(p, order):
    """From confirmed to the door."""
    city = p.city
    await becomes(lambda: p.state.orders[order].status.value, "confirmed")
    placed_at = (await city.shop.request(m.GetOrder(order))).placed_at
    await city.store.request(m.AcceptOrder(order, placed_at))
    delivery = f"{order}/1"
    await city.operator.request(m.AssignDelivery("kim", delivery, "by_hand"))
    await city.kim.request(m.AcceptOffer(delivery))
    await city.kim.request(m.ReportArrival(delivery, "pickup"))
    await city.store.request(m.ReportReady(order))
    await city.kim.request(m.ReportPickup(delivery))
    await city.kim.request(m.ReportDropoff(delivery))


def balance(p, account):
    return p.state.ledger.balance(account)


async def quiet(p, within_s=10.0):
    """Until nothing is on its way to any provider."""
    await becomes(lambda: p.app.payments.errands.under_way, 0, within_s)
