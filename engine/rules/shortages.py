"""Who goes without when a shelf has less than was promised."""

from collections.abc import Iterator, Mapping

from engine.events import AnyEvent, OrderCancelled, OrderReduced, StockReleased
from engine.rules.lines import cut
from engine.state.orders import HOLDS_STOCK, Order, Orders, OrderStatus
from engine.values import Actor, Line, Millis, OrderId, ProductId, ShortOrder, StoreId

AS_FAR = {OrderStatus.ACCEPTED: 1, OrderStatus.READY: 2}  # others: nobody has begun


def going_short(held: Mapping[OrderId, int], orders: Orders, missing: int) -> list[ShortOrder]:
    """The orders that lose `missing` pieces among them; `held` names the oldest first.

    Whoever came last loses first: the first to be promised is the last to be let down. But an
    order the store has accepted goes before one it has not, and one that stands packed on the
    counter before both: its pieces were on the shelf, and were found.
    """
    newest_first = list(held)[::-1]
    newest_first.sort(key=lambda x: AS_FAR.get(orders[x].status, 0))
    short = []
    for order in newest_first:
        if missing <= 0:
            break
        quantity = min(held[order], missing)
        short.append(ShortOrder(order, quantity))
        missing -= quantity
    return short


def packed(held: Mapping[OrderId, int], orders: Orders) -> int:
    """Pieces that stand on the counter for an order: no till sells them by mistake."""
    return sum(n for x, n in held.items() if orders[x].status is OrderStatus.READY)


def releases(store: StoreId, product: ProductId, short: list[ShortOrder]) -> list[StockReleased]:
    """What they let go, to be stated before the level falls: it never is below the reserved."""
    return [StockReleased(store, x.order, [Line(product, x.quantity)]) for x in short]


def gone_without(
    key: OrderId, order: Order, product: ProductId, pieces: int, at: Millis
) -> Iterator[AnyEvent]:
    """The order goes on without them and less is owed; without anything left, it ends."""
    left, reduction = cut(order.lines, product, pieces)
    yield OrderReduced(key, left, reduction)
    if not left and not order.substitutes and order.status in HOLDS_STOCK:
        yield OrderCancelled(key, Actor.STORE, "item_missing", at)
