"""A server that was stopped and replaced: it neither answers nor goes on once it wakes up."""

import asyncio

import pytest

from gateway.clock import resumed
from gateway.loop import EngineLoop
from gateway.storage.journal import JOURNAL_FILE, JournalInUseError, SqliteJournal
from gateway.storage.recovery import recover
from gateway.submissions import UnsettledError
from tests.loops import ANN, BOB, run


@run
async def test_who_was_replaced_ends_although_nobody_asks_him_anything(tmp_path):
    path = tmp_path / JOURNAL_FILE
    old = SqliteJournal(path)
    loop = EngineLoop(recover(old), old, resumed(0))
    running = asyncio.create_task(loop.run())
    await loop.submit(ANN, "a")
    (tmp_path / f"{JOURNAL_FILE}.lock").unlink()
    new = SqliteJournal(path)
    with pytest.raises(JournalInUseError, match="taken the journal over"):
        await running
    with pytest.raises(UnsettledError):
        await loop.submit(BOB, "b")
    with pytest.raises(UnsettledError):
        await loop.submit(ANN, "a")
    assert [x.key for x in new.read()] == ["a"]
    old.close()
    new.close()
