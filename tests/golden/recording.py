"""`python -m tests.golden.recording NAME` records a golden journal of this version: NAME.tar.xz.

Sixteen short random days, each the talk of another subject, follow each other in one journal; then
a server opens it, is asked over its socket and stopped, opens it again and goes on without another
snapshot, as if killed. Beside the folder, NAME.json says what its state was.
"""

import asyncio
import io
import json
import sys
import tarfile
import tempfile
from itertools import islice
from pathlib import Path

from engine import commands as c
from engine.audit import violations
from engine.settings import Settings
from gateway import messages as m
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import recover
from gateway.storage.snapshots import Snapshots
from tests.days.random_days import RandomDay
from tests.golden.figures import figures
from tests.golden.parties import CUSTOMER, delivered, opened, paid, parties, placed, plain
from tests.journals import journal_of
from tests.serving import serving

HERE = Path(__file__).parent
BYTES_MAX = 100_000
DAYS, STEPS, RECORDS_MAX = 16, 40, 1_350
FIRST_SEEDS = range(0, 100 * DAYS, DAYS)
START = 4_102_444_800_000  # 2100: who serves it goes on where it ended, whenever that is
LOCAL = ("127.0.0.0/8",)
NOBODY = "http://127.0.0.1:9/events"  # listens there: what is told waits


def main(name):
    if (HERE / f"{name}.json").exists():
        sys.exit(f"{name} is there already, and a golden journal is never changed")
    with tempfile.TemporaryDirectory() as scratch:
        folder = journal_of(Path(scratch) / name, most_told())
        reply = asyncio.run(asked(folder))
        told = {"name": name, **state_of(folder), "reply": reply}
        packed = pack(folder)
    assert len(packed) <= BYTES_MAX, f"{len(packed)} bytes: take fewer STEPS"
    (HERE / f"{name}.tar.xz").write_bytes(packed)
    (HERE / f"{name}.json").write_text(written(told))
    return f"{name}: {told['records']} records, {len(told['kinds'])} kinds, {len(packed)} bytes"


# what happens in it


def most_told():
    """Of some such chains of days, none too long, the one with most kinds of records."""
    chains = (list(islice(days(x), RECORDS_MAX + 1)) for x in FIRST_SEEDS)
    return max((x for x in chains if len(x) <= RECORDS_MAX), key=lambda x: len(kinds(x)))


def days(first):
    """One city's. At the end nothing is healed: much is waited for."""
    day = RandomDay(first)
    day.at = START
    yield from day.records(STEPS)
    for seed in range(first + 1, first + DAYS):
        following = RandomDay(seed)
        following.engine, following.at, following.count = day.engine, day.at, day.count
        day = following
        yield from day.records(STEPS)
    yield from day.engine.turns(day.at, c.ChangeSettings(Settings()))


def kinds(records):
    """Events, and commands that were not refused."""
    found = {type(x).__name__ for record in records for x in record.events}
    return found | {type(x.command).__name__ for x in records if not x.rejection}


async def asked(folder):
    """What was answered to a request that every later version has to answer the same."""
    async with serving(folder, webhook_networks=LOCAL) as app, parties(app) as city:
        await opened(city)
        await city.care.request(m.SaveProfile(CUSTOMER, "Croesus of Lydia", "+8613800000000"))
        await city.shop.request(m.SetWebhook("partner", "orders", NOBODY))
        await delivered(city, "au-1")
    kept = Snapshots(folder).paths()
    async with serving(folder, webhook_networks=LOCAL) as app, parties(app) as city:
        await city.operator.request(m.RevokeAccess("courier", "lee"))
        await paid(city, "au-2")
        reply = plain(await placed(city, "au-3"))
    for path in {*Snapshots(folder).paths()} - {*kept}:
        path.unlink()
    assert list(Snapshots(folder).intact())
    return reply


# what is kept of it


def state_of(folder):
    with JournalReader(folder / JOURNAL_FILE) as journal:
        engine, records, (seq, digest) = recover(journal), list(journal.read()), journal.head()
    assert violations(engine.state) == []
    told = figures(engine.state)
    return {"records": seq, "digest": digest.hex(), "kinds": sorted(kinds(records)), **told}


def pack(folder):
    """Without what is empty once a server has stopped."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz", preset=9) as tar:
        for path in sorted(x for x in folder.rglob("*") if x.is_file() and x.stat().st_size):
            tar.add(path, path.relative_to(folder), filter=nobodys)
    return packed.getvalue()


def nobodys(member):
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def written(told):
    """A line for each thing, so that a difference is one."""
    lines = (f"{json.dumps(k)}: {json.dumps(x, ensure_ascii=False)}" for k, x in told.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1]) + "\n")
