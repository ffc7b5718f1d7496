"""From when to when, in whose time zone; and the tables of an export, cut to it."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.history.asking import opened
from gateway.history.exporting import Manifest
from gateway.local_time import clock_name, zone_name

HOURLY_DAYS = 4  # a longer period is drawn by the day
VIEWS = {  # name: table and the time that has to lie in the period
    "placed": ("orders", "placed_at"),
    "ended": ("orders", "ended_at"),
    "brought": ("deliveries", "door_at"),
    "asked": ("quotes", "offered_at"),
    "refused": ("refusals", "refused_at"),
    "posted": ("ledger", "posted_at"),
    "told": ("payment_events", "happened_at"),
    "till": ("till_lines", "told_at"),
    "shifts": ("courier_shifts", "started_at"),
    "given_back": ("returns", "previewed_at"),
    "rated": ("ratings", "rated_at"),
    "complained": ("complaints", "opened_at"),
    "offered": ("offers", "happened_at"),
    "bought": ("purchases", "drafted_at"),
    "sent": ("transfers", "requested_at"),
    "moved": ("stock_movements", "moved_at"),
    "worked": ("timecards", "started_at"),
    "rostered": ("duties", "starts_at"),
    "packed": ("orders", "ready_at"),
}


class Period(Struct, frozen=True):
    """From `start` until, but without, `end`."""

    start: datetime
    end: datetime
    zone: str = "UTC"
    clock: str = ""  # what people call that zone, if not the same

    @property
    def days(self) -> float:
        return (self.end - self.start) / timedelta(days=1)

    @property
    def step(self) -> str:
        """What one point of a plot over time stands for."""
        return "hour" if self.days <= HOURLY_DAYS else "day"

    def said(self) -> str:
        zone = ZoneInfo(self.zone)
        start, end = (x.astimezone(zone).strftime("%Y-%m-%d %H:%M") for x in (self.start, self.end))
        return f"{start} to {end}, {self.clock or self.zone}"


def period_of(first: str | None, last: str | None, zone: str | None, known: Manifest) -> Period:
    """Days or times in ISO 8601; a day as the last one is included whole. None: as far as known,
    and the city's own clock.

    Raises ValueError.
    """
    clock = ""
    if zone is None:
        zone, clock = zone_name(known.utc_offset_min), clock_name(known.utc_offset_min)
        clock = "UTC" if zone == "UTC" else clock
    try:
        info = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {zone}") from error
    start = _at(known.since_ms) if first is None else _moment(first, info, False)
    end = _at(known.until_ms + 1) if last is None else _moment(last, info, True)
    if start >= end:
        raise ValueError(f"nothing lies between {first} and {last}")
    return Period(start, end, zone, clock)


class Tables:
    """An export's tables, and for each of VIEWS the rows that lie in the period."""

    def __init__(self, out: Path, period: Period) -> None:
        self._db = opened(out, period.zone)
        for name, (table, column) in VIEWS.items():
            bounds = (f"TIMESTAMPTZ '{x.isoformat()}'" for x in (period.start, period.end))
            first, end = bounds
            self._db.execute(
                f'CREATE VIEW "{name}" AS SELECT * FROM "{table}"'
                f' WHERE "{column}" >= {first} AND "{column}" < {end}'
            )
        self._db.execute("CREATE VIEW done AS SELECT * FROM ended WHERE status = 'fulfilled'")

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        return self._db.execute(question).fetchall()  # type: ignore[no-any-return]

    def columns(self, question: str) -> list[list[Any]]:
        """The answer the other way round: a list for each column, also of no rows."""
        answer = self._db.execute(question)
        width = len(answer.description)
        rows = answer.fetchall()
        return [[row[k] for row in rows] for k in range(width)]

    def one(self, question: str) -> Any:
        """The only value; 0 for none."""
        [(value,)] = self.rows(question)
        return value or 0

    def close(self) -> None:
        self._db.close()


def _moment(text: str, zone: ZoneInfo, is_last: bool) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _time(text, zone)
    return datetime.combine(day + timedelta(days=is_last), time(), zone)


def _time(text: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is neither a day nor a time, as 2025-03-07 is") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _at(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
