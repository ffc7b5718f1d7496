"""Who is held out of a campaign, and what the difference between the two groups says."""

from math import sqrt
from typing import NamedTuple

WHOLE = 1_000  # permille
HOLDOUT_MAX = 900
MASK = 2**64 - 1
Z_95 = 1.959963984540054  # of the standard normal distribution, two-sided


def is_held_out(customer: int, campaign: int, permille: int) -> bool:
    """By their numbers alone: the same for ever, and other customers for every campaign.

    One step of SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom
    number generators", OOPSLA 2014, figure 17).
    """
    x = (customer * 0x9E3779B97F4A7C15 + campaign * 0xD1B54A32D192ED03) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return (x ^ (x >> 31)) % WHOLE < permille


class Difference(NamedTuple):
    """Of two shares, in permille, and where it lies with a confidence of 95 %."""

    permille: int
    low: int
    high: int


def difference(hits: int, of: int, base_hits: int, base_of: int) -> Difference | None:
    """Of hits/of to base_hits/base_of; None if there is nothing to compare with.

    Newcombe's hybrid score interval (R. G. Newcombe, "Interval estimation for the difference
    between independent proportions", Statistics in Medicine 17, 1998, method 10).
    """
    if not of or not base_of:
        return None
    a, b = hits / of, base_hits / base_of
    (a_low, a_high), (b_low, b_high) = _wilson(a, of), _wilson(b, base_of)
    low = a - b - sqrt((a - a_low) ** 2 + (b_high - b) ** 2)
    high = a - b + sqrt((a_high - a) ** 2 + (b - b_low) ** 2)
    return Difference(*(round(x * WHOLE) for x in (a - b, low, high)))


def _wilson(share: float, of: int) -> tuple[float, float]:
    square = Z_95 * Z_95 / of
    middle = (share + square / 2) / (1 + square)
    half = Z_95 * sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
    return middle - half, middle + half
