"""Shelves: their movements sum to their levels, what is reserved is held by open orders, and what
is incoming is on its way from somewhere."""

from collections import Counter
from collections.abc import Iterator

from engine.rules.pending import pending_lines
from engine.rules.pricing import summed, without_prices
from engine.state import State
from engine.state.orders import HOLDS_STOCK
from engine.state.purchases import PurchaseStatus
from engine.state.transfers import TransferStatus
from engine.values import OrderId, ProductId, StoreId

Shelf = tuple[StoreId, ProductId]
SOURCES = {"reserved": "on open orders", "incoming": "are on their way"}


def violations(s: State) -> Iterator[str]:
    for key in s.orders.orders:
        yield from order_problems(s, key)
    due, coming = _due(s), _coming(s)
    for store, products in s.inventory.levels.items():
        for product, level in products.items():
            shelf = store, product
            for problem in shelf_problems(s, store, product):
                yield f"{store}/{product}: {problem}"
            for kind, found, so_many in (
                ("reserved", level.reserved, due.pop(shelf, 0)),
                ("incoming", level.incoming, coming.pop(shelf, 0)),
            ):
                if found != so_many:
                    yield f"{store}/{product}: {found} {kind}, {so_many} {SOURCES[kind]}"
    for shelf, pieces in (*due.items(), *coming.items()):
        if pieces:
            yield f"{shelf} has no shelf for {pieces}"


def _due(s: State) -> Counter[Shelf]:
    """What open orders are to get."""
    due: Counter[Shelf] = Counter()
    for order in s.orders.orders.values():
        if order.status in HOLDS_STOCK:
            for line in (*without_prices(order.lines), *pending_lines(order)):
                due[order.placed.store, line.product] += line.quantity
    return due


def order_problems(s: State, key: OrderId) -> Iterator[str]:
    """Does it hold all of its lines in its own store, if it is to hold any?"""
    order = s.orders.get(key)
    if order is not None and order.status in HOLDS_STOCK:
        for line in summed([*without_prices(order.lines), *pending_lines(order)]):
            level = s.inventory.get(order.placed.store, line.product)
            held = level.held.get(key, 0) if level else 0
            if held != line.quantity:
                yield f"{key} holds {held} of {line.quantity} {line.product}"


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


def shelf_problems(s: State, store: StoreId, product: ProductId) -> Iterator[str]:
    """Do its sums agree with each other, and is it held by orders of this store that may?"""
    x = s.inventory.levels[store][product]
    held = sum(x.held.values())
    if x.reserved != held:
        yield f"{x.reserved} reserved, {held} held by orders"
    for key in x.held:
        order = s.orders.get(key)
        if order is None or order.status not in HOLDS_STOCK or order.placed.store != store:
            yield f"reserved for {key}, which may hold nothing here"
    came = x.received + x.arrived + x.returned + x.brought_back
    went = x.issued + x.sold + x.shipped + x.quarantined
    moved = came - went + x.counted + x.adjusted
    if x.on_hand != moved:
        yield f"{x.on_hand} on hand, movements sum to {moved}"
    if not 0 <= x.reserved <= x.on_hand:
        yield f"{x.reserved} of {x.on_hand} are reserved"
    if not 0 <= x.damaged == x.quarantined + x.spoiled - x.discarded:
        yield f"{x.damaged} damaged, which nothing explains"
    if x.incoming < 0:
        yield f"{x.incoming} incoming"
