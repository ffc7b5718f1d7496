"""Complaints and ratings: what became of each, and that every tally is what customers said."""

from collections import Counter
from collections.abc import Iterator

from engine.rules.complaints import REFUNDED
from engine.state import State
from engine.state.complaints import Complaint, ComplaintStatus
from engine.state.orders import ENDED
from engine.state.payments import InstructionStatus


def violations(s: State) -> Iterator[str]:
    for number, (key, complaint) in enumerate(s.complaints.complaints.items(), 1):
        for problem in _of_complaint(s, complaint):
            yield f"complaint {key} {problem}"
        if complaint.number != number:
            yield f"complaint {key} is number {complaint.number}, not {number}"
        if (complaint.status is ComplaintStatus.CLOSED) == (key in s.complaints.open):
            yield f"complaint {key} is {complaint.status}, and open: {key in s.complaints.open}"
    yield from _ratings(s)


def _of_complaint(s: State, x: Complaint) -> Iterator[str]:
    if (x.status is ComplaintStatus.CLOSED) != bool(x.outcome):
        yield f"is {x.status} with the outcome {x.outcome!r}"
    if x.order and s.orders[x.order].placed.customer != x.customer:
        yield f"of {x.customer} is about an order of somebody else"
    refund = s.payments.find_instruction(x.refund) if x.refund else None
    paid = refund is not None and refund.status is InstructionStatus.SETTLED
    if (x.outcome == REFUNDED) and not paid:
        yield "was closed before the money had landed"
    is_pending = refund is not None and refund.status is InstructionStatus.PENDING
    is_pending |= x.refund in s.refunds.pending  # a second person has to agree
    if (x.status is ComplaintStatus.REFUNDING) != is_pending:
        yield f"is {x.status}, its refund {refund.status if refund else None}"


def _ratings(s: State) -> Iterator[str]:
    said: Counter[tuple[str, int]] = Counter()
    votes: Counter[str] = Counter()
    for key, rating in s.ratings.orders.items():
        order = s.orders[key]
        if order.status not in ENDED:
            yield f"{key} is rated and {order.status}"
        said[order.placed.store, rating.stars] += 1
        votes.update(rating.liked)
        votes.subtract(rating.disliked)
    for store, tally in s.ratings.stores.items():
        for stars, count in enumerate(tally.of_stars, 1):
            said[store, stars] -= count
    for product, x in s.ratings.products.items():
        votes[product] -= x.liked - x.disliked
    for what, difference in (*said.items(), *votes.items()):
        if difference:
            yield f"{what} was rated {difference:+d} times more than is counted"
    courier_stars = sum(x.courier_stars for x in s.ratings.orders.values())
    counted = sum(x.total for x in s.ratings.couriers.values())
    if courier_stars != counted:
        yield f"couriers got {courier_stars} stars, {counted} are counted"
