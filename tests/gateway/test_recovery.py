"""Recovery and verification: snapshots cost or save time, never data; changed decisions are found."""

import sqlite3
import sys
from random import Random

import pytest

from engine import commands as c
from engine import snapshot
from engine.audit import violations
from engine.codec import chain, encode
from engine.engine import Engine, Record
from engine.errors import CorruptJournalError
from gateway.storage.journal import JOURNAL_FILE, JournalReader, SqliteJournal
from gateway.storage.recovery import Recovery, recover
from gateway.storage.snapshots import HEADER, PLAIN, Snapshot, Snapshots
from gateway.storage.verification import Kind, verify
from gateway.storage.witness import WITNESS_FILE
from tests.scripted_day import ScriptedDay


@pytest.fixture(scope="module")
def records():
    return list(ScriptedDay(5, orders=40, couriers=6, stores=2, hours=0.3))


@pytest.fixture
def journal(tmp_path, records):
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    journal.append(records)
    yield journal
    journal.close()


def engine_at(records, seq):
    engine = Engine()
    for record in records[:seq]:
        engine.apply(record)
    return engine


def snapshot_at(journal, records, seq, feeds=b"feeds"):
    state = snapshot.dump(engine_at(records, seq))
    return Snapshot(seq, journal.digest_at(seq), state, feeds)


@pytest.fixture
def snapshots(tmp_path, journal, records):
    """After records 100, 200 and 300, of which the last two are kept."""
    snapshots = Snapshots(tmp_path)
    for seq in (100, 200, 300):
        snapshots.save(snapshot_at(journal, records, seq, b"feeds at %d" % seq))
    return snapshots


def rewrite(journal, records):
    """Another history, in good order: every digest is right, and nobody testifies against it."""
    (journal.path.parent / WITNESS_FILE).unlink()
    with sqlite3.connect(journal.path) as db:
        db.execute("DELETE FROM record")
        digest = bytes(16)
        for record in records:
            body = encode(record)
            digest = chain(digest, body)
            db.execute("INSERT INTO record VALUES (?, ?, ?)", (record.seq, body, digest))
        db.execute("REPLACE INTO head VALUES (1, ?, ?)", (len(records), digest))
    db.close()


# recovery


def test_deciding_applying_and_recovering_lead_to_the_same_bytes(journal, records):
    day = ScriptedDay(5, orders=40, couriers=6, stores=2, hours=0.3)
    assert list(day) == records
    whole = snapshot.dump(day.engine)
    assert snapshot.dump(engine_at(records, len(records))) == whole
    assert snapshot.dump(recover(journal)) == whole
    assert violations(day.engine.state) == []


def test_two_snapshots_are_kept_and_nothing_else(tmp_path, snapshots):
    assert [x.name for x in snapshots.paths()] == [
        "snapshot-000000000000300.bin",
        "snapshot-000000000000200.bin",
    ]
    assert list(tmp_path.glob("*.tmp")) == []


def test_recovery_starts_at_the_newest_snapshot(journal, records, snapshots):
    recovery = Recovery(journal)
    assert (recovery.engine.seq, recovery.feeds) == (300, b"feeds at 300")
    assert list(recovery) == records[300:]
    assert snapshot.dump(recovery.engine) == snapshot.dump(engine_at(records, len(records)))


def test_who_follows_a_recovery_sees_every_state(journal, records, snapshots):
    recovery, shadow = Recovery(journal), engine_at(records, 300)
    for record in recovery:
        shadow.apply(record)
        if record.seq % 50 == 0:
            assert snapshot.dump(shadow) == snapshot.dump(recovery.engine)


@pytest.mark.parametrize("seq", [0, 1, 150, 200, 250, 399])
def test_any_moment_of_the_past_can_be_recovered(journal, records, snapshots, seq):
    whole = snapshot.dump(engine_at(records, seq))
    assert snapshot.dump(recover(journal, seq)) == whole
    recovery = Recovery(journal, seq)
    starts = recovery.engine.seq
    assert starts == max(x for x in (0, 200, 300) if x <= seq)
    assert list(recovery) == records[starts:seq]
    assert snapshot.dump(recovery.engine) == whole


