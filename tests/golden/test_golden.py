"""What earlier versions wrote is read by this one: nothing that was acknowledged is lost.

A golden journal is never changed. If one of these fails, what reads it has to be mended.
"""

import asyncio
import io
import json
import tarfile
from itertools import islice

import pytest

from engine import snapshot
from engine.audit import violations
from engine.engine import Engine
from gateway import messages as m
from gateway.codes import Refusal
from gateway.privacy.vault import VAULT_FILE
from gateway.revocations import Revocations
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import Recovery, recover
from gateway.storage.snapshots import Snapshots
from gateway.storage.verification import Kind, verify
from gateway.tokens import Identity
from tests.days.random_days import RandomDay
from tests.golden.figures import figures
from tests.golden.parties import CUSTOMER, delivered, parties, placed, plain
from tests.golden.recording import BYTES_MAX, HERE, LOCAL, asked, days, pack, state_of
from tests.journals import journal_of
from tests.receiving import Receiver
from tests.serving import live, serving

NAMES = sorted(x.name.removesuffix(".tar.xz") for x in HERE.glob("*.tar.xz"))


@pytest.fixture(params=NAMES)
def told(request):
    return json.loads((HERE / f"{request.param}.json").read_text())


@pytest.fixture
def folder(told, tmp_path):
    with tarfile.open(HERE / f"{told['name']}.tar.xz") as tar:
        tar.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def journal(folder):
    with JournalReader(folder / JOURNAL_FILE) as journal:
        yield journal


def test_another_can_be_recorded_by_this_version(tmp_path):
    """As `make golden` does it, of a shorter journal."""
    source = journal_of(tmp_path / "source", islice(days(0), 200))
    reply = asyncio.run(asked(source))
    told = state_of(source)
    assert reply["seq"] == told["records"]
    assert told["orders"]["au-1"][0] == "fulfilled"
    with tarfile.open(fileobj=io.BytesIO(pack(source))) as tar:
        tar.extractall(tmp_path / "copy", filter="data")
    assert verify(tmp_path / "copy").findings == []
    [kept] = Snapshots(tmp_path / "copy").intact()
    with JournalReader(tmp_path / "copy" / JOURNAL_FILE) as journal:
        recovery = Recovery(journal)
        assert recovery.engine.seq == kept.seq > 0
        whole = snapshot.dump(from_the_beginning(journal))
        assert snapshot.is_same(snapshot.dump(recover(journal)), whole)


def test_there_are_some_and_they_are_small():
    assert len(NAMES) >= 4
    assert all((HERE / f"{x}.tar.xz").stat().st_size <= BYTES_MAX for x in NAMES)


def from_the_beginning(journal):
    engine = Engine()
    engine.apply_all(journal.read())
    return engine


def test_its_records_say_what_was_there(told, journal):
    seq, digest = journal.head()
    assert (seq, digest.hex()) == (told["records"], told["digest"])
    engine = from_the_beginning(journal)
    found = figures(engine.state)
    assert {k: told[k] for k in found} == found
    assert violations(engine.state) == []


def test_its_snapshot_saves_time_or_is_passed_by(told, folder, journal):
    [kept] = Snapshots(folder).intact()
    recovery = Recovery(journal)
    is_usable = snapshot.layout_of(kept.state) == snapshot.LAYOUT
    assert recovery.engine.seq == (kept.seq if is_usable else 0)
    whole = snapshot.dump(from_the_beginning(journal))
    assert snapshot.is_same(snapshot.dump(recover(journal)), whole)


def test_verification_finds_it_whole_and_sound_however_it_is_decided_today(folder):
    report = verify(folder)
    kinds = {x.kind for x in report.findings}
    assert kinds <= {Kind.DECISION, Kind.SNAPSHOT}, [*report.lines()]
    [kept] = Snapshots(folder).intact()
    assert (Kind.SNAPSHOT in kinds) == (snapshot.layout_of(kept.state) != snapshot.LAYOUT)
    assert report.conservation.counts.is_sound
    if Kind.DECISION in kinds:
        *_, last = report.lines()
        assert last == (
            "whole and sound; today's rules would decide otherwise, what was decided stands"
        )


def test_it_lives_on_until_nobody_waits_for_anybody(journal):
    day = RandomDay(0)
    day.engine = recover(journal)
    day.at, day.count = day.engine.now, day.engine.seq
    waited = day.engine.state.orders.open_count
    records = list(day.heal())
    assert waited
    assert day.engine.state.orders.open_count == 0
    assert violations(day.engine.state) == []
    repeated = recover(journal)
    repeated.apply_all(records)
    assert snapshot.is_same(snapshot.dump(repeated), snapshot.dump(day.engine))


@live
async def test_it_is_served_on(told, folder):
    """Who was answered is answered the same, and the next order comes all the way."""
    async with serving(folder, webhook_networks=LOCAL) as app, parties(app) as city:
        again = plain(await placed(city, "au-3"))
        assert again["seq"] == told["reply"]["seq"]
        assert told["reply"]["body"].items() <= again["body"].items()
        await delivered(city, "au-9")
        for _ in range(2):  # the first says what there is to look at
            app.audit.look(app.engine.seq)
        assert app.audit.looked
        assert app.audit.problems == {}
    report = verify(folder)
    assert {x.kind for x in report.findings} <= {Kind.DECISION, Kind.SNAPSHOT}


def test_who_was_locked_out_stays_out(folder):
    with pytest.raises(Refusal):
        Revocations(folder).check(Identity("courier", "lee", expires_at_s=1))
    Revocations(folder).check(Identity("courier", "kim", expires_at_s=1))  # and nobody else


@live
async def test_who_the_customer_is_and_what_is_owed_to_a_webhook_is_known_too(told, folder):
    if told["name"] == "2026-11-23":
        assert not (folder / VAULT_FILE).exists()
        pytest.skip("older than profiles and webhooks")
    async with (
        Receiver() as receiver,
        serving(folder, webhook_networks=LOCAL) as app,
        parties(app) as city,
    ):
        profile = await city.care.request(m.GetProfile(CUSTOMER))
        assert (profile.name, profile.phone) == ("Croesus of Lydia", "+8613800000000")
        await city.shop.request(m.SetWebhook("partner", "orders", receiver.url))
        while "au-3" not in (heard := [x["data"]["order"] for x in receiver.events]):
            await asyncio.sleep(0.02)
    assert heard[0] == "au-1"
    assert heard.index("au-2") < heard.index("au-3")
