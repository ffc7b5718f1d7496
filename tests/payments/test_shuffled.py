"""Notices in every order, doubled and dropped: always the same books.

Five things happen to one payment: a card fails, another is authorized, it is captured, some is
given back, and a closing note comes. What is dropped, the sweep finds.
"""

import asyncio
from hashlib import blake2b
from itertools import permutations
from random import Random

import msgspec
import pytest

from engine import audit, snapshot
from engine import commands as c
from engine.values import InstructionKind, Millis, ProviderId
from gateway import messages as m
from gateway.providers import errands as errands_module
from gateway.providers.errands import Errands
from gateway.providers.notices import Notices
from gateway.providers.port import (
    Carried,
    Doubtful,
    Outcome,
    Page,
    Paid,
    Standing,
    TryAgainError,
    number_of,
)
from gateway.providers.reports import Reports
from tests.loops import MemoryJournal, open_shop, run, serving
from tests.practice import PAYING, TOTAL, brought, ordered, practice, settled_becomes
from tests.serving import live

PRICE, BACK = 900 + 300, 300  # a bowl next door; a part of it
NAMES = ("failed", "authorized", "captured", "refunded", "closed")
MOVED_AT = Millis(1_700_000_000_000)


class Bank:
    """What is true at the provider; `due` are the notices it has sent, by name."""

    name = ProviderId("bank")
    currencies = ()
    confirm_above_minor = 10**9

    def __init__(self, amount):
        self.amount = amount
        self.status = "unpaid"
        self.done = {}
        self.due = {}
        self.bad_line = True  # captures and refunds take until somebody asks again

    def authorize(self):
        number = number_of("o/1")
        self.status = "held"
        held = Standing("held", self.amount, "CNY", "ref")
        self.due["failed"] = Doubtful("n-failed", number)
        self.due["authorized"] = Paid("n-authorized", number, held)

    async def ask(self, due, payer=None):
        return Page("qr", due.number)

    async def look(self, due):
        if self.status == "unpaid":
            return Standing("unpaid")
        return Standing("held", self.amount, "CNY", "ref")

    async def close(self, due):
        return await self.look(due)

    async def instruct(self, told):
        if told.instruction in self.done:
            return self.done[told.instruction]
        outcome = Outcome("done", f"ref-{told.kind}", MOVED_AT)
        self.done[told.instruction] = outcome
        if told.kind is InstructionKind.CAPTURE:
            news = Carried("n-captured", told.due.number, outcome, told.amount_minor, "CNY")
            self.due["captured"] = news
        else:
            news = Carried("n-refunded", told.number, outcome, told.amount_minor, "CNY")
            self.due["refunded"] = news
            self.due["closed"] = Doubtful("n-closed", told.due.number)
        if self.bad_line:
            raise TryAgainError("the line is bad")  # it was done, and nobody here knows
        return outcome


class Story:
    """One payment from the first notice to the last, told in a given order."""

    def __init__(self, loop, bank, order, rng):
        self.loop, self.bank, self.rng = loop, bank, rng
        self.order = order
        reports = Reports(loop)
        self.errands = Errands(loop, {bank.name: bank}, reports)
        self.notices = Notices(loop.engine.state, self.errands, reports)
        self.dropped = {x for x in order if rng.random() < 0.3}

    async def tell(self):
        """Whatever has been sent, in the order of this story, some of it twice."""
        for name in self.order:
            if name in self.bank.due and name not in self.dropped:
                for _ in range(self.rng.choice((0, 1, 1, 2))):
                    await self.notices.heard(self.bank, self.bank.due[name])

    async def until(self, holds):
        """By notices, or by the sweep."""
        for _ in range(400):
            if holds():
                return
            await self.tell()
            self.errands.nudge(self.bank.name, number_of("o/1"))
            await asyncio.sleep(0.001)
        raise AssertionError(f"never: {self.order}, dropped {self.dropped}")

    async def run(self):
        state = self.loop.engine.state
        self.errands.resume()
        await asyncio.sleep(0)
        self.bank.authorize()
        await self.until(lambda: state.orders["o"].status == "confirmed")
        for command in deliver(self.loop):
            assert (await self.loop.submit(command)).record.rejection is None, command
        capture = lambda: state.payments.instructions["o/1/capture"].status  # noqa: E731
        await self.until(lambda: capture() == "settled")
        await self.loop.submit(c.RefundOrder("r", "o", BACK, "cold"))
        refund = lambda: state.payments.instructions["r"].status  # noqa: E731
        await self.until(lambda: refund() == "settled")
        self.dropped = set()
        for _ in range(2):  # and once more, all of it
            await self.tell()
        await self.errands.close()


