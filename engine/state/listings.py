"""Listings: which products a store sells otherwise than all stores do, and during which hours."""

from msgspec import Struct

from engine.events import ProductDelistedInStore, ProductListedInStore
from engine.terms import Hours
from engine.values import ProductId, StoreId


class Listing(Struct, array_like=True):
    is_listed: bool
    hours: list[Hours] = []  # none: always


class Listings(Struct):
    """Invariant: only what differs is kept; without a listing a product is sold as it is listed."""

    of_store: dict[StoreId, dict[ProductId, Listing]] = {}

    # queries

    def get(self, store: StoreId, product: ProductId) -> Listing | None:
        return self.of_store.get(store, {}).get(product)

    # events

    def product_listed_in_store(self, e: ProductListedInStore) -> None:
        here = self.of_store.setdefault(e.store, {})
        if e.hours:
            here[e.product] = Listing(True, e.hours)
        else:
            here.pop(e.product, None)

    def product_delisted_in_store(self, e: ProductDelistedInStore) -> None:
        self.of_store.setdefault(e.store, {})[e.product] = Listing(False)
