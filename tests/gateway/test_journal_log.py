"""The write-ahead log on the disk: a torn end is recovered from, damage in the middle is refused."""

import shutil
from bisect import bisect
from collections import Counter
from random import Random
from struct import unpack

import numpy as np
import pytest

from engine.errors import CorruptJournalError
from gateway.storage.journal import JOURNAL_FILE, JournalReader, SqliteJournal
from gateway.storage.verification import Kind, verify
from gateway.storage.wal import FRAME, HEADER, Tail, _sums, examined, log_of
from gateway.storage.witness import WITNESS_FILE, last_witnessed
from tests.scripted_day import ScriptedDay

BATCHES, PER_BATCH = 20, 8
PAGE = 4096


@pytest.fixture(scope="module")
def records():
    day = list(ScriptedDay(3, orders=20, couriers=4, stores=2, hours=0.3))
    return day[: BATCHES * PER_BATCH]


@pytest.fixture(scope="module")
def killed(tmp_path_factory, records):
    """The folder as `kill -9` leaves it: everything is still in the log. And how long the log
    was after each batch, the first of which is none: the tables."""
    folder = tmp_path_factory.mktemp("live")
    journal, log = SqliteJournal(folder / JOURNAL_FILE), log_of(folder / JOURNAL_FILE)
    sizes = [log.stat().st_size]
    for k in range(0, len(records), PER_BATCH):
        journal.append(records[k : k + PER_BATCH])
        sizes.append(log.stat().st_size)
    left = tmp_path_factory.mktemp("left")
    for path in folder.iterdir():
        shutil.copy(path, left)
    journal.close()
    return left, sizes


@pytest.fixture
def folder(tmp_path, killed):
    copy = tmp_path / "copy"

    def fresh(log, *, witness=True):
        """The folder again, with another log; without one if it is None."""
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in (JOURNAL_FILE, WITNESS_FILE)[: 1 + witness]:
            shutil.copy(killed[0] / name, copy)
        if log is not None:
            log_of(copy / JOURNAL_FILE).write_bytes(log)
        return copy / JOURNAL_FILE

    return fresh


@pytest.fixture
def log(killed):
    return log_of(killed[0] / JOURNAL_FILE).read_bytes()


@pytest.fixture
def sizes(killed):
    return killed[1]


def ends_at(path):
    with SqliteJournal(path) as journal:
        return journal.head()[0]


def test_what_a_killed_process_leaves_is_all_there(folder, log, records):
    path = folder(log)
    assert examined(path) == Tail(len(log), len(log), cut=True)
    assert ends_at(path) == len(records)
    assert last_witnessed(path.parent)[0] == len(records)


def test_one_bit_flipped_anywhere_in_the_log_is_never_taken_for_its_end(folder, log):
    """SQLite forgets whatever follows the first frame that is not whole."""
    rng, outcome = Random(1), Counter()
    for k in (*range(HEADER.size + FRAME.size), *(rng.randrange(len(log)) for _ in range(60))):
        broken = bytearray(log)
        broken[k] ^= 1 << rng.randrange(8)
        path = folder(broken)
        with pytest.raises(CorruptJournalError):
            SqliteJournal(path)
        assert log_of(path).read_bytes() == broken, "what can be told from it is left as it is"
        report = verify(path.parent)
        outcome[report.exit_code, report.found(Kind.DAMAGE) is not None] += 1
    assert outcome == {(2, True): 60 + HEADER.size + FRAME.size}


