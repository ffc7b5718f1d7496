"""What a partner would tell you of couriers he brings along: his own, and nobody else's."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import DAY, HOUR, MINUTE
from geo.travel import Vehicle
from tests import cases
from tests.cases import city

KIM, LEE = "acme:kim", "zoom:lee"


def fleets(settings=None):
    """The house's sun, Kim of one partner and Lee of another."""
    case = city(5, ("sun",), settings=settings)
    case.at(0, c.RegisterCourier(KIM, Vehicle.SCOOTER, 12, fleet="acme"))
    return case.at(0, c.RegisterCourier(LEE, Vehicle.CAR, 20, fleet="zoom"))


def test_a_courier_belongs_to_who_signed_him_up():
    case = fleets()
    case.emits(e.CourierRegistered(LEE, 2, Vehicle.CAR, 20, [], "zoom"))
    assert case.state.couriers.of_fleet("acme") == [KIM]
    assert case.state.couriers.of_fleet("") == ["sun"]
    assert case.state.couriers.fleets == ["", "acme", "zoom"]


@pytest.mark.parametrize("name", ["kim", "sun", LEE, "zoom:new", "acme", "acme:", "acmekim"])
def test_a_fleet_names_its_own_and_learns_nothing_of_who_else_there_is(name):
    case = fleets().at(1, c.RegisterCourier(name, Vehicle.WALK, 1, fleet="acme"))
    case.rejects(Reason.UNKNOWN, what="courier", id=name)


def test_a_fleet_whose_name_holds_another_one_signs_up_nobody():
    """Else `a:b:kim` would be for both to name."""
    case = fleets().at(1, c.RegisterCourier("a:b:kim", Vehicle.WALK, 1, fleet="a:b"))
    case.rejects(Reason.UNKNOWN, what="courier", id="a:b:kim")


def test_a_name_of_its_own_is_taken_once():
    fleets().at(1, c.RegisterCourier(KIM, Vehicle.WALK, 1, fleet="acme")).rejects(
        Reason.ALREADY_EXISTS
    )


@pytest.mark.parametrize(
    "command",
    [
        c.ChangeCourier(LEE, Vehicle.BICYCLE, 4, fleet="acme"),
        c.EndShift(LEE, "late again", "acme"),
        c.ReportBreakdown(LEE, "accident", "acme"),
        c.PlanShift(LEE, "s", HOUR, 2 * HOUR, "acme"),
        c.DropShift(LEE, "there", "acme"),
    ],
)
def test_another_fleet_s_courier_is_nobody(command):
    case = fleets().at(1, c.StartShift(LEE, DAY)).at(2, c.PlanShift(LEE, "there", DAY, DAY + HOUR))
    for name in (LEE, "zoom:none", "sun"):
        other = type(command)(name, *(getattr(command, x) for x in command.__struct_fields__[1:]))
        case.at(3, other).rejects(Reason.UNKNOWN, what="courier", id=name)


def test_a_fleet_changes_its_own_and_takes_them_off_their_shifts():
    case = fleets().at(1, c.ChangeCourier(KIM, Vehicle.CAR, 30, fleet="acme"))
    case.emits(e.CourierChanged(KIM, Vehicle.CAR, 30))
    case.at(2, c.StartShift(KIM, DAY)).at(3, c.EndShift(KIM, "ill", "acme"))
    case.includes(e.ShiftEnded(KIM, reason="ill"))
    case.at(4, c.StartShift(KIM, DAY)).at(5, c.ReportBreakdown(KIM, "crash", "acme"))
    case.includes(e.ShiftEnded(KIM, True, "crash"))
    assert case.state.couriers[KIM].fleet == "acme"


def test_operators_change_everybody():
    fleets().at(1, c.ChangeCourier(LEE, Vehicle.BICYCLE, 4)).emits(e.CourierChanged)


# shifts


