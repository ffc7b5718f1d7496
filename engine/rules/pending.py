"""What an order holds besides its lines until somebody answers, and how it lets go of it."""

from collections.abc import Iterator

from engine.events import AnyEvent, EditDropped, StockReleased, SubstituteDropped
from engine.state.orders import Order
from engine.values import Line, OrderId, ProductId


def pending_lines(order: Order) -> list[Line]:
    """Kept for it, and not yet of it."""
    offered = [Line(x.line.product, x.line.quantity) for x in order.substitutes.values()]
    return [*offered, *(order.edit.added if order.edit else [])]


def substitute_dropped(
    key: OrderId, order: Order, missing: ProductId, reason: str, lost: int = 0
) -> Iterator[AnyEvent]:
    """`lost`: so many of its pieces are gone already."""
    line = order.substitutes[missing].line
    yield SubstituteDropped(key, missing, reason)
    yield from _released(key, order, [Line(line.product, line.quantity - lost)])


def edit_dropped(
    key: OrderId, order: Order, reason: str, lost: Line | None = None
) -> Iterator[AnyEvent]:
    """`lost`: so many of the pieces it added are gone already."""
    assert order.edit is not None
    added = [
        Line(x.product, x.quantity - lost.quantity) if lost and x.product == lost.product else x
        for x in order.edit.added
    ]
    yield EditDropped(key, reason, order.edit.payment)
    yield from _released(key, order, added)


def let_go(key: OrderId, order: Order, product: ProductId, pieces: int) -> Iterator[AnyEvent]:
    """Of what is pending, when so many pieces of a product went missing: it cannot be kept."""
    for missing, substitute in order.substitutes.items():
        if substitute.line.product == product:
            yield from substitute_dropped(key, order, missing, "short", pieces)
            return
    if order.edit is not None:
        added = {x.product: x.quantity for x in order.edit.added}
        if product in added:
            lost = Line(product, min(pieces, added[product]))
            yield from edit_dropped(key, order, "short", lost)


def pending_pieces(order: Order, product: ProductId) -> int:
    return sum(x.quantity for x in pending_lines(order) if x.product == product)


def _released(key: OrderId, order: Order, lines: list[Line]) -> Iterator[AnyEvent]:
    left = [x for x in lines if x.quantity]
    if left:
        yield StockReleased(order.placed.store, key, left)
