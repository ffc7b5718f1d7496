"""What the values of a scenario may be: shares, counts, and what varies from case to case."""

from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

from engine.values import SECOND
from simulation.elementary import ln
from simulation.streams import Draws

NORMAL_P90 = 1.2815515655446004  # the quantile of the standard normal distribution
LN2 = 0.6931471805599453

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Pieces = Annotated[int, Meta(ge=1)]
Name = Annotated[str, Meta(min_length=1)]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a scenario file. Keys nobody knows are refused."""


class Value(Part, frozen=True):
    """A table that says one thing: a scenario replaces that of its base as a whole."""


class Varying(Value, frozen=True, kw_only=True):
    """Something that varies and is never negative.

    `median` and `p90`: log-normal, half are below the first and a tenth above the second.
    `mean` alone: exponential, as the theory of queues likes it.
    """

    median: NotNegative = 0.0
    p90: NotNegative = 0.0
    mean: NotNegative = 0.0

    def __post_init__(self) -> None:
        given = bool(self.median), bool(self.p90), bool(self.mean)
        if given not in ((True, True, False), (False, False, True)):
            raise ValueError("says median and p90 (log-normal), or mean alone (exponential)")
        if self.p90 < self.median:
            raise ValueError("p90 must not be below the median")

    @property
    def typical(self) -> float:
        """Half are below it."""
        return self.median or self.mean * LN2

    def draw(self, draws: Draws) -> float:
        """One value from one number. Draws even when nothing varies, to stay in step."""
        if self.mean:
            return draws.exponential(self.mean)
        return draws.log_normal(self.median, _deviation(self.median, self.p90))

    def draw_ms(self, draws: Draws) -> int:
        """One value in milliseconds, if this is in seconds."""
        return int(self.draw(draws) * SECOND)


@lru_cache(maxsize=1_024)
def _deviation(median: float, p90: float) -> float:
    deviation: float = ln(p90 / median) / NORMAL_P90
    return deviation
