"""What a fork begins with: the engine as it was, and what its journal tells of the city."""

from pathlib import Path

from engine.engine import Engine
from engine.values import Millis
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import collector_paused
from simulation.calibration.observing import Observer
from simulation.forking.likely import Past, past_of


def read(folder: Path, at: Millis | None = None) -> tuple[Engine, Past]:
    """The engine as it was then (or is now), and what the journal until then tells of its city.

    Raises CorruptJournalError, TooLittleError.
    """
    observer = Observer()
    with JournalReader(folder / JOURNAL_FILE) as journal, collector_paused():
        for record in journal.read(1):
            if at is not None and record.at > at:
                break
            observer.see(record)
    return observer.engine, past_of(observer.finished(), observer.engine)
