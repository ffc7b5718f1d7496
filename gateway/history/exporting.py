"""A journal to a folder of Parquet tables: all of it or nothing, and known for which record.

It is written beside its place and moved there whole; a damaged journal leaves what was there.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.values import Millis
from gateway.history.parquet import Writer
from gateway.history.tables import TABLES
from gateway.history.telling import Teller
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import collector_paused

VERSION = 10  # up by one when tables change: older exports are made anew
MANIFEST = "export.json"
FOLDER = "parquet"  # in a data folder, unless another is said
FOLDED = 5_000  # records between two looks at how much there is to write


class Manifest(Struct, frozen=True):
    """Of which history an export is: that of `digest`, up to record `seq`."""

    version: int
    seq: int
    digest: str
    since_ms: int  # of its first record
    until_ms: int  # of its last record
    positions: bool
    rows: dict[str, int]
    utc_offset_min: int  # of the city's clock, by the last settings


class NotAnExportError(ValueError):
    """There is something else in that folder, and it is not ours to remove."""


def export(
    data: Path,
    out: Path,
    *,
    positions: bool = False,
    on_progress: Callable[[int, int], None] = lambda _, __: None,
) -> Manifest:
    """Of the journal in `data`, as it ends now; replaces an export that is there.

    `on_progress` is told records done and to do. Raises CorruptJournalError with the number of
    the record, NotAnExportError, FileNotFoundError.
    """
    if out.exists() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise NotAnExportError(f"{out} is there already and not an export")
    beside = out.with_name(f"{out.name}.{os.getpid()}.new")
    try:
        with collector_paused(), JournalReader(data / JOURNAL_FILE) as journal:
            manifest = _written(journal, beside, positions, on_progress)
        _replace(out, beside)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest


def fresh(data: Path, out: Path) -> Manifest:
    """The export in `out` if it is of all there is in the journal by now, else a new one."""
    manifest = manifest_of(out)
    if manifest is not None and manifest.version == VERSION:
        with JournalReader(data / JOURNAL_FILE) as journal:
            seq, digest = journal.head()
        if (manifest.seq, manifest.digest) == (seq, digest.hex()):
            return manifest
    return export(data, out, positions=manifest is not None and manifest.positions)


def manifest_of(out: Path) -> Manifest | None:
    """None if there is none, or one of other code."""
    try:
        return msgspec.json.decode((out / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


# internals


def _written(
    journal: JournalReader,
    folder: Path,
    positions: bool,
    on_progress: Callable[[int, int], None],
) -> Manifest:
    seq, digest = journal.head()
    teller, writer = Teller(positions), Writer(folder)
    since, now = Millis(0), Millis(0)
    try:
        for record in journal.read(to_seq=seq):
            teller.fold(record)
            now = record.at
            since = now if record.seq == 1 else since
            if record.seq % FOLDED == 0:
                writer.take(teller.rows)
                on_progress(record.seq, seq)
        teller.finish(now)
        writer.finish(teller.rows)
    finally:
        writer.close()
    assert writer.written.keys() == TABLES.keys()
    rows, offset_min = writer.written, teller.utc_offset_min
    manifest = Manifest(VERSION, seq, digest.hex(), since, now, positions, rows, offset_min)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    return manifest


def _replace(out: Path, new: Path) -> None:
    """Whoever looks finds the old tables or the new ones."""
    old = out.with_name(f"{out.name}.{os.getpid()}.old")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)
