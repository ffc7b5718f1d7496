"""Facts about when couriers are to work."""

from engine.events.event import Event
from engine.values import CourierId, Millis, ShiftId


class ShiftPlanned(Event, frozen=True):
    courier: CourierId
    shift: ShiftId
    starts_at: Millis
    ends_at: Millis
    at: Millis


class ShiftDropped(Event, frozen=True):
    courier: CourierId
    shift: ShiftId
