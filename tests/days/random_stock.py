"""What stores and their suppliers say at random about goods on shelves."""

from collections.abc import Iterator

from engine import commands as c
from engine.values import MINUTE, Actor, Line, PricedLine, Tender, TillReceipt
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

    yield 1.5, receipt
    yield 1, reconcile
    yield 1.5, refund
    yield 1, adjust
    yield 1.5, quarantine


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
