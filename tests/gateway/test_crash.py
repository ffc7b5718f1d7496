"""kill -9, for real: whatever was acknowledged is there, once, when the engine comes back.

The page cache survives a killed process, so this says nothing about a power cut; that every
answer follows a finished sync is for `ackwatch` (strace) to see, at the end of this module.
"""

import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from engine import snapshot
from engine.engine import Engine
from gateway.storage.journal import JOURNAL_FILE, JournalReader, SqliteJournal
from gateway.storage.recovery import recover
from gateway.storage.verification import verify

KILLS = 12
CLIENTS = 24  # large batches: most kills hit while one is being written
ROOT = Path(__file__).resolve().parents[2]
ACKWATCH = ROOT.parent / "shared" / "referee" / "ackwatch.py"


def start(directory, *arguments, **options):
    command = [sys.executable, "-m", "tests.crash_child", directory, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)


@contextlib.asynccontextmanager
async def connected(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class Clients:
    """Each sends a key and waits; what was not answered is sent again, to the next server."""

    def __init__(self, rng):
        self.rng = rng
        self.unanswered = []
        self.answers = {}
        self.repeated = 0

    def serve_until_killed(self, port, seconds, child):
        async def killed():
            talks = [asyncio.create_task(self._talk(port)) for _ in range(CLIENTS)]
            await asyncio.sleep(seconds)
            child.kill()
            await asyncio.gather(*talks)

        asyncio.run(killed())

    def settle(self, port):
        """Ask again for whatever is open, and again for some of what is answered."""
        self.unanswered += self.rng.sample(sorted(self.answers), min(50, len(self.answers)))

        async def settle():
            async with connected(port) as (reader, writer):
                while self.unanswered:
                    await self._ask(self.unanswered.pop(), reader, writer)

        asyncio.run(settle())

    async def _talk(self, port):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            async with connected(port) as (reader, writer):
                while True:
                    key = f"k-{self.rng.getrandbits(48):012x}"
                    if self.unanswered:
                        key = self.unanswered.pop()
                    try:
                        await self._ask(key, reader, writer)
                    except BaseException:
                        self.unanswered.append(key)
                        raise

    async def _ask(self, key, reader, writer):
        writer.write(f"{key}\n".encode())
        line = await reader.readuntil(b"\n")
        said, seq, replayed = line.decode().split()
        assert said == key
        assert self.answers.setdefault(key, int(seq)) == int(seq)
        self.repeated += int(replayed)


@pytest.mark.slow
def test_every_acknowledged_command_survives_kill_9_and_none_counts_twice(tmp_path):
    rng = Random(1)
    clients = Clients(rng)
    for run in range(KILLS):
        child = start(tmp_path)
        if run % 4 == 3:  # while it starts and recovers
            time.sleep(rng.uniform(0.1, 0.6))
            child.kill()
        else:
            clients.serve_until_killed(int(child.stdout.readline()), rng.uniform(0.02, 0.3), child)
        assert child.wait() == -signal.SIGKILL
        child.stdout.close()
        if (tmp_path / JOURNAL_FILE).exists():
            found = stored(tmp_path)
            assert {k: found.get(k) for k in clients.answers} == clients.answers, f"run {run}"

    child = start(tmp_path)
    clients.settle(int(child.stdout.readline()))
    child.terminate()
    assert child.wait() == 0
    child.stdout.close()
    assert clients.repeated > 50  # also such whose answer the kill cut off
    report = verify(tmp_path, audit_every=500)
    assert report.findings == []
    with JournalReader(tmp_path / JOURNAL_FILE) as journal:
        engine = recover(journal)
    level = engine.state.inventory.get("store", "dish")
    assert level.received == len(clients.answers) == len(stored(tmp_path))
    assert len(clients.answers) > 200
    print(len(clients.answers), "acknowledged,", report.records, "records,", KILLS, "kills")


def stored(directory):
    """Read by itself, from the beginning, and by recovery: the same."""
    with JournalReader(directory / JOURNAL_FILE) as journal:
        replayed, found = Engine(), {}
        for record in journal.read():
            replayed.apply(record)
            if record.key.startswith("test/"):
                found[record.key.removeprefix("test/")] = record.seq
        assert snapshot.dump(recover(journal)) == snapshot.dump(replayed)
    return found


def ask(port, keys):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        lines = connection.makefile("rw")
        for key in keys:
            lines.write(f"{key}\n")
            lines.flush()
            yield lines.readline().strip()


def test_a_process_told_to_stop_finishes_and_leaves_a_snapshot_of_everything(tmp_path):
    child = start(tmp_path)
    answers = list(ask(int(child.stdout.readline()), ["a", "b"]))
    assert answers == ["a 4 0", "b 5 0"]
    child.terminate()
    assert child.wait() == 0
    child.stdout.close()
    assert [x.name for x in tmp_path.glob("snapshot-*")] == ["snapshot-000000000000005.bin"]


def test_a_full_disk_is_answered_and_after_a_restart_with_room_all_goes_on(tmp_path):
    """RLIMIT_FSIZE stands for the disk: a write is cut short first, then refused."""

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (420_000, 420_000))

    child = start(tmp_path, preexec_fn=little_room)
    keys = [f"k-{n:012x}" for n in range(400)]
    answers = list(ask(int(child.stdout.readline()), keys))
    taken = [x for x in answers if x.startswith("k-")]
    assert 10 < len(taken) < 400
    assert set(answers[len(taken) :]) == {"storage_full"}
    assert child.poll() is None  # it still serves what needs no disk
    child.kill()
    child.wait()
    child.stdout.close()

    assert len(stored(tmp_path)) == len(taken)  # what was refused was not done
    child = start(tmp_path)
    again = list(ask(int(child.stdout.readline()), keys))
    assert [x[:-1] + "0" for x in again[: len(taken)]] == taken
    assert all(x.endswith("1") for x in again[: len(taken)])
    assert all(x.endswith("0") for x in again[len(taken) :])
    child.terminate()
    assert child.wait() == 0
    child.stdout.close()
    assert verify(tmp_path).findings == []


