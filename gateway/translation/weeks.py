"""Weekly hours as people say them, to minutes of a week, and back."""

from typing import get_args

from engine.rules.hours import DAY_MIN, WEEK_MIN
from engine.terms import Hours
from gateway import messages as m
from gateway.codes import Refusal

DAYS: tuple[m.Day, ...] = get_args(m.Day)
HOUR_MIN = 60


def weekly(hours: list[m.Hours]) -> list[Hours]:
    """In order; what lasts past Sunday, midnight, goes on on Monday. Raises Refusal."""
    found = []
    for x in hours:
        opens_min, closes_min = minutes(x.opens), minutes(x.closes)
        if opens_min == DAY_MIN:
            raise Refusal("malformed", "24:00 ends a day", {"field": "hours.opens"})
        lasts_min = (
            closes_min - opens_min if closes_min > opens_min else (closes_min + DAY_MIN - opens_min)
        )
        for day in x.days:
            start = DAYS.index(day) * DAY_MIN + opens_min
            end = start + lasts_min
            found.append(Hours(start, min(end, WEEK_MIN)))
            if end > WEEK_MIN:
                found.append(Hours(0, end - WEEK_MIN))
    return sorted(found, key=lambda x: x.opens_min)


def hours_told(found: list[Hours]) -> list[m.Hours]:
    """A day each; what goes on past midnight says so."""
    return [
        m.Hours([DAYS[x.opens_min // DAY_MIN]], clock(x.opens_min % DAY_MIN), _clock_end(x))
        for x in found
    ]


def _clock_end(x: Hours) -> str:
    day_ends = (x.opens_min // DAY_MIN + 1) * DAY_MIN
    return "24:00" if x.closes_min == day_ends else clock(x.closes_min % DAY_MIN)


def minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * HOUR_MIN + int(minutes)


def clock(minute: int) -> str:
    return f"{minute // HOUR_MIN:02d}:{minute % HOUR_MIN:02d}"
