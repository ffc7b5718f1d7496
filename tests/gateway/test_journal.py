"""The journal: what was appended is read back, or the damage is named by its number."""

import resource
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from random import Random

import pytest

from engine.codec import GENESIS, chain, encode
from engine.errors import CorruptJournalError
from gateway.storage.journal import (
    JOURNAL_FILE,
    JournalInUseError,
    JournalReader,
    SqliteJournal,
    StorageError,
    StorageFullError,
)
from tests.scripted_day import ScriptedDay

PER_BATCH = 7


@pytest.fixture(scope="module")
def records():
    day = list(ScriptedDay(3, orders=20, couriers=4, stores=2, hours=0.3))
    return day[: 57 * PER_BATCH]


@pytest.fixture
def path(tmp_path):
    return tmp_path / JOURNAL_FILE


@pytest.fixture
def journal(path, records):
    journal = SqliteJournal(path)
    for k in range(0, len(records), PER_BATCH):
        journal.append(records[k : k + PER_BATCH])
    yield journal
    journal.close()


def read(path):
    with JournalReader(path) as journal:
        return list(journal.read())


def damage(path, statement):
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()


def test_what_was_appended_is_read_back(journal, path, records):
    assert len(records) == 399
    assert list(journal.read()) == records == read(path)
    assert list(journal.read(from_seq=100)) == records[99:]
    assert list(journal.read(from_seq=len(records) + 1)) == []
    assert [journal.record(seq) for seq in (1, 200, 399)] == [records[k] for k in (0, 199, 398)]


def test_the_bytes_read_are_the_bytes_written(journal, records):
    assert list(journal.bodies()) == [encode(record) for record in records]


def test_a_second_process_can_follow(path, records):
    """To verify, say, while the engine serves."""
    journal = SqliteJournal(path)
    journal.append(records[:10])
    with JournalReader(path) as follower:
        reading = follower.read()
        found = [next(reading)]
        journal.append(records[10:20])
        assert found + list(reading) == records[:10]
        assert list(follower.read(11)) == records[10:20]
    journal.close()


def test_a_follower_writes_nothing(journal, path):
    before = {x: x.read_bytes() for x in path.parent.iterdir()}
    with JournalReader(path) as follower:
        assert list(follower.read())
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            follower._db.execute("DELETE FROM record")
    assert {x: x.read_bytes() for x in path.parent.iterdir() if x.suffix != ".db-shm"} == {
        x: content for x, content in before.items() if x.suffix != ".db-shm"
    }


def test_there_must_be_something_to_follow(path):
    with pytest.raises(FileNotFoundError):
        JournalReader(path)
    assert not path.exists()


def test_a_commit_waits_for_the_disk(journal):
    """A killed process proves nothing about a power cut: these two settings do that work."""
    assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_every_digest_vouches_for_all_history(journal, records):
    digest = GENESIS
    for record in records:
        digest = chain(digest, encode(record))
        assert journal.digest_at(record.seq) == digest
    assert journal.head() == (len(records), digest)


# damage


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE record SET body = CAST(body || '!' AS BLOB) WHERE seq = 50", 50),
        ("UPDATE record SET body = zeroblob(length(body)) WHERE seq = 50", 50),
        ("UPDATE record SET body = x'' WHERE seq = 50", 50),
        ("UPDATE record SET digest = zeroblob(16) WHERE seq = 50", 50),
        ("DELETE FROM record WHERE seq = 50", 50),
        ("DELETE FROM record WHERE seq > 50", 51),
        ("DELETE FROM record", 1),
        ("UPDATE record SET seq = seq + 1000000 WHERE seq = 50", 400),
        ("UPDATE record SET body = (SELECT body FROM record WHERE seq = 51) WHERE seq = 50", 50),
        (
            "UPDATE record SET (body, digest) ="
            " (SELECT body, digest FROM record WHERE seq = 51) WHERE seq = 50",
            50,
        ),
        ("INSERT INTO record SELECT 400, body, digest FROM record WHERE seq = 399", 400),
        ("INSERT INTO record VALUES (400, x'', zeroblob(16))", 400),
        ("DELETE FROM head", 1),
        ("UPDATE head SET seq = 100", 101),
        ("UPDATE head SET digest = zeroblob(16)", 400),
    ],
)
def test_damage_is_refused_by_the_number_of_the_record(journal, path, statement, seq):
    damage(path, statement)
    with pytest.raises(CorruptJournalError) as found:
        list(journal.read())
    assert (found.value.seq, found.value.code) == (seq, "corrupt_journal")


