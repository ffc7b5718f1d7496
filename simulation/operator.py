"""The office: looks at what waits, calls couriers back, and gives up what nobody will carry."""

from collections.abc import Callable

from engine.commands import CancelOrder
from engine.rules.cancelling import reasons
from engine.state.deliveries import DeliveryStatus
from engine.values import MINUTE, SECOND, Actor
from simulation.fleet import Fleet
from simulation.scenario import Operator as Office
from simulation.world import World


class Operator:
    """Without it the last order of a night could wait for a courier for ever."""

    def __init__(
        self, world: World, office: Office, fleet: Fleet, after_look: Callable[[], None]
    ) -> None:
        self._world, self._office, self._fleet = world, office, fleet
        self._after_look = after_look
        self._every_ms = round(office.looks_every_s * SECOND)
        world.later(self._every_ms, self._look)

    def _look(self) -> None:
        self._give_up()
        if self._world.state.deliveries.waiting and not self._fleet.on_shift():
            overtime_ms = round(self._office.overtime_min * MINUTE)
            self._fleet.call_back(self._office.calls_back, overtime_ms)
        self._after_look()
        self._world.later(self._every_ms, self._look)

    def _give_up(self) -> None:
        """What has waited too long for a courier, and has not left the store."""
        deliveries, orders = self._world.state.deliveries, self._world.state.orders
        oldest = self._world.now - round(self._office.gives_up_after_min * MINUTE)
        late = [
            x.order
            for x in deliveries.waiting.values()
            if x.status is DeliveryStatus.CREATED and orders[x.order].placed.placed_at < oldest
        ]
        for order in late:
            if reasons(Actor.OPERATOR, orders[order].status):
                self._world.submit(CancelOrder(order, Actor.OPERATOR, "undeliverable"))
