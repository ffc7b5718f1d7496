"""Device health: silent couriers are stale, then lost; what waits for them is at risk."""

import asyncio

import numpy as np
import pytest

from engine import commands as c
from engine.columns import PositionBatch
from engine.queries.signals import risk_of, signal_of
from engine.settings import Settings
from engine.values import SECOND, Millis
from gateway import messages as m
from gateway.telling.silences import Silences
from gateway.wire import time_text
from solvers.crossing.briefing import Briefer
from solvers.policies.insertion import insertion
from solvers.problem import Budget
from tests import cases
from tests.cases import STORE_PLACE, city
from tests.serving import STORE, accepted, hear, live, raw, serving, small_city, tell, until

STALE_S, LOST_S = 60, 300
QUICK = Settings(stale_ms=STALE_S * SECOND, lost_ms=LOST_S * SECOND)


def at_store(case, second, courier=0):
    place = [STORE_PLACE.lat_e7], [STORE_PLACE.lon_e7]
    return case.at(
        second, c.ReportPositions(PositionBatch.pack([courier], *place, [second * SECOND]))
    )


def heard_at(second):
    case = cases.assigned(city(settings=QUICK))
    return at_store(case, second)


@pytest.mark.parametrize(
    ("after_s", "signal", "risk"),
    [
        (STALE_S, "live", ""),
        (STALE_S + 1, "stale", "courier_stale"),
        (LOST_S, "stale", "courier_stale"),
        (LOST_S + 1, "lost", "courier_lost"),
    ],
)
def test_a_silent_courier_is_stale_and_then_lost_and_the_order_at_risk(after_s, signal, risk):
    case = heard_at(100)
    now = Millis((100 + after_s) * SECOND)
    assert signal_of(case.state, "kim", now) == signal
    assert risk_of(case.state, "o", now) == risk


def test_who_was_never_heard_of_is_not_called_silent():
    case = cases.assigned(city(settings=QUICK))
    assert signal_of(case.state, "kim", Millis(10**12)) == "unseen"
    assert risk_of(case.state, "o", Millis(10**12)) == ""


def test_what_is_only_planned_for_somebody_silent_is_not_at_risk():
    case = at_store(cases.planned(city(settings=QUICK)), 100)
    assert risk_of(case.state, "o", Millis(10**9)) == ""


def test_each_turn_is_told_once():
    case, silences = heard_at(100), Silences()

    def turned(second):
        couriers, orders = silences.turned(case.state, Millis(second * SECOND))
        return list(couriers), list(orders)

    assert turned(100) == (["kim"], ["o"])
    assert turned(150) == ([], [])
    assert silences.at_risk(case.state, []) == 0
    assert turned(170) == (["kim"], ["o"])
    assert silences.at_risk(case.state, []) == 1
    assert silences.at_risk(case.state, ["o/1"]) == 1, "late and silent is one order"
    assert turned(180) == ([], [])
    assert turned(500) == (["kim"], ["o"])
    at_store(case, 600)
    assert turned(601) == (["kim"], ["o"])
    assert silences.at_risk(case.state, []) == 0


def test_nothing_new_is_planned_for_who_is_lost():
    """Until he is heard of again; and what he has stays his."""
    case = city(couriers=("kim", "lee"), settings=QUICK, stock=2)
    at_store(case, 1)
    at_store(case, 1, courier=1)
    case = cases.assigned(case)
    at_store(case, 200, courier=1)
    briefer = Briefer(case.state)
    for second, lost in ((290, []), (310, ["kim"]), (490, ["kim"]), (510, ["kim", "lee"])):
        briefing = briefer.brief(0, Millis(second * SECOND))
        left = dict(zip(briefing.couriers, shift_left(briefing).tolist(), strict=True))
        assert [x for x in left if left[x] <= 0] == lost
    at_store(case, 520)
    briefing = briefer.brief(0, Millis(521 * SECOND))
    assert shift_left(briefing)[0] > 0


def test_who_is_lost_is_not_given_what_is_ready_where_he_was_seen_last():
    case = cases.accepted(at_store(city(settings=QUICK), 1))
    case.at(LOST_S, c.ReportReady("store", "o"))
    briefer, found = Briefer(case.state), []
    for second in (LOST_S, LOST_S + 2):
        problem = briefer.brief(0, Millis(second * SECOND)).problem
        assert problem.ready_s[0] <= 0
        found.append(insertion(problem, Budget(iterations=0)).route(0))
    assert [list(x) for x in found] == [[0, 1], []]


def shift_left(briefing):
    return np.asarray(briefing.problem.courier_end_s)


# over real connections


@live
async def test_operators_see_silence_health_and_what_is_at_risk(tmp_path):
    quick = Settings(stale_ms=3_000, lost_ms=6_000)
    config = {"fix_interval_s": 0.02, "settings": quick}
    async with serving(tmp_path, **config) as app, small_city(app) as city_:
        await accepted(city_, "o1")
        feed = city_.operator.subscribe("city")
        first = (await anext(feed)).body
        assert (first.couriers[0].signal, first.couriers[0].device) == ("unseen", None)
        city_.kim.report([m.Fix(STORE.lat, STORE.lon, time_text(app.loop.clock.now()))])
        await until(feed, lambda u: any(x.signal == "live" for x in u.body.couriers))
        stale = await until(feed, lambda u: any(x.signal == "stale" for x in u.body.couriers))
        assert [(x.id, x.at_risk) for x in stale.body.orders] == [("o1", "courier_stale")]
        lost = await until(feed, lambda u: any(x.signal == "lost" for x in u.body.couriers))
        assert [(x.id, x.at_risk) for x in lost.body.orders] == [("o1", "courier_lost")]
        counted = await until(feed, lambda u: u.body.kpis and u.body.kpis.orders_at_risk)
        assert counted.body.kpis.orders_at_risk == 1
        city_.kim.report_device(m.DeviceState(4, mock=True, problem="low_battery"))
        ill = await until(feed, lambda u: any(x.device for x in u.body.couriers))
        assert ill.body.couriers[0].device == m.DeviceTold(4, mock=True, problem="low_battery")
        city_.kim.report([m.Fix(STORE.lat, STORE.lon, time_text(app.loop.clock.now()))])
        back = await until(feed, lambda u: any(x.signal == "live" for x in u.body.couriers))
        assert [x.at_risk for x in back.body.orders] == [""]


@live
async def test_only_couriers_and_trackers_have_phones(tmp_path):
    async with serving(tmp_path) as app, small_city(app), raw(app, "store", "s1") as ws:
        await tell(ws, {"type": "device_state", "battery_pct": 5})
        assert (await hear(ws))["error"]["code"] == "forbidden"
        async with raw(app, "tracker", "kim") as phone:
            await tell(phone, {"type": "device_state", "battery_pct": 5})
            while app.desk.devices.get("kim") is None:
                await asyncio.sleep(0.005)
        assert app.desk.devices.get("kim").battery_pct == 5
