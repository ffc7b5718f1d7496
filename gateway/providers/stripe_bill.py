"""Stripe's itemized report of activity: CSV in UTF-8, amounts with a point, in UTC days.

A capture of less than was held is two lines there: the whole, and the reversal of the rest.
"""

import csv
import io

from engine.values import MovementKind
from gateway.providers.currencies import AmountError, minor_of
from gateway.providers.port import Billed, BillError

CATEGORY, GROSS, FEE, CURRENCY = "reporting_category", "gross", "fee", "currency"
INTENT, NUMBER, REFUND = "payment_intent_id", "payment_metadata[number]", "refund_metadata[number]"
NEEDED = (CATEGORY, GROSS, FEE, CURRENCY, INTENT, NUMBER, REFUND)
CHARGE, REVERSAL, REFUNDED = "charge", "partial_capture_reversal", "refund"
FAILURE = "refund_failure"  # a refund that came back
NOT_OURS = ("payout", "payout_reversal", "fee", "network_cost", "contribution", "topup")


def lines_of(data: bytes, currency: str) -> list[Billed]:
    """Raises BillError. Payouts and monthly fees are no payments: they are left out."""
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True))
        names = next(csv.reader(io.StringIO(data.decode("utf-8-sig"))), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise BillError(f"the bill cannot be read: {error}") from None
    if missing := [x for x in NEEDED if x not in names]:
        raise BillError(f"the bill has no column {missing[0]}")
    if any(None in x or None in x.values() for x in rows):
        raise BillError("a line with more or fewer cells than names")
    reversed_: dict[str, tuple[int, int]] = {}
    failed: dict[str, None] = {}
    for row in rows:
        if row[CATEGORY] == REVERSAL:
            gross, fee = reversed_.get(row[INTENT], (0, 0))
            reversed_[row[INTENT]] = (
                gross + _amount(row, GROSS, currency),
                fee + _fee(row, currency),
            )
        elif row[CATEGORY] == FAILURE:
            failed[row[REFUND]] = None
    found = [x for row in rows if (x := _line(row, currency, reversed_, failed)) is not None]
    if reversed_:
        raise BillError("a reversal without its charge")
    return found


def _line(
    row: dict[str, str],
    currency: str,
    reversed_: dict[str, tuple[int, int]],
    failed: dict[str, None],
) -> Billed | None:
    category = row[CATEGORY]
    if category in (REVERSAL, FAILURE, *NOT_OURS):
        return None
    gross, fee = _amount(row, GROSS, currency), _fee(row, currency)
    if category == CHARGE:
        less, fee_less = reversed_.pop(row[INTENT], (0, 0))
        amount = gross + less
        return Billed(MovementKind.PAYMENT, row[NUMBER], amount, fee + fee_less, True, category)
    if category == REFUNDED:
        came_back = row[REFUND] in failed
        state = FAILURE if came_back else category
        return Billed(MovementKind.REFUND, row[REFUND], -gross, fee, not came_back, state)
    raise BillError(f"a line of category {category[:40]!r}")


def _amount(row: dict[str, str], name: str, currency: str) -> int:
    if row[CURRENCY].upper() != currency:
        raise BillError(f"a line in {row[CURRENCY][:10]}")
    try:
        return minor_of(row[name], currency)
    except AmountError as error:
        raise BillError(str(error)) from None


def _fee(row: dict[str, str], currency: str) -> int:
    return _amount(row, FEE, currency)
