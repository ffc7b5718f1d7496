"""Stores: where they are, whether they take orders, how long they need."""

from msgspec import Struct

from engine.events import PreparationMeasured, StoreClosed, StoreOpened, StoreRegistered
from engine.values import StoreId
from geo.points import Point

LEARNING_STEPS = 8  # a new measurement counts for one eighth


class Store(Struct):
    name: str
    location: Point
    preparation_ms: int
    is_open: bool = True


class Stores(Struct):
    """Invariant: the estimate of preparation time is learned only from what was measured."""

    stores: dict[StoreId, Store] = {}

    # queries

    def __getitem__(self, store: StoreId) -> Store:
        return self.stores[store]

    def get(self, store: StoreId) -> Store | None:
        return self.stores.get(store)

    # events

    def store_registered(self, e: StoreRegistered) -> None:
        assert e.store not in self.stores
        self.stores[e.store] = Store(e.name, e.location, e.preparation_ms)

    def store_opened(self, e: StoreOpened) -> None:
        self.stores[e.store].is_open = True

    def store_closed(self, e: StoreClosed) -> None:
        self.stores[e.store].is_open = False

    def preparation_measured(self, e: PreparationMeasured) -> None:
        store = self.stores[e.store]
        store.preparation_ms += (e.took_ms - store.preparation_ms) // LEARNING_STEPS
