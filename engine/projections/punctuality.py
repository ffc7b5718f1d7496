"""Was the promise kept? By store and hour, with the field's delivery clock (clocks.py)."""

from msgspec import Struct, field

from engine import events as e
from engine.projections.clocks import Clocks
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
    """How many orders came to the door, and how many of them by the time promised."""

    delivered: int = 0
    on_time: int = 0

    def add(self, delivered: int, on_time: int) -> None:
        self.delivered += delivered
        self.on_time += on_time


class PunctualityHour(Struct, array_like=True):
    stores: dict[StoreId, Promises] = {}
    clock: dict[str, Durations] = field(default_factory=lambda: {x: Durations() for x in CLOCK})


class Punctuality(Struct):
    hours: dict[Hour, PunctualityHour] = {}
    total: Promises = field(default_factory=Promises)  # since the first record

    # events

    def fulfilled(self, at: Millis, x: e.OrderFulfilled, clocks: Clocks) -> None:
        clock = clocks.get(x.order)
        if clock is None or not clock.was_brought:
            return
        hour = row_at(self.hours, at, PunctualityHour)
        store = hour.stores.get(clock.store)
        if store is None:
            store = hour.stores[clock.store] = Promises()
        store.add(1, clock.is_on_time)
        self.total.add(1, clock.is_on_time)
        for name, durations in hour.clock.items():
            durations.add(getattr(clock, f"{name}_ms"))
