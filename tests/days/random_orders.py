"""What customers, stores and support do about an order, at random: collections and codes so far."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.rules.cancelling import REASONS
from engine.settings import Settings
from engine.values import HOUR, MINUTE, Actor, Fulfillment, Proof

Made = c.AnyCommand | list[c.AnyCommand]
CODE = "424242"


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """`day` is a RandomDay: its draws, its state, its names."""
    yield 2, lambda: _buy_to_collect(day)
    yield 2, lambda: _buy_for_later(day)
    yield 2, lambda: _pay_for_later(day)
    yield 2, lambda: _come_to_the_counter(day)
    yield 0.6, lambda: _renew(day)
    yield 1, lambda: _label(day)
    yield 1, lambda: _guess(day)
    yield 2, lambda: _try_again(day)
    yield 1, lambda: _recall(day)
    yield 1, lambda: _try_in_vain(day)
    yield 1, lambda: _come_back(day)
    yield 0.5, lambda: _come_too_late(day)
    yield 0.2, lambda: _be_impatient(day)
    yield 0.3, lambda: _be_overtaken(day)
    yield 0.3, lambda: _owe_too_much(day)


def _buy_to_collect(day) -> Made:
    quote, code = day._new("q"), day.rng.choice([CODE, CODE, CODE, "4242"])
    store, place = day._any(day._s.stores.stores), day._place(30)
    collection = Fulfillment.COLLECTION
    return [
        c.RequestQuote(quote, "app", "ann", store, day._lines(), place, collection),
        c.PlaceOrder(day._new("o"), "app", quote, "bank", Proof.PIN, code),
    ]


def _buy_for_later(day) -> Made:
    quote, rng = day._new("q"), day.rng
    from_at = day.at + rng.choice((-1, 0, 1, 600_000, 600_000, 2_400_000, 1_800_000_000))
    from_at = from_at // 60_000 * 60_000 if rng.random() < 0.5 else from_at
    to_at = from_at + rng.choice((0, 600_000, 1_800_000, 1_800_000, 3_600_000))
    ask = _ask_for_later(day, quote, from_at, to_at)
    buy = c.PlaceOrder(day._new("o"), "app", quote, "bank", Proof.PIN, CODE)
    return [ask, buy] if rng.random() < 0.7 else ask


def _come_too_late(day) -> Made:
    """Somebody else has the slot; and one second is no time to cook anything."""
    return [
        c.ChangeSettings(Settings(slot_orders_max=0, window_min_ms=0)),
        _ask_for_later(day, day._new("q"), day.at + 1, day.at + 1_000),
        _ask_for_later(day, day._new("q"), day.at + 600_000, day.at + 3_600_000),
        c.ChangeSettings(Settings()),
        _ask_for_later(day, day._new("q"), day.at + 600_000, day.at + 600_001),
        _ask_for_later(day, day._new("q"), day.at + 80 * HOUR, day.at + 90 * HOUR),
        _ask_for_later(day, day._new("q"), day.at + HOUR, day.at + 90 * HOUR),
    ]


def _owe_too_much(day) -> Made:
    """Of two orders nobody has paid, one is too many."""
    (a, b), store = (day._new("q"), day._new("q")), day._any(day._s.stores.stores)
    asked = [c.RequestQuote(x, "app", "ann", store, day._lines(), day._place(1)) for x in (a, b)]
    placed = [c.PlaceOrder(day._new("o"), "app", x, "bank") for x in (a, b)]
    strict = c.ChangeSettings(Settings(unpaid_orders_max=1))
    return [*asked, strict, *placed, c.ChangeSettings(Settings())]


def _be_overtaken(day) -> Made:
    """Between the quote and the order, everything has become slower."""
    quote, store = day._new("q"), day._any(day._s.stores.stores)
    return [
        c.RequestQuote(quote, "app", "ann", store, day._lines(), day._place(1)),
        c.ChangeSettings(Settings(handling_ms=30 * MINUTE)),
        c.PlaceOrder(day._new("o"), "app", quote, "bank"),
        c.ChangeSettings(Settings()),
    ]


def _ask_for_later(day, quote: str, from_at: int, to_at: int) -> c.RequestQuote:
    store, place, lines = day._any(day._s.stores.stores), day._place(1), day._lines()
    how = day.rng.choice([*Fulfillment])
    return c.RequestQuote(quote, "app", "bob", store, lines, place, how, from_at, to_at)


def _out(day, is_return: bool) -> str:
    """An order that is on its way: back, or to the door."""
    deliveries = day._s.deliveries
    known = {x.order: None for x in deliveries.open.values() if x.is_return is is_return}
    return day._one({k: None for k in known if day._s.orders[k].status == "handed_over"})


def _try_again(day) -> Made:
    key = _out(day, day.rng.random() < 0.9)
    asked = c.RequestRedelivery(key, day.rng.choice(["app", "app", "", "other"]))
    delivery = day._s.deliveries.of_order.get(key)
    if delivery is None or day.rng.random() < 0.5:
        return asked
    store = day._s.deliveries[delivery].store
    return [asked, c.ReceiveReturn(store, delivery, day.rng.random() < 0.8)]


def _try_in_vain(day) -> Made:
    """Nobody is there, and once was enough."""
    key = _out(day, is_return=False)
    delivery = day._s.deliveries.of_order.get(key, "nothing")
    known = day._s.deliveries.get(delivery)
    return [
        c.ReportFailure((known and known.courier) or "kim", delivery, "customer_absent"),
        c.ChangeSettings(Settings(delivery_attempts_max=1)),
        c.RequestRedelivery(key, "app"),
        c.ChangeSettings(Settings()),
    ]


def _come_back(day) -> Made:
    """Nobody is there, and it is to be tried once more: from the store, when it is back."""
    key = _out(day, is_return=False)
    delivery = day._s.deliveries.of_order.get(key, "nothing")
    known = day._s.deliveries.get(delivery)
    return [
        c.ReportFailure((known and known.courier) or "kim", delivery, "customer_absent"),
        c.RequestRedelivery(key, day.rng.choice(["app", ""])),
        c.ReceiveReturn(known.store if known else "s0", delivery, day.rng.random() < 0.8),
    ]


def _recall(day) -> Made:
    actor = day.rng.choice([Actor.CUSTOMER, Actor.OPERATOR])
    return c.CancelOrder(_out(day, day.rng.random() < 0.3), actor, REASONS[actor][0])


def _pay_for_later(day) -> Made:
    """What was placed and is wanted in an hour; or it is bought."""
    orders, payments = day._s.orders, day._s.payments.payments
    due = {k: x for k, x in payments.items() if x.status == "requested"}
    due = {k: x for k, x in due.items() if orders[x.order].placed.window_from_at}
    if due and day.rng.random() < 0.8:
        key = day._one(due)
        return c.ReportAuthorization("bank", key, True, due[key].amount_minor if key in due else 1)
    quote = day._new("q")
    ask = _ask_for_later(day, quote, day.at + 2_400_000, day.at + 4_800_000)
    code = c.PlaceOrder(day._new("o"), "app", quote, "bank", Proof.PIN, CODE)
    return [c.ChangeSettings(Settings()), ask, code]


def _be_impatient(day) -> Made:
    rng = day.rng
    return c.ChangeSettings(
        Settings(
            proof_tries_max=rng.choice((1, 2, 5)),
            collection_life_ms=30_000,
            no_show_fee_permille=rng.choice((0, 200, 1_000, 1_001)),
            window_min_ms=rng.choice((0, 600_000)),
            slot_orders_max=rng.choice((0, 1, 2, 20)),
            delivery_attempts_max=rng.choice((1, 2, 9)),
            archive_after_ms=rng.choice((0, 30_000)),
        )
    )


def _collectable(day, *statuses: str) -> str:
    orders = day._s.orders.orders.items()
    known = {k: x for k, x in orders if x.is_collection and x.status in statuses}
    return day._one(known)


def _come_to_the_counter(day) -> Made:
    key = _collectable(day, "accepted", "ready", "ready")
    order = day._s.orders.get(key)
    store = order.placed.store if order else day._any(day._s.stores.stores)
    code = order.placed.pin if order and day.rng.random() < 0.7 else "000000"
    came = c.ReportCollection(store, key, code)
    return [c.ReportReady(store, key), came] if day.rng.random() < 0.3 else came


def _renew(day) -> Made:
    with_pin = {k: x for k, x in day._s.orders.orders.items() if x.placed.pin}
    key = day._one(with_pin)
    return c.RenewProof(key, "app", day.rng.choice([CODE, "171717", "17", ""]))


def _guess(day) -> Made:
    """Until nobody listens any more."""
    key = _collectable(day, "confirmed", "accepted", "ready")
    order = day._s.orders.get(key)
    store = order.placed.store if order else "s0"
    guesses = [c.ReportCollection(store, key, f"{n:06}") for n in range(7)]
    return [c.AcceptOrder(store, key, day.at), c.ReportReady(store, key), *guesses]


def _label(day) -> Made:
    """Bags, mostly of what waits for its courier; now and then with a label twice."""
    rng, orders = day.rng, day._s.orders.orders.items()
    ready = {k: x for k, x in orders if x.status in ("accepted", "ready") and not x.is_collection}
    key = day._one(ready or dict(orders))
    order = day._s.orders.get(key)
    store = order.placed.store if order else "s0"
    return c.LabelOrder(store, key, rng.choice((["a"], ["a", "b"], ["b", "b"], [])))
