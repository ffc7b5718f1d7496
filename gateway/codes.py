"""Every reason the gateway or the engine says no, as clients hear it: one table of codes."""

from typing import NamedTuple

from engine.rejections import Detail, RejectionReason
from gateway.messages.frames import HELLO_WITHIN_S
from gateway.messages.values import Error

R = RejectionReason


class Code(NamedTuple):
    message: str
    retryable: bool = False  # the same request may succeed later, unchanged


OWN: dict[str, Code] = {  # the gateway's
    "unauthenticated": Code("this token is not valid"),
    "token_expired": Code("this token has expired"),
    "hello_expected": Code(f"the first message is hello, within {HELLO_WITHIN_S} seconds"),
    "forbidden": Code("this role may not do that"),
    "unknown_feed": Code("this role has no such feed"),
    "coordinates_out_of_range": Code("latitude is within 90 degrees, longitude within 180"),
    "implausible_fix": Code("this position was not taken"),
    "card_number": Code("card numbers are for the payment provider only"),
    "method_unavailable": Code("this provider cannot be paid this way here"),
    "payer_incomplete": Code("this way of paying asks for more about who pays"),
    "payment_refused": Code("the provider would not take this payment as it was asked for"),
    "provider_silent": Code("the provider has a bad moment", retryable=True),
    "webhook_refused": Code("nothing is sent there"),
    "idempotency_conflict": Code("this id was used for a different request"),
    "rate_limited": Code("too many requests", retryable=True),
    "too_many_connections": Code("all connections of this party are in use", retryable=True),
    "server_full": Code("as many are connected here as may be", retryable=True),
    "overloaded": Code("too much is waiting", retryable=True),
    "stopping": Code("the server is going down; another will answer", retryable=True),
    "storage_full": Code("nothing can be stored now", retryable=True),
    "too_little_known": Code("the journal tells too little of this city yet", retryable=True),
    "fork_failed": Code("this fork came to no answer", retryable=True),
    "unsettled": Code("nobody knows whether it was done: repeat it", retryable=True),
}
ENGINES: dict[RejectionReason, Code] = {
    R.MALFORMED: Code("a field is not acceptable"),
    R.ALREADY_EXISTS: Code("this id is taken, or this is so already"),
    R.UNKNOWN: Code("there is no such thing, or it is not yours"),
    R.ILLEGAL_TRANSITION: Code("that cannot follow"),
    R.OVERLAPPING: Code("nobody is at two places at once"),
    R.REASON_NOT_ALLOWED: Code("this reason is not for you to give"),
    R.ORDER_OPEN: Code("an order has not ended yet"),
    R.CUSTOMER_BLOCKED: Code("this customer may not order"),
    R.TOO_MANY_UNPAID: Code("as many orders of this customer wait for payment as may", True),
    R.STORE_CLOSED: Code("the store takes no orders", retryable=True),
    R.WINDOW_IN_PAST: Code("the window has begun already"),
    R.WINDOW_TOO_SHORT: Code("the window is too short"),
    R.WINDOW_TOO_LONG: Code("the window is too long"),
    R.WINDOW_TOO_FAR_AHEAD: Code("nothing is promised so far ahead"),
    R.NOT_LISTED: Code("the product is not sold any more"),
    R.OUT_OF_HOURS: Code("the product is not sold at this time"),
    R.NO_PRICE: Code("the product has no price in this store"),
    R.PRICE_OUT_OF_ORDER: Code("a price begins later than all before it, and not in the past"),
    R.IS_BUNDLE: Code("a bundle has no shelf of its own: name what is in it"),
    R.CATEGORY_CYCLE: Code("a category cannot be below itself"),
    R.OUT_OF_AREA: Code("too far from the store, or not in its delivery area"),
    R.TOO_LARGE: Code("more than a courier can carry"),
    R.PROMISE_STALE: Code("what was promised cannot be kept any more: ask for a new quote"),
    R.QUOTE_EXPIRED: Code("ask for a new quote"),
    R.QUOTE_USED: Code("this quote became an order"),
    R.INSUFFICIENT_STOCK: Code("not so many are available"),
    R.WINDOW_TOO_SOON: Code("the window ends before it could be there"),
    R.SLOT_FULL: Code("the store has enough to do at that time", retryable=True),
    R.ATTEMPTS_EXHAUSTED: Code("it was tried often enough"),
    R.NOT_TOGETHER: Code("one courier cannot carry these together"),
    R.SKILL_MISSING: Code("no courier who could carry it has what it takes", retryable=True),
    R.NO_CAPACITY_NOW: Code("no courier could be there in time", retryable=True),
    R.COUPON_NOT_VALID: Code("this coupon cannot be used now"),
    R.COUPON_USED: Code("this coupon has been used as often as it may be"),
    R.COUPON_NOT_APPLICABLE: Code("this coupon does not fit this order"),
    R.PROMOTION_USED: Code("what the quote promised is used up: ask for a new one"),
    R.RETURN_PERIOD_OVER: Code("it is too long ago"),
    R.PREVIEW_EXPIRED: Code("ask for a new preview"),
    R.PREVIEW_STALE: Code("other numbers hold now: ask for a new preview"),
    R.ALREADY_EXCHANGED: Code("this pays for another order already, or was paid for that way"),
    R.EDIT_PENDING: Code("another edit waits for its payment", retryable=True),
    R.SUBSTITUTE_PENDING: Code("a substitute waits for an answer", retryable=True),
    R.DISCOUNTED: Code("what was sold for less is not changed: order anew"),
    R.AMOUNT_MISMATCH: Code("another amount was requested"),
    R.EXCEEDS_BOUGHT: Code("more than was bought and not yet brought back"),
    R.EXCEEDS_CAPTURED: Code("more than is left of what was captured"),
    R.EXCEEDS_CASH: Code("more than this courier holds in cash"),
    R.SECOND_PERSON_NEEDED: Code("whoever asked for it does not decide it alone"),
    R.AT_WORK: Code("first the courier's shift and everything on it must end"),
    R.OFF_SHIFT: Code("the courier is off shift"),
    R.WRONG_STOP: Code("another stop comes first"),
    R.AGE_CHECK_REQUIRED: Code("look at an age first, and say so; else it is not handed over"),
    R.TIME_NOT_BELIEVED: Code("it cannot have happened then: say when, or nothing of when"),
    R.OVER_CAPACITY: Code("more than this courier can carry"),
    R.PINNED: Code("this would take goods from who carries them"),
    R.PROOF_REQUIRED: Code("the order asks for a proof"),
    R.PROOF_LOCKED: Code("too many wrong ones: a new code has to be set"),
    R.PROOF_MISMATCH: Code("this is not the proof"),
    R.STALE: Code("the world moved on meanwhile"),
}
CODES: dict[str, Code] = {**{str(k): known for k, known in ENGINES.items()}, **OWN}


class Refusal(Exception):  # noqa: N818 — an answer, hence no "Error" in its name
    """No, before anything reached the engine."""

    def __init__(
        self,
        code: str,
        message: str = "",
        detail: Detail | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code)
        known = CODES[code]
        text = message or known.message
        self.error = Error(code, text, detail or {}, known.retryable, retry_after_s)


def unknown(what: str, key: str) -> Refusal:
    """There is none, or none of theirs: nobody hears which of the two it is."""
    return Refusal("unknown", detail={"what": what, "id": key})