needs_strace = pytest.mark.skipif(
    not shutil.which("strace") or not ACKWATCH.exists(),
    reason="needs strace and ../shared/referee/ackwatch.py",
)


def watch(directory, *arguments):
    """ackwatch beside a serving child that 8 clients ask 40 times each."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    driver = f"{sys.executable} -m tests.crash_driver {port} 8 40"
    command = [sys.executable, ACKWATCH, "--journal", "journal", "--id", "k-[0-9a-f]{12}"]
    command += ["--warmup", "4", "--seconds", "60", "--log", directory / "strace.log"]
    command += ["--driver", driver, *arguments]
    command += ["--", sys.executable, "-m", "tests.crash_child", directory / "data", str(port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    end_whoever_serves(directory / "data")
    return done.returncode, done.stdout


def end_whoever_serves(data):
    """The referee leaves the child it watched running."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(data).encode() in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)


@needs_strace
@pytest.mark.slow
def test_every_answer_follows_a_finished_sync(tmp_path):
    code, said = watch(tmp_path)
    assert code == 0, said
    assert re.match(r"320 acknowledged ids, 3\d\d journalled", said), said


@needs_strace
@pytest.mark.slow
def test_after_a_failed_sync_nothing_is_acknowledged_and_the_process_ends(tmp_path):
    """Judged from the log of system calls: no key is answered that no sync covered which went
    well. What an earlier sync covered may still be answered while a later one fails. (ackwatch
    also counts every key on the page whose sync failed, those of earlier commits too, so its own
    verdict is for journals without pages.)"""
    _, said = watch(tmp_path, "--inject", "fdatasync:error=EIO:when=25+")
    assert "0 acknowledged before sync, 0 acknowledged without a write, 1 failed syncs" in said
    calls = (tmp_path / "strace.log").read_text(errors="replace").splitlines()
    failed = next(k for k, line in enumerate(calls) if "EIO" in line)
    answers = [k for k, line in enumerate(calls) if re.search(r'send(to|msg)\(.*"\\x6b\\x2d', line)]
    assert 0 < len(answers) < 320
    assert any(re.search(r"\+\+\+ exited with 1 \+\+\+", line) for line in calls[failed:])
    found = stored(tmp_path / "data")  # what the failed sync left there is allowed to be there
    assert len(answers) <= len(found) <= len(answers) + 8
    SqliteJournal(tmp_path / "data" / JOURNAL_FILE).close()  # and the next one may write
