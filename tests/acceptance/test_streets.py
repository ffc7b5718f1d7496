"""A city's streets are set: promises and plans follow them, whatever else is changed."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.promising import ride_ms
from engine.settings import Settings
from engine.values import MINUTE
from solvers.crossing.briefing import Briefer
from tests import cases
from tests.spaces import folded

RIDGE = folded(4_000, cases.ROAD)  # between the store and the customer's home


def ride_home_ms(case: cases.Case) -> int:
    return ride_ms(case.state.settings.current, cases.STORE_PLACE, cases.HOME)


def test_streets_stay_when_an_office_changes_a_knob_and_can_be_taken_away():
    case = cases.city()
    flat_ms = ride_home_ms(case)
    case.at(1, c.SetStreets(RIDGE)).emits(e.StreetsSet)
    assert ride_home_ms(case) > 2 * flat_ms
    case.at(2, c.ChangeSettings(Settings(handling_ms=1_000)))
    assert case.state.settings.current.handling_ms == 1_000
    assert case.state.settings.current.travel.streets == RIDGE
    case.at(3, c.SetStreets()).emits(e.StreetsSet)
    assert ride_home_ms(case) == flat_ms


def test_streets_that_cannot_be_measured_are_refused():
    case = cases.city().at(1, c.SetStreets(replace(RIDGE, columns=3)))
    case.rejects(Reason.MALFORMED, field="streets", fault="7056 bytes of corners")


def test_what_lies_across_the_ridge_is_promised_later():
    flat_ms = promise_ms(cases.city())
    assert promise_ms(cases.city().at(1, c.SetStreets(RIDGE))) >= flat_ms + 5 * MINUTE


def test_the_plan_and_the_promise_ride_by_the_same_streets():
    case = cases.accepted(cases.city().at(0.5, cases.positions((0, cases.STORE_PLACE, 500))))
    briefer = Briefer(case.state)
    assert briefer.brief(1, case.engine.now).problem.xy_s.shape[1] == 2
    case.at(case.now_s + 1, c.SetStreets(RIDGE))
    problem = briefer.brief(2, case.engine.now).problem
    pickup, door = problem.xy_s[problem.pickup_place[0]], problem.xy_s[problem.dropoff_place[0]]
    assert problem.xy_s.shape[1] == 4
    line_s = float(np.linalg.norm(pickup - door))
    assert line_s * 1_000 == pytest.approx(ride_home_ms(case), abs=5)


def promise_ms(case: cases.Case) -> int:
    case.at(2, cases.quote())
    return case.state.quotes.get("q").offered.promised_ms
