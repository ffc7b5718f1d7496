"""Money at the edge: whole minor units to the text or number a provider wants, and back. Exact.

Nothing is ever rounded: what has no exact counterpart is refused. No float is ever made.
"""

import re

NO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
    *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
)
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
# ISO 4217: how many digits a minor unit is behind the point; otherwise two.
DECIMALS = dict.fromkeys(NO_DECIMALS, 0) | dict.fromkeys(THREE_DECIMALS, 3)
STRIPES_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}  # where Stripe counts otherwise than ISO
AMOUNT_MAX = 10**12
_TEXT = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,6}))?\Z", re.ASCII)


class AmountError(ValueError):
    """Not an amount of that currency, or not one this provider can be told."""


def decimals(currency: str) -> int:
    return DECIMALS.get(currency, 2)


def minor_of(text: str, currency: str) -> int:
    """`"20.1"` yuan are 2010 fen. Raises AmountError for anything not a whole number of them."""
    found = _TEXT.match(text)
    if found is None:
        raise AmountError(f"{text[:40]!r} is no amount")
    sign, whole, part = found.group(1), found.group(2), found.group(3) or ""
    places = decimals(currency)
    if part[places:].strip("0"):
        raise AmountError(f"{text} has a fraction of the smallest unit of {currency}")
    minor = int(whole + part[:places].ljust(places, "0"))
    if minor > AMOUNT_MAX:
        raise AmountError(f"{text} is more than any amount")
    return -minor if sign else minor


def text_of(minor: int, currency: str) -> str:
    """2010 fen are `"20.10"` yuan."""
    places = decimals(currency)
    digits = str(abs(minor)).rjust(places + 1, "0")
    text = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".rstrip(".")
    return f"-{text}" if minor < 0 else text


def stripes_of(minor: int, currency: str) -> int:
    """What Stripe calls the smallest unit. Raises AmountError if it is not a whole number there."""
    amount = _shifted(minor, _shift(currency), currency)
    if decimals(currency) == 3 and amount % 10:
        raise AmountError(f"Stripe wants amounts in {currency} to end in 0")
    return amount


def of_stripes(amount: int, currency: str) -> int:
    """The way back. Raises AmountError."""
    return _shifted(amount, -_shift(currency), currency)


def _shift(currency: str) -> int:
    return STRIPES_DECIMALS.get(currency, decimals(currency)) - decimals(currency)


def _shifted(amount: int, by: int, currency: str) -> int:
    factor = int("1".ljust(abs(by) + 1, "0"))
    if by >= 0:
        return amount * factor
    whole, rest = divmod(amount, factor)
    if rest:
        raise AmountError(f"{amount} is no whole amount of {currency}")
    return whole
