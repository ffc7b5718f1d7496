"""Files that are there whole or not at all, also after a power cut."""

import os
from pathlib import Path

UNFINISHED = ".tmp"


def write_whole(path: Path, *parts: bytes) -> None:
    """Written, synced, and only then named: instead of what had that name. Raises OSError."""
    unfinished = path.with_suffix(f".{os.getpid()}{UNFINISHED}")
    with unfinished.open("wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """A new file's name is only durable once its directory is."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
