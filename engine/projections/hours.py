"""Rows by hour, the last KEPT_H of them: what projections remember, and why they stay small.

Hours are UTC and count from the epoch; days are those of the city's clock. Time only grows, so
a dict of rows is in order, and the rows that are too old are at its beginning.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from engine.values import DAY, HOUR, Millis

Row = TypeVar("Row")
Hour = int

KEPT_H = 48


def hour_of(at: Millis) -> Hour:
    return at // HOUR


def day_of(at: Millis, offset_ms: int) -> int:
    """Counted from the epoch, where clocks are that far east of UTC."""
    return (at + offset_ms) // DAY


def row_at(rows: dict[Hour, Row], at: Millis, make: Callable[[], Row]) -> Row:
    """The row of that hour; a new one takes the place of those that are too old."""
    hour = at // HOUR
    row = rows.get(hour)
    if row is None:
        row = rows[hour] = make()
        for old in list(rows):
            if old > hour - KEPT_H:
                break
            del rows[old]
    return row


def rows_since(rows: dict[Hour, Row], hour: Hour) -> Iterator[tuple[Hour, Row]]:
    """Those from that hour on, in order."""
    return ((x, row) for x, row in rows.items() if x >= hour)


def tally(counts: dict[str, int], key: str, number: int = 1) -> None:
    counts[key] = counts.get(key, 0) + number


def summed(many: Iterator[dict[str, int]]) -> dict[str, int]:
    """Most first, then by name."""
    total: dict[str, int] = {}
    for counts in many:
        for key, number in counts.items():
            tally(total, key, number)
    return dict(sorted(total.items(), key=lambda x: (-x[1], x[0])))