def test_damaged_snapshots_only_cost_time(journal, records, snapshots):
    whole, rng = snapshot.dump(recover(journal)), Random(1)
    newest, older = snapshots.paths()
    content = newest.read_bytes()
    for k in (*range(64), *(rng.randrange(len(content)) for _ in range(100))):
        broken = bytearray(content)
        broken[k] ^= 1 << rng.randrange(8)
        newest.write_bytes(broken)
        assert Recovery(journal).engine.seq == 200, f"byte {k}"
    for size in (0, 1, 63, 64, len(content) // 2, len(content) - 1):
        newest.write_bytes(content[:size])
        assert Recovery(journal).engine.seq == 200
    newest.write_bytes(content + b"!")
    assert Recovery(journal).engine.seq == 200
    assert snapshot.dump(recover(journal)) == whole
    older.write_bytes(b"")
    assert Recovery(journal).engine.seq == 0
    assert snapshot.dump(recover(journal)) == whole
    older.unlink()
    newest.unlink()
    assert snapshot.dump(recover(journal)) == whole


def test_a_snapshot_that_an_older_gateway_kept_is_used(tmp_path, journal, records):
    """It was not compressed then."""
    seq, digest, state, feeds = snapshot_at(journal, records, 200)
    front = HEADER.pack(PLAIN, seq, digest, len(state), len(feeds), bytes(16))
    seal = chain(chain(chain(digest, front), state), feeds)
    path = tmp_path / f"snapshot-{seq:015d}.bin"
    path.write_bytes(front[: -len(seal)] + seal + state + feeds)
    assert [*Snapshots(tmp_path).intact()] == [Snapshot(seq, digest, state, feeds)]
    assert Recovery(journal).engine.seq == 200


def test_what_feeds_said_lately_takes_little_room(tmp_path, journal, records):
    said = b"".join(b'{"order": "o%d", "status": "accepted"}' % n for n in range(10_000))
    path = Snapshots(tmp_path).save(snapshot_at(journal, records, 200, said))
    (kept,) = Snapshots(tmp_path).intact()
    assert kept.feeds == said
    assert path.stat().st_size < len(kept.state) + len(said) // 5


def test_a_snapshot_of_another_version_only_costs_time(tmp_path, journal, records, snapshots):
    kept = next(snapshots.intact())
    other = kept.state[len(snapshot.MARK) + 2 :]  # the first layout did not say which it was
    snapshots.save(Snapshot(300, kept.digest, other, kept.feeds))
    recovery = Recovery(journal)
    assert (recovery.engine.seq, recovery.feeds) == (200, b"feeds at 200")
    assert snapshot.dump(recover(journal)) == snapshot.dump(engine_at(records, len(records)))
    report = verify(tmp_path)
    assert (report.exit_code, report.snapshots) == (0, 1)
    assert "layout 1" in report.found(Kind.SNAPSHOT).text


def test_a_journal_that_lost_what_a_snapshot_knows_is_refused(journal, records, snapshots):
    rewrite(journal, records[:250])  # as after a write-ahead log that was deleted
    with pytest.raises(CorruptJournalError) as found:
        recover(journal)
    assert found.value.seq == 251


def test_an_emptied_journal_is_refused(tmp_path, journal, snapshots):
    """Or a fresh engine would serve, and nobody would know what happened."""
    journal.close()
    (tmp_path / JOURNAL_FILE).unlink()
    with pytest.raises(CorruptJournalError, match="there is no journal") as found:
        SqliteJournal(tmp_path / JOURNAL_FILE)
    assert found.value.seq == 1
    (tmp_path / WITNESS_FILE).unlink()
    fresh = SqliteJournal(tmp_path / JOURNAL_FILE)
    with pytest.raises(CorruptJournalError) as found:
        recover(fresh)
    assert found.value.seq == 1
    fresh.close()


def test_a_snapshot_of_another_history_is_refused(journal, records, snapshots):
    first = records[0]
    rewrite(journal, [Record(1, first.at, c.Tick(), [], ""), *records[1:]])
    with pytest.raises(CorruptJournalError) as found:
        recover(journal)
    assert found.value.seq == 300


class DeathError(BaseException):
    """The process is gone: nothing catches this."""


class Reaper:
    """Dies at the n-th change of the file system, before it happens (an audit hook)."""

    EVENTS = ("open", "os.rename", "os.remove")

    def __init__(self):
        self.left = None
        sys.addaudithook(self)  # for as long as the process lives; hence `left`

    def __call__(self, event, args):
        if self.left is not None and event in self.EVENTS:
            if self.left == 0:
                self.left = None
                raise DeathError
            self.left -= 1


@pytest.fixture(scope="module")
def reaper():
    return Reaper()


def test_death_at_any_step_of_a_snapshot_costs_only_time(journal, records, snapshots, reaper):
    whole = snapshot.dump(engine_at(records, len(records)))
    deaths = 0
    for seq in range(310, 400, 10):
        taken = snapshot_at(journal, records, seq)
        kept = [x.seq for x in snapshots.intact()]
        reaper.left = deaths
        try:
            snapshots.save(taken)
        except DeathError:
            deaths += 1
        else:
            break
        found = [x.seq for x in snapshots.intact()]
        assert found[0] in (seq, kept[0])
        assert len(found) >= 2
        assert Recovery(journal).engine.seq == found[0]
        assert snapshot.dump(recover(journal)) == whole
    reaper.left = None
    assert deaths >= 4  # open, rename, sync of the directory, removal of an older one
    snapshots.save(snapshot_at(journal, records, 400))
    assert next(x.seq for x in snapshots.intact()) == 400
    assert len(list(journal.path.parent.glob("snapshot-*"))) == 2


# verification


def test_a_sound_journal_is_found_sound(tmp_path, journal, records, snapshots):
    report = verify(tmp_path, audit_every=100)
    assert report.findings == []
    assert report.exit_code == 0
    assert report.records == report.decided == len(records)
    assert report.snapshots == 2
    assert report.audits == len(records) // 100 + 1
    assert list(report.lines())[-1] == "sound"


def test_an_empty_journal_is_sound(tmp_path):
    SqliteJournal(tmp_path / JOURNAL_FILE).close()
    assert (verify(tmp_path).exit_code, verify(tmp_path).records) == (0, 0)


def test_there_must_be_a_journal_to_verify(tmp_path):
    with pytest.raises(FileNotFoundError):
        verify(tmp_path)


def test_progress_is_told(tmp_path, journal, records):
    told = []
    verify(tmp_path, audit_every=100, on_progress=told.append)
    assert told == list(range(100, len(records) + 1, 100))


def test_damage_is_found_by_its_number(tmp_path, journal):
    with sqlite3.connect(journal.path) as db:
        db.execute("UPDATE record SET body = CAST(body || '!' AS BLOB) WHERE seq = 77")
    db.close()
    report = verify(tmp_path)
    assert (report.exit_code, report.found(Kind.DAMAGE).seq) == (2, 77)
    assert report.records == report.decided == 76


def first(records, kind):
    return next(x for x in records if type(x.command).__name__ == kind and not x.rejection)


def changed(records, record, **fields):
    values = {name: getattr(record, name) for name in Record.__struct_fields__} | fields
    return [Record(**values) if x is record else x for x in records]


def test_a_changed_decision_is_found_by_its_number(tmp_path, journal, records):
    """As if a version of yesterday had priced otherwise."""
    was = first(records, "RequestQuote")
    (quote,) = was.events
    cheaper = type(quote)(
        *(
            getattr(quote, name) - 1 if name == "total_minor" else getattr(quote, name)
            for name in quote.__struct_fields__
        )
    )
    rewrite(journal, changed(records, was, events=[cheaper]))
    report = verify(tmp_path)
    found = report.found(Kind.DECISION)
    assert (report.exit_code, found.seq) == (1, was.seq)
    assert "RequestQuote: was QuoteOffered" in found.text
    assert report.records == len(records)  # the rest is still read and applied
    assert report.decided == was.seq - 1


def test_an_event_more_is_a_changed_decision(tmp_path, journal, records):
    was = first(records, "ReportReady")
    rewrite(journal, changed(records, was, events=was.events[:1]))
    found = verify(tmp_path).found(Kind.DECISION)
    assert found.seq == was.seq
    assert "1 events then, 2 now" in found.text


def test_a_timer_that_did_not_fire_is_a_changed_decision(tmp_path, journal, records):
    was = first(records, "ExpirePayment")
    rest = [Record(x.seq - 1, x.at, x.command, x.events, x.key) for x in records[was.seq :]]
    rewrite(journal, records[: was.seq - 1] + rest)
    found = verify(tmp_path).found(Kind.DECISION)
    assert found.seq == was.seq
    assert "ExpirePayment comes first" in found.text


def test_a_timer_nobody_set_is_a_changed_decision(tmp_path, journal, records):
    never = Record(21, records[19].at, c.ExpireOffer("nobody", 1), [])
    rewrite(journal, [*records[:20], never])
    found = verify(tmp_path).found(Kind.DECISION)
    assert found.seq == 21
    assert "no such timer is due" in found.text


def test_a_record_that_cannot_be_applied_is_damage(tmp_path, journal, records):
    was = first(records, "ReportPickup")
    rewrite(journal, changed(records, was, events=was.events * 2))
    report = verify(tmp_path)
    assert (report.exit_code, report.found(Kind.DAMAGE).seq) == (2, was.seq)


def test_a_broken_invariant_is_found(tmp_path, journal, records):
    """The events of a pickup without the stock they issue."""
    was = first(records, "ReportPickup")
    kept = [x for x in was.events if type(x).__name__ != "StockIssued"]
    rewrite(journal, changed(records, was, events=kept)[: was.seq + 5])
    report = verify(tmp_path)
    assert report.exit_code == 1
    assert "reserved" in report.found(Kind.INVARIANT).text
    assert report.found(Kind.DECISION).seq == was.seq


def test_a_snapshot_that_is_not_what_the_records_lead_to_is_found(tmp_path, journal, records):
    wrong = snapshot_at(journal, records, 200)._replace(seq=210, digest=journal.digest_at(210))
    Snapshots(tmp_path).save(wrong)
    report = verify(tmp_path)
    assert (report.exit_code, report.found(Kind.STATE).seq) == (1, 210)


def test_a_damaged_snapshot_is_mentioned_and_harmless(tmp_path, journal, snapshots):
    path = snapshots.paths()[0]
    path.write_bytes(path.read_bytes()[:-1])
    report = verify(tmp_path)
    assert (report.exit_code, report.snapshots) == (0, 1)
    assert "1 damaged" in report.found(Kind.SNAPSHOT).text


def test_a_lost_tail_is_damage(tmp_path, journal, records, snapshots):
    rewrite(journal, records[:250])
    report = verify(tmp_path)
    assert (report.exit_code, report.found(Kind.DAMAGE).seq) == (2, 251)


def test_a_journal_is_verified_while_it_is_written(tmp_path, records):
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    journal.append(records[:300])
    report = verify(tmp_path)
    assert (report.exit_code, report.records) == (0, 300)
    journal.append(records[300:])
    with JournalReader(tmp_path / JOURNAL_FILE) as follower:
        assert follower.head()[0] == len(records)
    journal.close()
