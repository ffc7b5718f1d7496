"""Was the promise kept? By store and hour, with the field's delivery clock (clocks.py)."""

from msgspec import Struct, field

from engine import events as e
from engine.projections.clocks import Clock, Clocks
from engine.projections.durations import Durations
from engine.projections.hours import Hour, row_at
from engine.values import Millis, StoreId

CLOCK = (
    "click_to_door",
    "click_to_taken",
    "ready_to_pickup",
    "in_store_to_pickup",
    "ready_to_door",
    "drop_off_lateness",
)


class Promises(Struct, array_like=True):
    """How many orders came to the door, and by the time promised; collected, and ready by it. Of
    those brought, to how many the time was told by which half come, and how many did."""

    delivered: int = 0
    on_time: int = 0
    collected: int = 0
    ready_on_time: int = 0
    expected: int = 0
    by_expected: int = 0

    def count(self, clock: Clock) -> None:
        is_on_time = clock.is_on_time
        if clock.is_collection:
            self.collected += 1
            self.ready_on_time += is_on_time
        else:
            self.delivered += 1
            self.on_time += is_on_time
            if clock.sooner_ms:
                self.expected += 1
                self.by_expected += clock.door_at <= clock.expected_at

    def add(self, other: "Promises") -> None:
        self.delivered += other.delivered
        self.on_time += other.on_time
        self.collected += other.collected
        self.ready_on_time += other.ready_on_time
        self.expected += other.expected
        self.by_expected += other.by_expected


class PunctualityHour(Struct, array_like=True):
    all: Promises = field(default_factory=Promises)  # the stores' sum
    stores: dict[StoreId, Promises] = {}
    clock: dict[str, Durations] = field(default_factory=lambda: {x: Durations() for x in CLOCK})


class Punctuality(Struct):
    hours: dict[Hour, PunctualityHour] = {}
    total: Promises = field(default_factory=Promises)  # since the first record

    # events

    def fulfilled(self, at: Millis, x: e.OrderFulfilled, clocks: Clocks) -> None:
        clock = clocks.get(x.order)
        if clock is None:
            return
        hour = row_at(self.hours, at, PunctualityHour)
        store = hour.stores.get(clock.store)
        if store is None:
            store = hour.stores[clock.store] = Promises()
        for promises in (store, hour.all, self.total):
            promises.count(clock)
        if not clock.is_collection:
            for name, durations in hour.clock.items():
                durations.add(getattr(clock, f"{name}_ms"))
