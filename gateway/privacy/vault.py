"""Who the customers are: names, phones, addresses, words. Never in the journal, never in logs.

Everything is encrypted with the key of the person it is about; the tables know opaque ids only.
What the journal keeps for ever, such as where an order went, is under an id that leads nowhere
once the person is erased.
"""

import hmac
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from msgspec import Struct, msgpack

from gateway.privacy.vault_keys import PersonKeys, emptied, kept, sealed, unsealed

VAULT_FILE = "vault.db"
HOUR_MS = 3_600_000
KEYS_KEPT_MS = 26 * HOUR_MS  # as long as the engine remembers requests
ACCESSES_KEPT_MS = 400 * 24 * HOUR_MS
PRUNED_EVERY = 1_000  # lines in the log of accesses
TAG_BYTES = 16
SCHEMA = """
CREATE TABLE IF NOT EXISTS profile (
    customer TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS address (
    customer TEXT, address TEXT, at_ms INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (customer, address)) STRICT;
CREATE TABLE IF NOT EXISTS consent (
    number INTEGER PRIMARY KEY, customer TEXT NOT NULL, at_ms INTEGER NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS consent_of ON consent (customer);
CREATE TABLE IF NOT EXISTS text (
    number INTEGER PRIMARY KEY, customer TEXT NOT NULL, subject TEXT NOT NULL,
    at_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS text_of ON text (customer, subject);
CREATE TABLE IF NOT EXISTS contact (tag BLOB, customer TEXT, PRIMARY KEY (tag, customer)) STRICT;
CREATE INDEX IF NOT EXISTS contact_of ON contact (customer);
CREATE TABLE IF NOT EXISTS access (
    number INTEGER PRIMARY KEY, customer TEXT NOT NULL, at_ms INTEGER NOT NULL,
    who TEXT NOT NULL, what TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS access_of ON access (customer);
CREATE TABLE IF NOT EXISTS request (
    key TEXT PRIMARY KEY, customer TEXT NOT NULL, tag BLOB NOT NULL, at_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS request_of ON request (customer);
"""
ABOUT_A_PERSON = ("profile", "address", "consent", "text", "contact", "request")


class Profile(Struct, frozen=True):
    name: str
    phone: str = ""
    email: str = ""
    language: str = ""


class Address(Struct, frozen=True):
    """`lat_e7`, `lon_e7`: where couriers go, WGS-84; both 0 if nobody said."""

    label: str
    text: str
    note: str = ""
    lat_e7: int = 0
    lon_e7: int = 0


class Consent(Struct, frozen=True):
    """`wording`: which text was agreed to; `source`: where it was shown or heard."""

    purpose: str
    given: bool
    source: str = ""
    wording: str = ""
    note: str = ""


class Text(Struct, frozen=True):
    """Words somebody wrote in the matter of `subject`."""

    subject: str
    author: str
    words: str


class Item(Struct, frozen=True):
    """Something kept about a person. `key`: the id of an address."""

    at_ms: int
    body: Profile | Address | Consent | Text
    key: str = ""


class Access(Struct, frozen=True):
    at_ms: int
    who: str
    what: str


class Asked(Struct, frozen=True):
    """Who asks, when, and under which idempotency key; `what` goes into the log of accesses."""

    who: str
    at_ms: int
    what: str
    key: str = ""


class ConflictError(Exception):
    """The same key was used for something else."""


