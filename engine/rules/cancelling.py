"""Who may end an order early, when, and for which reasons.

After the goods have left, nobody cancels: they are brought back, by a failed delivery or because
whoever wanted them recalls them. Only what is lost on the way, with its courier or without, can be
written off by an operator.
"""

from engine.state.orders import HOLDS_STOCK, OrderStatus
from engine.values import Actor

REASONS: dict[Actor, tuple[str, ...]] = {
    Actor.CUSTOMER: ("changed_mind", "ordered_by_mistake", "too_slow", "wrong_address"),
    Actor.STORE: ("out_of_stock", "too_busy", "closing", "cannot_prepare", "item_missing"),
    Actor.COURIER: (
        "customer_absent",
        "customer_refused",
        "wrong_address",
        "goods_damaged",
        "age_not_proven",
    ),
    Actor.PAYMENT: ("payment_declined", "payment_timeout"),
    Actor.OPERATOR: (
        "fraud",
        "customer_request",
        "store_request",
        "undeliverable",
        "force_majeure",
    ),
    Actor.SYSTEM: (
        "store_silent",
        "no_courier",
        "not_collected",
        "exchange_incomplete",
        "exchange_lapsed",
    ),
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

RECALLS: dict[Actor, tuple[str, ...]] = {  # from the way to the door
    Actor.CUSTOMER: REASONS[Actor.CUSTOMER],
    Actor.OPERATOR: (*REASONS[Actor.OPERATOR], *WRITE_OFF),
}

CUSTOMERS_FAULT = (
    "customer_absent",
    "customer_refused",
    "age_not_proven",
    "wrong_address",
    "changed_mind",
    "ordered_by_mistake",
)


def reasons(actor: Actor, status: OrderStatus) -> tuple[str, ...]:
    """For which this actor may end an order that has come so far; none if he may not."""
    if status in STAGES.get(actor, ()):
        return REASONS[actor]
    if status is not OrderStatus.HANDED_OVER:
        return ()
    return RECALLS.get(actor, ())
