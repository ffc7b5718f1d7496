"""What is said about money besides the usual: cash, tips, and providers who take it at once."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.values import Proof

Made = c.AnyCommand | list[c.AnyCommand]


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """Of a RandomDay: how likely, and what."""
    yield 2, lambda: _buy(day)
    yield 1, lambda: _take(day)
    yield 0.6, lambda: _give_up(day)
    yield 1, lambda: _tip(day)
    yield 1, lambda: _hand_in(day)


def _buy(day) -> Made:
    """In cash, or with a tip, or both."""
    quote, provider = day._new("q"), day.rng.choice(("cash", "bank", "wechat"))
    tip = day.rng.choice((0, 0, 1, 150, -1 if day.rng.random() < 0.2 else 300))
    store, lines = day._any(("s0", "s1")), day._lines()
    return [
        c.RequestQuote(quote, "app", "ann", store, lines, day._place(1)),
        c.PlaceOrder(day._new("o"), "app", quote, provider, Proof.NONE, tip_minor=tip),
    ]


def _take(day) -> Made:
    """A provider who moves the money at once, whatever is waiting."""
    payments = day._s.payments.payments
    open_ = [k for k, x in payments.items() if x.status in ("requested", "failed")]
    key = day._one(open_ or payments)
    payment = payments.get(key)
    amount, provider = (payment.amount_minor, payment.provider) if payment else (1, "bank")
    return c.ReportAuthorization(provider, key, True, amount, "taken", taken=True)


def _give_up(day) -> Made:
    """The provider shuts what we had given up; or what it will not get."""
    payments = day._s.payments.payments
    key = day._one([k for k, x in payments.items() if x.status == "failed"])
    provider = payments[key].provider if key in payments else "bank"
    return c.ReportAuthorization(provider, key, False, 0)


def _tip(day) -> Made:
    done = [k for k, x in day._s.orders.orders.items() if x.status == "fulfilled"]
    order = day._one(done) if day.rng.random() < 0.9 else day._order()
    provider = day.rng.choice(("bank", "wechat", "cash"))
    service = "app" if day.rng.random() < 0.9 else "other"
    return c.AddTip(day._new("t"), order, service, day.rng.randrange(-1, 200), provider)


def _hand_in(day) -> Made:
    balances = day._s.ledger.balances.items()
    rich = [x.removeprefix("cash:") for x, held in balances if x.startswith("cash:") and held]
    courier = day._any(rich or day._s.couriers.ids)
    held = day._s.ledger.balance(f"cash:{courier}")
    amount = day.rng.choice((held, held // 2 + 1, held + 1, 0))
    return c.HandInCash(day._new("h"), courier, amount)
