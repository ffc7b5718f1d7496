"""The office: looks at what waits, calls couriers back, and gives up what nobody will carry."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from engine.commands import CancelOrder, ChangeSettings
from engine.events import DeliveryCreated
from engine.rules.cancelling import reasons
from engine.settings import Settings
from engine.state.deliveries import DeliveryStatus
from engine.values import MINUTE, SECOND, Actor, DeliveryId, Millis, OrderId
from simulation.days.conditions import News
from simulation.people.shifts import Shifts
from simulation.scenarios.scenario import Operator as Office
from simulation.world import World

CREATED = DeliveryStatus.CREATED


class Operator:
    """Without it the last order of a night could wait for a courier for ever."""

    def __init__(
        self, world: World, office: Office, shifts: Shifts, after_look: Callable[[], None]
    ) -> None:
        self._world, self._office, self._shifts = world, office, shifts
        self._after_look = after_look
        self._every_ms = round(office.looks_every_s * SECOND)
        self._young: list[tuple[Millis, int, DeliveryId]] = []  # a heap: placed at, count, which
        self._count = 0
        self._old: dict[DeliveryId, None] = {}  # placed too long ago, and not over
        for key, delivery in world.state.deliveries.open.items():
            self._note(key, delivery.order)
        world.subscribe(DeliveryCreated, lambda e: self._note(e.delivery, e.order))
        world.later(self._every_ms, self._look)

    def expect(self, news: Iterator[News]) -> None:
        """Tell the engine of slower and faster travel when it is known."""
        for at, settings in news:
            self._world.at(at, self._tell, settings)

    def _tell(self, settings: Settings) -> None:
        self._world.submit(ChangeSettings(settings))

    def _look(self) -> None:
        self._give_up()
        if self._world.state.deliveries.are_waiting and not self._shifts.on_shift.any():
            overtime_ms = round(self._office.overtime_min * MINUTE)
            self._shifts.call_back(self._office.calls_back, overtime_ms)
        self._after_look()
        self._world.later(self._every_ms, self._look)

    def _give_up(self) -> None:
        """What has waited too long for a courier, and has not left the store."""
        deliveries, orders = self._world.state.deliveries, self._world.state.orders
        oldest = self._world.now - round(self._office.gives_up_after_min * MINUTE)
        while self._young and self._young[0][0] < oldest:
            self._old[heappop(self._young)[2]] = None
        self._old = {key: None for key in self._old if key in deliveries.open}
        late = {key: None for key in self._old if deliveries[key].status is CREATED}
        in_order = (key for key in deliveries.open if key in late) if late else ()
        for order in [deliveries[key].order for key in in_order]:
            if reasons(Actor.OPERATOR, orders[order].status):
                self._world.submit(CancelOrder(order, Actor.OPERATOR, "undeliverable"))

    def _note(self, key: DeliveryId, order: OrderId) -> None:
        self._count += 1
        placed_at = self._world.state.orders[order].placed.placed_at
        heappush(self._young, (placed_at, self._count, key))
