"""Promising: what is learned from a promise once the goods are at the door."""

from dataclasses import dataclass

from engine.events import OrderFulfilled, PromiseMeasured
from engine.rules.calibration import next_margin_ms, next_median_ms
from engine.rules.scheduling import window_of
from engine.state.deliveries import Deliveries
from engine.state.orders import Orders
from engine.state.promises import Promises
from engine.state.settings import CurrentSettings
from engine.turn import Turn


@dataclass(eq=False, slots=True)
class Promising:
    settings: CurrentSettings
    orders: Orders
    promises: Promises
    deliveries: Deliveries

    # follow-ups

    def learn(self, turn: Turn, e: OrderFulfilled) -> None:
        """Of a first attempt at what was wanted as soon as possible: windows keep themselves."""
        settings, order = self.settings.current, self.orders[e.order]
        if not settings.promise_kept_permille or order.is_collection or order.reattempts:
            return
        if window_of(order.placed) or order.moves:
            return
        came_at, promised_at = e.delivered_at or e.at, order.placed.promised_at
        is_kept = came_at <= promised_at
        busy, others = order.placed.busy, len(self.deliveries.open)
        learned_ms = self.promises.learned_ms(busy)
        margin_ms = next_margin_ms(settings, learned_ms, others, is_kept=is_kept)
        median_ms, is_early = self.promises.median_ms(busy), False
        if order.placed.sooner_ms:  # else it was promised before anybody thought of it
            is_early = came_at <= promised_at - order.placed.sooner_ms
            median_ms = next_median_ms(settings, median_ms, others, is_early=is_early)
        turn.emit(PromiseMeasured(e.order, busy, is_kept, margin_ms, median_ms, is_early))
