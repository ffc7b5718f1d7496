"""The gateway is killed between any two steps of any payment; nothing is lost, nothing is done twice.

The providers live on: they lose notices, repeat them, and are asked again after every restart.
"""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from engine import audit
from gateway import messages as m
from gateway.clock import wall_ms
from gateway.providers.port import number_of
from gateway.providers.sandbox.postman import Conduct
from gateway.providers.sandbox.practising import free_port, practising
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import recover
from gateway.storage.verification import verify
from gateway.tokens import LIFE_MAX_S, Tokens, load_secret
from tests.practice import BUYER, OPENID, PROVIDERS, invoked
from tests.serving import DOOR, live, small_city

ROOT = Path(__file__).resolve().parents[2]
WAYS = {
    "wechat": [
        ("mini_program", {"openid": OPENID}),
        ("app", {}),
        ("h5", {"client_ip": "10.0.0.1"}),
    ],
    "alipay": [("app", {}), ("mini_program", {"openid": BUYER}), ("web", {}), ("default", {})],
    "stripe": [("default", {})],
}
KILLS, ORDERS = 6, 12
PATIENT_S = 180.0  # a busy machine takes long to start a server again, and again
ROUGH = Conduct(
    pays_after_s=0.1,
    drops=0.3,
    duplicates=0.3,
    delays_s=0.2,
    refunds_take_s=0.1,
    retries_s=(0.2, 0.5, 1.0, 1.0),
)


class Server:
    """A process that comes back whenever it is killed."""

    def __init__(self, folder, port):
        self._command = [sys.executable, "-m", "tests.payments_child", str(folder), str(port)]
        self._port = port
        self._process = None
        self.kills = 0

    async def start(self):
        self._process = subprocess.Popen(self._command, cwd=ROOT)
        while not self._answers():
            assert self._process.poll() is None, "the server did not start"
            await asyncio.sleep(0.05)

    async def kill_now_and_then(self, rng):
        for _ in range(KILLS):
            await asyncio.sleep(0.1 + rng.random())
            self._process.kill()
            self._process.wait()
            self.kills += 1
            await self.start()

    async def stop(self):
        self._process.terminate()
        return await asyncio.to_thread(self._process.wait)

    def _answers(self):
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self._port)) == 0


async def an_order(city, number, sandbox):
    """Somebody orders, half of them on a phone; every third changes his mind, every fourth gets
    something back."""
    name, provider = f"o{number}", PROVIDERS[number % 3]
    ways = WAYS[provider] if number % 2 == 0 or provider == "alipay" else [("default", {})]
    method, payer = ways[number // 3 % len(ways)]
    ask = m.RequestQuote(f"q{number}", "ann", "s1", [m.Line("ramen", 1)], DOOR)
    await city.shop.request(ask, timeout_s=PATIENT_S)
    place = m.PlaceOrder(name, f"q{number}", provider, method=method)
    await city.shop.request(place, timeout_s=PATIENT_S)
    if method != "default":
        await on_the_phone(city, sandbox, m.StartPayment(f"{name}/1", **payer))
    if number % 3 == 2 or number == 0:
        await city.shop.ask(m.CancelOrder(name, "changed_mind"), timeout_s=PATIENT_S)
        return
    while (told := await city.shop.request(m.GetOrder(name))).order_status == "placed":
        await asyncio.sleep(0.05)
    await city.store.request(m.AcceptOrder(name, told.placed_at), timeout_s=PATIENT_S)
    delivery = f"{name}/1"
    await city.operator.request(m.AssignDelivery("kim", delivery, "by_hand"), timeout_s=PATIENT_S)
    await city.kim.request(m.AcceptOffer(delivery), timeout_s=PATIENT_S)
    await city.kim.request(m.ReportPickup(delivery), timeout_s=PATIENT_S)
    await city.kim.request(m.ReportDropoff(delivery), timeout_s=PATIENT_S)
    while number % 4 == 1:
        refund = m.RefundOrder("r", name, m.Money(300, "CNY"), "cold")
        if (await city.operator.ask(refund)).error is None:
            return
        await asyncio.sleep(0.05)  # it is not captured yet


async def on_the_phone(city, sandbox, ask):
    """Until it is invoked, or answered: the server may be killed before it said with what."""
    while True:
        reply = await city.shop.ask(ask, timeout_s=PATIENT_S)
        if reply.error is not None:
            assert reply.error.code == "provider_silent", reply.error
            await asyncio.sleep(0.1)
        elif reply.body.page is None or (await invoked(sandbox, reply.body.page))[0] in (200, 204):
            return


async def settle(city):
    """Until every payment is answered."""
    for number in range(ORDERS):
        while True:
            told = await city.shop.request(m.GetPayment(f"o{number}/1"))
            if told.status not in ("requested", "authorized"):
                break
            await asyncio.sleep(0.1)


@pytest.mark.slow
@live
async def test_whatever_is_killed_whenever_money_is_where_the_books_say(tmp_path):
    rng, port = Random(1), free_port()
    async with practising(tmp_path) as sandbox:
        sandbox.conduct = ROUGH
        server = Server(tmp_path, port)
        await server.start()
        tokens = Tokens(load_secret(tmp_path))
        gateway = SimpleNamespace(
            url=f"ws://127.0.0.1:{port}/ws",
            mint=lambda role, subject: tokens.mint(
                role, subject, LIFE_MAX_S[role], wall_ms() // 1_000
            ),
        )
        async with small_city(gateway) as city:
            killing = asyncio.create_task(server.kill_now_and_then(rng))
            for number in range(ORDERS):
                await an_order(city, number, sandbox)
            await killing
            await settle(city)
        await nothing_pending(tmp_path)
        assert await server.stop() == 0
        assert server.kills == KILLS
        compare(tmp_path, sandbox)


async def nothing_pending(folder):
    while True:
        with JournalReader(folder / JOURNAL_FILE) as journal:
            payments = recover(journal).state.payments
        pending = [k for k, x in payments.instructions.items() if x.status == "pending"]
        failed = [k for k, x in payments.payments.items() if x.status == "failed"]
        shut = [k for k in failed if payments[k].withdrawn]
        if not pending and len(shut) == len(failed):
            return
        await asyncio.sleep(0.2)


def compare(folder, sandbox):
    """Our books and theirs, payment by payment and in all."""
    with JournalReader(folder / JOURNAL_FILE) as journal:
        state = recover(journal).state
    assert list(audit.violations(state)) == []
    assert sum(state.ledger.balances.values()) == 0
    theirs = dict.fromkeys(PROVIDERS, 0)
    for key, payment in state.payments.payments.items():
        trade = sandbox.trades.get(payment.provider, number_of(key))
        kept = trade.taken_minor - trade.refunded_minor if trade else 0
        theirs[payment.provider] += kept
        assert kept == payment.captured_minor - payment.refunded_minor, (key, payment, trade)
    assert theirs == {x: state.ledger.balance(f"provider:{x}") for x in PROVIDERS}
    assert state.ledger.balance("platform:held") == 0
    assert verify(folder).exit_code == 0
