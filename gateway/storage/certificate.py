"""A signed statement about a journal: nothing was oversold, unbalanced or lost up to a record.

Ed25519 over the statement's bytes as they stand in the file. The key stays in the data folder;
whoever is given the certificate needs the public key beside it, and to check it all, the journal.
"""

from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from engine.values import Millis
from gateway.secret_files import kept_secret
from gateway.storage.conservation import Counts
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.verification import Report
from gateway.wire import time_text

KEY_FILE, KEY_ENV = "certificate.key", "O2O_CERTIFICATE_KEY"
KEY_BYTES, VERSION = 32, 1


class NotCertifiedError(ValueError):
    """The statement would be, or is, not true; or nobody knows who made it."""


class Statement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`digest` is that of the chain at record `records`, as `o2o verify` reads it."""

    version: int = VERSION
    records: int
    digest: str
    from_at: str
    to_at: str
    decided_again: int
    audits: int
    orders_open: int
    counts: Counts


class Certificate(Struct, frozen=True, forbid_unknown_fields=True):
    """`statement` is kept as it was signed, byte for byte."""

    statement: msgspec.Raw
    public_key: str
    signature: str


def certify(directory: Path, report: Report) -> bytes:
    """Of a journal that was just verified. Raises NotCertifiedError saying what is wrong."""
    if report.exit_code or not report.conservation.counts.is_sound:
        raise NotCertifiedError("no certificate: it would not be true")
    if not report.records:
        raise NotCertifiedError("no certificate: the journal is empty")
    with JournalReader(directory / JOURNAL_FILE) as journal:
        digest = journal.digest_at(report.records)
    statement = Statement(
        records=report.records,
        digest=digest.hex(),
        from_at=time_text(Millis(report.from_ms)),
        to_at=time_text(Millis(report.to_ms)),
        decided_again=report.decided,
        audits=report.audits,
        orders_open=report.conservation.orders_open,
        counts=report.conservation.counts,
    )
    body, key = msgspec.json.encode(statement), _key(directory)
    public = key.public_key().public_bytes_raw().hex()
    signed = Certificate(msgspec.Raw(body), public, key.sign(body).hex())
    return msgspec.json.encode(signed) + b"\n"


def read(data: bytes, public_key: str = "") -> Statement:
    """What a certificate states, if its signature is genuine and by that key (any, if none).

    Raises NotCertifiedError.
    """
    try:
        found = msgspec.json.decode(data, type=Certificate)
        if public_key and found.public_key != public_key.lower():
            raise NotCertifiedError(f"signed by another key: {found.public_key}")
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(found.public_key))
        key.verify(bytes.fromhex(found.signature), bytes(found.statement))
        return msgspec.json.decode(found.statement, type=Statement)
    except InvalidSignature as error:
        raise NotCertifiedError("the signature is not of this statement") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise NotCertifiedError(f"this is no certificate: {error}") from error


def belongs_to(statement: Statement, directory: Path) -> bool:
    """Whether that journal has this history: every record is read along the chain up to there.

    Raises CorruptJournalError.
    """
    with JournalReader(directory / JOURNAL_FILE) as journal:
        seq, _ = journal.head()
        if statement.records > seq:
            return False
        for _ in journal.bodies(to_seq=statement.records):
            pass
        return journal.digest_at(statement.records).hex() == statement.digest


def lines(x: Statement) -> list[str]:
    """For people."""
    counts: dict[str, Any] = msgspec.structs.asdict(x.counts)
    wrong = ("oversold", "unbalanced", "over_refunded", "miscounted_orders")
    return [
        f"records 1 to {x.records}, {x.from_at} to {x.to_at}, digest {x.digest}",
        ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in wrong),
        f"{x.counts.movements} movements of stock, {x.counts.ledger_entries} entries, "
        f"{x.counts.orders_placed} orders, {x.orders_open} of them open",
    ]


def _key(directory: Path) -> Ed25519PrivateKey:
    secret = kept_secret(directory / KEY_FILE, KEY_ENV)
    if len(secret) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes: {KEY_ENV}")
    return Ed25519PrivateKey.from_private_bytes(secret)