class Vault:
    """Not thread-safe: one thread at a time. Every change is durable when it returns.

    Methods that write raise ErasedError, and ConflictError if a key is used twice for different
    things; the same thing under the same key changes nothing.
    """

    def __init__(self, folder: Path, now_ms: int) -> None:
        """Raises VaultKeyError, PermissionError."""
        self._keys = PersonKeys(folder)
        self._db = kept(folder / VAULT_FILE, SCHEMA)
        self._logged_lines = 0
        self._prune(now_ms)
        for customer in self._keys.erased():  # cut short, or this is an older copy of the vault
            self._clear(customer)
        emptied(self._db)

    def close(self) -> None:
        self._db.close()
        self._keys.close()

    # writing

    def save_profile(self, customer: str, profile: Profile, asked: Asked) -> None:
        with self._writing(customer, profile, asked) as is_new:
            if is_new:
                body = self._sealed(customer, "profile", profile)
                row = (customer, asked.at_ms, body)
                self._db.execute("INSERT OR REPLACE INTO profile VALUES (?, ?, ?)", row)
                self._db.execute("DELETE FROM contact WHERE customer = ?", (customer,))
                for tag in self._tags(profile):
                    self._db.execute("INSERT OR IGNORE INTO contact VALUES (?, ?)", (tag, customer))

    def save_address(self, customer: str, address: str, body: Address, asked: Asked) -> None:
        with self._writing(customer, body, asked) as is_new:
            if is_new:
                data = self._sealed(customer, f"address/{address}", body)
                row = (customer, address, asked.at_ms, data)
                self._db.execute("INSERT OR REPLACE INTO address VALUES (?, ?, ?, ?)", row)

    def remove_address(self, customer: str, address: str, asked: Asked) -> bool:
        """False: there is none of this name."""
        gone = "DELETE FROM address WHERE customer = ? AND address = ?"
        with self._logged(customer, asked):
            return self._db.execute(gone, (customer, address)).rowcount > 0

    def note_consent(self, customer: str, consent: Consent, asked: Asked) -> None:
        with self._writing(customer, consent, asked) as is_new:
            if is_new:
                row = (customer, asked.at_ms, self._sealed(customer, "consent", consent))
                insert = "INSERT INTO consent (customer, at_ms, body) VALUES (?, ?, ?)"
                self._db.execute(insert, row)

    def keep_text(self, customer: str, text: Text, asked: Asked) -> None:
        with self._writing(customer, text, asked) as is_new:
            if is_new:
                body = self._sealed(customer, "text", text)
                insert = "INSERT INTO text (customer, subject, at_ms, body) VALUES (?, ?, ?, ?)"
                self._db.execute(insert, (customer, text.subject, asked.at_ms, body))

    # reading: each leaves a line in the log of accesses

    def profile(self, customer: str, asked: Asked) -> Item | None:
        with self._logged(customer, asked):
            return next(self._items("profile", customer, Profile), None)

    def addresses(self, customer: str, asked: Asked) -> list[Item]:
        """In the order of their names."""
        with self._logged(customer, asked):
            return list(self._items("address", customer, Address))

    def consents(self, customer: str, asked: Asked) -> list[Item]:
        """Every time one was given or withdrawn, oldest first."""
        with self._logged(customer, asked):
            return list(self._items("consent", customer, Consent))

    def texts(self, customer: str, subjects: list[str], asked: Asked) -> list[list[Item]]:
        """What was written in each of these matters, oldest first."""
        with self._logged(customer, asked):
            return [list(self._items("text", customer, Text, x)) for x in subjects]

    def found(self, contact: str, is_visible: Callable[[str], bool], asked: Asked) -> list[str]:
        """The ids of everybody with this phone or e-mail whom the one who asks may see."""
        is_email = "@" in contact
        sought = Profile("", email=contact) if is_email else Profile("", phone=contact)
        find = "SELECT customer FROM contact WHERE tag = ? ORDER BY customer"
        rows = [row for tag in self._tags(sought) for row in self._db.execute(find, (tag,))]
        seen = [customer for (customer,) in rows if is_visible(customer)]
        for customer in seen:
            with self._logged(customer, asked):
                pass
        return seen

    def everything(self, customer: str, asked: Asked) -> tuple[list[Item], list[Access]]:
        """All that is kept about one person, and who saw or changed it."""
        with self._logged(customer, asked):
            kinds: tuple[tuple[str, type[Struct]], ...] = (
                ("profile", Profile),
                ("address", Address),
                ("consent", Consent),
                ("text", Text),
            )
            items = [x for table, kind in kinds for x in self._items(table, customer, kind)]
            find = "SELECT at_ms, who, what FROM access WHERE customer = ? ORDER BY number"
            return items, [Access(*row) for row in self._db.execute(find, (customer,))]

    # forgetting

    def erase(self, customer: str, at_ms: int, who: str) -> None:
        """First the key: from then on nothing can be read, whatever happens before the rest."""
        self._keys.drop(customer, at_ms, who)
        with self._logged(customer, Asked(who, at_ms, "erase")):
            self._clear(customer)
        emptied(self._db)

    def customers(self) -> list[str]:
        """Whoever something can be read about."""
        return self._keys.customers()

    # internals

    def _clear(self, customer: str) -> None:
        for table in ABOUT_A_PERSON:
            self._db.execute(f"DELETE FROM {table} WHERE customer = ?", (customer,))

    @contextmanager
    def _writing(self, customer: str, body: Struct, asked: Asked) -> Iterator[bool]:
        """False: this was written under the same key before."""
        self._keys.made(customer)
        tag = self._tag(customer, msgpack.encode(body))
        find = "SELECT tag FROM request WHERE key = ?"
        known = self._db.execute(find, (asked.key,)).fetchone() if asked.key else None
        if known is not None and known[0] != tag:
            raise ConflictError(asked.key)
        with self._logged(customer, asked):
            if asked.key and known is None:
                row = (asked.key, customer, tag, asked.at_ms)
                self._db.execute("INSERT INTO request VALUES (?, ?, ?, ?)", row)
            yield known is None

    @contextmanager
    def _logged(self, customer: str, asked: Asked) -> Iterator[None]:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._log(customer, asked)
            yield

    def _prune(self, now_ms: int) -> None:
        for table, kept_ms in (("request", KEYS_KEPT_MS), ("access", ACCESSES_KEPT_MS)):
            self._db.execute(f"DELETE FROM {table} WHERE at_ms < ?", (now_ms - kept_ms,))

    def _log(self, customer: str, asked: Asked) -> None:
        self._logged_lines += 1
        if self._logged_lines % PRUNED_EVERY == 0:
            self._prune(asked.at_ms)
        insert = "INSERT INTO access (customer, at_ms, who, what) VALUES (?, ?, ?, ?)"
        self._db.execute(insert, (customer, asked.at_ms, asked.who, asked.what))

    def _items(
        self, table: str, customer: str, kind: type[Struct], subject: str = ""
    ) -> Iterator[Item]:
        key = self._keys.of(customer)
        if key is None:
            return
        named = table == "address"
        name = "address" if named else "''"
        order = "address" if named else "at_ms" if table == "profile" else "number"
        about = "customer = ? AND subject = ?" if subject else "customer = ?"
        find = f"SELECT {name}, at_ms, body FROM {table} WHERE {about} ORDER BY {order}"
        values = (customer, subject) if subject else (customer,)
        for name, at_ms, data in self._db.execute(find, values).fetchall():
            place = f"{customer}/{table}/{name}" if named else f"{customer}/{table}"
            body = msgpack.decode(unsealed(key, data, place), type=kind)
            yield Item(at_ms, body, name)  # type: ignore[arg-type]

    def _sealed(self, customer: str, place: str, body: Struct) -> bytes:
        return sealed(self._keys.made(customer), msgpack.encode(body), f"{customer}/{place}")

    def _tags(self, profile: Profile) -> list[bytes]:
        """By which somebody is found without being readable: equal contacts have equal tags."""
        contacts = (("phone", _phone(profile.phone)), ("email", profile.email.strip().casefold()))
        return [self._tag(kind, contact.encode()) for kind, contact in contacts if contact]

    def _tag(self, kind: str, data: bytes) -> bytes:
        said = kind.encode() + b"\x00" + data
        return hmac.digest(self._keys.index_key, said, sha256)[:TAG_BYTES]


def _phone(said: str) -> str:
    """Digits, and a plus in front of a country code, however it was typed."""
    digits = re.sub(r"[^0-9+]", "", said)
    return "+" + digits[2:] if digits.startswith("00") else digits
