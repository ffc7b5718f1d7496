"""A city's own clock: its settings say how far east of UTC it is, and people read that time."""

from datetime import datetime

from engine.values import MINUTE, Millis
from gateway.wire import time_text

HOUR_MIN = 60
ETC_WEST, ETC_EAST = -12, 14  # the whole hours that the time zone database has a name for
BETWEEN = {  # minutes east, of places that keep one time all year
    -570: "Pacific/Marquesas",
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    525: "Australia/Eucla",
    570: "Australia/Darwin",
}


def local_text(at: int, offset_min: int) -> str:
    """A moment by that clock, to the second, with the clock's name: for people."""
    text = time_text(at + offset_min * MINUTE)
    return f"{text[:10]} {text[11:19]} {clock_name(offset_min)}"


def moment(text: str, what: str) -> Millis:
    """A time that somebody wrote with its zone, as `what`. Raises ValueError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{what} {text}: a time is written 2025-03-07T12:00:00+08:00") from None
    if time.tzinfo is None:
        raise ValueError(f"{what} {text}: which time zone?")
    return Millis(round(time.timestamp() * 1_000))


def clock_name(offset_min: int) -> str:
    """As people write it: UTC, UTC+8, UTC-3:30."""
    if not offset_min:
        return "UTC"
    hours, minutes = divmod(abs(offset_min), HOUR_MIN)
    sign = "+" if offset_min > 0 else "-"
    return f"UTC{sign}{hours}" + (f":{minutes:02d}" if minutes else "")


def zone_name(offset_min: int) -> str:
    """What the time zone database calls a clock that far east of UTC all year; UTC if nothing."""
    hours, minutes = divmod(offset_min, HOUR_MIN)
    if minutes or not ETC_WEST <= hours <= ETC_EAST:
        return BETWEEN.get(offset_min, "UTC")
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"  # the database counts westwards
