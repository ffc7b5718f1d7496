"""Customers: what they are said to have bought is on the orders, and segments are the rule's."""

from collections import Counter
from collections.abc import Iterator

from engine.rules.segmentation import falls_at, scores_of, segment_of
from engine.state import State
from engine.state.customers import Customer
from engine.values import CustomerId


def violations(s: State, fulfilled: Counter[CustomerId]) -> Iterator[str]:
    """`fulfilled`: how many orders of each."""
    sizes: dict[str, int] = {}
    for number, (key, customer) in enumerate(s.customers.customers.items()):
        for segment in customer.segments:
            sizes[segment] = sizes.get(segment, 0) + 1
        if customer.number != number or s.customers.ids[number] != key:
            yield f"customer {key} is number {number}, not {customer.number}"
        bought = 0 if customer.is_forgotten else fulfilled[key]
        if customer.purchases != bought:
            yield f"{key} bought {customer.purchases} times, of {bought} orders fulfilled"
        if customer.is_forgotten and (customer.segments or customer.consents):
            yield f"{key} is forgotten, and still {customer.segments} with {customer.consents}"
        if customer.judged_by == s.customers.rule and customer.segments != _due(s, customer):
            yield f"{key} is in {customer.segments}, by the rule in {_due(s, customer)}"
    counted = {name: size for name, size in s.customers.sizes.items() if size}
    if counted != sizes:
        yield f"segments are counted as {counted}, they are {sizes}"


def _due(s: State, customer: Customer) -> list[str]:
    if not customer.purchases:
        return []
    rule = s.customers.segmentation
    until = customer.review_at or falls_at(rule, customer.last_at)[-1] + 1
    since_ms = max(0, until - 1 - customer.last_at)  # nothing changes before the next review
    return [segment_of(scores_of(rule, since_ms, customer.purchases, customer.spent_minor))]
