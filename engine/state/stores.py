"""Stores: where they are, whether they take orders, how long they need."""

from msgspec import Struct

from engine.events import PreparationMeasured, StoreClosed, StoreOpened, StoreRegistered
from engine.values import StoreId
from geo.points import Point

LEARNING_STEPS = 8  # a new measurement counts for one eighth
FIRST_SPREAD = 4  # until it is known: a quarter of the estimate


class Store(Struct):
    name: str
    location: Point
    preparation_ms: int
    is_open: bool = True
    spread_ms: int = 0  # how far what it needed was from the estimate, on average


class Stores(Struct):
    """Invariant: estimates of preparation time are learned only from what was measured.

    Mean and mean deviation, each moved by an eighth of the error: V. Jacobson, "Congestion
    avoidance and control", SIGCOMM 1988, appendix A.
    """

    stores: dict[StoreId, Store] = {}

    # queries

    def __getitem__(self, store: StoreId) -> Store:
        return self.stores[store]

    def get(self, store: StoreId) -> Store | None:
        return self.stores.get(store)

    def center(self) -> Point | None:
        """Where the city is: at its first store."""
        return next((x.location for x in self.stores.values()), None)

    # events

    def store_registered(self, e: StoreRegistered) -> None:
        assert e.store not in self.stores
        spread_ms = e.preparation_ms // FIRST_SPREAD
        self.stores[e.store] = Store(e.name, e.location, e.preparation_ms, spread_ms=spread_ms)

    def store_opened(self, e: StoreOpened) -> None:
        self.stores[e.store].is_open = True

    def store_closed(self, e: StoreClosed) -> None:
        self.stores[e.store].is_open = False

    def preparation_measured(self, e: PreparationMeasured) -> None:
        store = self.stores[e.store]
        error_ms = abs(e.took_ms - store.preparation_ms)
        store.spread_ms += (error_ms - store.spread_ms) // LEARNING_STEPS
        store.preparation_ms += (e.took_ms - store.preparation_ms) // LEARNING_STEPS
