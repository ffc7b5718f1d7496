"""Facts about promises: whether one was kept, and what the next ones learn from it."""

from engine.events.event import Event
from engine.values import OrderId


class PromiseMeasured(Event, frozen=True):
    """`margin_ms`: what is added to the next promises of a fleet that is as busy; negative where
    they are kept too easily. `median_ms`: the same for the time by which half of them come, which
    was kept if `is_early`."""

    order: OrderId
    busy: int
    is_kept: bool
    margin_ms: int
    median_ms: int = 0
    is_early: bool = False
