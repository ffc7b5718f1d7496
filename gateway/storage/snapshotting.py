"""Taking a snapshot beside the engine: a process of its own recovers up to a record and keeps it.

To copy the state of a day takes a tenth of a second in which nothing else is decided; to
derive it from the journal once more takes the engine nothing.
"""

import asyncio
import os
import sys
from pathlib import Path

from engine import snapshot
from engine.errors import EngineError
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import recover
from gateway.storage.snapshots import Snapshot, Snapshots

NICENESS = 10  # the engine and the solver come first


async def snapshot_beside(directory: Path, seq: int, feeds: bytes) -> None:
    """Of the state that record `seq` left, which is durable. Raises OSError if there is none."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway.storage.snapshotting", str(directory.resolve()), str(seq)),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(x for x in sys.path if x)},
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, complaint = await process.communicate(feeds)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise OSError(f"no snapshot at record {seq}: {complaint.decode(errors='replace').strip()}")


def take(directory: Path, seq: int, feeds: bytes) -> Path:
    with JournalReader(directory / JOURNAL_FILE) as journal:
        engine = recover(journal, seq)
        taken = Snapshot(seq, journal.digest_at(seq), snapshot.dump(engine), feeds)
    return Snapshots(directory).save(taken)


if __name__ == "__main__":
    os.nice(NICENESS)
    try:
        take(Path(sys.argv[1]), int(sys.argv[2]), sys.stdin.buffer.read())
    except (OSError, EngineError) as error:
        sys.exit(str(error))
