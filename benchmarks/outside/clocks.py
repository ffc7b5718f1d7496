"""The wall clock of the real server jumps, as operators and NTP make it jump; now and then it is
killed, too. No order may end of it, and no order's time go back.

    python -m benchmarks.outside.clocks --times 60      (needs libfaketime)
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from random import Random

from benchmarks.outside.attack import attacked, judged
from benchmarks.outside.crowds import ask, order, quote
from benchmarks.outside.server import CutError, Served, Talk, o2o, small_city

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
JUMPS_S = (-3600, 3600, 30 * 86400, -30 * 86400, 0, 5, -5)


async def jumps(served: Served, times: int, rng: Random) -> list[str]:
    clock = served.data.parent / "clock"
    clock.write_text("+0")
    env = {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    await served.start(env=env)
    await small_city(served, products=1, customers=400)
    wrong, at, before, outcomes = list[str](), "", "", Counter[str]()
    for number in range(times):
        offset = rng.choice(JUMPS_S)
        clock.write_text(f"{offset:+d}")
        served.tokens = {}
        if number % 5 == 4:
            before = ""  # nobody pays: meanwhile it may be time that it was given up
            await served.kill()
            if await served.start(env=env) is None:
                return [*wrong, f"does not start at {offset:+d}: {served.said[-300:]}"]
        try:
            shop = await faked(served, "order_service", "shop", offset)
            if before and (ended := await status_of(shop, before)) != "placed":
                wrong.append(f"{offset:+d} s later the order is {ended}")
            name = before = f"j{number}"
            answers = [
                await ask(shop, f"k-q{name}", quote(name, number % 400, "p0")),
                await ask(shop, f"k-o{name}", order(name)),
            ]
            outcomes.update(answers)
            told = await shop.told("get_order", order=name)
            if told["order_status"] != "placed":
                wrong.append(f"after {offset:+d} s the order is {told['order_status']}")
            stamp = str(told.get("placed_at") or "")
            if stamp < at:
                wrong.append(f"time went back from {at} to {stamp}")
            at = max(at, stamp)
            shop.abort()
        except (CutError, AssertionError) as error:
            wrong.append(f"after {offset:+d} s: {error!r} {served.said[-200:]}")
    clock.write_text("+0")
    print(f"{times} jumps: {dict(outcomes)}, last order at {at}")
    return wrong


async def status_of(shop: Talk, name: str) -> str:
    return str((await shop.told("get_order", order=name))["order_status"])


async def faked(served: Served, role: str, subject: str, offset: int) -> Talk:
    """With a token of the time the server believes it is."""
    done = o2o(
        "token",
        role,
        subject,
        "--data",
        str(served.data),
        env={"LD_PRELOAD": FAKETIME, "FAKETIME": f"{offset:+d}"},
    )
    served.tokens[role, subject] = done.stdout.strip()
    return await served.talk(role, subject)


async def run(args: argparse.Namespace, data: Path) -> int:
    async with Served(data) as served:
        wrong = await jumps(served, args.times, Random(args.seed))
        if await served.stop():
            wrong.append(f"the last stop: {served.said[-300:]}")
    return judged(data, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    if not Path(FAKETIME).exists():
        parser.error(f"needs libfaketime, at {FAKETIME}")
    return attacked(parser, run)


if __name__ == "__main__":
    sys.exit(main())
