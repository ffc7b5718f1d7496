"""Couriers near, there, through and gone; and delays that can be seen coming. From records alone."""

import msgspec
import numpy as np
import pytest

from engine import commands as c
from engine.columns import PositionBatch
from engine.engine import Engine
from engine.queries.arrivals import arrivals, eta_of
from engine.settings import Settings
from engine.values import MINUTE, SECOND, Stop, StopKind
from gateway import messages as m
from gateway.telling.approaches import ALARM_MS, Approaches
from gateway.wire import millis
from geo.points import Point, distance_m
from tests import cases
from tests.cases import HOME, STORE_PLACE, Case, city, there

NORTH_M = 89.932  # units of 1e-7 degree in a meter
KIM = 0  # a courier's number


def near(place: Point, north_m: float) -> Point:
    return Point(place.lat_e7 + round(north_m * NORTH_M), place.lon_e7)


class Watched:
    """A case whose records are folded as they come; what is told is kept."""

    def __init__(self, case: Case | None = None):
        self.case = case or cases.assigned()
        self.approaches = Approaches(self.case.state)
        self.told = []
        self.s = int(self.case.now_s) + 1

    def do(self, command, after_s=1):
        self.s += after_s
        before = len(self.case.records)
        self.case.at(self.s, command)
        self.fold(before)
        return self

    def fold(self, before):
        self.told = []
        for record in self.case.records[before:]:
            self.told += self.approaches.fold(record)

    def at(self, place, after_s=10, old_s=0, courier=KIM):
        """Where he is, so many seconds later; the fix is `old_s` old when it comes."""
        self.s += after_s
        now = self.s * SECOND
        batch = PositionBatch.pack(
            [courier], [place.lat_e7], [place.lon_e7], [now - old_s * SECOND]
        )
        before = len(self.case.records)
        self.case.at(self.s, c.ReportPositions(batch))
        self.fold(before)
        return self

    @property
    def heard(self):
        """What an order service is told, in words."""
        return [
            getattr(body, "crossing", type(body).__name__)
            for feed, _, body in self.told
            if feed == "orders"
        ]


def test_who_comes_near_is_told_of_once():
    kim = Watched().at(near(STORE_PLACE, 2_000))
    assert kim.heard == []
    kim.at(near(STORE_PLACE, 300), after_s=100)
    assert kim.heard == ["CourierNear"]
    [service, store] = kim.told
    assert (service[:2], store[:2]) == (("orders", "app"), ("tickets", "store"))
    told = service[2]
    assert (told.order, told.delivery, told.courier, told.stop) == ("o", "o/1", "kim", "pickup")
    assert told.distance_m == 300
    travel = kim.case.state.settings.current.travel
    ride_ms = travel.travel_ms(near(STORE_PLACE, 300), STORE_PLACE, travel.scooter_mm_s)
    assert abs(millis(told.eta_at, "") - kim.s * SECOND - ride_ms) < SECOND
    for north in (250, 400, 2_000, 200):
        kim.at(near(STORE_PLACE, north), after_s=100)
        assert "CourierNear" not in kim.heard, "once for every stop"


def test_near_is_by_time_or_by_distance_whichever_comes_first():
    slow = Settings(near_ms=0, near_m=200)
    kim = Watched(cases.assigned(city(settings=slow))).at(near(STORE_PLACE, 210))
    assert kim.heard == []
    assert kim.at(near(STORE_PLACE, 190)).heard == ["CourierNear"]


def test_arriving_staying_and_leaving_is_told_to_service_and_store():
    kim = Watched().at(near(STORE_PLACE, 500)).at(near(STORE_PLACE, 60))
    assert "enter" not in kim.heard
    assert kim.at(near(STORE_PLACE, 40)).heard == ["enter"]
    assert [x[0] for x in kim.told] == ["orders", "tickets"]
    entered_s = kim.s
    assert kim.at(near(STORE_PLACE, 70)).heard == [], "trembling on the border is one arrival"
    assert kim.at(near(STORE_PLACE, 30)).heard == []
    kim.do(c.ReportPickup("kim", "o/1"))
    kim.at(near(STORE_PLACE, 90))
    assert kim.heard == ["exit"]
    [_, store] = kim.told
    assert (store[0], store[2].inside_s) == ("tickets", kim.s - entered_s)
    kim.at(near(HOME, -400), after_s=100).at(near(HOME, 10))
    assert kim.heard == ["enter"]
    assert [x[0] for x in kim.told] == ["orders"], "a customer's door is none of the store's"


