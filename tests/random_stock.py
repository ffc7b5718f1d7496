"""What stores and their suppliers say at random about goods on shelves."""

from collections.abc import Iterator

from engine import commands as c
from engine.terms import Hours, SpecialDay
from engine.values import DAY, HOUR, MINUTE, Actor, Line, PricedLine, Tender, TillReceipt
from tests.cases import STORE_PLACE, Case, city

STORES, PRODUCTS = ("s0", "s1"), ("ramen", "tea", "cake")


def daily(day) -> c.AnyCommand:
    """Deliveries, counts, sales."""
    kind = day.rng.choice([c.ReceiveStock, c.CountStock, c.SetSafetyStock, c.RecordSale])
    number = day.rng.randrange(-1, 9)
    if kind is c.CountStock and day.rng.random() < 0.7:
        number += 20  # else the shelves soon are empty, and nothing happens any more
    return kind(day._any(STORES), day._any(PRODUCTS), number)


def makers(day) -> Iterator[tuple[float, object]]:
    rng = day.rng

    def shelf() -> tuple[str, str]:
        return day._any(STORES), day._any(PRODUCTS)

    def adjust() -> c.AdjustStock:
        reason = rng.choice(("damage", "theft", "expiry", "correction", "correction", "magic"))
        actor = rng.choice((Actor.STORE, Actor.OPERATOR, Actor.COURIER))
        return c.AdjustStock(*shelf(), rng.choice((-2, -1, 0, 1, 5)), reason, actor, "seen")

    def quarantine() -> c.AnyCommand:
        """Into it, or out of it where there is something in it."""
        levels = day.engine.state.inventory.levels
        damaged = [(s, p) for s, x in levels.items() for p, level in x.items() if level.damaged]
        kind = rng.choice((c.QuarantineStock, c.RestoreStock, c.DiscardStock))
        if damaged and kind is not c.QuarantineStock:
            return kind(*rng.choice(damaged), rng.randrange(3))
        return kind(*shelf(), rng.randrange(3))

    def receipt() -> c.AnyCommand:
        lines = [PricedLine(x.product, x.quantity, 100) for x in day._lines()]
        return c.RecordReceipt(day._any(STORES), "till", day._new("t"), lines, Tender.CARD)

    def reconcile() -> c.AnyCommand:
        """What was sold while the line was down; some of it told before."""
        store = day._any(STORES)
        known = [*day.engine.state.receipts.recent.get(store, {})][-2:]
        told = [*known, day._new("t"), day._new("t")]
        lines = [PricedLine(day._any(PRODUCTS), rng.choice((1, 1, 2, 9)), 100)]
        sold_at = day.at - rng.choice((0, 0, 60_000, -9 * MINUTE))
        receipts = [TillReceipt(x, sold_at, lines, Tender.CASH) for x in told]
        return c.ReconcileTill(store, "till", receipts)

    def refund() -> c.AnyCommand:
        store = day._any(STORES)
        known = day.engine.state.receipts.recent.get(store, {})
        key = day._one(known)
        bought = known[key].lines if key in known else [PricedLine("ramen", 1, 100)]
        lines = [Line(x.product, rng.randrange(1, x.quantity + 2)) for x in bought[:1]]
        return c.RefundReceipt(store, key, day._new("b"), lines, rng.random() < 0.7)

    def hours() -> c.AnyCommand:
        """Open again soon: a night is long, and a random day is short."""
        store, soon = day._any(STORES), day.at + rng.choice((-1, 20_000, 60_000))
        minute = day.at // MINUTE % (24 * 60)
        today = SpecialDay(day.at // DAY, rng.choice(([], [Hours(minute + 1, minute + 90)])))
        return rng.choice(
            (
                c.PauseStore(store, soon, "busy"),
                c.SetBusyMode(store, rng.choice((500, 1_000, 2_000, 99_999)), soon),
                c.SetBusyMode(store, 1_000),
                c.SetStoreHours(store, [], [today] if rng.random() < 0.2 else []),
            )
        )

    def move() -> c.AnyCommand:
        """A transfer, or the next step of one."""
        known, stores = day.engine.state.transfers.transfers, day.engine.state.stores.stores
        key = day._one(known)
        if rng.random() < 0.4 or key not in known:
            lines = [Line(day._any(PRODUCTS), rng.choice((1, 2, 3, 50)))]
            return c.RequestTransfer(day._new("v"), *rng.sample([*stores, "moon"], 2), lines)
        if known[key].status == "draft":
            return c.ApproveTransfer(key, rng.choice(("", known[key].destination)))
        x, lost = known[key], [Line(y.product, 1) for y in known[key].lines[: rng.randrange(2)]]
        return rng.choice(
            (
                c.ApproveTransfer(key, x.destination),
                c.DiscardTransfer(key, rng.choice(("", x.source, x.destination))),
                *[c.ShipTransfer(key, x.source, lost)] * 3,
                *[c.ReceiveTransfer(key, x.destination, lost)] * 3,
            )
        )

    def buy() -> c.AnyCommand:
        """A purchase, or the next step of one."""
        known = day.engine.state.purchases.purchases
        key = day._one(known)
        lines = [Line(day._any(PRODUCTS), rng.choice((1, 2, 5)))]
        if rng.random() < 0.3 or key not in known:
            return c.DraftPurchase(day._new("u"), day._any(STORES), "mill", lines)
        store = rng.choice(("", known[key].store))
        return rng.choice(
            (
                *[c.OrderPurchase(key, store)] * 2,
                c.DiscardPurchase(key, store),
                *[c.ReceivePurchase(key, known[key].store, lines, rng.random() < 0.4)] * 3,
            )
        )

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
    yield 1.5, hours
    yield 1.5, receipt
    yield 1, reconcile
    yield 1.5, refund
    yield 1, adjust
    yield 1.5, quarantine


def no_more_reviews(s) -> Iterator[c.AnyCommand]:
    """Reviews go on as long as a shelf is to be kept full."""
    for store, shelves in s.reorders.shelves.items():
        yield from (c.SetReorderPoint(store, product, 0, 0) for product in [*shelves])


def stockroom() -> Case:
    """Everything that can happen to a shelf without a customer, once."""
    case, sold, one = city(9), [PricedLine("ramen", 2, 900)], [Line("ramen", 1)]
    case.at(0, c.RegisterStore("branch", "Branch", STORE_PLACE, 0))
    case.at(0, c.RequestTransfer("t", "store", "branch", [Line("ramen", 2)]))
    case.at(0, c.ShipTransfer("t", "store")).at(0, c.ReceiveTransfer("t", "branch", one))
    case.at(0, c.DraftPurchase("p", "store", "mill", [Line("ramen", 3)]))
    case.at(0, c.OrderPurchase("p")).at(0, c.ReceivePurchase("p", "store", one, True))
    return (
        case.at(1, c.QuarantineStock("store", "ramen", 4))
        .at(2, c.RestoreStock("store", "ramen", 1))
        .at(3, c.DiscardStock("store", "ramen", 2))
        .at(4, c.AdjustStock("store", "ramen", -1, "theft", Actor.STORE))
        .at(5, c.RecordReceipt("store", "till", "r", sold, Tender.CASH))
        .at(6, c.RefundReceipt("store", "r", "b", [Line("ramen", 1)], True))
    )
