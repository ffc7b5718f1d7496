"""Weekly hours in local time: whether it is within them, and when it next will be."""

from itertools import pairwise

from engine.rejections import Detail
from engine.terms import Hours
from engine.values import MINUTE, Millis

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
FIRST_DAY = 3  # the epoch was a Thursday, weeks begin on Monday
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOWS = 50  # a week has room for more, no shop has


def minute_of_week(at: Millis, utc_offset_min: int) -> int:
    """Since Monday, 0:00 local time."""
    return (at // MINUTE + utc_offset_min + FIRST_DAY * DAY_MIN) % WEEK_MIN


def is_within(hours: list[Hours], at: Millis, utc_offset_min: int) -> bool:
    """Whether one of the windows is open. No hours at all: always."""
    if not hours:
        return True
    minute = minute_of_week(at, utc_offset_min)
    return any(x.opens_min <= minute < x.closes_min for x in hours)


def next_within(hours: list[Hours], at: Millis, utc_offset_min: int) -> Millis:
    """The first moment, from `at` on, that is within hours."""
    if is_within(hours, at, utc_offset_min):
        return at
    minute = minute_of_week(at, utc_offset_min)
    wait_min = min((x.opens_min - minute) % WEEK_MIN for x in hours)
    return Millis((at // MINUTE + wait_min) * MINUTE)


def hours_fault(hours: list[Hours]) -> Detail | None:
    """In order, apart, and within a week. What lasts over Sunday midnight is two windows."""
    if len(hours) > WINDOWS:
        return {"limit": WINDOWS}
    for window in hours:
        if not 0 <= window.opens_min < window.closes_min <= WEEK_MIN:
            return {"hint": "ends_before_it_begins", "hours": said(window)}
    for window, after in pairwise(hours):
        if after.opens_min < window.closes_min:
            return {"overlap": [said(window), said(after)]}
    return None


def are_sound(hours: list[Hours]) -> bool:
    return hours_fault(hours) is None


def said(window: Hours) -> str:
    """`mon 08:00-12:30`; a window that lasts until another day ends says which."""
    day, opens_min = divmod(window.opens_min, DAY_MIN)
    ends_min = window.closes_min - day * DAY_MIN
    until = _clock(ends_min) if ends_min <= DAY_MIN else _moment(window.closes_min)
    return f"{DAYS[day % len(DAYS)]} {_clock(opens_min)}-{until}"


def _moment(minute: int) -> str:
    day, minute = divmod(minute, DAY_MIN)
    return f"{DAYS[day % len(DAYS)]} {_clock(minute)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