def test_a_fast_courier_who_jumps_over_the_fence_still_crosses_it():
    kim = Watched().at(near(STORE_PLACE, 600)).at(near(STORE_PLACE, -600), after_s=30)
    assert "cross" in kim.heard
    assert "enter" not in kim.heard
    assert kim.at(near(STORE_PLACE, -700)).heard == []


def test_who_stays_and_says_nothing_seems_to_have_arrived():
    kim = Watched().at(near(STORE_PLACE, 20))
    assert kim.approaches.stop_reached("kim") == Stop(StopKind.PICKUP, "o/1")
    assert kim.approaches.entered == ["kim"]
    assert kim.at(near(STORE_PLACE, 20), after_s=59).heard == []
    kim.at(near(STORE_PLACE, 20), after_s=2)
    assert kim.heard == ["dwell"]
    assert kim.told[0][2].inside_s == 61
    assert kim.at(near(STORE_PLACE, 20), after_s=100).heard == [], "once"


def test_who_says_that_he_has_arrived_is_not_asked():
    kim = Watched().at(near(STORE_PLACE, 20))
    kim.do(c.ReportArrival("kim", "o/1", StopKind.PICKUP))
    assert kim.at(near(STORE_PLACE, 20), after_s=300).heard == []


def test_a_second_pickup_at_the_same_counter_is_no_second_arrival():
    case = cases.assigned(cases.assigned(city(stock=2)), order="p")
    kim = Watched(case).at(near(STORE_PLACE, 500)).at(near(STORE_PLACE, 5))
    assert "enter" in kim.heard
    stops = kim.case.state.deliveries.route("kim").stops
    kim.do(c.ReportPickup("kim", stops[0].delivery))
    assert kim.at(near(STORE_PLACE, 6)).heard == []


def test_a_position_that_comes_late_raises_no_alarm():
    """It says where he was: the fence knows that he is inside, and nobody is told."""
    kim = Watched().at(near(STORE_PLACE, 3_000))
    late_s = ALARM_MS // SECOND + 1
    kim.at(near(STORE_PLACE, 10), after_s=late_s + 60, old_s=late_s)
    assert kim.heard == []
    kim.at(near(STORE_PLACE, 500), after_s=10)
    assert kim.heard == ["exit", "CourierNear"] or kim.heard == ["exit"]


def test_predicted_delay_is_told_when_it_grows_by_a_step_and_not_more_than_twice_a_minute():
    kim = Watched(cases.on_board())
    order = kim.case.state.orders["o"].placed
    far = near(HOME, -4_000)
    travel = kim.case.state.settings.current.travel
    ride_ms = travel.travel_ms(far, HOME, travel.scooter_mm_s)
    on_time_s = (order.promised_at - ride_ms) // SECOND
    kim.s = on_time_s - 60
    assert kim.at(far, after_s=0).heard == []
    assert kim.at(far, after_s=4 * 60).heard == [], "three minutes are less than a step"
    kim.at(far, after_s=2 * 60 + 5)
    assert kim.heard == ["DelayPredicted"]
    told = kim.told[0][2]
    assert told.late_s == (millis(told.eta_at, "") - order.promised_at) // SECOND
    assert 300 <= told.late_s < 310
    for _ in range(9):
        assert kim.at(far, after_s=30).heard == []
    kim.at(far, after_s=60)
    assert kim.heard == ["DelayPredicted"]
    kim.at(near(HOME, -50_000), after_s=10)
    assert kim.heard == [], "thirty seconds have not passed"
    assert kim.at(near(HOME, -50_000), after_s=25).heard == ["DelayPredicted"]


def test_a_store_that_will_be_ready_too_late_is_a_delay_at_once():
    kim = Watched().at(near(STORE_PLACE, 500))
    promised_at = kim.case.state.orders["o"].placed.promised_at
    kim.do(c.UpdateReadyTime("store", "o", promised_at + 20 * MINUTE))
    kim.at(near(STORE_PLACE, 450))
    assert "DelayPredicted" in kim.heard
    assert kim.told[-1][2].late_s >= 20 * 60


