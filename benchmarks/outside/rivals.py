"""Two real servers over one folder: the one in charge is stopped, replaced, and wakes up again.

    python -m benchmarks.outside.rivals --times 100

A second `o2o serve` is refused while the first lives. Then, at a random moment under load, the
first is stopped (SIGSTOP), its lock file removed, another one started; it gets answers of its own;
then the first goes on (SIGCONT). It has to end within a second or so, without another answer that
the common history does not have. Exit status 1 if not, or if nobody took over while the first was
busy, or while it was idle: who is stopped in the midst of a write holds the database.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from benchmarks.outside.attack import attacked, judged
from benchmarks.outside.server import CutError, Served, journal_keys, small_city

ENDS_S, ANSWERS_S = 2.0, 10.0
HELD = "database is locked"  # by who was stopped while he wrote


async def till(served: Served, prefix: str, answered: dict[str, str], rng: Random) -> None:
    store = await served.talk("store", "s1")
    try:
        while True:
            key = f"k-{prefix}{rng.getrandbits(40):010x}"
            answer = await store.ask("record_sale", key, product="p0", quantity=1)
            if not answer["code"]:
                answered[key] = str(answer["seq"])
    finally:
        store.abort()


async def heard(answered: dict[str, str]) -> bool:
    until = time.monotonic() + ANSWERS_S
    while not answered and time.monotonic() < until:
        await asyncio.sleep(0.02)
    return bool(answered)


async def once(data: Path, rng: Random, idle: bool) -> tuple[str, list[str]]:
    async with Served(data) as old, Served(data) as second, Served(data) as new:
        await old.start()
        wrong = await refused(second)
        ended, more = await replaced(old, new, rng, idle)
        return ended, wrong + more


async def refused(second: Served) -> list[str]:
    """What is wrong about a second server beside the first."""
    wrong = list[str]()
    if await second.start() is not None:
        wrong.append("a second server started beside the first")
        await second.kill()
    elif "another process writes" not in second.said:
        wrong.append(f"the second said: {second.said[-200:]}")
    return wrong


async def replaced(old: Served, new: Served, rng: Random, idle: bool) -> tuple[str, list[str]]:
    data, wrong = old.data, list[str]()
    answered: dict[str, str] = {}
    busy = [asyncio.create_task(till(old, "aa", answered, rng)) for _ in range(0 if idle else 3)]
    if not idle and not await heard(answered):
        wrong.append("nobody was answered before")
    await asyncio.sleep(rng.uniform(0.05, 0.4))
    os.kill(old.process.pid, signal.SIGSTOP)
    (data / "journal.db.lock").unlink()
    theirs: dict[str, str] = {}
    taken = await new.start() is not None
    if taken:
        selling = asyncio.create_task(till(new, "bb", theirs, rng))
        if not await heard(theirs):
            wrong.append("the new one gives no answers")
    elif HELD not in new.said:
        wrong.append(f"the new one did not start: {new.said[-300:]}")
    tried = f"{'idle' if idle else 'busy'}, took over {taken}"
    os.kill(old.process.pid, signal.SIGCONT)
    began = time.monotonic()
    try:
        status = await old.ended(ENDS_S + (3.0 if idle else 0.0))
        ended = f"{tried}: the old one ended with {status}"
        wrong += [] if status else ["the old one ended as if all were well"]
    except TimeoutError:
        ended = f"{tried}: the old one goes on"
        if taken:
            wrong.append(ended + f" after {time.monotonic() - began:.1f} s")
        await old.kill()
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    if taken:
        await asyncio.sleep(0.2)
        selling.cancel()
        await asyncio.gather(selling, return_exceptions=True)
        if await new.stop():
            wrong.append(f"the new one: {new.said[-300:]}")
    found = journal_keys(data)
    for key, seq in {**answered, **theirs}.items():
        if str(found.get(key)) != seq:
            wrong.append(f"{key} was answered as {seq}, the history says {found.get(key)}")
    return ended, wrong


async def run(args: argparse.Namespace, data: Path) -> int:
    rng, outcomes, bad = Random(args.seed), Counter[str](), 0
    first = Served(data)
    await first.start()
    await small_city(first)
    await first.stop()
    for number in range(args.times):
        try:
            ended, wrong = await once(data, rng, idle=number % 4 == 1)
        except CutError as error:
            ended, wrong = "cut", [repr(error)]
        outcomes[ended] += 1
        bad += bool(wrong)
        for text in wrong[:3]:
            print(f"time {number}: WRONG {text}", flush=True)
    print(dict(outcomes), f"{bad} wrong")
    wrong = [f"{bad} of {args.times} times"] if bad else []
    wrong += [
        f"nobody took over while the first was {what}"
        for what in ("busy", "idle")
        if not any(x.startswith(f"{what}, took over True") for x in outcomes)
    ]
    return judged(data, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    return attacked(parser, run)


if __name__ == "__main__":
    sys.exit(main())
