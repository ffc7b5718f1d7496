"""What customers complain of, how soon they must be answered, and how a complaint may end."""

from engine.values import DAY, HOUR, Actor

ANSWER_WITHIN_MS: dict[str, int] = {
    "food_safety": HOUR,
    "courier_conduct": 4 * HOUR,
    "not_received": 4 * HOUR,
    "missing_items": 8 * HOUR,
    "wrong_items": 8 * HOUR,
    "damaged": 8 * HOUR,
    "quality": 24 * HOUR,
    "late": 24 * HOUR,
    "payment": 24 * HOUR,
    "question": 24 * HOUR,
    "other": 24 * HOUR,
}
ABOUT_AN_ORDER = (
    "food_safety",
    "courier_conduct",
    "not_received",
    "missing_items",
    "wrong_items",
    "damaged",
    "quality",
    "late",
)
REASONS = tuple(ANSWER_WITHIN_MS)
NO_REPLY_MS = 7 * DAY  # of the customer, after an answer: then it is settled

REFUNDED, NO_REPLY, FORGOTTEN = "refunded", "no_reply", "forgotten"
OUTCOMES: dict[Actor, tuple[str, ...]] = {
    Actor.OPERATOR: ("resolved", "compensated", "rejected", "duplicate"),
    Actor.CUSTOMER: ("satisfied", "withdrawn"),
    Actor.SYSTEM: (REFUNDED, NO_REPLY, FORGOTTEN),
}
MESSAGES_MAX = 100  # beyond, it is closed and another one opened