def test_what_comes_before_the_damage_is_still_given(journal, path, records):
    damage(path, "UPDATE record SET body = x'00' WHERE seq = 50")
    reading, found = journal.read(), []
    with pytest.raises(CorruptJournalError):
        found.extend(reading)
    with pytest.raises(CorruptJournalError):
        journal.record(50)
    assert found == records[:49]
    assert journal.record(52) == records[51]


@pytest.mark.parametrize("seq", [0, 400, 10**12])
def test_a_record_that_was_never_written_is_not_made_up(journal, seq):
    with pytest.raises(CorruptJournalError):
        journal.record(seq)


@pytest.mark.parametrize("what", ["zeros", "noise", "misdirected"])
def test_a_lost_page_is_reported_or_empty(journal, path, tmp_path, records, what):
    journal.close()
    whole, size = path.read_bytes(), 4096
    copy, rng, reported = tmp_path / "copy.db", Random(2), 0
    pages = len(whole) // size
    for n in range(pages):
        other = (n + 1) % pages
        page = {
            "zeros": bytes(size),
            "noise": rng.randbytes(size),
            "misdirected": whole[other * size : (other + 1) * size],
        }[what]
        copy.write_bytes(whole[: n * size] + page + whole[(n + 1) * size :])
        try:
            assert read(copy) == records
        except CorruptJournalError:
            reported += 1
    assert reported >= pages - 2


