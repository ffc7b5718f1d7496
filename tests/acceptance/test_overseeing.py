"""What a dispatcher would tell you of couriers who cannot speak for themselves, or ride anew."""

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from geo.travel import Vehicle
from tests import cases
from tests.cases import HOME, city

D = "o/1"


def test_who_cannot_say_so_is_taken_off_the_shift_and_why_is_kept():
    case = cases.assigned(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, c.EndShift("kim", "phone lost"))
    case.includes(
        e.ShiftEnded("kim", reason="phone lost"), e.DeliveryUnassigned(D, "kim", "off_shift")
    )
    assert not case.state.couriers["kim"].on_shift
    assert case.delivery().courier is None


def test_goods_of_who_had_an_accident_are_fetched_where_he_was_seen_last():
    case = cases.on_board(city(1, ("kim", "lee")))
    case.at(case.now_s + 1, cases.positions((0, HOME, case.now_s)))
    case.at(case.now_s + 1, c.ReportBreakdown("kim", "accident"))
    case.includes(e.ShiftEnded("kim", True, "accident"), e.DeliveryStranded(D, "kim", HOME, 2))


def test_a_courier_changes_the_vehicle_between_two_shifts():
    case = city(1)
    case.at(1, c.ChangeCourier("kim", Vehicle.CAR, 20)).rejects(Reason.AT_WORK)
    case.at(2, c.EndShift("kim")).at(3, c.ChangeCourier("kim", Vehicle.CAR, 20))
    case.emits(e.CourierChanged("kim", Vehicle.CAR, 20))
    case.at(4, c.StartShift("kim", 10**7))
    assert case.state.couriers["kim"].vehicle is Vehicle.CAR
    assert case.state.couriers.capacity_max == 20


def test_who_still_carries_something_changes_nothing_under_it():
    case = cases.on_board(city(1))
    case.at(case.now_s + 1, c.EndShift("kim"))
    case.at(case.now_s + 1, c.ChangeCourier("kim", Vehicle.WALK, 1)).rejects(Reason.AT_WORK)


def test_nobody_and_a_courier_who_could_carry_nothing_are_not_changed():
    case = city(1)
    case.at(1, c.ChangeCourier("nobody", Vehicle.CAR, 1))
    case.rejects(Reason.UNKNOWN, what="courier", id="nobody")
    case.at(1, c.ChangeCourier("kim", Vehicle.CAR, 0)).rejects(Reason.MALFORMED, field="capacity")
