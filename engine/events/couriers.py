"""Facts about couriers and where they are."""

from engine.columns import PositionBatch
from engine.events.event import Event
from engine.values import CourierId, CourierNumber, FleetId, Millis, Skill, StoreId
from geo.travel import Vehicle


class CourierRegistered(Event, frozen=True):
    courier: CourierId
    number: CourierNumber
    vehicle: Vehicle
    capacity: int
    skills: list[Skill] = []
    fleet: FleetId = FleetId("")  # whose he is, for good; empty: the house's own


class CourierChanged(Event, frozen=True):
    courier: CourierId
    vehicle: Vehicle
    capacity: int
    skills: list[Skill] = []


class ShiftStarted(Event, frozen=True):
    courier: CourierId
    ends_at: Millis


class ShiftEnded(Event, frozen=True):
    courier: CourierId
    broken_down: bool = False
    reason: str = ""  # why an operator ended it; empty: the courier did


class BreakPlanned(Event, frozen=True):
    """No offers until then; it begins when nothing is left to do, and ends by itself."""

    courier: CourierId
    until: Millis


class CourierRepositioned(Event, frozen=True):
    """Nothing to do for now: the courier is asked to wait near a store."""

    courier: CourierId
    store: StoreId


class WaitEnded(Event, frozen=True):
    """Something to do: the courier is no longer asked to wait anywhere."""

    courier: CourierId


class PositionsReported(Event, frozen=True):
    """The accepted rows: at most one per courier, each newer than the one before."""

    batch: PositionBatch


CourierEvent = (
    CourierRegistered
    | CourierChanged
    | ShiftStarted
    | ShiftEnded
    | BreakPlanned
    | CourierRepositioned
    | WaitEnded
    | PositionsReported
)
