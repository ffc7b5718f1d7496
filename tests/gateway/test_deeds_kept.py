"""How deeds are kept, on their own: through crashes and refusals, with whoever asked gone, and for
no longer than the engine keeps its own keys."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from engine.state.requests import KEPT_MS
from gateway import deeds
from gateway import messages as m
from gateway.codes import Refusal
from gateway.deeds import FILE, Deeds
from tests.serving import live


def everything(folder):
    return b"".join(x.read_bytes() for x in folder.glob(f"{FILE}*"))


class DiedError(Exception):
    """Stands for the end of the process."""


class Office:
    """Does something, and says how often; dies before its answer if told to."""

    def __init__(self, folder):
        self.now = 0
        self.count = 0
        self.refused = None
        self.dies = False
        self.deeds = Deeds(folder, b"s" * 32, lambda: self.now, self.settled)

    async def settled(self):
        if self.dies:
            raise DiedError
        return 7

    async def do(self):
        if self.refused:
            raise Refusal(self.refused)
        self.count += 1
        return m.Redriven(self.count)

    async def ask(self, body, key="k"):
        return await self.deeds.answer(body, key, self.do)


@live
async def test_after_a_crash_before_the_answer_something_else_is_still_a_conflict(tmp_path):
    office = Office(tmp_path)
    office.dies = True
    with pytest.raises(DiedError):
        await Office.ask(office, m.RedriveWebhook("w"))
    office.deeds.close()
    office = Office(tmp_path)
    with pytest.raises(Refusal, match="idempotency_conflict"):
        await office.ask(m.RedriveWebhook("v"))
    said = await office.ask(m.RedriveWebhook("w"))
    assert said.body == m.Redriven(1)
    office.deeds.close()


@live
async def test_what_was_removed_before_a_crash_was_removed(tmp_path):
    office = Office(tmp_path)
    office.dies = True
    with pytest.raises(DiedError):
        await office.ask(m.RemoveWebhook("w"))
    office.dies, office.refused = False, "unknown"
    assert (await office.ask(m.RemoveWebhook("w"))).error is None
    assert (await office.ask(m.RemoveWebhook("w"), "another")).error.code == "unknown"
    office.deeds.close()


@live
async def test_what_may_be_another_time_is_asked_again(tmp_path):
    office = Office(tmp_path)
    office.refused = "overloaded"
    with pytest.raises(Refusal, match="overloaded"):
        await office.ask(m.RedriveWebhook("w"))
    office.refused = None
    assert (await office.ask(m.RedriveWebhook("w"))).body == m.Redriven(1)
    office.deeds.close()


@live
async def test_who_stops_waiting_does_not_stop_the_deed(tmp_path):
    office, goes_on = Office(tmp_path), asyncio.Event()

    async def slowly():
        await goes_on.wait()
        return await office.do()

    waits = asyncio.create_task(office.deeds.answer(m.RedriveWebhook("w"), "k", slowly))
    await asyncio.sleep(0.05)
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    assert office.deeds.has_used("k")
    goes_on.set()
    await office.deeds.ended()
    assert office.count == 1
    assert (await office.ask(m.RedriveWebhook("w"))).body == m.Redriven(1)
    assert office.count == 1
    office.deeds.close()


@live
async def test_a_deed_that_is_cut_or_fails_is_logged_once_and_by_its_key(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(deeds, "ENDS_S", 0.01)
    office = Office(tmp_path)
    waits = asyncio.create_task(
        office.deeds.answer(m.RedriveWebhook("w"), "a/k", asyncio.Event().wait)
    )
    await asyncio.sleep(0.05)
    await office.deeds.ended()
    assert waits.cancelled()
    office.dies = True
    with pytest.raises(DiedError):
        await office.ask(m.RedriveWebhook("w"), "a/l")
    office.deeds.close()
    assert caplog.messages == ["a deed was cut: a/k", "a deed failed: a/l: DiedError()"]


@live
async def test_a_key_that_could_not_be_kept_is_free(tmp_path):
    office = Office(tmp_path)
    office.deeds._db.execute("PRAGMA query_only = ON")
    with pytest.raises(Refusal, match="unsettled"):
        await office.ask(m.RedriveWebhook("w"))
    assert not office.deeds.has_used("k")
    office.deeds._db.execute("PRAGMA query_only = OFF")
    await office.ask(m.RedriveWebhook("w"))
    assert office.deeds.has_used("k")
    office.deeds.close()


@live
async def test_secrets_go_when_their_time_is_over_although_nobody_asks(tmp_path):
    office = Office(tmp_path)
    await office.ask(m.RedriveWebhook("w"))
    tag = office.deeds._tag(m.RedriveWebhook("w"))
    assert tag in everything(tmp_path)
    office.now = KEPT_MS + 1
    assert not office.deeds.has_used("k")
    life = asyncio.create_task(office.deeds.run(0.01))
    async with asyncio.timeout(10):
        while tag in everything(tmp_path):
            await asyncio.sleep(0.01)
    life.cancel()
    assert not office.deeds._used
    await asyncio.gather(life, return_exceptions=True)
    office.deeds.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("SELECT count(*) FROM deed").fetchone() == (0,)


@live
async def test_keys_are_kept_as_long_as_the_engine_keeps_its_own(tmp_path):
    office = Office(tmp_path)
    first = await office.ask(m.RedriveWebhook("w"))
    office.now = KEPT_MS
    assert await office.ask(m.RedriveWebhook("w")) == first
    office.now += 1
    assert not office.deeds.has_used("k")
    assert (await office.ask(m.RedriveWebhook("w"))).body == m.Redriven(2)
    office.deeds.close()