def test_etas_follow_the_route_and_wait_for_what_is_not_ready():
    case = cases.assigned()
    now, settings = case.engine.now, case.state.settings.current
    assert arrivals(case.state, "kim", now) == []
    start = near(STORE_PLACE, 1_000)
    batch = PositionBatch.pack([KIM], [start.lat_e7], [start.lon_e7], [now])
    case.at(case.now_s, c.ReportPositions(batch))
    pickup, dropoff = arrivals(case.state, "kim", now)
    ride = settings.travel.travel_ms
    speed = settings.travel.scooter_mm_s
    assert pickup.eta_at == now + ride(start, STORE_PLACE, speed)
    ready_at = case.state.orders["o"].ready_at
    assert ready_at > pickup.eta_at
    to_door = ride(STORE_PLACE, HOME, speed)
    assert dropoff.eta_at == ready_at + settings.handling_ms + to_door
    assert dropoff.late_ms == dropoff.eta_at - case.state.orders["o"].placed.promised_at
    assert eta_of(case.state, "o/1", now) == dropoff.eta_at


def test_nothing_that_was_planned_and_not_accepted_is_told():
    kim = Watched(cases.offered()).at(near(STORE_PLACE, 500)).at(near(STORE_PLACE, 5))
    assert kim.told == []


def test_who_brings_goods_back_arrives_where_the_store_is_now():
    case = cases.returning()
    kim = Watched(case).at(near(STORE_PLACE, 1_000)).at(near(STORE_PLACE, 10), after_s=300)
    assert "enter" in kim.heard
    assert kim.approaches.stop_reached("kim") == Stop(StopKind.RETURN, "o/1")
    kim.do(c.ChangeStore("store", "Noodles", near(STORE_PLACE, 600)))
    assert kim.approaches.stop_reached("kim") is None, "the store is there no more"
    assert kim.at(near(STORE_PLACE, 12)).heard == []
    assert kim.at(near(STORE_PLACE, 300), after_s=60).heard == ["exit"]
    assert kim.at(near(STORE_PLACE, 590), after_s=60).heard == ["enter"]


def test_what_is_given_to_somebody_else_is_told_anew():
    case = cases.assigned(city(couriers=("kim", "lee")))
    both = Watched(case).at(near(STORE_PLACE, 300))
    assert both.heard == ["CourierNear"]
    both.do(c.DeclineOffer("kim", "o/1", "flat"))
    case.until_planning()
    case.plan(case.now_s + 1, {"lee": there()}, ("o/1",))
    case.at(case.now_s + 1, c.AcceptOffer("lee", "o/1"))
    both.s = int(case.now_s) + 1
    both.approaches._dirty |= {"kim": None, "lee": None}
    both.at(near(STORE_PLACE, 290), courier=1)
    assert both.heard == ["CourierNear"]
    assert both.told[0][2].courier == "lee"


@pytest.mark.parametrize("cut", range(4, 80, 7))
def test_it_goes_on_after_a_restart_as_if_there_had_been_none(cut):
    """Numbers in a log must not depend on when the server was started."""
    walk, chance = Watched(), np.random.default_rng(3)
    start = len(walk.case.records)
    place = 900.0
    for step in range(60):
        place += chance.normal(-20, 60)
        walk.at(near(STORE_PLACE, place), after_s=int(chance.integers(5, 40)))
        if step == 30:
            walk.do(c.ReportPickup("kim", "o/1"))
    whole, told = replayed(walk.case.records, start, None)
    again, rest = replayed(walk.case.records, start, start + cut % 60)
    assert told == rest
    assert whole == again


def replayed(records, start, cut):
    engine = Engine()
    for record in records[:start]:
        engine.apply(record)
    approaches, told = Approaches(engine.state), []
    for number, record in enumerate(records[start:], start):
        if number == cut:
            approaches = Approaches(engine.state, approaches.dump())
        engine.apply(record)
        told += approaches.fold(record)
    return approaches.dump(), msgspec.to_builtins(told)


def test_the_way_between_two_fixes_is_measured_as_everywhere():
    assert distance_m(near(STORE_PLACE, 300), STORE_PLACE) == 300
    assert m.CourierCrossed.__struct_config__.tag == "courier_crossed"