@pytest.mark.parametrize("what", ["zeros", "noise", "misdirected"])
def test_a_lost_sector_of_the_log_is_refused(folder, log, what):
    rng = Random(2)
    for _ in range(15):
        at = rng.randrange(len(log) // 512) * 512
        other = (at + 7 * 512) % (len(log) - 512)
        sector = {
            "zeros": bytes(512),
            "noise": rng.randbytes(512),
            "misdirected": log[other : other + 512],
        }[what]
        if log[at : at + 512] != sector:
            with pytest.raises(CorruptJournalError):
                SqliteJournal(folder(log[:at] + sector + log[at + 512 :]))


def test_without_a_witness_all_but_the_last_batch_vouches_for_what_came_before(folder, log):
    tail = len(log) - 4 * (PAGE + FRAME.size)  # a batch has at the most so many pages
    rng = Random(3)
    for k in (*range(HEADER.size), *(rng.randrange(tail) for _ in range(40))):
        broken = bytearray(log)
        broken[k] ^= 1 << rng.randrange(8)
        with pytest.raises(CorruptJournalError):
            JournalReader(folder(broken, witness=False))


def test_a_log_cut_anywhere_is_recovered_from_to_its_last_whole_batch_and_said(
    folder, log, sizes, records, caplog
):
    rng, recovered = Random(4), []
    at_ends = [end + by for end in sizes for by in (-1, 0, 1) if end + by < len(log)]
    cuts = sorted({*range(60), *at_ends, *(rng.randrange(len(log)) for _ in range(60))})
    for cut in cuts:
        caplog.clear()
        path = folder(log[:cut])
        batches = bisect(sizes, cut) - 1
        expected = max(0, batches) * PER_BATCH
        assert batches < 0 or examined(path).whole == sizes[batches], cut
        if not examined(path).torn:  # nothing says that it was cut: then it is an older one
            assert batches < 0 or cut == sizes[batches]
            with pytest.raises(CorruptJournalError, match="record 160 was durable"):
                ends_at(path)
            path = folder(log[:cut], witness=False)
            assert ends_at(path) == expected, cut
            continue
        assert ends_at(path) == expected, cut
        recovered.append(expected)
        if expected < len(records):
            missing = f"record {len(records)} was durable, the journal ends at {expected}"
            assert missing in caplog.text
        with JournalReader(path) as journal:
            assert list(journal.read()) == records[:expected]
    assert dict.fromkeys(recovered) == dict.fromkeys(range(0, len(records), PER_BATCH))
    assert "the journal's log was torn: whole up to byte" in caplog.text
    assert ends_at(folder(log)) == len(records)


def test_the_whole_log_deleted_is_refused_and_verification_says_what_is_gone(folder, log):
    with pytest.raises(CorruptJournalError, match="record 160 was durable"):
        SqliteJournal(folder(None))
    half = folder(log[: len(log) // 2])
    report = verify(half.parent)
    assert 0 < report.records == report.decided < 160
    assert (report.exit_code, report.found(Kind.DAMAGE).seq) == (2, report.records + 1)
    assert "record 160 was durable" in report.found(Kind.DAMAGE).text


def test_a_batch_that_was_never_synced_may_come_to_the_disk_in_any_order(folder, log, records):
    """A power cut while a batch is written: some of its sectors are there, others are not."""
    step, rng, torn = PAGE + FRAME.size, Random(5), 0
    ends = [k for k in range(HEADER.size, len(log), step) if log[k + 4 : k + 8] != bytes(4)]
    start, end = ends[-3] + step, ends[-2] + step  # five pages
    written = len(records) - PER_BATCH
    assert end - start == 5 * step
    for n in range(60):
        sectors = bytearray(log[:end])
        for at in range(start, end, 512):
            if not rng.randrange(2 if n % 2 else 40):
                sectors[at : at + 512] = rng.randbytes(min(512, end - at))
        path = folder(sectors, witness=False)
        assert not examined(path).damaged
        found = ends_at(path)
        torn += found < written
        assert found in (written, written - PER_BATCH)
    assert torn > 40


def test_old_frames_behind_a_log_that_began_anew_are_no_damage(tmp_path, records):
    path = tmp_path / JOURNAL_FILE
    with SqliteJournal(path) as journal:
        journal.append(records[:80])
        journal._db.execute("PRAGMA wal_checkpoint(RESTART)")
        journal.append(records[80:88])
        tail = examined(path)
        assert 0 < tail.whole < tail.size
        assert tail == Tail(tail.whole, tail.size)
        with JournalReader(path) as follower:
            assert follower.head()[0] == 88


@pytest.mark.parametrize("length", [8, 24, 520, 4104])
def test_sums_are_those_sqlite_computes_word_by_word(length):
    data, before = Random(length).randbytes(length), (7, 2**32 - 1)
    first, second = before
    words = unpack(f"<{length // 4}I", data)
    for x, y in zip(words[::2], words[1::2], strict=True):
        first = (first + x + second) % 2**32
        second = (second + y + first) % 2**32
    assert _sums(before, data, np.dtype("<u4")) == (first, second)


@pytest.mark.parametrize("said", [b"", b"not a witness", bytes(48), b"x" * 48])
def test_a_witness_that_makes_no_sense_is_not_heard(folder, log, records, said):
    path = folder(log)
    (path.parent / WITNESS_FILE).write_bytes(said)
    assert last_witnessed(path.parent)[0] == 0
    assert ends_at(path) == len(records)
    assert last_witnessed(path.parent)[0] == len(records)
