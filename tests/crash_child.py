"""Run by test_crash: takes keys from sockets, a line each, and answers once each is durable.

python -m tests.crash_child DIRECTORY [PORT]   prints the port; SIGTERM stops it in good order.
"""

import asyncio
import signal
import sys
from pathlib import Path

from engine import commands as c
from engine.settings import Settings
from gateway.clock import resumed
from gateway.loop import EngineLoop
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal, StorageError
from gateway.storage.recovery import recover
from gateway.storage.snapshots import Snapshots
from gateway.submissions import SubmissionError
from geo.points import Point

SNAPSHOT_EVERY = 300  # often enough to be killed while writing one
ARRIVAL = c.ReceiveStock("store", "dish", 1)


async def prepare(loop: EngineLoop) -> None:
    """Once: a later start gets the first answers, even from a full disk."""
    await loop.submit(c.OpenEngine(Settings()), "prepare/open")
    await loop.submit(c.RegisterStore("store", "Store", Point(0, 0), 0), "prepare/store")
    await loop.submit(c.ListProduct("dish", "Dish", "food"), "prepare/dish")


async def main(directory: Path, port: int) -> None:
    journal = SqliteJournal(directory / JOURNAL_FILE)
    engine = recover(journal)
    loop = EngineLoop(
        engine,
        journal,
        resumed(engine.now),
        Snapshots(directory),
        snapshot_every=SNAPSHOT_EVERY,
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            key = line.decode().strip()
            try:
                record, replayed = await loop.submit(ARRIVAL, f"test/{key}")
                writer.write(f"{key} {record.seq} {replayed:d}\n".encode())
            except SubmissionError as refused:
                writer.write(f"{refused.code}\n".encode())
        writer.close()

    running = asyncio.create_task(loop.run())
    await prepare(loop)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, loop.stop)
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await running
    journal.close()


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
    except StorageError as failure:
        sys.exit(f"{failure.code}: {failure}")
