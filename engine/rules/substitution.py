"""Whether something else can take the place of what is missing, and what it costs at most."""

from engine.rejections import Detail
from engine.rejections import RejectionReason as Reason
from engine.rules.availability import sale_fault
from engine.rules.lines import pieces_of
from engine.rules.pending import pending_pieces
from engine.rules.skills import lacking
from engine.state.inventory import Inventory
from engine.state.listings import Listings
from engine.state.orders import Order
from engine.state.prices import Prices
from engine.state.products import Products
from engine.values import Line, Millis, Minor, ProductId

Fault = tuple[Reason, Detail]


def price_instead(
    products: Products,
    listings: Listings,
    prices: Prices,
    inventory: Inventory,
    order: Order,
    missing: Line,
    instead: Line,
    at: Millis,
    utc_offset_min: int,
) -> Minor | Fault:
    """Of something else that is for sale, on the shelf, no heavier than what is missing, and for
    the same couriers to carry."""
    substitute, lost = products[instead.product], products[missing.product]
    if is_of_it(order, instead.product) or substitute.components:
        return Reason.MALFORMED, {"field": "substitute"}
    store, wanted = order.placed.store, (instead.product,)
    if fault := sale_fault(products, listings, store, wanted, at, utc_offset_min):
        return fault
    price = prices.current(store, instead.product, at)
    if price is None:
        return Reason.NO_PRICE, {"product": instead.product}
    load, limit = substitute.load * instead.quantity, lost.load * missing.quantity
    if load > limit:
        return Reason.TOO_LARGE, {"load": load, "limit": limit}
    placed = order.placed
    more = () if order.is_collection else lacking(substitute.skills, placed.skills)
    if more:  # the courier who comes may not have them
        return Reason.SKILL_MISSING, {"skills": [str(x) for x in more]}
    if short := inventory.short(store, [instead]):
        detail: Detail = {"product": short.product, "available": short.quantity}
        return Reason.INSUFFICIENT_STOCK, detail
    return price


def is_of_it(order: Order, product: ProductId) -> bool:
    """Of the order already, or kept for it: twice in it, nobody could tell which is missing."""
    return bool(pieces_of(order.lines, product) + pending_pieces(order, product))
