"""Searching: how long somebody is looked for who carries an order, before it is given up."""

from dataclasses import dataclass

from engine.commands import ExpireSearch
from engine.events import (
    DeliveryCancelled,
    DeliveryCreated,
    DeliveryUnassigned,
    OrderCancelled,
    ReadyTimeChanged,
    SearchProlonged,
)
from engine.rules.scheduling import search_until
from engine.state.deliveries import BEFORE_PICKUP, Deliveries
from engine.state.orders import Orders
from engine.state.settings import CurrentSettings
from engine.state.timers import Timers
from engine.turn import Turn
from engine.values import Actor


@dataclass(eq=False, slots=True)
class Searching:
    settings: CurrentSettings
    timers: Timers
    orders: Orders
    deliveries: Deliveries

    # commands

    def expire_search(self, turn: Turn, _: ExpireSearch) -> None:
        """The timer of the first that was looked for: all that are due, and then the next."""
        due = self.deliveries.searches.due(turn.at)
        for key in due:
            order = self.deliveries[key].order
            turn.emit(OrderCancelled(order, Actor.SYSTEM, "no_courier", turn.at))
        if not due:  # or what follows from the last of them sees to it
            self._wait(turn)

    # follow-ups

    def prolong(self, turn: Turn, e: ReadyTimeChanged) -> None:
        """Nobody comes for what is not ready: that is no reason to give it up."""
        key = self.deliveries.of_order.get(e.order)
        delivery = None if key is None else self.deliveries[key]
        if key is None or delivery is None or not delivery.search_until:
            return
        promised_at = self.orders[e.order].placed.promised_at
        until = search_until(self.settings.current, turn.at, promised_at, e.ready_at)
        if until > delivery.search_until and delivery.status in BEFORE_PICKUP:
            turn.emit(SearchProlonged(key, until))

    def look_for_courier(
        self, turn: Turn, _: DeliveryCreated | DeliveryUnassigned | DeliveryCancelled
    ) -> None:
        self._wait(turn)

    # internals

    def _wait(self, turn: Turn) -> None:
        """One timer for all, set for the first of them."""
        if first := self.deliveries.searches.first():
            until, key = first
            turn.look_by(until, ExpireSearch(key), self.timers.planned(ExpireSearch))
