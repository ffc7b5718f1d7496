"""What happens after delivery, at random: goods that come back, or do not, and money that does."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.rules.returns import REASONS
from engine.settings import Settings
from engine.values import Actor, Line, ReturnedLine, ReturnWay

Made = c.AnyCommand | list[c.AnyCommand]


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """Of a RandomDay: how likely, and what."""
    yield 0.5, lambda: _preview(day)
    yield 2, lambda: _agree(day)
    yield 1, lambda: _think_again(day)
    yield 1, lambda: _bring(day)
    yield 1, lambda: _let_expire(day)
    yield 0.6, lambda: _agree_too_late(day)
    yield 1, lambda: _come_for_nothing(day)
    yield 0.3, lambda: c.WaiveReturn(_change(day, "confirmed"), "ops")
    yield 1, lambda: _give_much_back(day)
    yield 1, lambda: _decide_on_refunds(day)
    yield 0.5, lambda: _disappoint(day)
    yield 4, lambda: _exchange(day)
    yield 0.5, lambda: _lose_interest(day)


def _change(day, *statuses: str) -> str:
    return day._one({k: x for k, x in day._s.order_changes.changes.items() if x.status in statuses})


def _service(day) -> str:
    return day.rng.choice(["app", "app", "app", "", "other"])


def _wish(day, name: str) -> c.PreviewChange:
    """Of something that was bought, mostly."""
    rng, orders = day.rng, dict(day._s.orders.everything())
    key = day._one([k for k, x in orders.items() if x.status == "fulfilled"])
    order = orders.get(key)
    lines = [Line(day._any(["ramen", "tea", "cake"]), rng.choice((1, 1, 2, 9)))]
    if order and order.lines and rng.random() < 0.8:
        chosen = rng.choice(order.lines)
        parts = chosen.components or [chosen]
        lines = [Line(x.product, x.quantity) for x in parts]
        if rng.random() < 0.4:
            lines = [Line(lines[0].product, 1)]
    way, reason = rng.choice([*ReturnWay]), rng.choice([*REASONS, "bored"])
    return c.PreviewChange(name, key, lines, reason, way, _service(day))


def _preview(day) -> Made:
    return _wish(day, day._new("ch"))


def _agree(day) -> Made:
    if day.rng.random() < 0.3:
        return c.ConfirmChange(_change(day, "previewed"), _service(day))
    name = day._new("ch")
    return [_wish(day, name), c.ConfirmChange(name, "app")]


def _agree_too_late(day) -> Made:
    """Others have changed what was promised, or time has."""
    first, second = day._new("ch"), day._new("ch")
    asked = _wish(day, first)
    wish = c.PreviewChange(
        first, asked.order, asked.lines, "unwanted", ReturnWay.COURIER, asked.service
    )
    again = c.PreviewChange(second, *(getattr(wish, x) for x in wish.__struct_fields__[1:]))
    changed = Settings(return_fee_minor=day.rng.choice((0, 77)), preview_life_ms=0)
    late = day.rng.random() < 0.5
    return [
        *([c.ChangeSettings(Settings(preview_life_ms=0))] if late else []),
        wish,
        again,
        c.ChangeSettings(changed),
        c.ConfirmChange(first, "app"),
        c.ConfirmChange(second, "app"),
        c.ChangeSettings(Settings()),
    ]


def _let_expire(day) -> Made:
    """Settings under which everything ends soon."""
    brief = Settings(after_sales_ms=1, preview_life_ms=1_000, return_life_ms=1_000)
    name = day._new("ch")
    usual = c.ChangeSettings(Settings())
    return [c.ChangeSettings(brief), _wish(day, name), c.ConfirmChange(name, "app"), usual]


def _think_again(day) -> Made:
    key = _change(day, "confirmed")
    kind = day.rng.choice([c.WithdrawChange, c.FetchReturn, c.FetchReturn])
    return kind(key, _service(day))


def _bring(day) -> Made:
    key = _change(day, "confirmed")
    change = day._s.order_changes.get(key)
    store = change.store if change else day._any(["s0", "s1"])
    received = [ReturnedLine("ramen", 1, day.rng.randrange(-1, 2))]
    if change and day.rng.random() < 0.9:
        fit = day.rng.random() < 0.5
        received = [
            ReturnedLine(x.product, x.quantity * fit, x.quantity * (not fit)) for x in change.lines
        ]
    return c.ReceiveChange(store, key, received)


def _come_for_nothing(day) -> Made:
    """A courier at the door of somebody who was to give something back."""
    open_, asked = day._s.deliveries.open, []
    legs = [k for k, x in open_.items() if x.change]
    if not legs:
        change = day._new("ch")
        wish = _wish(day, change)
        way = "unwanted", ReturnWay.COURIER, "app"
        asked = [
            c.PreviewChange(change, wish.order, wish.lines, *way),
            c.ConfirmChange(change, "app"),
        ]
        legs = [f"{wish.order}/return/{change}"]
    key = day._one(legs)
    delivery = day._s.deliveries.get(key)
    courier = delivery.courier if delivery and delivery.courier else day._any(day._s.couriers.ids)
    by_hand = c.AssignDelivery(courier, key, "by hand")
    failed = c.ReportFailure(courier, key, "customer_absent")
    return [*asked, by_hand, c.AcceptOffer(courier, key), failed]


def _give_much_back(day) -> Made:
    captured = {x.order: None for x in day._s.payments.payments.values() if x.captured_minor}
    amount, by = day.rng.choice((1, 100, 300)), day.rng.choice(["ann", "bea"])
    name, decided = day._new("r"), day.rng.random()
    more = Settings(refund_alone_max_minor=day.rng.choice((200, 300)))
    return [
        c.ChangeSettings(Settings(refund_alone_max_minor=day.rng.choice((0, 100)))),
        *(c.ChangeSettings(more, day.rng.choice(["ann", "bea"])) for _ in range(2)),
        c.RefundOrder(name, day._one(captured), amount, "cold", by),
        c.ChangeSettings(Settings()),
        *([c.DeclineRefund(name, "cat", "no")] if decided < 0.2 else []),
        *([c.EndorseRefund(name, by)] if decided > 0.8 else []),
    ]


def _decide_on_refunds(day) -> Made:
    key, by = day._one(day._s.refunds.pending), day.rng.choice(["ann", "bea"])
    if day.rng.random() < 0.3:
        return c.DeclineRefund(key, by, "no")
    return c.EndorseRefund(key, by)


def _disappoint(day) -> Made:
    """Somebody who complained was promised money, and a second person does not agree."""
    complaints = day._s.complaints.open
    key = day._one({k: x for k, x in complaints.items() if x.order})
    complaint = complaints.get(key)
    order, number = (complaint.order, complaint.refunds + 1) if complaint else ("o1", 1)
    return [
        c.ChangeSettings(Settings(refund_alone_max_minor=0)),
        c.ApproveRefund(key, 1, "ann"),
        c.DeclineRefund(f"{order}/complaint/{key}/{number}", "bea", "no"),
        c.ChangeSettings(Settings()),
    ]


def _exchange(day) -> Made:
    """For what comes back, something else; now and then the goods come at once, or not at all."""
    rng, key, agreed = day.rng, _change(day, "confirmed", "received"), []
    change = day._s.order_changes.get(key)
    if change is None or rng.random() < 0.5:
        key = day._new("ch")
        change = _wish(day, key)
        asked = change.order, change.lines, "unwanted", ReturnWay.STORE, "app"
        agreed = [c.PreviewChange(key, *asked), c.ConfirmChange(key, "app")]
    origin = day._s.orders.get(change.order)
    customer, store = (origin.placed.customer, origin.placed.store) if origin else ("ann", "s0")
    (ask, order), (again, twice) = (_instead(day, key, customer, store) for _ in range(2))
    short = rng.random() < 0.5
    lines = change.lines[:1] if short else change.lines
    received = [ReturnedLine(x.product, 1 if short else x.quantity, 0) for x in lines]
    goes_on = rng.choice(
        (
            [],
            [c.WithdrawChange(key, "app")],
            [again, twice, c.CancelOrder(order.order, Actor.CUSTOMER, "changed_mind")],
            [c.ReceiveChange(store, key, received)],
            [
                c.ReceiveChange(store, key, received),
                c.CancelOrder(order.order, Actor.CUSTOMER, "changed_mind"),
            ],
        )
    )
    return [*agreed, ask, order, *goes_on]


def _instead(day, change: str, customer: str, store: str) -> tuple[c.RequestQuote, c.PlaceOrder]:
    name, provider = day._new("q"), day.rng.choice(["bank", "bank", "cash"])
    lines = [Line("tea", day.rng.choice((1, 1, 2)))]
    return (
        c.RequestQuote(name, "app", customer, store, lines, day._place(1)),
        c.PlaceOrder(day._new("o"), "app", name, provider, exchange=change),
    )


def _lose_interest(day) -> Made:
    """In what was to come instead."""
    wanted = {k: x for k, x in day._s.orders.orders.items() if x.placed.exchange and not x.ended_at}
    return c.CancelOrder(day._one(wanted), Actor.CUSTOMER, "changed_mind", "app")
