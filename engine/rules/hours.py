"""Weekly hours in local time: whether it is within them, and when it next will be."""

from engine.terms import Hours
from engine.values import MINUTE, Millis

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
FIRST_DAY = 3  # the epoch was a Thursday, weeks begin on Monday
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


def are_sound(hours: list[Hours]) -> bool:
    """In order, apart, and within a week. What lasts over Sunday midnight is two windows."""
    if len(hours) > WINDOWS:
        return False
    ends = 0
    for window in hours:
        if not ends <= window.opens_min < window.closes_min <= WEEK_MIN:
            return False
        ends = window.closes_min
    return True
