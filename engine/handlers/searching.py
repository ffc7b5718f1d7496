"""Searching: how long somebody is looked for who carries an order, before it is given up."""

from dataclasses import dataclass

from engine.commands import ExpireSearch
from engine.events import DeliveryCancelled, DeliveryCreated, DeliveryUnassigned, OrderCancelled
from engine.state.deliveries import Deliveries
from engine.state.timers import Timers
from engine.turn import Turn
from engine.values import Actor


@dataclass(eq=False, slots=True)
class Searching:
    timers: Timers
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
