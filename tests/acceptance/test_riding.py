"""Rides are measured, and travel times follow: promises, plans and arrivals, in rain and rush."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.promising import ride_ms
from engine.rules.travel_time import (
    LEAST_PPM,
    MOST_PPM,
    RIDE_MS,
    RIDES_MIN,
    SLOWEST,
    STEP_PERMILLE,
    index_in_force,
    next_index_ppm,
)
from engine.settings import Settings
from engine.state.settings import USUAL_PPM
from engine.values import SECOND, Actor, Stop, StopKind
from geo.travel import TravelModel
from tests import cases
from tests.cases import HOME, STORE_PLACE, city
from tests.spaces import folded

RIDE_MS_HOME = ride_ms(Settings(), STORE_PLACE, HOME)
MANY = 400  # rides


def at_the_door(case: cases.Case, times: float, order: str = "o") -> cases.Case:
    """Rides home from the store, so many times as long as it should take, and says so there."""
    case = cases.on_board(case, order)
    ride_s = RIDE_MS_HOME / SECOND * times
    return case.at(case.now_s + ride_s, c.ReportArrival("kim", f"{order}/1", StopKind.DROPOFF))


def rides(case: cases.Case, times: float, *orders: str) -> cases.Case:
    for order in orders:
        at_the_door(case, times, order)
        case.at(case.now_s + 1, c.ReportDropoff("kim", f"{order}/1"))
    return case


def index_permille(case: cases.Case) -> int:
    return case.state.settings.current.travel.index_permille


def test_a_ride_of_which_the_beginning_is_known_is_measured():
    case = at_the_door(city(1), 1.2)
    measured = next(x for x in case.everything if isinstance(x, e.RideMeasured))
    taken_ms = int(RIDE_MS_HOME * 1.2)
    assert (measured.courier, measured.usual_ms, measured.taken_ms) == (
        "kim",
        RIDE_MS_HOME,
        taken_ms,
    )
    assert measured.index_ppm == next_index_ppm(USUAL_PPM, RIDE_MS_HOME, taken_ms, 1)
    assert index_permille(case) == 1_000  # not a step away yet


def test_nobody_knows_where_an_offer_was_accepted():
    case = cases.assigned(city(1))
    case.at(case.now_s + 500, c.ReportArrival("kim", "o/1", StopKind.PICKUP))
    assert not any(isinstance(x, e.RideMeasured) for x in case.everything)


def test_a_ride_to_another_stop_than_the_planned_one_is_not_measured():
    case = cases.on_board(cases.on_board(city(2), "a"), "b")
    assert case.state.deliveries.route("kim").stops[0] == Stop(StopKind.DROPOFF, "a/1")
    case.at(case.now_s + 700, c.ReportArrival("kim", "b/1", StopKind.DROPOFF))
    assert not any(isinstance(x, e.RideMeasured) for x in case.everything)


def test_who_is_called_back_half_way_has_not_left_from_the_door():
    case = cases.on_board(city(1))
    case.at(case.now_s + 60, c.CancelOrder("o", Actor.CUSTOMER, "too_slow"))
    assert case.state.deliveries.route("kim").left is None


def test_slow_rides_make_promises_and_plans_longer_and_quick_ones_shorter_again():
    names = [f"o{n}" for n in range(24)]
    case = rides(city(60), 2.0, *names)
    slow = index_permille(case)
    assert 1_500 < slow < 2_000
    assert ride_home_ms(case) == pytest.approx(RIDE_MS_HOME * slow / 1_000, rel=1e-3)
    rides(case, 1.0, *(f"p{n}" for n in range(24)))
    assert index_permille(case) < 1_000 + (slow - 1_000) // 2


def ride_home_ms(case: cases.Case) -> int:
    return ride_ms(case.state.settings.current, STORE_PLACE, HOME)


def test_a_knob_leaves_the_index_and_other_speeds_or_streets_begin_anew():
    slow = rides(city(60), 2.0, *(f"o{n}" for n in range(6)))
    assert index_permille(slow) > 1_000
    before = index_permille(slow)
    slow.at(slow.now_s + 1, c.ChangeSettings(Settings(handling_ms=90_000)))
    assert index_permille(slow) == before
    slow.at(slow.now_s + 1, c.ChangeSettings(Settings(travel=TravelModel(scooter_mm_s=4_000))))
    assert (index_permille(slow), slow.state.settings.index_ppm) == (1_000, USUAL_PPM)
    rides(slow, 2.0, *(f"p{n}" for n in range(6)))
    assert index_permille(slow) > 1_000
    slow.at(slow.now_s + 1, c.SetStreets(folded(4_000, cases.ROAD)))
    assert (index_permille(slow), slow.state.settings.index_ppm) == (1_000, USUAL_PPM)


def test_who_does_not_want_it_measured_rides_as_it_is_set():
    never = Settings(measures_rides=False)
    case = rides(city(60, settings=never), 2.0, *(f"o{n}" for n in range(6)))
    assert index_permille(case) == 1_000
    case = rides(city(60), 2.0, *(f"o{n}" for n in range(6)))
    case.at(case.now_s + 1, c.ChangeSettings(never))
    assert index_permille(case) == 1_000


@pytest.mark.parametrize("command", [c.OpenEngine, c.ChangeSettings])
def test_nobody_sets_what_is_measured(command):
    given = Settings(travel=TravelModel(index_permille=1_200))
    city().at(1, command(given)).rejects(Reason.MALFORMED, field="index_permille")


@given(
    st.integers(LEAST_PPM, MOST_PPM),
    st.lists(st.tuples(st.integers(60_000, 3_600_000), st.integers(0, 10**8)), max_size=30),
    st.integers(0, 2_000),
)
def test_no_ride_takes_the_index_out_of_its_bounds_or_farther_than_itself(index, measured, open_):
    for usual_ms, taken_ms in measured:
        before, index = index, next_index_ppm(index, usual_ms, taken_ms, open_)
        assert LEAST_PPM <= index <= MOST_PPM
        says = min(taken_ms * USUAL_PPM // usual_ms, SLOWEST * before)
        if usual_ms <= RIDES_MIN * RIDE_MS:
            assert min(before, says) - 1 <= index <= max(before, says)


@pytest.mark.parametrize("times", [0.8, 1.0, 1.3, 2.0])
@pytest.mark.parametrize("open_", [0, 40, 800])
def test_the_index_comes_to_what_rides_take(times, open_):
    index = USUAL_PPM
    for n in range(MANY * 5):
        usual_ms = RIDE_MS * (1 + n % 3) // 2
        index = next_index_ppm(index, usual_ms, round(usual_ms * times), open_)
    assert index == pytest.approx(times * USUAL_PPM, rel=0.01)


@given(st.integers(500, 3_000), st.integers(LEAST_PPM, MOST_PPM))
def test_travel_times_follow_in_steps(permille, ppm):
    follows = index_in_force(permille, ppm)
    assert abs(follows * 1_000 - ppm) <= STEP_PERMILLE * 1_000
    assert follows == permille or abs(follows - permille) >= STEP_PERMILLE


def test_the_same_model_is_usual_again():
    case = rides(city(60), 2.0, *(f"o{n}" for n in range(6)))
    settings = case.state.settings
    assert settings.usual == Settings()
    assert settings.current == replace(settings.usual, travel=settings.current.travel)
