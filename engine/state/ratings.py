"""Ratings: what customers said of orders, and what that makes of stores, couriers and products."""

from msgspec import Struct

from engine.events import OrderRated
from engine.values import CourierId, Millis, OrderId, ProductId, StoreId

BEST = 5


class Rating(Struct, frozen=True, array_like=True):
    """Of one order. Stars 1 to 5; of the courier 0 if nothing was said."""

    stars: int
    courier_stars: int
    tags: list[str]
    liked: list[ProductId]
    disliked: list[ProductId]
    at: Millis = Millis(0)


class Tally(Struct, array_like=True):
    """How often 1, 2, 3, 4 and 5 stars were given."""

    of_stars: list[int]

    @property
    def count(self) -> int:
        return sum(self.of_stars)

    @property
    def total(self) -> int:
        return sum(n * stars for stars, n in enumerate(self.of_stars, 1))


class Votes(Struct, array_like=True):
    liked: int = 0
    disliked: int = 0


class Ratings(Struct):
    """Invariant: an order is rated once; every tally is the sum of what was said of orders."""

    orders: dict[OrderId, Rating] = {}
    stores: dict[StoreId, Tally] = {}
    couriers: dict[CourierId, Tally] = {}
    products: dict[ProductId, Votes] = {}

    # events

    def order_rated(self, e: OrderRated) -> None:
        assert e.order not in self.orders
        self.orders[e.order] = Rating(e.stars, e.courier_stars, e.tags, e.liked, e.disliked, e.at)
        self._tally(self.stores.setdefault(e.store, Tally([0] * BEST)), e.stars)
        if e.courier is not None and e.courier_stars:
            self._tally(self.couriers.setdefault(e.courier, Tally([0] * BEST)), e.courier_stars)
        for product in e.liked:
            self.products.setdefault(product, Votes()).liked += 1
        for product in e.disliked:
            self.products.setdefault(product, Votes()).disliked += 1

    # internals

    def _tally(self, tally: Tally, stars: int) -> None:
        assert 1 <= stars <= BEST
        tally.of_stars[stars - 1] += 1
