"""A disk that is full or fails under the real server: what is refused, what is lost?

    python -m benchmarks.outside.disks full        a tmpfs, a limit on files; room comes back (root)
    python -m benchmarks.outside.disks errors      strace lets the Nth write or sync fail

Full: whoever asks hears `storage_full` within a second, reads are answered, and five seconds after
there is room again all goes on. Errors: nothing is acknowledged that the failed call was about, the
process ends or says no, and the next start has everything that was acknowledged. Exit status 1 if
not.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.outside.server import CutError, Served, Talk, journal_keys, small_city

CLIENTS = 4
ANSWERS_S, AGAIN_S = 1.0, 5.0


class Tills:
    """Each sells one piece after another, under ids of its own."""

    def __init__(self, served: Served, prefix: int) -> None:
        self.served, self.prefix, self.number = served, prefix, 0
        self.done: set[str] = set()
        self.refused: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.slowest_s = self.slowest_read_s = 0.0
        self.reads: Counter[str] = Counter()
        self.last: Counter[str] = Counter()

    def key(self) -> str:
        self.number += 1
        return f"k-{self.prefix:04x}{self.number:08x}"

    async def sell(self, talk: Talk) -> str:
        key, began = self.key(), time.monotonic()
        self.unknown.add(key)
        answer = await talk.ask("record_sale", key, product="p0", quantity=1)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        code: str = answer["code"]
        if code != "unsettled":
            self.unknown.discard(key)
            if code:
                self.refused[key] = code
            else:
                self.done.add(key)
        return code

    async def until(self, seconds: float, code: str = "") -> str:
        """Sells on all connections until time is over, a refusal with that code, or the end."""
        until = time.monotonic() + seconds
        said = ""

        async def one() -> None:
            nonlocal said
            try:
                talk = await self.served.talk("store", "s1")
                while time.monotonic() < until and not (code and said == code):
                    got = await self.sell(talk)
                    said = said if got in ("", "rate_limited") else got
                    if got:
                        await asyncio.sleep(0.02)
                talk.abort()
            except (CutError, TimeoutError):
                said = "cut"

        await asyncio.gather(*(one() for _ in range(CLIENTS)))
        return said

    async def read(self, talk: Talk) -> None:
        """Until cancelled: whoever reads waits for what was decided, but not for room."""
        while True:
            began = time.monotonic()
            try:
                self.reads[(await talk.ask("list_stock"))["code"] or "read"] += 1
            finally:  # also of what is never answered
                self.slowest_read_s = max(self.slowest_read_s, time.monotonic() - began)
            await asyncio.sleep(0.1)

    def reconciled(self) -> list[str]:
        found = journal_keys(self.served.data)
        wrong = [f"{x} was acknowledged and is not there" for x in self.done - set(found)]
        return wrong + [f"{x} was refused and is there" for x in self.refused if x in found]


async def prepared(served: Served) -> None:
    await served.start()
    await small_city(served)
    await served.stop()


async def after(served: Served, tills: Tills) -> list[str]:
    """A start without faults: everything is there, and it sells."""
    await served.kill()
    wrong = tills.reconciled()
    if await served.start() is None:
        return [*wrong, f"does not start again: {served.said[-300:]}"]
    said = await tills.until(0.3)
    if said:
        wrong.append(f"after the next start: {said}")
    await served.kill()
    return wrong + tills.reconciled()


# full


async def full(size_kib: int) -> tuple[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        mount("-t", "tmpfs", "-o", f"size={size_kib}k", "none", folder)
        try:
            async with Served(Path(folder) / "data") as served:
                await prepared(served)
                await served.start()
                return await fills(served, lambda: mount("-o", "remount,size=64m", folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


async def limited(size: int) -> tuple[str, list[str]]:
    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    more = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    with tempfile.TemporaryDirectory() as folder:
        async with Served(Path(folder) / "data") as served:
            await prepared(served)
            await served.start(preexec_fn=little)
            return await fills(
                served, lambda: resource.prlimit(served.pid, resource.RLIMIT_FSIZE, more)
            )


async def fills(served: Served, make_room: Callable[[], object]) -> tuple[str, list[str]]:
    tills, wrong = Tills(served, 1), []
    talks = [await served.talk("store", "s1") for _ in range(CLIENTS)]
    reading = [asyncio.create_task(tills.read(x)) for x in talks]
    said = await tills.until(60, "storage_full")
    sold = len(tills.done)
    if said != "storage_full":
        wrong.append(f"said {said!r} instead of storage_full; {served.said[-300:]}")
        return f"{sold} sold", wrong + await after(served, tills)
    tills.slowest_s = 0
    await tills.until(2)
    later = len(tills.done) - sold
    for task in reading:
        task.cancel()
    ends = await asyncio.gather(*reading, return_exceptions=True)
    wrong += [f"a read ended with {x!r}" for x in ends if not isinstance(x, CancelledError)]
    if max(tills.slowest_s, tills.slowest_read_s) > ANSWERS_S:
        wrong.append(f"an answer took {tills.slowest_s:.1f}, a read {tills.slowest_read_s:.1f} s")
    store = await served.talk("store", "s1")
    if not (await store.told("list_stock"))["products"]:
        wrong.append("nothing can be read")
    health, _ = served.page("/health")
    make_room()
    began = time.monotonic()
    while await tills.sell(store) and time.monotonic() - began < AGAIN_S:
        await asyncio.sleep(0.05)
    took = time.monotonic() - began
    if took >= AGAIN_S:
        wrong.append("it does not go on although there is room")
    await tills.until(0.5)
    words = f"{sold} sold, then {len(tills.refused)} x storage_full ({later} sold between), "
    words += f"slowest refusal {tills.slowest_s * 1000:.0f} ms, {dict(tills.reads)}, slowest "
    words += f"{tills.slowest_read_s * 1000:.0f} ms, health {health}, "
    return words + f"selling again after {took:.2f} s", wrong + await after(served, tills)


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


# errors


async def fails(
    data: Served, call: str, error: str, when: str, number: int
) -> tuple[str, list[str]]:
    tills = Tills(data, number)
    inject = f"inject={call}:error={error}:when={when}"
    log = data.data.parent / "calls.log"
    words = ("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}", "-e", inject)
    url = await data.start(*words)
    if url is None:
        status = await data.ended()
        said = data.said.strip().splitlines()[-1:]
        wrong = [f"a traceback: {data.said[-400:]}"] if "Traceback" in data.said else []
        wrong += [] if status else ["it ended with 0"]
        return f"ended at its start ({status}): {said}", wrong + await after(data, tills)
    said = await tills.until(3)
    try:
        status = await data.ended(0.01 if said != "cut" else ANSWERS_S)
        outcome = f"ended with {status}: {data.said.strip().splitlines()[-1:]}"
    except TimeoutError:
        struck = "(INJECTED)" in log.read_text(errors="replace")
        outcome = "serves" if struck else "not reached"
    wrong = [f"a traceback: {data.said[-600:]}"] if "Traceback" in data.said else []
    codes = Counter(tills.refused.values())
    words_said = f"{outcome}; {len(tills.done)} sold, {dict(codes)}, {len(tills.unknown)} unknown"
    if tills.slowest_s > ANSWERS_S:
        wrong.append(f"an answer took {tills.slowest_s:.1f} s")
    return words_said, wrong + await after(data, tills)


FAILURES = [
    ("fdatasync", "EIO"),
    ("fsync", "EIO"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
]


async def run(args: argparse.Namespace) -> int:
    bad = 0

    def told(name: str, outcome: tuple[str, list[str]]) -> None:
        nonlocal bad
        words, wrong = outcome
        bad += bool(wrong)
        print(f"{name:28} {words}", *(f"\n    WRONG {x}" for x in wrong[:5]), flush=True)

    if args.what == "full":
        for size in (1_024, 2_048, 4_096):
            told(f"tmpfs of {size} KiB", await full(size))
        for limit in (420_000, 600_000, 1_000_000):
            told(f"files of {limit} bytes", await limited(limit))
        return min(bad, 1)
    with tempfile.TemporaryDirectory() as folder:
        calls = [x for x in FAILURES if args.only in (None, x[0])]
        faults = [(*x, when) for x in calls for when in args.when]
        async with Served(Path(folder) / "data") as served:
            await prepared(served)
            for number, (call, error, when) in enumerate(faults, 1):
                told(f"{call} {error} {when}", await fails(served, call, error, when, number))
    return min(bad, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("full", "errors"))
    calls = sorted({call for call, _ in FAILURES})
    parser.add_argument("--only", choices=calls, help="one system call")
    parser.add_argument("--when", nargs="+", default=["1", "5", "20", "60", "150", "40+"])
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
