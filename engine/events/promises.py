"""Facts about promises: whether one was kept, and what the next ones learn from it."""

from engine.events.event import Event
from engine.values import OrderId


class PromiseMeasured(Event, frozen=True):
    """`margin_ms`: what is added to the next promises of a fleet that is as busy; negative where
    they are kept too easily."""

    order: OrderId
    busy: int
    is_kept: bool
    margin_ms: int
