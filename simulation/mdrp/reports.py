"""What happens outside during one minute, as commands at the moments they happen.

Pickups are reported when the fleet is seen to have made them; the drop-offs after a pickup are
certain from then on, and are reported as their time comes.
"""

import heapq
from collections.abc import Callable
from functools import partial

from engine import commands as c
from engine.engine import Engine
from engine.events import InstructionIssued, PaymentRequested
from engine.values import (
    CourierId,
    DeliveryId,
    Line,
    Millis,
    OrderId,
    QuoteId,
    StopKind,
    StoreId,
)
from simulation.mdrp.instance import Courier, MealOrder
from simulation.mdrp.town import BANK, GUEST, MEAL, SERVICE, millis, point

# Of several things in one minute: who comes first, and who leaves last.
START_OF_SHIFT, READY, ARRIVAL, HANDOVER, PLACEMENT, END_OF_SHIFT = range(6)


class RejectedReportError(RuntimeError):
    """The engine contradicts what has happened: the two accounts of the day differ."""


def delivery_of(order: str) -> DeliveryId:
    """The engine's name for the first attempt at an order."""
    return DeliveryId(f"{order}/1")


class Reports:
    """A queue of commands by time; `send` submits those that are due."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.refused: list[MealOrder] = []  # no courier on shift yet: asked for again
        self._queue: list[tuple[Millis, int, int, Callable[[Millis], None]]] = []
        self._count = 0

    def shift(self, x: Courier) -> None:
        start = c.StartShift(CourierId(x.id), millis(x.off_min))
        self._later(x.on_min, START_OF_SHIFT, start)
        self._later(x.off_min, END_OF_SHIFT, c.EndShift(start.courier))

    def order(self, x: MealOrder) -> None:
        """Quoted, placed, paid, and accepted by the restaurant, all in its minute."""
        self._push(x.placed_min, PLACEMENT, partial(self._place, x=x))

    def arrival(self, courier: str, order: str, at_min: float) -> None:
        report = c.ReportArrival(CourierId(courier), delivery_of(order), StopKind.PICKUP)
        self._later(at_min, ARRIVAL, report)

    def pickup(
        self, courier: str, orders: list[str], at_min: float, doors: list[float], half_min: float
    ) -> None:
        """`doors` are the drop-off times; the courier is there `half_min` before."""
        who = CourierId(courier)
        for order in orders:
            self._later(at_min, HANDOVER, c.ReportPickup(who, delivery_of(order)))
        for order, door_min in zip(orders, doors, strict=True):
            key = delivery_of(order)
            arrival = c.ReportArrival(who, key, StopKind.DROPOFF)
            self._later(max(at_min, door_min - half_min), HANDOVER, arrival)
            self._later(door_min, HANDOVER, c.ReportDropoff(who, key))

    def send(self, until_min: float) -> None:
        """Everything due by then, in order of time."""
        waiting, self.refused = self.refused, []
        for order in waiting:
            self._push(until_min, PLACEMENT, partial(self._place, x=order))
        self._send(millis(until_min))

    def send_all(self) -> None:
        """Everything there is, whenever it is due."""
        while self._queue:
            self._send(self._queue[0][0])

    # internals

    def _send(self, until: Millis) -> None:
        while self._queue and self._queue[0][0] <= until:
            due, _, _, act = heapq.heappop(self._queue)
            act(Millis(max(due, self.engine.now)))

    def _later(self, at_min: float, rank: int, command: c.AnyCommand) -> None:
        self._push(at_min, rank, partial(self._step, command=command))

    def _push(self, at_min: float, rank: int, act: Callable[[Millis], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (millis(at_min), rank, self._count, act))

    def _place(self, at: Millis, x: MealOrder) -> None:
        order, store = OrderId(x.id), StoreId(x.restaurant)
        quote = QuoteId(f"{x.id}@{at}")
        ask = c.RequestQuote(quote, SERVICE, GUEST, store, [Line(MEAL, 1)], point(x.spot))
        if self.engine.step(at, ask)[-1].rejection is not None:
            self.refused.append(x)
            return
        self._step(at, c.PlaceOrder(order, SERVICE, quote, BANK))
        self._step(at, c.AcceptOrder(store, order, max(at, millis(x.ready_min))))
        self._later(x.ready_min, READY, c.ReportReady(store, order))

    def _step(self, at: Millis, command: c.AnyCommand) -> None:
        record = self.engine.step(at, command)[-1]
        if record.rejection is not None:
            raise RejectedReportError(f"{command}: {record.rejection}")
        for event in record.events:  # the bank is never slow, and never says no
            if isinstance(event, PaymentRequested):
                total = event.amount_minor
                yes = c.ReportAuthorization(BANK, event.payment, True, total)
                self._step(at, yes)
            elif isinstance(event, InstructionIssued):
                self._step(at, c.ReportInstruction(BANK, event.instruction, True))
