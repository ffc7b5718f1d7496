"""Who may end an order early, when, and for which reasons."""

from engine.state.orders import OrderStatus
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
    Actor.SYSTEM: ("store_silent",),
}

STAGES: dict[Actor, tuple[OrderStatus, ...]] = {
    Actor.CUSTOMER: (
        OrderStatus.PLACED,
        OrderStatus.CONFIRMED,
        OrderStatus.ACCEPTED,
        OrderStatus.READY,
    ),
    Actor.STORE: (OrderStatus.CONFIRMED, OrderStatus.ACCEPTED, OrderStatus.READY),
    Actor.COURIER: (OrderStatus.HANDED_OVER,),  # a failed delivery: the goods go back first
    Actor.PAYMENT: (OrderStatus.PLACED,),
    Actor.OPERATOR: (
        OrderStatus.PLACED,
        OrderStatus.CONFIRMED,
        OrderStatus.ACCEPTED,
        OrderStatus.READY,
    ),
    Actor.SYSTEM: (OrderStatus.CONFIRMED,),
}

CUSTOMERS_FAULT = ("customer_absent", "customer_refused", "wrong_address")


def may_cancel(actor: Actor, status: OrderStatus) -> bool:
    """After the goods have left, nobody cancels: a failed delivery returns instead."""
    return status in STAGES[actor]
