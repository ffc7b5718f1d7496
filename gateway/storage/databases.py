"""Databases beside the journal: what the gateway keeps that is not in it. One file each."""

import os
import sqlite3
from pathlib import Path

from engine.errors import EngineError
from gateway.codes import Refusal
from gateway.storage.files import sync_directory
from gateway.storage.journal import StorageError
from gateway.storage.wal import examined

FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


class DamagedDatabaseError(EngineError):
    """What is in the file is not what was written."""


def refusal_of(error: sqlite3.Error) -> Refusal:
    """What whoever asked hears of what a database could not do."""
    is_full = getattr(error, "sqlite_errorcode", 0) in FULL
    return Refusal("storage_full" if is_full else "unsettled")


def opened(path: Path, schema: str, *pragmas: str, synced: bool = True) -> sqlite3.Connection:
    """A database only its owner can read, in autocommit, for one thread at a time.

    `synced`: what is committed is on the disk. Otherwise a power cut may undo the latest. Raises
    DamagedDatabaseError, and StorageError for what the disk refuses.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    sync_directory(path.parent)
    if synced and examined(path).damaged:  # else later frames may be there without earlier ones
        raise DamagedDatabaseError(f"the log of {path} is damaged")
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    settings = ("journal_mode = WAL", f"synchronous = {'FULL' if synced else 'NORMAL'}", *pragmas)
    try:
        for pragma in settings:
            database.execute(f"PRAGMA {pragma}")
        database.executescript(schema)
    except sqlite3.OperationalError as error:
        database.close()
        raise StorageError(f"{path} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        database.close()
        raise DamagedDatabaseError(f"{path} cannot be read: {error}") from error
    return database
