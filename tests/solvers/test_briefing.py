"""A briefing keeps what does not change, and a plan's answer is short; neither may show."""

from itertools import count

import numpy as np
import pytest

from engine import commands
from engine.changes import Changes
from engine.values import MINUTE, PlanningRoundId
from geo.points import Point
from solvers.crossing.bridge import Briefer, Briefing, brief
from solvers.kernels.departures import news
from solvers.policies.insertion import insertion
from solvers.problem import Budget, Plan, Problem
from tests import cases
from tests.days.random_days import RandomDay
from tests.solver_problems import random_problem

ROUND = PlanningRoundId(1)


def differences(kept: Briefing, fresh: Briefing) -> list[str]:
    """Names of what is not the same to the last bit."""
    pairs = [
        (name, getattr(mine, name), getattr(yours, name))
        for mine, yours in ((kept, fresh), (kept.problem, fresh.problem))
        for name in mine.__struct_fields__
        if name not in ("problem", "keys", "slots")
    ]
    pairs.append(("deliveries", kept.deliveries, fresh.deliveries))
    return [
        name
        for name, mine, yours in pairs
        if (
            mine.dtype != yours.dtype or not np.array_equal(mine, yours)
            if isinstance(mine, np.ndarray)
            else mine != yours
        )
    ]


@pytest.mark.parametrize("seed", range(12))
def test_what_was_kept_makes_no_difference(seed, monkeypatch):
    """Refusals, rescues, returns, breaks, shifts that end, settings that change; and forgetting."""
    if seed % 2:
        monkeypatch.setattr("solvers.crossing.briefing.KEPT_SPARE", 3)
    if seed % 3:
        monkeypatch.setattr("engine.changes.KEPT", 1)
    day = RandomDay(seed)
    briefer, turns = Briefer(day.engine.state), count()
    for record in day.records(1_200):
        if next(turns) % 7 == 0:
            kept = briefer.brief(ROUND, record.at)
            fresh = brief(day.engine.state, ROUND, record.at)
            assert differences(kept, fresh) == [], f"seed {seed}, record {record.seq}"


@pytest.mark.parametrize("store", ["store", "other"])
def test_a_return_goes_to_where_its_store_is_now(store):
    """Whether it is the first, around which the plane is drawn, or another."""
    case, corner = cases.city(1), Point(cases.HOME.lat_e7, cases.STORE_PLACE.lon_e7)
    case.at(0, commands.RegisterStore("other", "Soup", cases.ROAD, MINUTE))
    case.at(0, commands.SetPrice("other", "ramen", cases.GOODS))
    case.at(0, commands.ReceiveStock("other", "ramen", 1))
    case.at(1, cases.quote(store=store)).at(2, cases.place())
    case.at(3, cases.paid(amount=case.state.orders["o"].due_minor))
    case.at(4, commands.AcceptOrder(store, "o", 4_000)).until_planning()
    case.plan(5, {"kim": cases.there()}, ("o/1",)).at(6, commands.AcceptOffer("kim", "o/1"))
    case.at(7, commands.ReportPickup("kim", "o/1")).at(
        8, commands.ReportFailure("kim", "o/1", "customer_absent")
    )
    briefer = Briefer(case.state)
    before = briefer.brief(ROUND, case.engine.now)
    case.at(case.now_s, commands.ChangeStore(store, "Noodles & more", corner))
    kept, fresh = (x.brief(ROUND, case.engine.now) for x in (briefer, Briefer(case.state)))
    assert differences(kept, fresh) == []
    assert kept.deliveries == before.deliveries == ["o/1"]
    assert "xy_s" in differences(kept, before)
    case.at(case.now_s, commands.ChangeStore(store, "Noodles", corner))  # only called otherwise
    assert differences(briefer.brief(ROUND, case.engine.now), kept) == []


def test_a_follower_hears_of_each_change_once_or_that_there_were_too_many(monkeypatch):
    monkeypatch.setattr("engine.changes.KEPT", 2)
    changes = Changes[str]()
    for key in "abab":
        changes.note(key)
        changes.trim()
    assert changes.since(0) == ["a", "b"]
    assert changes.since(3) == ["b"]
    assert changes.since(4) == []
    changes.note("c")
    changes.trim()  # there are more than twice as many as are kept
    assert changes.count == 5
    assert changes.since(3) == ["b", "c"]
    assert changes.since(2) is None
    assert changes.since(-1) is None  # of a follower who has never looked
    assert Changes[str]().since(-1) is None


def expected_news(
    p: Problem, plan: Plan, untold: list[bool], silent: list[bool], ahead_s: float
) -> tuple[list[bool], list[bool]]:
    """The same, route by route and in so many words."""
    differs, due = [], [False] * p.orders
    for c in range(p.couriers):
        route, before = plan.route(c), Plan(p.route_stops, p.route_start, plan.unserved).route(c)
        clock, here, visiting = p.courier_free_s[c], p.courier_place[c], None
        for stop in [] if silent[c] else route:
            o = stop % p.orders
            there = p.pickup_place[o] if stop < p.orders else p.dropoff_place[o]
            if len(p.table_s):
                ride_s = float(p.table_s[here, there])
            else:
                ride_s = float(np.linalg.norm(p.xy_s[there] - p.xy_s[here]))
                if p.round_up_s:
                    ride_s = np.ceil(ride_s / p.round_up_s - 1e-9) * p.round_up_s
            arrive = clock + ride_s / p.courier_speed[c]
            here = there
            if stop >= p.orders:
                clock = arrive + p.dropoff_service_s[o]
            else:
                begin = max(arrive, p.ready_s[o])
                leave = clock + begin - arrive
                clock = begin + p.pickup_service_s[o]
                if leave <= ahead_s or visiting == p.store[o]:
                    visiting = p.store[o]
                    due[o] = due[o] or untold[o]
                elif untold[o]:
                    break
        differs.append(route != before or any(due[x % p.orders] for x in route))
    return differs, due


@pytest.mark.parametrize("seed", range(60))
def test_news_are_what_changed_and_what_is_due(seed):
    problem = random_problem(seed)
    rng = np.random.default_rng(seed)
    plan = insertion(problem, Budget(iterations=0))
    untold = rng.random(problem.orders) < 0.7
    silent = rng.random(problem.couriers) < 0.2
    ahead_s = float(rng.uniform(0, 900))
    differs, due = news(problem, plan, untold, silent, ahead_s)
    expected = expected_news(problem, plan, untold.tolist(), silent.tolist(), ahead_s)
    assert (differs.tolist(), due.tolist()) == expected
