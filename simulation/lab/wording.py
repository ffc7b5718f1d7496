"""A comparison in words: what differs and by how much, what does not, and what is not clear."""

from collections.abc import Sequence
from math import inf

from simulation.lab.arms import Arm
from simulation.lab.deciding import Finding
from simulation.lab.figures import BY_KEY


def verdict(arm: Arm, findings: Sequence[Finding], currency: str) -> str:
    """One sentence about an arm beside the baseline.

    "B (couriers 60) delivers 1.8 ± 0.4 minutes sooner; ... costs the same per order ...".
    """
    if all(x.difference == 0.0 and x.half_width in (0.0, inf) for x in findings):
        return f"{arm.title} changes nothing: every figure is the same on all {findings[0].n} days."
    differs = [_clause(x, currency) for x in findings if x.answer in ("less", "more")]
    same = [_clause(x, currency) for x in findings if x.answer == "same"]
    parts = [", ".join(x) for x in (differs, same) if x]
    unclear = [_range(x, currency) for x in findings if x.answer == "unclear"]
    if not differs and not unclear:
        return f"{arm.title} does as well as the baseline: {'; '.join(parts)}."
    said = f"{arm.title} {'; '.join(parts)}" if parts else f"{arm.title}: nothing is clear"
    if unclear:
        said += f"; not clear: {', '.join(unclear)}"
    return f"{said}."


def _clause(x: Finding, currency: str) -> str:
    figure = BY_KEY[x.figure]
    if x.answer == "same":
        reach = abs(x.difference) + x.half_width
        return f"{figure.same} ({f'within {_amount(reach, x, currency)}' if reach else 'exactly'})"
    words = figure.less if x.answer == "less" else figure.more
    digits = _digits(x)
    amount = f"{abs(x.difference):.{digits}f} ± {x.half_width:.{digits}f}"
    return words.format(amount, currency=currency)


def _range(x: Finding, currency: str) -> str:
    low, high = x.difference - x.half_width, x.difference + x.half_width
    figure, digits = BY_KEY[x.figure], _digits(x)
    unit = figure.unit.format(currency=currency)
    unit = "points" if unit == "%" else unit
    if x.half_width == float("inf"):
        return f"{figure.title}"
    return f"{figure.title} ({low:+.{digits}f} to {high:+.{digits}f} {unit})"


def _amount(value: float, x: Finding, currency: str) -> str:
    figure = BY_KEY[x.figure]
    unit = figure.unit.format(currency=currency)
    unit = "points" if unit == "%" else unit
    return f"{value:.{_digits(x)}f} {unit}".strip()


def _digits(x: Finding) -> int:
    """As many as the figure has, and enough to show that an interval is none of nothing."""
    digits = BY_KEY[x.figure].digits
    while digits < 4 and x.half_width and x.half_width < 0.5 * 10**-digits:
        digits += 1
    return digits
