"""Prices: per store and product, from when on, with all there were."""

from msgspec import Struct

from engine.events import PriceSet, PricesWithdrawn
from engine.values import Millis, Minor, ProductId, StoreId

Start = tuple[Millis, Minor]


class Prices(Struct):
    """Invariant: starts only increase; the past is never rewritten."""

    history: dict[StoreId, dict[ProductId, list[Start]]] = {}

    # queries

    def current(self, store: StoreId, product: ProductId, at: Millis) -> Minor | None:
        """What it costs then; None if it has no price yet."""
        for start, price in reversed(self.starts(store, product)):
            if start <= at:
                return price
        return None

    def starts(self, store: StoreId, product: ProductId) -> list[Start]:
        """All there were and all that are planned, the oldest first."""
        products = self.history.get(store)
        return products.get(product, []) if products else []

    # events

    def price_set(self, e: PriceSet) -> None:
        history = self.history.setdefault(e.store, {}).setdefault(e.product, [])
        assert not history or history[-1][0] <= e.at
        history.append((e.at, e.price_minor))

    def prices_withdrawn(self, e: PricesWithdrawn) -> None:
        history = self.history[e.store][e.product]
        assert history[-1][0] > e.at
        while history and history[-1][0] > e.at:
            history.pop()
