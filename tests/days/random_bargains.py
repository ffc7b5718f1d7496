"""Second thoughts at random: edits that cost more or less, and substitutes for what is missing."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.values import Actor, Line

Made = c.AnyCommand | list[c.AnyCommand]
PRODUCTS = ("ramen", "tea", "cake")


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """Of a RandomDay: how likely, and what."""
    yield 1.5, lambda: _edit(day)
    yield 0.5, lambda: _move(day)
    yield 0.5, lambda: _edit_a_bargain(day)
    yield 1, lambda: _pay_for_edits(day)
    yield 1.5, lambda: _propose(day)
    yield 1, lambda: _answer(day)
    yield 0.5, lambda: _lose_what_is_kept(day)
    yield 0.5, lambda: _hurry(day)


def _order(day, *statuses: str) -> str:
    orders = day._s.orders.orders
    return day._one({k: x for k, x in orders.items() if x.status in statuses})


def _service(day) -> str:
    return "app" if day.rng.random() < 0.95 else "other"


def _edit(day) -> Made:
    """As it was, a little different, or something else altogether."""
    rng, key = day.rng, _order(day, "confirmed", "scheduled", "confirmed")
    order = day._s.orders.get(key)
    lines = day._lines() or [Line("ramen", 1)]
    if order and order.lines and rng.random() < 0.8:
        lines = [Line(x.product, max(1, x.quantity + rng.choice((-1, 0, 1)))) for x in order.lines]
        if rng.random() < 0.4:
            lines.append(Line(rng.choice(PRODUCTS), 1))
    return c.EditLines(key, _service(day), lines)


def _edit_a_bargain(day) -> Made:
    """Other goods for the same discount: nobody could say for which."""
    orders = day._s.orders.orders.items()
    known = {k: x for k, x in orders if x.placed.discounts and not x.ended_at}
    return c.EditLines(day._one(known), "app", [Line(day._any(PRODUCTS), 1)])


def _move(day) -> Made:
    key = _order(day, "confirmed", "scheduled")
    return c.EditDropoff(key, _service(day), day._place(day.rng.choice((1, 9))))


def _pay_for_edits(day) -> Made:
    payments = day._s.payments.payments
    due = {k: x for k, x in payments.items() if x.purpose == "edit" and x.status == "requested"}
    key = day._one(due)
    amount = payments[key].amount_minor if key in payments else 1
    return c.ReportAuthorization("bank", key, day.rng.random() < 0.8, amount)


def _propose(day) -> Made:
    key = _order(day, "accepted")
    order = day._s.orders.get(key)
    store = order.placed.store if order else day._any(("s0", "s1"))
    missing = day._any(PRODUCTS)
    if order and order.lines and day.rng.random() < 0.8:
        missing = day.rng.choice(order.lines).product
    number = day.rng.choice((1, 1, 1, 2, 0))
    offer = c.ProposeSubstitute(store, key, missing, number, day._any(PRODUCTS), 1)
    if day.rng.random() < 0.3:
        return [offer, c.ReportReady(store, key)]
    return offer


def _answer(day) -> Made:
    waiting = {k: x for k, x in day._s.orders.orders.items() if x.substitutes}
    key = day._one(waiting)
    missing = next(iter(waiting[key].substitutes)) if key in waiting else "ramen"
    kind = day.rng.choice([c.AcceptSubstitute, c.DeclineSubstitute])
    return kind(key, _service(day), missing)


def _lose_what_is_kept(day) -> Made:
    """The shelf has nothing of what a substitute or an edit was to be."""
    for key, order in day._s.orders.orders.items():
        for x in order.substitutes.values():
            return c.CountStock(order.placed.store, x.line.product, 0)
        if order.edit and order.edit.added:
            return c.CountStock(order.placed.store, order.edit.added[0].product, 0)
        if order.status == "accepted" and order.lines and day.rng.random() < 0.3:
            offer = _propose(day)
            offers = offer if isinstance(offer, list) else [offer]
            return [*offers[:1], c.CancelOrder(key, Actor.CUSTOMER, "changed_mind", "app")]
    return _propose(day)


def _hurry(day) -> Made:
    """The store begins while an edit waits."""
    waiting = {k: x for k, x in day._s.orders.orders.items() if x.edit}
    key = day._one(waiting)
    store = waiting[key].placed.store if key in waiting else "s0"
    return c.AcceptOrder(store, key, day.at)