def test_a_shift_is_planned_and_dropped():
    case = fleets().at(1, c.PlanShift(KIM, "mon", HOUR, 5 * HOUR, "acme"))
    case.emits(e.ShiftPlanned(KIM, "mon", HOUR, 5 * HOUR, 1_000))
    case.at(2, c.DropShift(KIM, "mon", "acme")).emits(e.ShiftDropped(KIM, "mon"))
    case.at(3, c.DropShift(KIM, "mon")).rejects(Reason.UNKNOWN, what="shift", id="mon")


def test_nobody_is_planned_twice_at_once():
    case = fleets().at(1, c.PlanShift(KIM, "a", HOUR, 5 * HOUR))
    case.at(2, c.PlanShift(KIM, "b", 4 * HOUR, 6 * HOUR))
    case.rejects(Reason.OVERLAPPING, **{"with": "a"}, from_at=HOUR, to_at=5 * HOUR)
    case.at(3, c.PlanShift(KIM, "a", 6 * HOUR, 7 * HOUR)).rejects(Reason.ALREADY_EXISTS)
    case.at(4, c.PlanShift(KIM, "b", 5 * HOUR, 6 * HOUR)).emits(e.ShiftPlanned)
    case.at(5, c.PlanShift("sun", "a", 4 * HOUR, 6 * HOUR)).emits(e.ShiftPlanned)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "field"),
    [
        (HOUR, HOUR + 14 * MINUTE, "ends_at"),
        (2 * HOUR, HOUR, "ends_at"),
        (HOUR, 18 * HOUR, "ends_at"),
        (-HOUR, 0, "ends_at"),
        (400 * DAY, 400 * DAY + HOUR, "starts_at"),
    ],
)
def test_a_shift_lasts_as_long_as_people_work_and_is_to_come(starts_at, ends_at, field):
    case = fleets().at(1, c.PlanShift(KIM, "x", starts_at, ends_at))
    assert case.events[-1].reason is Reason.MALFORMED
    assert case.events[-1].detail["field"] == field


@pytest.mark.parametrize(("setting_h", "longest_h"), [(8, 8), (16, 16), (24, 16)])
def test_no_shift_is_planned_that_cannot_be_started_and_none_of_more_than_16_hours(
    setting_h, longest_h
):
    case, longest_ms = fleets(Settings(shift_max_ms=setting_h * HOUR)), longest_h * HOUR
    case.at(1, c.PlanShift(KIM, "x", HOUR, HOUR + longest_ms + 1))
    case.rejects(Reason.MALFORMED, field="ends_at", limit_at=HOUR + longest_ms)
    case.at(2, c.PlanShift(KIM, "x", HOUR, HOUR + longest_ms)).emits(e.ShiftPlanned)
    case.at(3_600, c.StartShift(KIM, HOUR + longest_ms)).includes(e.ShiftStarted)


def test_a_shift_is_planned_at_most_a_year_ahead():
    case, latest_at = fleets(), 1_000 + 366 * DAY
    case.at(1, c.PlanShift(KIM, "x", latest_at + 1, latest_at + HOUR))
    case.rejects(Reason.MALFORMED, field="starts_at", limit_at=latest_at)
    case.at(1, c.PlanShift(KIM, "x", latest_at, latest_at + HOUR)).emits(e.ShiftPlanned)


def test_shifts_long_over_are_forgotten_when_others_are_planned():
    case = fleets().at(1, c.PlanShift(KIM, "a", HOUR, 2 * HOUR))
    later = 40 * DAY
    case.at(later // 1_000, c.PlanShift(KIM, "b", later + HOUR, later + 2 * HOUR))
    assert list(case.state.shifts.of(KIM)) == ["b"]


def test_a_delivery_goes_to_whoever_is_best_whatever_his_fleet():
    case = fleets().at(1, c.StartShift(KIM, DAY)).at(1, c.StartShift(LEE, DAY))
    case = cases.delivered(case, "o", KIM)
    assert case.delivery().courier == KIM
