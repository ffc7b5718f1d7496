"""What dispatchers ask for of their couriers, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.codes import unknown
from gateway.tokens import Identity
from gateway.translation.table import Table, fleet_of
from gateway.wire import millis
from geo.travel import Vehicle


def _register_courier(b: m.RegisterCourier, who: Identity, _: str) -> ExternalCommand:
    """A fleet signs up nobody for another. Raises Refusal("unknown")."""
    fleet = fleet_of(who) or v.FleetId(b.fleet or "")
    if b.fleet not in (None, fleet):
        raise unknown("fleet", b.fleet or "")
    skills = [v.Skill(x) for x in b.skills]
    return c.RegisterCourier(v.CourierId(b.courier), Vehicle(b.vehicle), b.capacity, skills, fleet)


def _change_courier(b: m.ChangeCourier, who: Identity, _: str) -> ExternalCommand:
    courier, vehicle = v.CourierId(b.courier), Vehicle(b.vehicle)
    skills = None if b.skills is None else [v.Skill(x) for x in b.skills]
    return c.ChangeCourier(courier, vehicle, b.capacity, skills, fleet_of(who))


def _take_off_shift(b: m.TakeOffShift, who: Identity, _: str) -> ExternalCommand:
    if b.goods == "stranded":
        return c.ReportBreakdown(v.CourierId(b.courier), b.reason, fleet_of(who))
    return c.EndShift(v.CourierId(b.courier), b.reason, fleet_of(who))


def _plan_shift(b: m.PlanShift, who: Identity, _: str) -> ExternalCommand:
    times = millis(b.starts_at, "starts_at"), millis(b.ends_at, "ends_at")
    return c.PlanShift(v.CourierId(b.courier), v.ShiftId(b.shift), *times, fleet_of(who))


COMMAND_OF: Table = {
    m.RegisterCourier: _register_courier,
    m.ChangeCourier: _change_courier,
    m.TakeOffShift: _take_off_shift,
    m.PlanShift: _plan_shift,
    m.DropShift: lambda b, who, _: c.DropShift(b.courier, b.shift, fleet_of(who)),
}
