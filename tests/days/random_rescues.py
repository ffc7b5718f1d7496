"""Wishes for what is missing, and things that are, at random: all of it elsewhere, something else,
or nothing at all."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.settings import Settings
from engine.values import Instead, Proof, Rescue

Made = c.AnyCommand | list[c.AnyCommand]
PRODUCTS = ("ramen", "tea", "cake")
FIRST = (Rescue.SUBSTITUTE, Rescue.OTHER_STORE, Rescue.CANCEL)


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """Of a RandomDay: how likely, and what."""
    yield 5, lambda: _buy(day)
    yield 3, lambda: _pay(day)
    yield 3, lambda: _miss(day)
    yield 1, lambda: _give_up(day)
    yield 0.5, lambda: _empty(day)
    yield 0.3, lambda: _be_strict(day)


def _buy(day) -> Made:
    rng, quote = day.rng, day._new("q")
    ask = c.RequestQuote(quote, "app", "ann", day._any(("s0", "s1")), day._lines(), day._place(1))
    wishes = rng.sample(FIRST, rng.randrange(4)) if rng.random() < 0.9 else [Rescue.CANCEL] * 2
    if len(wishes) == 2:
        wishes.append(Rescue.GO_WITHOUT)  # which is what is done in the end, said or not
    named = [Instead(x, day._any(PRODUCTS)) for x in PRODUCTS if rng.random() < 0.7]
    instead = named if Rescue.SUBSTITUTE in wishes or rng.random() < 0.1 else []
    order = day._new("o")
    buy = c.PlaceOrder(order, "app", quote, "bank", Proof.NONE, if_missing=wishes, instead=instead)
    return [ask, buy]


def _wished(day, *statuses: str) -> str:
    orders = day._s.orders.orders.items()
    return day._one({k: x for k, x in orders if x.placed.if_missing and x.status in statuses})


def _pay(day) -> Made:
    """And the store begins."""
    key = _wished(day, "placed", "confirmed")
    order = day._s.orders.get(key)
    if order is None:
        return c.Tick()
    due = day._s.payments.get(f"{key}/1")
    paid = c.ReportAuthorization("bank", f"{key}/1", True, due.amount_minor if due else 1)
    began = c.AcceptOrder(order.placed.store, key, day.at + 300_000)
    return [paid, began] if day.rng.random() < 0.7 else paid


def _miss(day) -> Made:
    key = _wished(day, "confirmed", "accepted", "accepted", "ready")
    order = day._s.orders.get(key)
    if order is None or not order.lines:
        return c.Tick()
    line = day.rng.choice(order.lines)
    pieces = day.rng.choice((1, line.quantity))
    return c.ReportMissing(order.placed.store, key, line.product, pieces)


def _give_up(day) -> Made:
    key = _wished(day, "confirmed", "accepted", "ready")
    order = day._s.orders.get(key)
    store = order.placed.store if order else "s0"
    return c.RejectOrder(store, key, day.rng.choice(("out_of_stock", "too_busy")))


def _empty(day) -> Made:
    """A shelf that had been promised to several."""
    store, product = day._any(("s0", "s1")), day._any(PRODUCTS)
    counted = c.CountStock(store, product, day.rng.choice((0, 0, 1, 3)))
    return [counted, c.ReceiveStock(day._any(("s0", "s1")), product, day.rng.choice((1, 30)))]


def _be_strict(day) -> Made:
    later_ms = day.rng.choice((0, 60_000, 9_000_000))
    return c.ChangeSettings(Settings(rescue_later_max_ms=later_ms))
