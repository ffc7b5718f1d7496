"""The outbox: endpoints, and for each what it has not yet taken. One file, one thread at a time.

An event is here only until it is delivered. What is missing after a crash is read again from the
log it comes from, behind the last number noted: the journal says what is in a log, so that an
event has the same id and the same words every time. Hence at least once, and nothing lost.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.messages import Feed
from gateway.storage.databases import opened

FILE = "webhooks.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS endpoint (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, told TEXT NOT NULL,
    noted INTEGER NOT NULL, delivered INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, name)) STRICT;
CREATE TABLE IF NOT EXISTS letter (
    endpoint INTEGER NOT NULL, seq INTEGER NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL,
    body BLOB NOT NULL, noted_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due_ms INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '', PRIMARY KEY (endpoint, seq)) STRICT, WITHOUT ROWID;
"""


class Terms(Struct, frozen=True):
    """What an endpoint was set to. `secrets`: the one in force first, each with when it ends."""

    feed: Feed
    subject: str  # whose news
    url: str
    kinds: tuple[str, ...]  # none: all
    secrets: tuple[tuple[str, int], ...]  # (secret, milliseconds; 0: never)
    rotated_by: str = ""  # the request, so that a repeat changes nothing
    suspended: bool = False


class Endpoint(Struct):
    """`noted`: the last number of its log that is in the outbox, or was not wanted."""

    id: int
    owner: str
    name: str
    terms: Terms
    noted: int
    delivered: int = 0  # taken by the receiver
    failed: int = 0  # attempts that came to nothing
    dropped: int = 0  # times that something may have been missed: has to be 0
    dead: int = 0  # given up, until they are driven again


class Letter(Struct, frozen=True):
    """One event on its way to one endpoint. `body` is what is signed and sent, byte for byte."""

    seq: int
    subject: str
    kind: str
    body: bytes
    noted_ms: int
    attempts: int = 0
    due_ms: int = 0
    error: str = ""


class Outcome(Struct, frozen=True):
    """Of one attempt. `due_ms`: when to try again; None: never, by itself.

    `is_down`: nobody was there, or nobody who could take anything.
    """

    letter: Letter
    delivered: bool
    due_ms: int | None = None
    error: str = ""
    is_down: bool = False