def deliver(loop):
    now = loop.clock.now()
    yield c.AcceptOrder("s", "o", now + 60_000)
    yield c.AssignDelivery("kim", "o/1", "by hand")
    yield c.AcceptOffer("kim", "o/1")
    yield c.ReportPickup("kim", "o/1")
    yield c.ReportDropoff("kim", "o/1")


def books_of(state):
    """One number for all that money touched."""
    told = (state.ledger.balances, state.payments, state.reconciliations)
    told += (state.orders["o"].status,)
    return blake2b(msgspec.msgpack.encode(told), digest_size=16).hexdigest()


@pytest.mark.parametrize("first", NAMES)
def test_every_order_of_five_notices_ends_in_the_same_books(first, monkeypatch):
    """24 orders beginning with each; in each some notices are doubled and some are dropped."""
    monkeypatch.setattr(errands_module, "FIRST_REST_S", 0.002)
    monkeypatch.setattr(errands_module, "FIRST_LOOK_S", 0.002)
    orders = [x for x in permutations(NAMES) if x[0] == first]
    ends = {}
    start, now = opened()
    for number, order in enumerate(orders):
        rng = Random(f"{order}")
        ends[ended(start, now, order, rng, bad_line=number % 2 == 0)] = order
    assert len(orders) == 24
    assert len(ends) == 1, ends
    assert set(ends) == {ended(start, now, NAMES, Random(0), bad_line=False)}


def opened():
    """An order placed and not yet paid, as bytes."""
    found = []

    @run
    async def place():
        journal = MemoryJournal()
        async with serving(journal) as loop:
            await open_shop(loop, offer_timeout_ms=10**7, acceptance_timeout_ms=10**7)
            found.append((snapshot.dump(loop.engine), loop.engine.now))

    place()
    return found[0]


def ended(start, now, order, rng, *, bad_line):
    found = []

    @run
    async def play():
        engine = snapshot.load(start)
        stopped = Stopped(now)
        async with serving(Continued(), engine, clock=stopped) as loop:
            bank = Bank(engine.state.payments["o/1"].amount_minor)
            bank.bad_line = bad_line
            await Story(loop, bank, order, rng).run()
            assert list(audit.violations(engine.state)) == []
            found.append(books_of(engine.state))

    play()
    return found[0]


class Continued(MemoryJournal):
    """Of an engine that did not begin at record 1."""

    def record(self, seq):
        return next(x for x in self.records if x.seq == seq)


class Stopped:
    """A clock that stands still: nothing depends on how long the machine takes."""

    speed = 1.0

    def __init__(self, now):
        self._now = now

    def now(self):
        return self._now

    def wall_s_until(self, at):
        return max(0, at - self._now) / 1_000


@pytest.mark.parametrize("provider", ["wechat", "alipay", "stripe"])
@live
async def test_late_letters_in_any_order_change_nothing(tmp_path, provider, monkeypatch):
    """With real signatures, over real sockets: everything is acknowledged, nothing happens twice."""
    monkeypatch.setattr(errands_module, "FIRST_LOOK_S", 0.05)
    async with practice(tmp_path, PAYING) as p:
        p.sandbox.postman.is_held = True
        await ordered(p.city, "o", provider)
        await brought(p, "o")
        await settled_becomes(p, "o/1/capture")
        await p.city.operator.request(m.RefundOrder("r", "o", m.Money(TOTAL, "CNY"), "cold"))
        await settled_becomes(p, "o/refund/r")
        letters, rng = p.sandbox.postman.waiting, Random(provider)
        assert len(letters) >= 2
        before = books_of(p.state)
        for _ in range(10):
            for letter in rng.sample([*letters, *letters], 2 * len(letters)):
                assert await p.sandbox.postman.deliver(*letter)
        assert books_of(p.state) == before
        assert p.sandbox.postman.refused == 0
