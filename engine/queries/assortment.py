"""What a store has to sell: at which price, how many of it, and from when on."""

from msgspec import Struct

from engine.rules.hours import next_within
from engine.state import State
from engine.state.products import Product
from engine.values import Millis, Minor, ProductId, StoreId


class OnSale(Struct, frozen=True):
    product: ProductId
    price_minor: Minor
    available: int  # of a bundle: as many as its scarcest part makes
    sold_at: Millis  # now, or when its hours begin again


def on_sale(s: State, store: StoreId, key: ProductId, at: Millis) -> OnSale | None:
    """None if this store does not sell it: not listed, or without a price."""
    product = s.products[key]
    price = s.prices.current(store, key, at)
    if price is None or not product.is_listed:
        return None
    sold_at = at
    for each in (key, *(x.product for x in product.components)):
        listing = s.listings.get(store, each)
        if not s.products[each].is_listed or (listing and not listing.is_listed):
            return None
        if listing:
            offset_min = s.settings.current.utc_offset_min
            sold_at = max(sold_at, next_within(listing.hours, at, offset_min))
    return OnSale(key, price, available(s, store, key, product), sold_at)


def available(s: State, store: StoreId, key: ProductId, product: Product) -> int:
    """How many could be ordered."""
    if not product.components:
        return s.inventory.available(store, key)
    return min(s.inventory.available(store, x.product) // x.quantity for x in product.components)
