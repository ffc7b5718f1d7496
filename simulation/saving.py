"""A run that is kept while it is played: paused, looked at, gone on with, or led another way.

Who acts outside the engine cannot be written down in the middle of a ride; but the same scenario
and seed make the same records. What is kept is that and the journal. To go on, the run is played
again to the journal's end, checked there by the digest of all records, and only then written on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from engine.engine import Record
from simulation.run import Simulation, Switch
from simulation.scenarios.scenario import Scenario

RUN_FILE = "run.json"
BATCH = 1_000  # records to one commit of the journal
EMPTY = 0, b""


class SavedError(ValueError):
    """A folder holds no run that could go on, or not this one. The message says why."""


class Saved(Struct, frozen=True):
    """All it takes to make the same records again."""

    scenario: Scenario
    seed: int
    switches: list[Switch] = []


class Journal(Protocol):
    """Where records are kept. Who plays knows how to open one."""

    def append(self, records: Sequence[Record]) -> None: ...
    def head(self) -> tuple[int, bytes]: ...
    def close(self) -> None: ...


def read(folder: Path) -> Saved:
    """Raises SavedError."""
    path = folder / RUN_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Saved)
    except FileNotFoundError:
        raise SavedError(f"{folder} holds no run: {RUN_FILE} is missing") from None
    except msgspec.MsgspecError as error:
        raise SavedError(f"{path} cannot be read: {error}") from error


def write(folder: Path, saved: Saved) -> None:
    (folder / RUN_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(saved), indent=1))


class Recorder:
    """Appends records a batch at a time. Those that are there already, up to `head`, are made again
    and checked: `see` raises SavedError if they are not the same."""

    def __init__(self, journal: Journal, simulation: Simulation, head: tuple[int, bytes]) -> None:
        self._journal, self._simulation, self._head = journal, simulation, head
        self._there = journal.head()[0]
        self._batch: list[Record] = []

    def see(self, record: Record) -> None:
        seq, digest = self._head
        if record.seq == seq and self._simulation.digest != digest:
            raise SavedError(
                f"up to record {seq} it is not the same run: another version made its journal"
            )
        if record.seq <= self._there:
            return
        self._batch.append(record)
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        self._journal.append(self._batch)
        self._batch = []

    def close(self) -> None:
        if self._batch:
            self.flush()
        self._journal.close()
