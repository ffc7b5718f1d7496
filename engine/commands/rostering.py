"""When couriers are to work. Whoever plans it; they start and end their shifts themselves."""

from engine.commands.command import Command
from engine.values import CourierId, FleetId, Millis, ShiftId


class PlanShift(Command, frozen=True):
    """`fleet`: whose dispatcher says so, of its own couriers; empty: an operator."""

    courier: CourierId
    shift: ShiftId
    starts_at: Millis
    ends_at: Millis
    fleet: FleetId = FleetId("")


class DropShift(Command, frozen=True):
    """Not after all."""

    courier: CourierId
    shift: ShiftId
    fleet: FleetId = FleetId("")