@pytest.fixture
def small(path, records):
    """Four batches in pages of 512 bytes: small enough to try every single byte."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA page_size = 512")
        db.execute("VACUUM")
    db.close()
    journal = SqliteJournal(path)
    for k in range(4):
        journal.append(records[2 * k : 2 * k + 2])
    yield journal
    journal.close()


def test_a_log_cut_off_at_any_byte_loses_whole_batches_from_the_end_only(
    small, path, tmp_path, records
):
    """As after a power cut."""
    wal = path.with_name(JOURNAL_FILE + "-wal").read_bytes()
    copy, lengths = tmp_path / "copy.db", []
    shutil.copy(path, copy)
    for cut in range(len(wal) + 1):
        copy.with_name("copy.db-wal").write_bytes(wal[:cut])
        found = read(copy)
        assert found == records[: len(found)]
        lengths.append(len(found))
    assert lengths == sorted(lengths)  # a longer log never says less
    assert set(lengths) == {0, 2, 4, 6, 8}
    assert len(lengths) > 4_000
    assert copy.read_bytes() == path.read_bytes()  # reading repairs nothing


def test_one_bit_flipped_in_every_byte_is_harmless_or_reported(small, path, tmp_path, records):
    small.close()
    whole, copy, outcome = bytearray(path.read_bytes()), tmp_path / "copy.db", Counter()
    for k in range(len(whole)):
        whole[k] ^= 1 << k % 8
        copy.write_bytes(whole)
        whole[k] ^= 1 << k % 8
        try:
            assert read(copy) == records[:8]
            outcome["harmless"] += 1
        except CorruptJournalError:
            outcome["reported"] += 1
    assert outcome["reported"] > 1_000
    print(outcome)


def test_noise_after_a_torn_write_is_not_taken_for_records(journal, path, tmp_path, records):
    wal, rng = path.with_name(JOURNAL_FILE + "-wal").read_bytes(), Random(1)
    copy, lengths = tmp_path / "copy.db", set()
    for n in range(40):
        shutil.copy(path, copy)
        cut = rng.randrange(len(wal))
        rest = bytes(len(wal) - cut) if n % 2 else rng.randbytes(len(wal) - cut)
        copy.with_name("copy.db-wal").write_bytes(wal[:cut] + rest)
        found = read(copy)
        assert found == records[: len(found)]
        assert len(found) % PER_BATCH == 0
        lengths.add(len(found))
    assert len(lengths) > 15


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be one" * 99])
def test_a_file_that_is_no_journal_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(CorruptJournalError), JournalReader(path) as journal:
        list(journal.read())


# the only writer


def test_a_batch_is_all_or_nothing(path, records):
    journal = SqliteJournal(path)
    journal.append(records[:3])
    with pytest.raises(AssertionError):
        journal.append(records[4:6])  # a gap
    with pytest.raises(AssertionError):
        journal.append([records[3], records[5]])
    journal.append(records[3:5])
    assert list(journal.read()) == records[:5]
    journal.close()


def test_whoever_opens_it_takes_over_and_the_one_before_writes_no_more(path, records):
    """A lock file can be deleted, and its process be stopped and wake up later."""
    journal = SqliteJournal(path)
    journal.append(records[:3])
    journal.must_be_ours()
    path.with_name(JOURNAL_FILE + ".lock").unlink()
    other = SqliteJournal(path)
    with pytest.raises(JournalInUseError):
        journal.must_be_ours()
    with pytest.raises(JournalInUseError):
        journal.append(records[3:6])  # although nobody has written record 4 yet
    other.append(records[3:5])
    other.must_be_ours()
    with pytest.raises(JournalInUseError):
        journal.append(records[3:6])
    assert list(journal.read()) == records[:5]
    journal.close()
    other.must_be_ours()
    other.close()


def test_who_writes_without_taking_over_is_fenced_by_the_primary_key(path, records):
    journal = SqliteJournal(path)
    journal.append(records[:3])
    damage(path, "INSERT INTO record VALUES (4, x'', x'')")
    with pytest.raises(JournalInUseError, match="somebody else has written record 4"):
        journal.append(records[3:6])
    journal.close()


def test_a_journal_from_before_writers_had_numbers_is_taken_over_too(path, records):
    with SqliteJournal(path) as journal:
        journal.append(records[:3])
    damage(path, "DROP TABLE writer")
    with JournalReader(path) as reader:
        assert list(reader.read()) == records[:3]
    with SqliteJournal(path) as journal:
        journal.append(records[3:5])
        assert list(journal.read()) == records[:5]


def test_a_second_process_cannot_write(journal, path, records):
    second = (
        "import sys; from pathlib import Path; from gateway.storage.journal import *\n"
        "try: SqliteJournal(Path(sys.argv[1]))\n"
        "except JournalInUseError as error: print(error.code)"
    )
    command = [sys.executable, "-c", second, path]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == "journal_in_use\n"
    journal.close()
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == ""


# a full disk


@pytest.fixture
def little_room():
    """Of all tests here, this one limits the size of files: Python ignores SIGXFSZ."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def append_all(journal, batches):
    for batch in batches:
        journal.append(batch)


def test_a_full_disk_is_said_and_what_was_written_stays(path, records, little_room):
    journal = SqliteJournal(path)
    batches = [records[k : k + PER_BATCH] for k in range(0, len(records), PER_BATCH)]
    little_room(200_000)
    with pytest.raises(StorageFullError) as refused:
        append_all(journal, batches)
    assert refused.value.code == "storage_full"
    written = journal.head()[0]
    assert 0 < written < len(records)
    assert list(journal.read()) == records[:written]
    little_room(resource.RLIM_INFINITY)
    journal.append(records[written:])  # the torn rest was cut back
    assert list(journal.read()) == records == read(path)
    journal.close()


def test_it_is_known_beforehand_that_room_runs_out(path, records, little_room):
    journal = SqliteJournal(path, reserve_bytes=100_000)
    assert journal.has_room()
    little_room(260_000)
    written = 0
    while journal.has_room():
        journal.append(records[written : written + PER_BATCH])
        written += PER_BATCH
    journal.append(records[written:])  # what was decided already finds the reserve
    assert list(journal.read()) == records
    journal.close()


def test_a_disk_that_fails_is_not_called_full(path, records):
    journal = SqliteJournal(path)
    journal.append(records[:3])
    journal._db.execute("PRAGMA query_only = ON")  # the nearest thing to a broken disk
    with pytest.raises(StorageError) as refused:
        journal.append(records[3:5])
    assert refused.value.code == "storage_failed"
    assert not isinstance(refused.value, StorageFullError)
    journal.close()
