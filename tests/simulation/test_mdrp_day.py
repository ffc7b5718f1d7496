"""Whole days: the engine, its solver, and couriers who follow the public rules."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.audit import violations
from gateway.cli import main
from simulation.mdrp.dispatcher import Dispatcher, Policy
from simulation.mdrp.fleet import CourierView
from simulation.mdrp.instance import Courier, Instance, MealOrder, Restaurant, Spot
from simulation.mdrp.scorecard import scorecard
from simulation.mdrp.simulated_day import run_day
from simulation.mdrp.town import open_town
from tests.mdrp_days import SHARED, TERMS, small_day, write

QUICK = Policy(iterations=20)


@pytest.mark.parametrize("seed", range(4))
def test_a_day_ends_with_everything_delivered_and_the_books_right(seed):
    day = small_day(seed)
    result = run_day(day, QUICK)
    assert result.refused == []
    assert result.violations == []
    card = scorecard(day, result.delivered, len(result.moved))
    assert (card.orders, card.undelivered) == (40, 0)
    assert card.excess_min >= 0.0


def test_the_same_day_twice_is_the_same_day():
    assert run_day(small_day(5), QUICK) == run_day(small_day(5), QUICK)


def test_an_overloaded_day_is_survived():
    """Two couriers, forty orders: most are late, some stay behind, no rule is broken."""
    day = small_day(2, couriers=2)
    result = run_day(day, QUICK)
    assert result.refused == result.violations == []
    assert 0 < scorecard(day, result.delivered, 0).undelivered < 40
    assert scorecard(day, result.delivered, 0).orders_per_trip > 1.3


def test_a_day_without_orders_or_couriers_is_a_day():
    empty = Instance("empty", TERMS, [], [], [])
    assert scorecard(empty, run_day(empty).delivered, 0).orders == 0


def test_orders_before_the_first_shift_wait_for_it():
    """The engine makes no promise while nobody is on shift; the order asks again."""
    store, kim = Restaurant("r", Spot(0, 0)), Courier("kim", Spot(320, 0), 30.0, 90.0)
    day = Instance("early", TERMS, [store], [kim], [MealOrder("a", Spot(0, 320), 0.0, "r", 10.0)])
    result = run_day(day, QUICK)
    assert [x.order for x in result.delivered] == ["a"]
    assert result.violations == []


def test_nobody_is_told_before_it_matters():
    """One courier, five minutes away; the food takes thirty: told in its last good minute."""
    store, kim = Restaurant("r", Spot(0, 0)), Courier("kim", Spot(1_600, 0), 0.0, 90.0)
    order = MealOrder("a", Spot(0, 320), 2.0, "r", 32.0)
    result = run_day(Instance("one", TERMS, [store], [kim], [order]), QUICK)
    assert (result.delivered[0].assigned_min, result.delivered[0].picked_up_min) == (25.0, 32.0)


def test_every_tick_leaves_an_engine_in_order():
    day = small_day(6, orders=15)
    dispatcher = Dispatcher(day.terms, day.restaurants, day.couriers, QUICK)
    fleet = [CourierView(x.id, x.id, x.on_min, "idle", []) for x in day.couriers]
    for minute in range(30, 34):
        new = [x for x in day.orders if minute == 30 or x.placed_min == minute]
        told = dispatcher.tick(float(minute), new if minute == 30 else [], fleet)
        assert violations(dispatcher.engine.state) == []
        assert len({x.courier for x in told}) == len(told)
        on_the_way = {x.courier: x for x in told}
        fleet = [
            CourierView(x.id, x.at, None, "to_pickup", on_the_way[x.id].orders)
            if x.id in on_the_way and on_the_way[x.id].orders
            else x
            for x in fleet
        ]


def test_the_town_knows_everyone_before_the_day_begins():
    day = small_day(1)
    state = open_town(day.terms, day.restaurants, day.couriers).state
    assert all(state.stores.get(x.id) for x in day.restaurants)
    assert all(state.couriers.get(x.id) for x in day.couriers)
    assert state.couriers.working().size == 0


def referee_checks(folder, out) -> dict:
    script = SHARED / "referee" / "mdrp_eval.py"
    if not script.exists():
        pytest.skip("the referee is not here")
    command = [sys.executable, str(script), "check", str(folder), str(out / "solution.csv")]
    command += ["--moves", str(out / "moves.csv"), "--require-assign"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_the_command_writes_what_the_referee_accepts(tmp_path, capsys):
    day = small_day(3)
    folder = write(day, tmp_path / "day")
    assert main(["mdrp", str(folder), "--out", str(tmp_path / "out"), "--iterations", "20"]) == 0
    assert "click-to-door, min" in capsys.readouterr().out
    report = referee_checks(folder, tmp_path / "out")
    assert report["feasible"]
    result = run_day(day, QUICK)
    card = scorecard(day, result.delivered, len(result.moved))
    assert report["click_to_door"]["mean"] == pytest.approx(card.click_to_door_min)
    assert report["cost_per_order"] == pytest.approx(card.cost_per_order)
    assert report["ctd_floor_mean"] == pytest.approx(card.floor_min)
    assert report["prepositioning_moves"] == card.moves


@pytest.mark.parametrize("words", [["--iterations", "-1"], []])
def test_a_wrong_call_is_refused_in_words(tmp_path, capsys, words):
    folder = tmp_path / "day"
    if words:
        write(small_day(1), folder)
    assert main(["mdrp", str(folder), "--out", str(tmp_path / "out"), *words]) == 2
    message = capsys.readouterr().err
    assert ("is negative" if words else "no such folder") in message


def live(folder) -> tuple[dict, int]:
    """The referee's report and exit status, with the agent as its child."""
    script = SHARED / "referee" / "mdrp_live.py"
    if not script.exists():
        pytest.skip("the referee is not here")
    agent = Path(__file__).resolve().parents[2] / "benchmarks" / "mdrp_agent.py"
    command = [sys.executable, str(script), str(folder), "--", sys.executable, str(agent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done.returncode


def test_the_live_referee_has_nothing_to_reject(tmp_path):
    day = small_day(4)
    report, status = live(write(day, tmp_path / "day"))
    assert status == 0
    assert report["n_violations"] == report["live"]["rejected_commands"] == 0
    assert report["undelivered"] == 0
    mine = run_day(day)  # the same decisions, whoever moves the couriers
    card = scorecard(day, mine.delivered, len(mine.moved))
    assert report["click_to_door"]["mean"] == pytest.approx(card.click_to_door_min)
