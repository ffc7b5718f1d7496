"""A key for each person, in a database of its own: to forget somebody is to lose his key.

Backups of the vault need no keys, and say nothing about whoever was erased since. Each key is
wrapped with the vault's own, which is beside the secret for tokens, or in the environment.
"""

import hmac
import os
import sqlite3
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import EngineError
from gateway.secret_files import kept_secret
from gateway.storage.databases import opened

KEYS_FILE, MASTER_FILE, MASTER_ENV = "vault-keys.db", "vault-key", "O2O_VAULT_KEY"
NONCE_BYTES = 12  # NIST SP 800-38D: random ones, far fewer than 2^32 for one key
SCHEMA = """
CREATE TABLE IF NOT EXISTS key (customer TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS erased (
    customer TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, who TEXT NOT NULL) STRICT;
"""
OURS = ""  # the row that tells whether the master key is the right one


class VaultKeyError(EngineError):
    """The key file is not the one this vault was made with."""


class ErasedError(Exception):
    """Nothing is kept about this person any more, and nothing will be."""


class PersonKeys:
    """Not thread-safe: one thread at a time. Every change is durable when it returns."""

    def __init__(self, folder: Path) -> None:
        """Raises VaultKeyError, PermissionError."""
        secret = kept_secret(folder / MASTER_FILE, MASTER_ENV)
        self._master = AESGCM(_derived(secret, b"wrap"))
        self.index_key = _derived(secret, b"index")
        self._db = kept(folder / KEYS_FILE, SCHEMA)
        try:
            if self.of(OURS) is None:
                self.made(OURS)
        except InvalidTag:
            self._db.close()
            raise VaultKeyError(f"{folder / MASTER_FILE} does not open {KEYS_FILE}") from None

    def close(self) -> None:
        self._db.close()

    def of(self, customer: str) -> AESGCM | None:
        """None: never made, or lost on purpose."""
        row = self._db.execute("SELECT wrapped FROM key WHERE customer = ?", (customer,)).fetchone()
        return None if row is None else AESGCM(unsealed(self._master, row[0], customer))

    def made(self, customer: str) -> AESGCM:
        """The same as before, or a new one. Raises ErasedError."""
        known = self.of(customer)
        if known is not None:
            return known
        if self.is_erased(customer):
            raise ErasedError(customer)
        key = AESGCM.generate_key(256)
        row = (customer, sealed(self._master, key, customer))
        self._db.execute("INSERT INTO key VALUES (?, ?)", row)
        return AESGCM(key)

    def is_erased(self, customer: str) -> bool:
        found = self._db.execute("SELECT 1 FROM erased WHERE customer = ?", (customer,))
        return found.fetchone() is not None

    def drop(self, customer: str, at_ms: int, who: str) -> None:
        """No file of the folder has a trace of it afterwards."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM key WHERE customer = ?", (customer,))
            row = (customer, at_ms, who)
            self._db.execute("INSERT OR IGNORE INTO erased VALUES (?, ?, ?)", row)
        emptied(self._db)

    def erased(self) -> list[str]:
        return [customer for (customer,) in self._db.execute("SELECT customer FROM erased")]

    def customers(self) -> list[str]:
        """Whose keys there are."""
        found = self._db.execute("SELECT customer FROM key WHERE customer != ?", (OURS,))
        return [customer for (customer,) in found]


def kept(path: Path, schema: str) -> sqlite3.Connection:
    """A database that overwrites what it deletes. Raises DamagedDatabaseError, StorageError."""
    return opened(path, schema, "secure_delete = ON", "temp_store = MEMORY")


def emptied(database: sqlite3.Connection) -> None:
    """The write-ahead log is moved into the database and cut to nothing."""
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def sealed(key: AESGCM, data: bytes, place: str) -> bytes:
    """Readable only with the key, and only at its place."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, data, place.encode())


def unsealed(key: AESGCM, data: bytes, place: str) -> bytes:
    """Raises InvalidTag."""
    return key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], place.encode())


def _derived(secret: bytes, purpose: bytes) -> bytes:
    """32 bytes for one purpose (HKDF-Expand of RFC 5869, one block)."""
    return hmac.digest(secret, purpose + b"\x01", sha256)
