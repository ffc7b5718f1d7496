"""Run by test_payments_killed: a gateway with payments and no planner, until it is killed.

python -m tests.payments_child DIRECTORY PORT
"""

import asyncio
import signal
import sys
from pathlib import Path

from gateway.app import App, Config
from gateway.providers import errands

SNAPSHOT_EVERY = 40  # often enough to be killed while writing one


async def main(directory: Path, port: int) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with App(Config(data=directory, port=port, snapshot_every=SNAPSHOT_EVERY)):
        await stopped.wait()


if __name__ == "__main__":
    errands.FIRST_LOOK_S = 0.3  # a sweep in seconds, not in minutes
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
