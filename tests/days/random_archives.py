"""What is said of orders that were put away long ago, at random."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.rules.returns import REASONS
from engine.settings import Settings
from engine.values import Line, ReturnedLine, ReturnWay

Made = c.AnyCommand | list[c.AnyCommand]


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """Of a RandomDay: how likely, and what."""
    yield 1, lambda: _put_away(day)
    yield 2, lambda: [*_put_away(day), *_ask_for_it(day), c.ChangeSettings(Settings())]


def _put_away(day) -> list[c.AnyCommand]:
    """At once, what has ended; and from then on nothing else for a while."""
    after_ms = day.rng.choice((0, 0, 1_000))
    usual = [c.Tick(), c.ChangeSettings(Settings())] if day.rng.random() < 0.7 else []
    return [c.ChangeSettings(Settings(archive_after_ms=after_ms)), *usual]


def _ask_for_it(day) -> list[c.AnyCommand]:
    """As of any other order."""
    rng, s = day.rng, day._s
    known = dict(s.orders.everything())
    fulfilled = [k for k, x in known.items() if x.status == "fulfilled"]
    key = rng.choice(fulfilled) if fulfilled else "nothing"
    change, refund, order = day._new("ch"), day._new("r"), known.get(key)
    store = order.placed.store if order else "s0"
    parts = [y for x in order.lines for y in x.components or [x]] if order else []
    lines = [Line(x.product, x.quantity) for x in parts]
    received = [ReturnedLine(x.product, x.quantity, 0) for x in lines]
    payments = [k for k, x, _ in s.payments.everything() if x.status in ("failed", "captured")]
    payment = day._one(payments)
    amount = s.payments[payment].amount_minor if payment in payments else 1
    return rng.choice(
        (
            [
                c.PreviewChange(change, key, lines, rng.choice([*REASONS]), ReturnWay.STORE, "app"),
                c.ConfirmChange(change, "app"),
                c.ReceiveChange(store, change, received),
            ],
            [
                c.RefundOrder(refund, key, 1, "cold", "ann"),
                c.ReportInstruction("bank", refund, rng.random() < 0.7),
            ],
            [c.AddTip(day._new("t"), key, "app", 50, "bank")],
            [c.ReportAuthorization("bank", payment, rng.random() < 0.7, amount, "late")],
            [
                c.OpenComplaint(
                    day._new("c"), order.placed.customer if order else "ann", "quality", key
                )
            ],
            [c.RateOrder(key, "app", 5, 4, [], [], [])],
        )
    )
