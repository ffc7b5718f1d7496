"""What stores and operators say at random about goods on their way to a store."""

from collections.abc import Iterator

from engine import commands as c
from engine.values import HOUR, Line

STORES, PRODUCTS = ("s0", "s1"), ("ramen", "tea", "cake")


def makers(day) -> Iterator[tuple[float, object]]:
    rng = day.rng

    def shelf() -> tuple[str, str]:
        return day._any(STORES), day._any(PRODUCTS)

    def move() -> c.AnyCommand:
        """A transfer, or the next step of one."""
        known, stores = day.engine.state.transfers.transfers, day.engine.state.stores.stores
        key = day._one(known)
        if rng.random() < 0.4 or key not in known:
            lines = [Line(day._any(PRODUCTS), rng.choice((1, 2, 3, 50)))]
            return c.RequestTransfer(day._new("v"), *rng.sample([*stores, "moon"], 2), lines)
        if known[key].status == "draft":
            return c.ApproveTransfer(key, rng.choice(("", known[key].destination)))
        x, some = known[key], [Line(y.product, 1) for y in known[key].lines[: rng.randrange(2)]]
        if rng.random() < 0.25:
            return c.DiscardTransfer(key, rng.choice(("", x.source, x.destination)))
        if x.status == "requested":
            return c.ShipTransfer(key, x.source, some)
        return c.ReceiveTransfer(key, x.destination, some)

    def buy() -> c.AnyCommand:
        """A purchase, or the next step of one."""
        known = day.engine.state.purchases.purchases
        key = day._one(known)
        lines = [Line(day._any(PRODUCTS), rng.choice((1, 2, 5)))]
        if rng.random() < 0.3 or key not in known:
            return c.DraftPurchase(day._new("u"), day._any(STORES), "mill", lines)
        store, status = rng.choice(("", known[key].store)), known[key].status
        if status == "draft" and rng.random() < 0.8:
            return c.OrderPurchase(key, store)
        if rng.random() < 0.3:
            return c.DiscardPurchase(key, store)
        return c.ReceivePurchase(key, known[key].store, lines, rng.random() < 0.4)

    def reorder() -> list[c.AnyCommand]:
        """Or all of it: one shelf is short, another has plenty."""
        if rng.random() < 0.3:
            product = rng.choice(PRODUCTS)
            return [
                c.ReceiveStock("s1", product, 200),
                c.SetReorderPoint("s1", product, 0, 1, 1),
                c.SetReorderPoint("s0", product, 60, 70, 1),
            ]
        at_least, up_to = rng.choice(((1, 3), (5, 2), (0, 0), (40, 50)))
        kept = c.SetReorderPoint(*shelf(), at_least, up_to, rng.choice((0, 1, 24)), "mill")
        return [kept]

    def an_hour_later() -> c.AnyCommand:
        """If somebody waits for it."""
        day.at += HOUR * bool(day.engine.state.reorders.next_review)
        return c.Tick()

    yield 0.3, an_hour_later
    yield 2, move
    yield 2, buy
    yield 1, reorder


def no_more_reviews(s) -> Iterator[c.AnyCommand]:
    """Reviews go on as long as a shelf is to be kept full."""
    for store, shelves in s.reorders.shelves.items():
        yield from (c.SetReorderPoint(store, product, 0, 0) for product in [*shelves])
