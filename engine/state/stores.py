"""Stores: where they are, whether they take orders, how long they need."""

from msgspec import Struct

from engine.events import (
    AreaDrawn,
    PreparationMeasured,
    StoreBusySet,
    StoreChanged,
    StoreClosed,
    StoreHoursSet,
    StoreOpened,
    StorePaused,
    StoreRegistered,
    StoreResumed,
)
from engine.terms import Hours
from engine.values import Millis, StoreId
from geo.points import Point
from geo.zones import Polygon

LEARNING_STEPS = 8  # a new measurement counts for one eighth
USUAL_PERMILLE = 1_000
FIRST_SPREAD = 4  # until it is known: a quarter of the estimate


class Store(Struct, array_like=True):
    name: str
    location: Point
    preparation_ms: int
    is_open: bool = True
    spread_ms: int = 0  # how far what it needed was from the estimate, on average
    weekly: list[Hours] = []  # none: always
    days: dict[int, list[Hours]] = {}  # since the epoch, local: other hours than in the week
    paused_until: Millis = Millis(0)
    busy_permille: int = USUAL_PERMILLE  # of the usual time, for everything
    busy_until: Millis = Millis(0)  # 0: until somebody says otherwise
    crowd_permille: int = 0  # orders waiting for each picker, as a rule
    area: Polygon | None = None  # where it delivers to; none: within the radius


class Stores(Struct, dict=True):
    """Invariant: estimates of preparation time are learned only from what was measured.

    Mean and mean deviation, each moved by an eighth of the error: V. Jacobson, "Congestion
    avoidance and control", SIGCOMM 1988, appendix A.
    """

    stores: dict[StoreId, Store] = {}

    def __post_init__(self) -> None:
        # Derived, hence no field: snapshots neither write nor read it.
        self.moves = 0  # up by one whenever a store is somewhere else: kept places are stale

    # queries

    def __getitem__(self, store: StoreId) -> Store:
        return self.stores[store]

    def get(self, store: StoreId) -> Store | None:
        return self.stores.get(store)

    def center(self, *, without: StoreId | None = None) -> Point | None:
        """Where the city is: at its first store; or at the first of the others."""
        return next((x.location for key, x in self.stores.items() if key != without), None)

    # events

    def store_registered(self, e: StoreRegistered) -> None:
        assert e.store not in self.stores
        spread_ms = e.preparation_ms // FIRST_SPREAD
        self.stores[e.store] = Store(e.name, e.location, e.preparation_ms, spread_ms=spread_ms)

    def store_changed(self, e: StoreChanged) -> None:
        store = self.stores[e.store]
        self.moves += store.location != e.location
        store.name, store.location = e.name, e.location

    def store_opened(self, e: StoreOpened) -> None:
        store = self.stores[e.store]
        store.is_open, store.paused_until = True, Millis(0)

    def store_closed(self, e: StoreClosed) -> None:
        self.stores[e.store].is_open = False

    def store_hours_set(self, e: StoreHoursSet) -> None:
        store = self.stores[e.store]
        store.weekly, store.days = e.weekly, {x.day: x.hours for x in e.days}

    def store_paused(self, e: StorePaused) -> None:
        self.stores[e.store].paused_until = e.until

    def store_resumed(self, e: StoreResumed) -> None:
        self.stores[e.store].paused_until = Millis(0)

    def store_busy_set(self, e: StoreBusySet) -> None:
        assert e.preparation_permille > 0
        store = self.stores[e.store]
        store.busy_permille, store.busy_until = e.preparation_permille, e.until

    def area_drawn(self, e: AreaDrawn) -> None:
        self.stores[e.store].area = e.area

    def preparation_measured(self, e: PreparationMeasured) -> None:
        store = self.stores[e.store]
        if e.crowd_permille >= 0:
            store.crowd_permille += (e.crowd_permille - store.crowd_permille) // LEARNING_STEPS
        took_ms = e.took_ms * USUAL_PERMILLE // store.busy_permille  # as if there were no rush
        error_ms = abs(took_ms - store.preparation_ms)
        store.spread_ms += (error_ms - store.spread_ms) // LEARNING_STEPS
        store.preparation_ms += (took_ms - store.preparation_ms) // LEARNING_STEPS
