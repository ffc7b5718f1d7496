"""What the sandbox knows of every payment: kept in a file, so that a restart forgets nothing."""

import sqlite3
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.clock import wall_s

UNPAID, HELD, TAKEN, CLOSED = "unpaid", "held", "taken", "closed"


class Refund(Struct):
    """`status` as WeChat names them: PROCESSING, SUCCESS or CLOSED."""

    number: str
    reference: str
    amount_minor: int
    created_ms: int
    status: str = "PROCESSING"
    done_ms: int = 0


class Trade(Struct):
    """One payment at one provider, by the merchant's number."""

    provider: str
    number: str
    reference: str
    amount_minor: int
    currency: str
    note: str  # what the merchant wanted to have kept with it
    notify_url: str
    created_ms: int
    expires_s: int = 0
    status: str = UNPAID
    paid_ms: int = 0
    taken_ms: int = 0
    taken_minor: int = 0
    refunds: dict[str, Refund] = {}
    holds: bool = False  # it is held when it is paid, and taken later
    kind: str = ""  # as the provider names the ways to pay; "": a code, or a form
    appid: str = ""
    payer: str = ""
    prepay_id: str = ""
    prepaid_ms: int = 0  # when that was given
    invoked_ms: int = 0  # when the customer's client last asked to pay it
    challenge: str = ""  # where the customer has to say that it is he
    return_url: str = ""

    @property
    def refunded_minor(self) -> int:
        """Given back, or on its way."""
        return sum(x.amount_minor for x in self.refunds.values() if x.status != "CLOSED")

    @property
    def is_past(self) -> bool:
        return bool(self.expires_s) and wall_s() >= self.expires_s


class Trades:
    """By provider and number. `keep` after every change."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS trade (key TEXT PRIMARY KEY, body BLOB)")
        decode = msgspec.msgpack.Decoder(Trade).decode
        rows = self._db.execute("SELECT key, body FROM trade ORDER BY rowid")
        self.all: dict[str, Trade] = {key: decode(body) for key, body in rows}
        self._by_reference = {x.reference: x for x in self.all.values()}
        self._by_prepay_id = {x.prepay_id: x for x in self.all.values() if x.prepay_id}

    def get(self, provider: str, number: str) -> Trade | None:
        return self.all.get(f"{provider}/{number}")

    def of_reference(self, reference: str) -> Trade | None:
        return self._by_reference.get(reference)

    def of_provider(self, provider: str) -> list[Trade]:
        return [x for x in self.all.values() if x.provider == provider]

    def of_prepay_id(self, prepay_id: str) -> Trade | None:
        return self._by_prepay_id.get(prepay_id)

    def keep(self, trade: Trade) -> None:
        key = f"{trade.provider}/{trade.number}"
        self.all[key] = trade
        self._by_reference[trade.reference] = trade
        if trade.prepay_id:
            self._by_prepay_id[trade.prepay_id] = trade
        body = msgspec.msgpack.encode(trade)
        self._db.execute("INSERT OR REPLACE INTO trade VALUES (?, ?)", (key, body))

    def close(self) -> None:
        self._db.close()
