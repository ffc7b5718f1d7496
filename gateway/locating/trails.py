"""Trails: every fix that was believed, by the time it was measured, with the time it came.

Not in the journal: nothing is decided by the past of a courier. Kept for a week in a file of its
own, for who asks where somebody was, and what was known of that at a moment.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from engine.values import DAY, HOUR, Millis
from gateway.running import OwnThread
from gateway.storage.databases import opened

FILE = "trails.db"
KEPT_MS = 7 * DAY
PRUNE_EVERY_MS = HOUR  # of the fixes' time
FIXES_MAX = 100_000  # of one question
SCHEMA = """
CREATE TABLE IF NOT EXISTS fix (
    courier INTEGER NOT NULL, fix_at INTEGER NOT NULL, received_at INTEGER NOT NULL,
    lat_e7 INTEGER NOT NULL, lon_e7 INTEGER NOT NULL, accuracy_m INTEGER NOT NULL,
    PRIMARY KEY (courier, fix_at)) STRICT, WITHOUT ROWID;
"""

Row = tuple[int, int, int, int, int, int]  # courier, fix_at, received_at, lat, lon, accuracy


class Seen(NamedTuple):
    """`accuracy_m` is a radius, or -1 if it was not told."""

    fix_at: Millis
    received_at: Millis
    lat_e7: int
    lon_e7: int
    accuracy_m: int


class Trails:
    """Of one server. Everything happens on a thread of its own."""

    def __init__(self, folder: Path) -> None:
        """Raises DamagedDatabaseError, StorageError."""
        self._db = opened(folder / FILE, SCHEMA, synced=False)
        self._thread = OwnThread("trails")
        self._pruned_at = 0

    def close(self) -> None:
        self._thread.close()
        self._db.close()

    async def keep(self, rows: list[Row]) -> None:
        """A fix that was kept before stays as it is: what is sent twice counts once."""
        await self._thread(self._keep, rows)

    async def of(
        self, courier: int, from_at: int, to_at: int, known_at: int | None = None
    ) -> list[Seen]:
        """Measured from, up to but without; by the time of the fix. `known_at`: only what had
        come by then. At most FIXES_MAX, the earliest."""
        return await self._thread(self._of, courier, from_at, to_at, known_at)

    # on the thread

    def _keep(self, rows: list[Row]) -> None:
        self._db.execute("BEGIN")
        try:
            self._db.executemany("INSERT OR IGNORE INTO fix VALUES (?, ?, ?, ?, ?, ?)", rows)
            newest = max(x[1] for x in rows)
            if newest - self._pruned_at > PRUNE_EVERY_MS:
                self._pruned_at = newest
                self._prune(newest - KEPT_MS)
        except sqlite3.Error:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _prune(self, before: int) -> None:
        """Courier by courier, for that is how they are ordered."""
        (last,) = self._db.execute("SELECT coalesce(max(courier), -1) FROM fix").fetchone()
        for courier in range(last + 1):
            self._db.execute("DELETE FROM fix WHERE courier = ? AND fix_at < ?", (courier, before))

    def _of(self, courier: int, from_at: int, to_at: int, known_at: int | None) -> list[Seen]:
        rows = self._db.execute(
            "SELECT fix_at, received_at, lat_e7, lon_e7, accuracy_m FROM fix"
            " WHERE courier = ?1 AND fix_at >= ?2 AND fix_at < ?3"
            " AND (?4 IS NULL OR received_at <= ?4) ORDER BY fix_at LIMIT ?5",
            (courier, from_at, to_at, known_at, FIXES_MAX),
        )
        return [Seen(*row) for row in rows]
