"""Means of paired differences: Student's interval, Holm's levels, and a bound for looking early.

All assume that a day's difference is about normal, as a mean over hundreds of orders is.
"""

from collections.abc import Sequence
from math import fsum, inf, sqrt
from statistics import fmean
from typing import NamedTuple

from scipy.stats import t as student

FEW = 6  # differences that are all alike: before that it is a coincidence, or rounding
EFFECT_VARIANCE = 9.0  # of the prior over mean / deviation: paired effects are of a few deviations


class Paired(NamedTuple):
    """So many differences, arm minus baseline."""

    n: int
    mean: float
    deviation: float

    @property
    def t(self) -> float:
        if self.deviation == 0.0:
            return inf if self.mean and self.n >= FEW else 0.0
        return self.mean / self.deviation * sqrt(self.n)


def paired(differences: Sequence[float]) -> Paired:
    """Of at least two."""
    mean = fmean(differences)
    if all(x == differences[0] for x in differences):
        return Paired(len(differences), differences[0], 0.0)  # no deviation from rounding alone
    square = fsum((x - mean) * (x - mean) for x in differences)
    return Paired(len(differences), mean, sqrt(square / (len(differences) - 1)))


def p_value(x: Paired) -> float:
    """Of Student's t-test, two-sided: how odd this would be if there were no difference."""
    return float(2 * student.sf(abs(x.t), x.n - 1))


def half_width(x: Paired, alpha: float) -> float:
    """Of Student's interval at the level 1 - alpha; inf if a few differences are all alike."""
    if x.deviation == 0.0 and x.n < FEW:
        return inf
    return float(student.ppf(1 - alpha / 2, x.n - 1)) * x.deviation / sqrt(x.n)


def ratio(above: Sequence[float], below: Sequence[float]) -> tuple[float, float] | None:
    """(ratio of the means, half the width of its 95 % interval) of paired values: the jackknife.

    None with few values, or where leaving one out takes away what is divided by.
    """
    n, a, b = len(above), fsum(above), fsum(below)
    rests = [b - x for x in below]
    if n < FEW or b <= 0 or min(rests) <= 0:
        return None
    without = [(a - x) / rest for x, rest in zip(above, rests, strict=True)]
    mean = fmean(without)
    square = (n - 1) / n * fsum((x - mean) * (x - mean) for x in without)
    return a / b, float(student.ppf(0.975, n - 1)) * sqrt(square)


def anytime_half_width(x: Paired, alpha: float) -> float:
    """Of an interval that holds at all n at once with probability 1 - alpha; inf if none does yet.

    So one may look after every replication, and stop when one likes. Where the test martingale
    of the t-statistic with a normal mixture over mean / deviation stays below 1 / alpha: T. L.
    Lai, "On confidence sequences", Annals of Statistics 4 (1976); H. Wang and A. Ramdas,
    "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance",
    arXiv 2310.03722.
    """
    if x.deviation == 0.0 and x.n < FEW:
        return inf
    wider = 1 + x.n * EFFECT_VARIANCE
    ratio = (wider / (alpha * alpha)) ** (1 / x.n)
    if ratio >= wider:
        return inf
    t = sqrt((x.n - 1) * (ratio - 1) / (1 - ratio / wider))
    return t * x.deviation / sqrt(x.n)


def holm(p_values: Sequence[float], alpha: float) -> list[tuple[bool, float]]:
    """Whether each hypothesis is rejected, and the level it was tested at.

    All together err with probability alpha at most: S. Holm, "A simple sequentially rejective
    multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    count = len(p_values)
    results = [(False, alpha)] * count
    for rank, n in enumerate(sorted(range(count), key=lambda n: p_values[n])):
        level = alpha / (count - rank)
        if p_values[n] > level:
            # Whatever comes later is tested at the level at which the procedure stopped.
            for m in range(count):
                if not results[m][0]:
                    results[m] = False, level
            break
        results[n] = True, level
    return results
