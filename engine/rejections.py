"""Every reason the engine says no. A rejection is an answer, not an error."""

from enum import StrEnum

Detail = dict[str, str | int | list[str]]


class RejectionReason(StrEnum):
    """Ordered by precedence: a handler checks in this order and reports the first."""

    MALFORMED = "malformed"  # detail: field, and limit or hint where there is one
    ALREADY_EXISTS = "already_exists"
    UNKNOWN = "unknown"  # detail: what, id. Also for what is somebody else's: no oracle
    ILLEGAL_TRANSITION = "illegal_transition"  # detail: from, to, allowed
    OVERLAPPING = "overlapping"  # detail: with, from_at, to_at if it has an end
    REASON_NOT_ALLOWED = "reason_not_allowed"  # detail: actor, allowed
    QUOTE_USED = "quote_used"  # detail: order
    QUOTE_EXPIRED = "quote_expired"  # detail: expired_at
    ORDER_OPEN = "order_open"  # detail: order. First it must end
    CUSTOMER_BLOCKED = "customer_blocked"
    TOO_MANY_UNPAID = "too_many_unpaid"  # detail: limit
    STORE_CLOSED = "store_closed"
    WINDOW_IN_PAST = "window_in_past"
    WINDOW_TOO_SHORT = "window_too_short"  # detail: at_least_s
    WINDOW_TOO_LONG = "window_too_long"  # detail: at_most_s
    WINDOW_TOO_FAR_AHEAD = "window_too_far_ahead"  # detail: at_most_ahead_s
    NOT_LISTED = "not_listed"  # detail: product
    OUT_OF_HOURS = "out_of_hours"  # detail: product, available_at
    NO_PRICE = "no_price"  # detail: product
    PRICE_OUT_OF_ORDER = "price_out_of_order"  # detail: not_before_at
    IS_BUNDLE = "is_bundle"  # detail: product, components
    CATEGORY_CYCLE = "category_cycle"  # detail: path, from the parent to its root
    OUT_OF_AREA = "out_of_area"  # detail: distance_m, limit_m
    TOO_LARGE = "too_large"  # detail: load, limit
    INSUFFICIENT_STOCK = "insufficient_stock"  # detail: product, available
    WINDOW_TOO_SOON = "window_too_soon"  # it ends before it can be met; detail: earliest_at
    SLOT_FULL = "slot_full"  # detail: from_at, to_at, limit
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"  # of bringing it; detail: limit
    NOT_TOGETHER = "not_together"  # with one courier; detail: because, order
    SKILL_MISSING = "skill_missing"  # to carry it; detail: skills, retry_after_s if others may come
    NO_CAPACITY_NOW = "no_capacity_now"  # detail: retry_after_s
    PROMISE_STALE = "promise_stale"  # others ordered first; detail: promised_s, now_s
    COUPON_NOT_VALID = "coupon_not_valid"  # detail: coupon, and from_at or until_at if it is that
    COUPON_USED = "coupon_used"  # detail: coupon
    COUPON_NOT_APPLICABLE = "coupon_not_applicable"  # detail: coupon, condition
    PROMOTION_USED = "promotion_used"  # detail: promotion. Of an open quote: ask for a new one
    RETURN_PERIOD_OVER = "return_period_over"  # detail: until_at
    PREVIEW_EXPIRED = "preview_expired"  # detail: expired_at
    PREVIEW_STALE = "preview_stale"  # other numbers hold now; detail: refund_minor
    ALREADY_EXCHANGED = "already_exchanged"  # or bought with what came back
    EDIT_PENDING = "edit_pending"  # detail: payment
    SUBSTITUTE_PENDING = "substitute_pending"  # detail: expires_at
    DISCOUNTED = "discounted"  # for these goods as they are; others are another bargain
    AMOUNT_MISMATCH = "amount_mismatch"  # detail: expected_minor
    EXCEEDS_BOUGHT = "exceeds_bought"  # detail: product, refundable
    EXCEEDS_CAPTURED = "exceeds_captured"  # detail: refundable_minor
    EXCEEDS_CASH = "exceeds_cash"  # detail: held_minor
    SECOND_PERSON_NEEDED = "second_person_needed"  # whoever asked does not decide alone
    AT_WORK = "at_work"  # on shift, or with something left to carry
    OFF_SHIFT = "off_shift"
    WRONG_STOP = "wrong_stop"  # detail: next
    AGE_CHECK_REQUIRED = "age_check_required"  # detail: products. Or it is not handed over
    TIME_NOT_BELIEVED = "time_not_believed"  # detail: earliest_at, latest_at. Or say it without one
    OVER_CAPACITY = "over_capacity"
    PINNED = "pinned"  # a plan would take goods from who carries them, or turn a started leg
    PROOF_REQUIRED = "proof_required"  # detail: proof; of a code: at_least so many digits
    PROOF_LOCKED = "proof_locked"  # too many wrong ones: a new code has to be set
    PROOF_MISMATCH = "proof_mismatch"  # detail: tries_left; of labels: left, not_of_this_order
    STALE = "stale"  # the world moved on meanwhile


LISTED_MAX = 20  # in one list of a detail: more is told as a number


def bounded(detail: Detail) -> Detail:
    """The first few of each list that is too long to read, and in `..._count` how many there are:
    whoever names a thousand things is not told all of them again, and no journal keeps them."""
    long = {k: x for k, x in detail.items() if isinstance(x, list) and len(x) > LISTED_MAX}
    if not long:
        return detail
    counts: Detail = {f"{k}_count": len(x) for k, x in long.items()}
    return detail | {k: x[:LISTED_MAX] for k, x in long.items()} | counts


class Rejected(Exception):  # noqa: N818 — an answer, hence no "Error" in its name
    """Raised by a handler before it has emitted anything; caught by the engine."""

    def __init__(self, reason: RejectionReason, detail: Detail) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = bounded(detail)
