"""What the fuzzer says about promotions and coupons: some that hold, some nobody can sell by."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine import terms as t
from engine.values import Line

PROMOTIONS = ("tenth", "lunch", "welcome", "three", "gift", "ride", "house")
SEGMENTS = ("vip", "lost")
CATEGORIES = ("food", "hot", "cold", "soup")
AUTOMATIC = ("lunch", "welcome", "ride")
BEARER_OF = {"house": "s0"}

Makers = Iterator[tuple[float, Callable[[], c.AnyCommand | list[c.AnyCommand]]]]


def makers(day) -> Makers:
    yield 0.8, lambda: _define(day)
    yield 0.3, lambda: c.EndPromotion(day._any(PROMOTIONS), day.rng.choice(("", "", "s0", "s1")))
    yield 1, lambda: _issue(day)
    yield 0.3, lambda: c.WithdrawCoupon(_coupon(day), day.rng.choice(("", "s0")))
    yield 2, lambda: _buy(day)
    yield 1.5, lambda: _race(day)
    yield 1, lambda: _category(day)


def _define(day) -> c.DefinePromotion:
    rng, name = day.rng, day._any(PROMOTIONS)
    from_at = rng.choice((0, 0, day.at - 1, day.at + 60_000))
    conditions = t.Conditions(
        order_min_minor=rng.choice((0, 0, 0, 0, 0, 300, -1)),
        contains=_selection(day),
        pieces_min=rng.choice((0, 0, 2)),
        first_order=rng.random() < (0.6 if name == "welcome" else 0.05),
        segments=[rng.choice(SEGMENTS)] if rng.random() < 0.1 else [],
        stores=[day._any(("s0", "s1"))] if rng.random() < 0.2 else [],
        from_at=from_at,
        until_at=rng.choice((0, 0, 0, from_at + 600_000, 1)),
        hours=[t.Hours(0, 7 * 24 * 60)] if rng.random() < 0.2 else [],
    )
    terms = t.PromotionTerms(
        name,
        conditions,
        [_action(day) for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 0)))],
        bearer=BEARER_OF.get(name, "" if rng.random() < 0.97 else "s1"),
        by_coupon=name not in AUTOMATIC,
        exclusive=rng.random() < 0.2,
        priority=rng.randrange(3),
        limit=rng.choice((0, 0, 0, 1, 3)),
        limit_per_customer=rng.choice((0, 0, 1)),
    )
    return c.DefinePromotion(name, terms)


def _action(day) -> t.Action:
    rng, kind = day.rng, day.rng.choice(list(t.ActionKind))
    targets = t.Selection() if kind is t.ActionKind.FREE_DELIVERY else _selection(day)
    most = rng.choice((0, 0, 50))
    match kind:
        case t.ActionKind.PERCENT:
            return t.Action(kind, rng.choice((100, 333, 1_000, 2_000)), 0, most, targets)
        case t.ActionKind.FREE_DELIVERY:
            return t.Action(kind, limit_minor=most)
        case t.ActionKind.X_FOR_Y:
            return t.Action(kind, targets=targets, buy=3, pay=rng.choice((2, 1, 3)))
        case t.ActionKind.BUY_GET:
            return t.Action(kind, 500, targets=targets, buy=rng.choice((1, 2)), get=1)
        case _:
            return t.Action(kind, 0, rng.choice((1, 77, 10**6)), most, targets)


def _selection(day) -> t.Selection:
    rng = day.rng
    products = [day._any(("ramen", "tea", "cake"))] if rng.random() < 0.3 else []
    return t.Selection(products, [day._any(CATEGORIES)] if rng.random() < 0.2 else [])


def _issue(day) -> c.IssueCoupons:
    rng, coupon = day.rng, _coupon(day) if day.rng.random() < 0.5 else day._new("C")
    known = day._s.promotions.promotions
    by_coupon = [k for k, x in known.items() if x.terms.by_coupon]
    promotion = rng.choice(by_coupon) if by_coupon and rng.random() < 0.9 else day._any(PROMOTIONS)
    customers = rng.choice(([], ["ann"], [day._any(("ann", "bob"))]))
    limit = rng.choice((0, 0, 1, 1, 2, -1))
    times = rng.choice(
        ((0, 0), (0, 0), (0, 0), (day.at + 60_000, 0), (0, day.at + 300_000), (9, 5))
    )
    return c.IssueCoupons(
        coupon, promotion, customers, limit, rng.choice((0, 1)), *times, rng.choice(("", "", "s0"))
    )


def _buy(day) -> list[c.AnyCommand]:
    """Two quotes with the same coupons, placed one after the other: a race for the last use."""
    buyer = day.rng.choice(("ann", "ann", "bob"))
    live = [k for k, x in day._s.promotions.coupons.items() if x.is_for(buyer)][-8:]
    some = [_coupon(day) for _ in range(day.rng.choice((0, 0, 1, 2)))]
    coupons = [day.rng.choice(live)] if live and day.rng.random() < 0.5 else some
    products = [day.rng.choice(("ramen", "tea")) for _ in range(day.rng.choice((1, 2, 2)))]
    lines = [Line(x, day.rng.choice((1, 2, 3))) for x in products]
    store, place = day._any(("s0", "s1")), day._place(1)
    quotes = [day._new("q") for _ in range(day.rng.choice((1, 2)))]
    asked = [c.RequestQuote(x, "app", buyer, store, lines, place, coupons=coupons) for x in quotes]
    return [*asked, *(c.PlaceOrder(day._new("o"), "app", x, "bank") for x in quotes)]


def _race(day) -> list[c.AnyCommand]:
    """One coupon, or one use of a promotion, promised to two; or a coupon of no use at all."""
    kind = day.rng.choice(("coupon", "coupon", "promotion", "early", "poor"))
    name, code, by_coupon = day._new("R"), day._new("C"), kind != "promotion"
    least = t.Conditions(order_min_minor=10**6 if kind == "poor" else 0)
    action = t.Action(t.ActionKind.AMOUNT, amount_minor=7)
    terms = t.PromotionTerms(name, least, [action], by_coupon=by_coupon, limit=1)
    store, place, line = day._any(("s0", "s1")), day._place(1), [Line("tea", 1)]
    coupons, quotes = [code] if by_coupon else [], [day._new("q"), day._new("q")]
    from_at = day.at + 60_000 if kind == "early" else 0
    return [
        c.ReceiveStock(store, "tea", 3),
        c.DefinePromotion(name, terms),
        *([c.IssueCoupons(code, name, [], 1, 0, from_at)] if by_coupon else []),
        *(
            c.RequestQuote(quote, "app", buyer, store, line, place, coupons=coupons)
            for quote, buyer in zip(quotes, ("ann", "bob"), strict=True)
        ),
        *(c.PlaceOrder(day._new("o"), "app", x, "bank") for x in quotes),
        *([] if by_coupon else [c.EndPromotion(name)]),
    ]


def _coupon(day) -> str:
    return day._one(day._s.promotions.coupons)


def _category(day) -> list[c.DefineCategory]:
    """Two of them, one below the other; now and then the other way round, too."""
    upper, lower = day._any(CATEGORIES), day._any(CATEGORIES)
    tree = [c.DefineCategory(upper, upper), c.DefineCategory(lower, lower, upper)]
    return [*tree, c.DefineCategory(upper, upper, lower)][: day.rng.choice((1, 2, 3))]
