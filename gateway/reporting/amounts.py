"""Amounts as people write them: minor units to the currency's own digits, and back to words."""

from gateway.providers.currencies import decimals
from simulation.pages import count

NOTHING = "-"  # to divide by


class Currency:
    def __init__(self, code: str) -> None:
        self.code = code
        self._digits = decimals(code)

    def major(self, minor: float) -> float:
        """For axes."""
        return float(minor / 10**self._digits)

    def text(self, minor: float) -> str:
        return f"{count(self.major(minor), self._digits)} {self.code}"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else NOTHING


def minutes(seconds: float) -> str:
    sign, whole = "-" if seconds < 0 else "", abs(round(seconds))
    return f"{sign}{whole // 60}:{whole % 60:02d} min"
