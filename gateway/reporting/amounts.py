"""Amounts as people write them: minor units to the currency's own digits, and back to words."""

from simulation.pages import count

DIGITS = 2
NOTHING = "-"  # to divide by
OTHER_DIGITS = {  # ISO 4217
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


class Currency:
    def __init__(self, code: str) -> None:
        self.code = code
        self._digits = OTHER_DIGITS.get(code, DIGITS)

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
