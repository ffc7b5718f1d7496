"""What is said about money besides the usual: cash, tips, and providers who take it at once."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.values import HOUR, BillLine, MovementKind, PaymentMethod, Proof

METHODS = tuple(PaymentMethod)
DAY_MS = 24 * HOUR
Made = c.AnyCommand | list[c.AnyCommand]


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """Of a RandomDay: how likely, and what."""
    yield 2, lambda: _buy(day)
    yield 1, lambda: _take(day)
    yield 0.6, lambda: _give_up(day)
    yield 0.8, lambda: _pay_otherwise(day)
    yield 1, lambda: _tip(day)
    yield 1, lambda: _hand_in(day)
    yield 1, lambda: _bill(day)
    yield 1, lambda: _settle(day)
    yield 0.5, lambda: _resolve(day)
    yield 1, lambda: _again(day)


def _buy(day) -> Made:
    """In cash, or with a tip, or both."""
    quote, provider = day._new("q"), day.rng.choice(("cash", "bank", "wechat"))
    tip = day.rng.choice((0, 0, 1, 150, -1 if day.rng.random() < 0.2 else 300))
    method = day.rng.choice(METHODS)
    store, lines = day._any(("s0", "s1")), day._lines()
    return [
        c.RequestQuote(quote, "app", "ann", store, lines, day._place(1)),
        c.PlaceOrder(
            day._new("o"), "app", quote, provider, Proof.NONE, tip_minor=tip, method=method
        ),
    ]


def _take(day) -> Made:
    """A provider who moves the money at once, whatever is waiting."""
    payments = day._s.payments.payments
    open_ = [k for k, x in payments.items() if x.status in ("requested", "failed")]
    key = day._one(open_ or payments)
    payment = payments.get(key)
    amount, provider = (payment.amount_minor, payment.provider) if payment else (1, "bank")
    moved_at = day.rng.choice((0, day.at, max(1, day.at - HOUR)))
    return c.ReportAuthorization(provider, key, True, amount, "taken", True, moved_at)


def _give_up(day) -> Made:
    """The provider shuts what we had given up; or what it will not get."""
    payments = {k: x for k, x, _ in day._s.payments.everything()}
    key = day._one([k for k, x in payments.items() if x.status == "failed"])
    provider = payments[key].provider if key in payments else "bank"
    return c.ReportAuthorization(provider, key, False, 0)


def _pay_otherwise(day) -> Made:
    """Of what waits for its payment, as a rule; now and then of what does not."""
    waiting = [k for k, x in day._s.orders.orders.items() if x.status == "placed"]
    order = day._one(waiting) if waiting and day.rng.random() < 0.9 else day._order()
    provider = day.rng.choice(("bank", "wechat", "cash"))
    return c.PayOtherwise(order, "app", provider, day.rng.choice(METHODS))


def _tip(day) -> Made:
    done = [k for k, x in day._s.orders.everything() if x.status == "fulfilled"]
    order = day._one(done) if day.rng.random() < 0.9 else day._order()
    provider = day.rng.choice(("bank", "wechat", "cash"))
    service = "app" if day.rng.random() < 0.9 else "other"
    amount, method = day.rng.randrange(-1, 200), day.rng.choice(METHODS)
    return c.AddTip(day._new("t"), order, service, amount, provider, method)


def _hand_in(day) -> Made:
    balances = day._s.ledger.balances.items()
    rich = [x.removeprefix("cash:") for x, held in balances if x.startswith("cash:") and held]
    courier = day._any(rich or day._s.couriers.ids)
    held = day._s.ledger.balance(f"cash:{courier}")
    amount = day.rng.choice((held, held // 2 + 1, held + 1, 0))
    return c.HandInCash(day._new("h"), courier, amount)


def _settle(day) -> Made:
    """A provider who says when, so that his bill can be compared."""
    instructions = day._s.payments.instructions
    key = day._one([k for k, x in instructions.items() if x.status == "pending"])
    known = instructions.get(key)
    provider = day._s.payments[known.payment].provider if known else "bank"
    return c.ReportInstruction(provider, key, day.rng.random() < 0.9, "ref", max(1, day.at))


def _again(day) -> Made:
    """What a provider could not do, once more; and what it did, or never was told."""
    rng, payments = day.rng, day._s.payments
    keys = [*payments.failed] if rng.random() < 0.8 else [*payments.instructions]
    key = day._one(keys)
    known = payments.find_instruction(key)
    provider = payments[known.payment].provider if known else "bank"
    return [
        c.InstructAgain(key, "ops"),
        *(
            [c.ReportInstruction(provider, f"{key}/again/1", rng.random() < 0.6, "ref")]
            if rng.random() < 0.5
            else []
        ),
    ]


def _bill(day) -> Made:
    """Opened, read in pieces, closed; with gaps, doubles, and lines of somebody else's."""
    rng, books = day.rng, day._s.reconciliations
    provider = rng.choice(("bank", "wechat", "cash"))
    key = rng.choice([*books.reconciliations, day._new("b"), f"{provider}/{len(books.unbilled)}"])
    known = books.get(key)
    provider = known.provider if known and rng.random() < 0.9 else provider
    unbilled = books.unbilled.get(provider)
    lines = (
        [_line(day, x.kind, x.key, x.amount_minor) for x in unbilled.movements.values()]
        if unbilled
        else []
    )
    lines = [x for x in lines if rng.random() < 0.7]
    lines += [_line(day, *_old(day)) for _ in range(rng.randrange(3))]
    read = [c.ReportBillLines(key, lines)] if lines or rng.random() < 0.1 else []
    counted = (known.lines if known and known.is_open else 0) + len(lines)
    begun = [c.OpenReconciliation(key, provider, 0, rng.choice((0, DAY_MS, 31 * DAY_MS)))]
    if known and known.is_open and rng.random() < 0.5:
        begun = []
    elif known and known.is_open:
        counted = len(lines)
    ended = [c.CloseReconciliation(key, counted)] if rng.random() < 0.6 else []
    return [*begun, *read, *ended]


def _line(day, kind: MovementKind, key: str, amount: int) -> BillLine:
    amount += day.rng.choice((0, 0, 0, 0, 1, -amount - 1))
    moved = day.rng.random() < 0.9
    key = key if day.rng.random() < 0.95 else ""
    fee = day.rng.randrange(-2, 9)
    return BillLine(kind, key, f"n{day.count}", amount, fee, moved, "SUCCESS" if moved else "FAIL")


def _old(day) -> tuple[MovementKind, str, int]:
    """Something that was on a bill before, or never should be."""
    payments = day._s.payments
    if day.rng.random() < 0.5:
        key = day._one(payments.payments)
        known = payments.get(key)
        return MovementKind.PAYMENT, key, known.amount_minor if known else 7
    key = day._one(payments.instructions)
    known = payments.instructions.get(key)
    return MovementKind.REFUND, key, known.amount_minor if known else 7


def _resolve(day) -> Made:
    known = day._s.reconciliations.reconciliations
    key = day._one([k for k, x in known.items() if x.differences and not x.is_open] or known)
    count = len(known[key].differences) if key in known else 1
    note = "looked at" if day.rng.random() < 0.9 else " "
    number = day.rng.randrange(-1, count + 1)
    return c.ResolveDifference(key, number, note, day.rng.random() < 0.5)
