"""Customers: what they are said to have bought is on the orders, and segments are the rule's."""

from collections.abc import Iterator
from math import inf

from engine.rules.segmentation import falls_at, scores_of, segment_of
from engine.state import State
from engine.state.customers import Customer
from engine.values import CustomerId, Millis


def violations(s: State, fulfilled: dict[CustomerId, list[Millis]]) -> Iterator[str]:
    """`fulfilled`: when orders of each were."""
    sizes: dict[str, int] = {}
    since = _counted_since(s)
    for number, (key, customer) in enumerate(s.customers.customers.items()):
        for segment in customer.segments:
            sizes[segment] = sizes.get(segment, 0) + 1
        if customer.number != number or s.customers.ids[number] != key:
            yield f"customer {key} is number {number}, not {customer.number}"
        known = [] if customer.is_forgotten else fulfilled.get(key, [])
        bought = sum(at >= since for at in known)
        if customer.purchases != bought:
            yield f"{key} bought {customer.purchases} times, of {bought} orders fulfilled"
        if customer.is_forgotten and (customer.segments or customer.consents):
            yield f"{key} is forgotten, and still {customer.segments} with {customer.consents}"
        if customer.judged_by == s.customers.rule and customer.segments != _due(s, customer):
            yield f"{key} is in {customer.segments}, by the rule in {_due(s, customer)}"
    counted = {name: size for name, size in s.customers.sizes.items() if size}
    if counted != sizes:
        yield f"segments are counted as {counted}, they are {sizes}"


def _counted_since(s: State) -> float:
    """Purchases are, since the first that was: older journals do not tell of them."""
    firsts = (x.first_at for x in s.customers.customers.values() if x.purchases)
    return min(firsts, default=inf)


def _due(s: State, customer: Customer) -> list[str]:
    if not customer.purchases:
        return []
    rule = s.customers.segmentation
    until = customer.review_at or falls_at(rule, customer.last_at)[-1] + 1
    since_ms = max(0, until - 1 - customer.last_at)  # nothing changes before the next review
    return [segment_of(scores_of(rule, since_ms, customer.purchases, customer.spent_minor))]
