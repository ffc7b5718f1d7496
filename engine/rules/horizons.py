"""How far ahead something may be said: what is meant for the year 2099 is a slip of the pen."""

from engine.rejections import Detail, RejectionReason
from engine.values import DAY

PLANNED_MS = 366 * DAY  # what begins, or is different on a day: a price, a duty, a feast
TERMS_MS = 3 * 366 * DAY  # what ends: a promotion, a coupon


def horizon_fault(
    now: int, at: int, ahead_ms: int, field: str
) -> tuple[RejectionReason, Detail] | None:
    """Too far ahead, and until when it may be."""
    if at <= now + ahead_ms:
        return None
    return RejectionReason.MALFORMED, {"field": field, "limit_at": now + ahead_ms}
