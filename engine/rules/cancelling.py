"""Who may end an order early, when, and for which reasons.

After the goods have left, nobody cancels: a failed delivery brings them back instead. Only what
is lost on the way, with its courier or without, can be written off by an operator.
"""

from engine.state.orders import HOLDS_STOCK, OrderStatus
from engine.values import Actor

REASONS: dict[Actor, tuple[str, ...]] = {
    Actor.CUSTOMER: ("changed_mind", "ordered_by_mistake", "too_slow", "wrong_address"),
    Actor.STORE: ("out_of_stock", "too_busy", "closing", "cannot_prepare", "item_missing"),
    Actor.COURIER: ("customer_absent", "customer_refused", "wrong_address", "goods_damaged"),
    Actor.PAYMENT: ("payment_declined", "payment_timeout"),
    Actor.OPERATOR: (
        "fraud",
        "customer_request",
        "store_request",
        "undeliverable",
        "force_majeure",
    ),
    Actor.SYSTEM: ("store_silent", "not_collected"),
}
WRITE_OFF = ("goods_lost",)  # an operator's, once the goods have left the store

STAGES: dict[Actor, tuple[OrderStatus, ...]] = {  # of those who may ask
    Actor.CUSTOMER: HOLDS_STOCK,
    Actor.STORE: (
        OrderStatus.SCHEDULED,
        OrderStatus.CONFIRMED,
        OrderStatus.ACCEPTED,
        OrderStatus.READY,
    ),
    Actor.OPERATOR: HOLDS_STOCK,
}

CUSTOMERS_FAULT = ("customer_absent", "customer_refused", "wrong_address")


def reasons(actor: Actor, status: OrderStatus) -> tuple[str, ...]:
    """For which this actor may end an order that has come so far; none if he may not."""
    if status in STAGES.get(actor, ()):
        return REASONS[actor]
    written_off = actor is Actor.OPERATOR and status is OrderStatus.HANDED_OVER
    return WRITE_OFF if written_off else ()
