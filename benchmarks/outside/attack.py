"""How an attack is called and judged: with a seed that is said, on a folder of its own, to an exit
status."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.outside.server import o2o

Attack = Callable[[argparse.Namespace, Path], Awaitable[int]]


def attacked(parser: argparse.ArgumentParser, attack: Attack) -> int:
    """Exit status of one, told its arguments and where the server's data is to be."""
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)

    async def once(data: Path) -> int:
        return await attack(args, data)

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(once(Path(folder) / "data"))


def judged(data: Path, wrong: list[str]) -> int:
    """Exit status, after `o2o verify` has had its word; says the first of what is wrong."""
    done = o2o("verify", str(data))
    print(done.stdout.strip())
    if done.returncode:
        wrong.append(f"verify does not find it sound: {done.stderr[-300:]}")
    for text in wrong[:10]:
        print("WRONG", text)
    return 1 if wrong else 0
