"""People who do what they are known to have done, and otherwise what is like them."""

from collections import Counter
from typing import TypeVar

from engine.values import CourierId, DeliveryId, OrderId, PaymentId
from simulation.people.conduct import BankReply, Cooking, Door, Habits, Reply
from simulation.reliving.recorded import Recorded, Shift
from simulation.scenarios.scenario import Bank, CourierGroup, Demand, StoreGroup
from simulation.streams import RandomStreams

T = TypeVar("T")


class KnownHabits(Habits):
    """Answers from what was recorded. `known` and `drawn` count which were, and which were not."""

    def __init__(self, streams: RandomStreams, recorded: Recorded) -> None:
        super().__init__(streams)
        self._recorded = recorded
        self.known: Counter[str] = Counter()
        self.drawn: Counter[str] = Counter()

    def store_reply(self, group: StoreGroup, order: OrderId) -> Reply:
        found = self._recorded.store_replies.get(order)
        return self._told("stores' answers", found) or super().store_reply(group, order)

    def cooking(self, group: StoreGroup, order: OrderId) -> Cooking:
        """The whole stay in the kitchen: each order is given a cook of its own."""
        stay_ms = self._told("kitchens", self._recorded.stays_ms.get(order))
        if stay_ms is None:
            return super().cooking(group, order)
        missing = order in self._recorded.missing
        return Cooking(stay_ms, missing, order in self._recorded.told_late, 0.0)

    def handover_ms(self, group: StoreGroup, order: OrderId) -> int:
        found = self._told("handovers", self._recorded.handovers_ms.get(order))
        return super().handover_ms(group, order) if found is None else max(0, found)

    def offer_reply(
        self,
        group: CourierGroup,
        courier: CourierId,
        delivery: DeliveryId,
        order: OrderId,
        time: int,
        acceptance: float = 1.0,
    ) -> Reply:
        """Known is only the first answer of this courier to this order."""
        found = self._recorded.offers.get((order, courier)) if time == 1 else None
        return self._told("answers to offers", found) or super().offer_reply(
            group, courier, delivery, order, time, acceptance
        )

    def at_the_door(
        self, group: CourierGroup, demand: Demand, order: OrderId, attempt: int = 0
    ) -> Door:
        """Known is only the first."""
        first = None if attempt else self._recorded.doors.get(order)
        found = self._told("doors", first)
        return found or super().at_the_door(group, demand, order, attempt)

    def authorization(self, bank: Bank, payment: PaymentId) -> BankReply:
        found = self._told("payments", self._recorded.authorizations.get(payment))
        return found or super().authorization(bank, payment)

    def early_leave(self, group: CourierGroup, courier: CourierId, shift: int) -> float | None:
        """Shifts are as they were; one that never ended goes on to its announced end."""
        found = self._shift(courier, shift)
        if found is None or found.ended_at is None or found.broken_down:
            return None
        length = max(1, found.announced - found.starts_at)
        return max(0.0, (found.ended_at - found.starts_at) / length)

    def breakdown_ms(self, group: CourierGroup, courier: CourierId, shift: int) -> int | None:
        found = self._shift(courier, shift)
        if found is None or found.ended_at is None or not found.broken_down:
            return None
        return found.ended_at - found.starts_at

    def told_ms(self, order: OrderId) -> int | None:
        """What the store said at acceptance that it would take."""
        return self._recorded.told_ms.get(order)

    def _shift(self, courier: CourierId, shift: int) -> Shift | None:
        shifts = self._recorded.shifts.get(courier, [])
        return shifts[shift - 1] if shift <= len(shifts) else None

    def _told(self, what: str, found: T | None) -> T | None:
        (self.drawn if found is None else self.known)[what] += 1
        return found
