"""Shelves: their movements sum to their levels, what is reserved is held by open orders, and what
is incoming is on its way from somewhere."""

from collections import Counter
from collections.abc import Iterator

from engine.rules.pricing import without_prices
from engine.state import State
from engine.state.inventory import StockLevel
from engine.state.orders import HOLDS_STOCK
from engine.state.purchases import PurchaseStatus
from engine.state.transfers import TransferStatus
from engine.values import OrderId, ProductId, StoreId

Shelf = tuple[StoreId, ProductId]


def violations(s: State) -> Iterator[str]:
    yield from _holders(s)
    due, coming = _due(s), _coming(s)
    for store, products in s.inventory.levels.items():
        for product, level in products.items():
            shelf = store, product
            for problem in _problems(level, due.pop(shelf, 0), coming.pop(shelf, 0)):
                yield f"{store}/{product}: {problem}"
    for shelf, pieces in (*due.items(), *coming.items()):
        if pieces:
            yield f"{shelf} has no shelf for {pieces}"


def _due(s: State) -> Counter[Shelf]:
    """What open orders are to get."""
    due: Counter[Shelf] = Counter()
    for order in s.orders.orders.values():
        if order.status in HOLDS_STOCK:
            for line in without_prices(order.lines):
                due[order.placed.store, line.product] += line.quantity
    return due


def _holders(s: State) -> Iterator[str]:
    """Every order holds all of its lines, in its own store, and nothing besides."""
    due: Counter[tuple[OrderId, StoreId, ProductId]] = Counter()
    for key, order in s.orders.orders.items():
        if order.status in HOLDS_STOCK:
            for line in without_prices(order.lines):
                due[key, order.placed.store, line.product] += line.quantity
    for store, products in s.inventory.levels.items():
        for product, level in products.items():
            for key, pieces in level.held.items():
                due[key, store, product] -= pieces
    for (key, store, product), pieces in due.items():
        if pieces:
            yield f"{key} holds {-pieces:+d} of {store}/{product} too many"


def _coming(s: State) -> Counter[Shelf]:
    """What other stores have shipped and suppliers have still to bring."""
    coming: Counter[Shelf] = Counter()
    for transfer in s.transfers.transfers.values():
        if transfer.status is TransferStatus.SHIPPED:
            for line in transfer.lines:
                coming[transfer.destination, line.product] += line.quantity
    for purchase in s.purchases.purchases.values():
        if purchase.status is PurchaseStatus.ORDERED:
            for line in purchase.lines:
                coming[purchase.store, line.product] += purchase.outstanding(line.product)
    return coming


def _problems(x: StockLevel, due: int, coming: int) -> Iterator[str]:
    if x.reserved != due:
        yield f"{x.reserved} reserved, {due} on open orders"
    held = sum(x.held.values())
    if x.reserved != held:
        yield f"{x.reserved} reserved, {held} held by orders"
    came = x.received + x.arrived + x.returned + x.brought_back
    went = x.issued + x.sold + x.shipped + x.quarantined
    moved = came - went + x.counted + x.adjusted
    if x.on_hand != moved:
        yield f"{x.on_hand} on hand, movements sum to {moved}"
    if not 0 <= x.reserved <= x.on_hand:
        yield f"{x.reserved} of {x.on_hand} are reserved"
    if not 0 <= x.damaged == x.quarantined + x.spoiled - x.discarded:
        yield f"{x.damaged} damaged, which nothing explains"
    if x.incoming != coming:
        yield f"{x.incoming} incoming, {coming} are on their way"
