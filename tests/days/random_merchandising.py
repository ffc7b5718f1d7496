"""What the fuzzer says about listings, prices to come, and bundles of the usual products."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.terms import Hours
from engine.values import Line
from geo.points import Point

BUNDLES = ("menu", "feast")
WEEK_MIN = 7 * 24 * 60
Made = c.AnyCommand | list[c.AnyCommand]


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    yield 1, lambda: _list(day)
    yield 0.5, lambda: c.DelistInStore(_store(day), _product(day))
    yield 1, lambda: _price(day)
    yield 0.5, lambda: c.WithdrawPrices(_store(day), _product(day))
    yield 0.7, lambda: _bundle(day)
    yield 3, lambda: _buy(day)
    yield 1, lambda: _miss(day)


def daily(day) -> c.AnyCommand:
    """What stores and their goods are like, as it changes on any day."""
    store, product, rng = _store(day), day._any(("ramen", "tea", "cake")), day.rng
    return rng.choice(
        [
            c.OpenStore(store),
            *2 * [c.ChangeStore(store, rng.choice((store, store, "corner", "")), day._place(1))],
            c.OpenStore(store),
            c.CloseStore(store),
            c.ListProduct(product, product, "food", rng.randrange(4)),
            c.ListProduct(product, product, "food"),
            c.DelistProduct(product),
            c.SetPrice(store, product, rng.randrange(-1, 400)),
            c.RegisterCustomer(day._any(("ann", "bob"))),
            c.RegisterStore(store, store, Point(390_000_000, 1_160_000_000), 0),
        ]
    )


def _store(day) -> str:
    return day._any(("s0", "s1"))


def _product(day) -> str:
    return day._any(("ramen", "tea", "cake", *BUNDLES))


def _list(day) -> Made:
    """Mostly without hours: what is hidden must be found again."""
    now = day.at // 60_000 + 3 * 24 * 60
    past, sound, odd = [Hours(0, now)], [Hours(0, WEEK_MIN)], [Hours(9, 8)]
    hours = day.rng.choice(([], [], [], past, sound, odd))
    store, product = _store(day), day._any(("ramen", "tea", "cake"))
    listed = c.ListInStore(store, product, hours)
    tried = c.RequestQuote(day._new("q"), "app", "ann", store, [Line(product, 1)], day._place(1))
    return [listed, tried, c.ListInStore(store, product)] if hours == past else listed


def _price(day) -> Made:
    from_at = day.rng.choice((0, 0, day.at + 1, day.at + 60_000, day.at - 1))
    store, product = _store(day), _product(day)
    priced = c.SetPrice(store, product, day.rng.randrange(100, 400), from_at)
    return [priced, c.WithdrawPrices(store, product)] if from_at > day.at else priced


def _bundle(day) -> Made:
    name, rng = day._any(BUNDLES), day.rng
    inside = [Line(day._any(("ramen", "tea", "tea")), rng.choice((1, 1, 2))) for _ in range(2)]
    if rng.random() < 0.1:
        return rng.choice((c.ReceiveStock("s0", name, 1), c.ListProduct(name, name, "food")))
    listed = c.ListProduct(name, name, "menus", 1, inside[: rng.choice((1, 2, 2))])
    return [listed, *(c.SetPrice(x, name, rng.randrange(200, 300)) for x in ("s0", "s1"))]


def _buy(day) -> Made:
    quote, bundle = day._new("q"), day._any(BUNDLES)
    lines = [Line(bundle, day.rng.choice((1, 1, 2))), *day._lines()][: day.rng.choice((1, 2))]
    asked = c.RequestQuote(quote, "app", "bob", _store(day), lines, day._place(1))
    return [asked, c.PlaceOrder(day._new("o"), "app", quote, "bank")]


def _miss(day) -> Made:
    """Something from a bundle."""
    orders = day._s.orders.orders.items()
    key = day._one({k: x for k, x in orders if any(y.components for y in x.lines)})
    order = day._s.orders.get(key)
    store = order.placed.store if order else "s0"
    return c.ReportMissing(
        store, key, day._any(("ramen", "tea", "menu")), day.rng.choice((1, 1, 2))
    )
