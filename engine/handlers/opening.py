"""Opening: when a store takes orders, where it delivers to, how long it needs just now."""

from dataclasses import dataclass

from engine.commands import (
    ExpireBusyMode,
    ExpirePause,
    PauseStore,
    SetBusyMode,
    SetDeliveryArea,
    SetStoreHours,
)
from engine.events import (
    AreaDrawn,
    ReadyTimeChanged,
    StoreBusySet,
    StoreHoursSet,
    StorePaused,
    StoreResumed,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.areas import CORNERS_MAX, corners
from engine.rules.hours import hours_fault
from engine.rules.opening import special_days_fault
from engine.state.orders import Orders, OrderStatus
from engine.state.stores import USUAL_PERMILLE, Store, Stores
from engine.turn import Turn
from engine.values import DAY, Millis, StoreId

PAUSE_MAX_MS = 7 * DAY
BUSY_PERMILLE = (250, 10_000)  # from a quarter of the usual time to ten times as long


@dataclass(eq=False, slots=True)
class Opening:
    stores: Stores
    orders: Orders

    # commands

    def set_store_hours(self, turn: Turn, c: SetStoreHours) -> None:
        if (fault := hours_fault(c.weekly)) is not None:
            turn.reject(Reason.MALFORMED, field="weekly", **fault)
        if (fault := special_days_fault(c.days, turn.at)) is not None:
            turn.reject(Reason.MALFORMED, field="days", **fault)
        self._store(turn, c.store)
        turn.emit(StoreHoursSet(c.store, c.weekly, c.days))

    def pause_store(self, turn: Turn, c: PauseStore) -> None:
        self._check_until(turn, c.until)
        self._store(turn, c.store)
        turn.emit(StorePaused(c.store, c.until, c.reason))
        turn.set_timer(c.until - turn.at, ExpirePause(c.store, c.until))

    def set_busy_mode(self, turn: Turn, c: SetBusyMode) -> None:
        """Quotes count with it at once, and so do the orders that are being prepared."""
        least, most = BUSY_PERMILLE
        if not least <= c.preparation_permille <= most:
            turn.reject(Reason.MALFORMED, field="preparation_permille", limit=most)
        if c.until:
            self._check_until(turn, c.until)
        store = self._store(turn, c.store)
        self._set_busy(turn, c.store, store, c.preparation_permille, c.until)
        if c.until:
            turn.set_timer(c.until - turn.at, ExpireBusyMode(c.store, c.until))

    def set_delivery_area(self, turn: Turn, c: SetDeliveryArea) -> None:
        """For what is asked from here on; what was promised is still brought."""
        if c.area is not None and corners(c.area) > CORNERS_MAX:
            turn.reject(Reason.MALFORMED, field="area", limit=CORNERS_MAX)
        self._store(turn, c.store)
        turn.emit(AreaDrawn(c.store, c.area))

    def expire_pause(self, turn: Turn, c: ExpirePause) -> None:
        """A timer is never cancelled; it looks again, and may find nothing to do."""
        if self.stores[c.store].paused_until == c.until:
            turn.emit(StoreResumed(c.store))

    def expire_busy_mode(self, turn: Turn, c: ExpireBusyMode) -> None:
        store = self.stores[c.store]
        if store.busy_until == c.until:
            self._set_busy(turn, c.store, store, USUAL_PERMILLE, Millis(0))

    # internals

    def _store(self, turn: Turn, key: StoreId) -> Store:
        store = self.stores.get(key)
        if not store:
            turn.reject(Reason.UNKNOWN, what="store", id=key)
        return store

    def _check_until(self, turn: Turn, until: Millis) -> None:
        if not turn.at < until <= turn.at + PAUSE_MAX_MS:
            turn.reject(Reason.MALFORMED, field="until", limit_at=turn.at + PAUSE_MAX_MS)

    def _set_busy(
        self, turn: Turn, key: StoreId, store: Store, permille: int, until: Millis
    ) -> None:
        """What is still to do for accepted orders takes as much longer or less; couriers come
        accordingly. What the store says of one of them afterwards counts as always."""
        before = store.busy_permille
        turn.emit(StoreBusySet(key, permille, until))
        if permille == before:
            return
        for order in sorted(self.orders.in_kitchen(key)):
            told = self.orders[order]
            left_ms = told.ready_at - turn.at
            if told.status is OrderStatus.ACCEPTED and left_ms > 0:
                turn.emit(ReadyTimeChanged(order, Millis(turn.at + left_ms * permille // before)))
