"""How an attack is called: with a seed that is said, on a folder of its own, to an exit status."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

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
