"""What kind of customer somebody is: scores of recency, frequency and money, and their names.

RFM, as in J. R. Bult and T. Wansbeek, "Optimal selection for direct mail", Marketing Science 14
(1995); cut at fixed thresholds, because with quintiles one purchase could move everybody.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise, product, starmap
from typing import NamedTuple

from engine.rejections import Detail
from engine.settings import Segmentation
from engine.values import DAY, Millis

BEST, WORST = 5, 1
LIMITS = {"recency_days": 10_000, "purchases": 10**6, "spent_minor": 10**12}
OTHERS = "others"

# Of the R package rfm 0.3, rfm_segment: the first row that fits. Ranges include both ends.
SEGMENTS: tuple[tuple[str, tuple[int, int], tuple[int, int], tuple[int, int]], ...] = (
    ("champions", (5, 5), (5, 5), (5, 5)),
    ("potential_loyalist", (3, 5), (3, 5), (2, 5)),
    ("loyal_customers", (2, 4), (2, 4), (2, 4)),
    ("promising", (3, 4), (1, 3), (3, 5)),
    ("new_customers", (4, 5), (1, 3), (1, 5)),
    ("cannot_lose", (1, 2), (3, 4), (4, 5)),
    ("at_risk", (1, 2), (2, 5), (4, 5)),
    ("need_attention", (1, 3), (3, 5), (3, 5)),
    ("about_to_sleep", (2, 3), (1, 3), (1, 4)),
    ("lost", (1, 1), (1, 5), (1, 5)),
)
NAMES = (*(name for name, *_ in SEGMENTS), OTHERS)


class Scores(NamedTuple):
    """Each from 1, worst, to 5."""

    recency: int
    frequency: int
    monetary: int


def scores_of(rule: Segmentation, since_ms: int, purchases: int, spent_minor: int) -> Scores:
    """`since_ms`: since the last purchase. Days are whole, those begun do not count."""
    return Scores(
        BEST - bisect_left(rule.recency_days, since_ms // DAY),
        _score(purchases, rule.purchases),
        _score(spent_minor, rule.spent_minor),
    )


def segment_of(scores: Scores) -> str:
    """The one name for these scores."""
    return _SEGMENT_OF[scores]


def falls_at(rule: Segmentation, last_at: Millis) -> list[Millis]:
    """When the score of recency falls, if nothing is bought any more; four times, then never."""
    return [Millis(last_at + (days + 1) * DAY) for days in rule.recency_days]


def next_fall_at(rule: Segmentation, last_at: Millis, now: Millis) -> Millis | None:
    """The first of these that is still to come, if any is."""
    for days in rule.recency_days:
        at = last_at + (days + 1) * DAY
        if at > now:
            return Millis(at)
    return None


def fault_of(rule: Segmentation) -> Detail | None:
    """Why nobody could be judged by it, if so."""
    ascending = {
        "recency_days": rule.recency_days,
        "purchases": rule.purchases[::-1],
        "spent_minor": rule.spent_minor[::-1],
    }
    for name, values in ascending.items():
        if values[0] < 0 or values[-1] > LIMITS[name]:
            return {"field": name, "limit": LIMITS[name]}
        if not all(a < b for a, b in pairwise(values)):
            return {"field": name}
    return None


def _score(value: int, thresholds: Iterable[int]) -> int:
    """By the first threshold that is met, best first."""
    for n, least in enumerate(thresholds):
        if value >= least:
            return BEST - n
    return WORST


def _first_fitting(scores: Scores) -> str:
    for name, *ranges in SEGMENTS:
        if all(low <= x <= high for x, (low, high) in zip(scores, ranges, strict=True)):
            return name
    return OTHERS


_SCALE = range(WORST, BEST + 1)
_SEGMENT_OF = {x: _first_fitting(x) for x in starmap(Scores, product(_SCALE, repeat=3))}
