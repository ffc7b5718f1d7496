"""Promises: what is added to what the formula says, so that as many are kept as wanted."""

from msgspec import Struct

from engine.events import PromiseMeasured


class Promises(Struct):
    """Invariant: learned only from orders that came to their doors. By how busy couriers were."""

    margins_ms: dict[int, int] = {}
    medians_ms: dict[int, int] = {}  # beyond the formula, without its buffer: half come by then

    # queries

    def learned_ms(self, busy: int) -> int:
        return self.margins_ms.get(busy, 0)

    def margin_ms(self, busy: int) -> int:
        """What a fleet that is less busy needs beyond the formula, this one needs, too; what
        that one can do without says nothing of this one."""
        margin_ms = self.margins_ms.get(busy, 0)
        for key, x in self.margins_ms.items():
            if key < busy and x > 0 and x > margin_ms:
                margin_ms = x
        return margin_ms

    def median_ms(self, busy: int) -> int:
        return self.medians_ms.get(busy, 0)

    # events

    def promise_measured(self, e: PromiseMeasured) -> None:
        self.margins_ms[e.busy] = e.margin_ms
        if e.median_ms != self.median_ms(e.busy):  # nothing, in journals of before it was learned
            self.medians_ms[e.busy] = e.median_ms