class Outbox:
    """Every change is one transaction. What is asked for of an endpoint is durable when it
    returns; of letters, a power cut may undo the latest: they are made again.
    """

    def __init__(self, folder: Path) -> None:
        """Raises DamagedDatabaseError, StorageError."""
        self._db = opened(folder / FILE, SCHEMA, synced=False)

    def close(self) -> None:
        self._db.close()

    # endpoints

    def endpoints(self) -> list[Endpoint]:
        rows = self._db.execute(
            "SELECT id, owner, name, told, noted, delivered, failed, dropped,"
            " (SELECT count(*) FROM letter WHERE endpoint = endpoint.id AND dead)"
            " FROM endpoint ORDER BY id"
        )
        return [
            Endpoint(key, owner, name, _terms(told), noted, delivered, failed, dropped, dead)
            for key, owner, name, told, noted, delivered, failed, dropped, dead in rows
        ]

    def add(self, owner: str, name: str, terms: Terms, noted: int) -> Endpoint:
        row = owner, name, _text(terms), noted
        with _synced(self._db):
            found = self._db.execute(
                "INSERT INTO endpoint (owner, name, told, noted) VALUES (?, ?, ?, ?)", row
            )
        assert found.lastrowid is not None
        return Endpoint(found.lastrowid, owner, name, terms, noted)

    def change(self, endpoint: int, terms: Terms) -> None:
        with _synced(self._db):
            self._db.execute("UPDATE endpoint SET told = ? WHERE id = ?", (_text(terms), endpoint))

    def remove(self, endpoint: int) -> None:
        """With everything it has not taken."""
        with _synced(self._db), _transaction(self._db):
            self._db.execute("DELETE FROM letter WHERE endpoint = ?", (endpoint,))
            self._db.execute("DELETE FROM endpoint WHERE id = ?", (endpoint,))

    # letters

    def note(self, endpoint: int, noted: int, letters: Sequence[Letter], dropped: int) -> None:
        """Up to number `noted` of the log, everything wanted is here."""
        with _transaction(self._db):
            self._db.executemany(
                "INSERT OR IGNORE INTO letter (endpoint, seq, subject, kind, body, noted_ms)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(endpoint, x.seq, x.subject, x.kind, x.body, x.noted_ms) for x in letters],
            )
            self._db.execute(
                "UPDATE endpoint SET noted = ?, dropped = ? WHERE id = ?",
                (noted, dropped, endpoint),
            )

    def waiting(self, endpoint: int) -> list[tuple[int, str, int, int]]:
        """(seq, subject, since, due) of all that is still to be delivered."""
        return self._db.execute(
            "SELECT seq, subject, noted_ms, due_ms FROM letter WHERE endpoint = ? AND NOT dead"
            " ORDER BY seq",
            (endpoint,),
        ).fetchall()

    def letters(self, endpoint: int, seqs: Iterable[int]) -> list[Letter]:
        return [
            Letter(*row)
            for seq in seqs
            for row in self._db.execute(
                "SELECT seq, subject, kind, body, noted_ms, attempts, due_ms, error"
                " FROM letter WHERE endpoint = ? AND seq = ?",
                (endpoint, seq),
            )
        ]

    def settle(self, endpoint: int, outcomes: Sequence[Outcome]) -> None:
        taken = [(endpoint, x.letter.seq) for x in outcomes if x.delivered]
        failed = [
            (x.due_ms or 0, x.due_ms is None, x.error, endpoint, x.letter.seq)
            for x in outcomes
            if not x.delivered
        ]
        with _transaction(self._db):
            self._db.executemany("DELETE FROM letter WHERE endpoint = ? AND seq = ?", taken)
            self._db.executemany(
                "UPDATE letter SET attempts = attempts + 1, due_ms = ?, dead = ?, error = ?"
                " WHERE endpoint = ? AND seq = ?",
                failed,
            )
            self._db.execute(
                "UPDATE endpoint SET delivered = delivered + ?, failed = failed + ? WHERE id = ?",
                (len(taken), len(failed), endpoint),
            )

    def dead(self, endpoint: int, after: int, limit: int) -> list[Letter]:
        return [
            Letter(*row)
            for row in self._db.execute(
                "SELECT seq, subject, kind, body, noted_ms, attempts, due_ms, error FROM letter"
                " WHERE endpoint = ? AND dead AND seq > ? ORDER BY seq LIMIT ?",
                (endpoint, after, limit),
            )
        ]

    def revive(self, endpoint: int, seq: int | None) -> list[tuple[int, str, int]]:
        """One of the dead, or all of them: as if they were new. Returns (seq, subject, since)."""
        with _synced(self._db):
            found = self._db.execute(
                "UPDATE letter SET dead = 0, attempts = 0, due_ms = 0"
                " WHERE endpoint = ?1 AND dead AND (?2 IS NULL OR seq = ?2)"
                " RETURNING seq, subject, noted_ms",
                (endpoint, seq),
            ).fetchall()
        return sorted(found)


@contextmanager
def _synced(database: sqlite3.Connection) -> Iterator[None]:
    """What is committed meanwhile is on the disk, and all that was committed before."""
    database.execute("PRAGMA synchronous = FULL")
    try:
        yield
    finally:
        database.execute("PRAGMA synchronous = NORMAL")


def _transaction(database: sqlite3.Connection) -> sqlite3.Connection:
    """As a context: commits, or rolls everything back."""
    database.execute("BEGIN IMMEDIATE")
    return database


def _text(terms: Terms) -> str:
    return msgspec.json.encode(terms).decode()


def _terms(text: str) -> Terms:
    return msgspec.json.decode(text, type=Terms)
