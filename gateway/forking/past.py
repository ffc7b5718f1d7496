"""What a fork begins with: the engine as it was, and what its journal tells of the city."""

from pathlib import Path

from engine.engine import Engine
from engine.values import Millis
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import collector_paused
from gateway.wire import time_text
from simulation.calibration.observing import Observer
from simulation.forking.habits import past_of
from simulation.forking.likely import Past


def read(folder: Path, at: Millis | None = None) -> tuple[Engine, Past]:
    """The engine as it was then (or is now), and what the journal until then tells of its city.

    Raises CorruptJournalError, TooLittleError, and ValueError for a time the journal knows nothing
    of.
    """
    observer, since, goes_on = Observer(), None, False
    with JournalReader(folder / JOURNAL_FILE) as journal, collector_paused():
        for record in journal.read(1):
            since = record.at if since is None else since
            if at is not None and record.at > at:
                goes_on = True
                break
            observer.see(record)
    engine = observer.engine
    if at is not None and since is not None and not since <= at:
        raise ValueError(f"{time_text(at)} is before the journal begins, at {time_text(since)}")
    if at is not None and at > engine.now and not goes_on:
        raise ValueError(f"{time_text(at)} is after the journal ends, at {time_text(engine.now)}")
    return engine, past_of(observer.finished(), engine)
