"""Prices: per store and product, with their history."""

from msgspec import Struct

from engine.events import PriceSet
from engine.values import Millis, Minor, ProductId, StoreId


class Prices(Struct):
    """Invariant: starts only increase; the past is never rewritten."""

    history: dict[StoreId, dict[ProductId, list[tuple[Millis, Minor]]]] = {}

    # queries

    def current(self, store: StoreId, product: ProductId) -> Minor | None:
        found = self.history.get(store, {}).get(product)
        return found[-1][1] if found else None

    # events

    def price_set(self, e: PriceSet) -> None:
        history = self.history.setdefault(e.store, {}).setdefault(e.product, [])
        assert not history or history[-1][0] <= e.at
        history.append((e.at, e.price_minor))
