"""Distributions fitted to what was seen, whole or cut off. Floats; nothing here decides."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from heapq import heappop, heappush
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import norm, rankdata

from simulation.calibration.observed import Bound
from simulation.scenarios.quantities import NORMAL_P90, Varying

Floats = NDArray[np.float64]
FEWEST = 5  # values below which a distribution is not believed
SMALLEST = 0.01
COOKS_MAX = 12


def log_normal(values: Sequence[float], otherwise: Varying) -> Varying:
    """By the mean and the deviation of the logarithms: the maximum-likelihood fit.

    Values are not negative; what is below a hundredth counts as one.
    """
    if len(values) < FEWEST:
        return otherwise
    logs = np.log(np.maximum(np.asarray(values), SMALLEST))
    return _varying(float(logs.mean()), float(logs.std()))


def censored(bounds: Sequence[Bound], otherwise: Varying) -> Varying:
    """A log-normal fitted to values and to lower bounds (type I censoring; maximum likelihood)."""
    seen = np.log([max(x, SMALLEST) for x, is_exact in bounds if is_exact])
    beyond = np.log([max(x, SMALLEST) for x, is_exact in bounds if not is_exact])
    if len(seen) < FEWEST:
        return otherwise

    def unlikely(p: Floats) -> float:
        mean, deviation = p[0], exp(p[1])
        whole = norm.logpdf(seen, mean, deviation).sum()
        return -float(whole + norm.logsf(beyond, mean, deviation).sum())

    found = minimize(unlikely, [float(seen.mean()), 0.0], method="Nelder-Mead")
    return _varying(float(found.x[0]), exp(float(found.x[1])))


def tolerance(shown: Sequence[tuple[float, bool]], otherwise: Varying) -> Varying:
    """Of (what was offered, was it taken): how long a promise people accept (probit regression).

    Nobody said yes to a longer one than they accept, nor no to a shorter one.
    """
    offered = np.log([max(x, SMALLEST) for x, _ in shown])
    taken = np.array([x for _, x in shown])
    if len(shown) < FEWEST or (~taken).sum() < FEWEST or taken.sum() < FEWEST:
        return otherwise

    def unlikely(p: Floats) -> float:
        z = (offered - p[0]) / exp(p[1])
        return -float(norm.logsf(z[taken]).sum() + norm.logcdf(z[~taken]).sum())

    found = minimize(unlikely, [float(offered.max()), -1.0], method="Nelder-Mead")
    return _varying(float(found.x[0]), exp(float(found.x[1])))


def kitchen(stays: Sequence[tuple[int, int]]) -> tuple[int, list[float]]:
    """(cooks, seconds each order took one of them) of a kitchen, first come, first served.

    `stays` are the (accepted, ready) times of its orders in milliseconds. With so many cooks, an
    order begins when it is accepted or the first cook is free. Counted too many, waiting is taken
    for cooking: the fuller the kitchen, the longer it seems to take. Counted too few, it is the
    other way round. The right number is where preparation does not depend on how full it is.
    """
    ordered = sorted(stays)
    full = _company(ordered)
    best, least = (COOKS_MAX, [(ready - at) / 1_000 for at, ready in ordered]), float("inf")
    for cooks in range(1, COOKS_MAX + 1):
        took = _with_cooks(ordered, cooks)
        if took is None or len(took) < FEWEST:
            continue
        dependence = abs(_rank_correlation(took, full))
        if dependence < least - 0.01:  # as good with fewer is better
            least, best = dependence, (cooks, took)
    return best


def _company(ordered: Sequence[tuple[int, int]]) -> list[int]:
    """How many orders each found in the kitchen."""
    ends, company = list[int](), list[int]()
    for accepted, ready in ordered:
        company.append(len(ends) - bisect_right(ends, accepted))
        insort(ends, ready)
    return company


def _rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's; none if either does not vary."""
    if len({*a}) < 2 or len({*b}) < 2:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _with_cooks(ordered: Sequence[tuple[int, int]], cooks: int) -> list[float] | None:
    """Seconds of preparation, or None: nobody can have begun after it was ready."""
    free_at, took = [0] * cooks, list[float]()
    for accepted, ready in ordered:
        begun = max(accepted, heappop(free_at))
        if ready <= begun:
            return None
        heappush(free_at, ready)
        took.append((ready - begun) / 1_000)
    return took


def population(visits: Sequence[int]) -> int:
    """How many people there are, of whom so many came so often (Chao, 1984): a lower bound.

    A. Chao, "Nonparametric estimation of the number of classes in a population", Scandinavian
    Journal of Statistics 11 (1984): seen + once² / (2 twice), bias-corrected.
    """
    once, twice = sum(x == 1 for x in visits), sum(x == 2 for x in visits)
    return max(1, len(visits) + round(once * (once - 1) / (2 * (twice + 1))))


def distance_between(a: Sequence[float], b: Sequence[float]) -> float:
    """Kolmogorov and Smirnov's: the greatest difference of the two shares below any value."""
    if not a or not b:
        return float("nan")
    both = np.sort(np.concatenate([a, b]))
    below_a = np.searchsorted(np.sort(a), both, "right") / len(a)
    below_b = np.searchsorted(np.sort(b), both, "right") / len(b)
    return float(np.abs(below_a - below_b).max())


def critical_distance(a: int, b: int, level: float = 0.05) -> float:
    """Above it, two samples of one distribution differ in a twentieth of cases (Smirnov 1948)."""
    if not a or not b:
        return float("nan")
    return sqrt(-log(level / 2) / 2) * sqrt((a + b) / (a * b))


def _varying(mean: float, deviation: float) -> Varying:
    median = max(exp(mean), SMALLEST)
    return Varying(
        median=round(median, 3),
        p90=round(max(median, median * exp(min(deviation, 3.0) * NORMAL_P90)), 3),
    )
