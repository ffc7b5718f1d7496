"""What the peers are given in `make bench-peers`, and how their answers are judged."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
sys.path.insert(0, str(ROOT / "benchmarks"))

from peers import live_cases, report, static_cases  # noqa: E402
from peers.environments import Answer  # noqa: E402
from peers.referees import referee  # noqa: E402
from peers.task import EXTRA_S, dump, load  # noqa: E402


def city():
    return live_cases.cases([(20, 6)], [30.0])[0]


def in_turn(case):
    """Each order alone, couriers in turn."""
    n, couriers = case.problem.orders, case.problem.couriers
    return [[s for o in range(c, n, couriers) for s in (o, n + o)] for c in range(couriers)]


@pytest.mark.skipif(not (SHARED / "referee").is_dir(), reason="the referee is not here")
@pytest.mark.parametrize("shape", [(20, 6, 1, 40.0), (90, 30, 3, 30.0)])
def test_the_city_is_the_one_the_referee_draws(shape):
    orders, couriers, seed, promise = shape
    theirs = referee(SHARED / "referee", "live_case").make(
        orders, couriers, seed, promise_min=promise
    )
    ours = live_cases.draw(*shape)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.skipif(not (SHARED / "referee").is_dir(), reason="the referee is not here")
def test_the_referee_agrees_with_our_judge_on_good_plans_and_bad_ones():
    case = city()
    good = case.solution(Answer([in_turn(case)], "", 0.0))
    assert case.judge(good, SHARED / "referee")["ok"]
    twisted = in_turn(case)
    twisted[0][:2] = reversed(twisted[0][:2])
    verdict = case.judge(case._plan(twisted), SHARED / "referee")
    assert not verdict["ok"]
    assert "without having it" in verdict["note"]


def test_the_best_of_the_passes_counts():
    case = city()
    half = [route if c % 2 else [] for c, route in enumerate(in_turn(case))]
    best = case.solution(Answer([half, in_turn(case)], "", 0.0))
    assert len(best.unserved) == 0
    assert not case.judge(case.solution(Answer([], "", 0.0)), None)["ok"]


def test_a_task_arrives_as_it_was_sent():
    task = city().task(2.0, 7)
    copy = load(dump(task))
    assert all(np.array_equal(x, y) for x, y in zip(task, copy, strict=True))


def test_travel_in_ticks_is_never_shorter_than_the_way():
    task = city().task(1.0, 1)
    xy = np.array(task.xy)
    exact = np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1)) * task.scale
    assert (task.travel() >= exact - 1e-5).all()
    assert (task.travel() < exact + 1).all()


def test_what_a_pass_leaves_out_has_more_time_in_the_next():
    task = load(dump(city().task(1.0, 1)))
    asked = []

    def leaving_out_order_three(until):
        asked.append(until.copy())
        return [[]], [3]

    assert len(task.passes(leaving_out_order_three)) == len(EXTRA_S)
    given = [until[3] - task.dropoff_until[3] for until in asked]
    assert given == pytest.approx(np.cumsum(EXTRA_S))
    assert all(until[4] == task.dropoff_until[4] for until in asked)


def test_where_all_must_be_served_there_is_one_pass():
    task = load(dump(city().task(1.0, 1)))._replace(unserved_cost=0.0)
    assert len(task.passes(lambda until: ([[]], [3]))) == 1


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the instances are not here")
def test_routes_of_a_peer_become_nodes_of_the_instance():
    case = static_cases.cases(SHARED / "data" / "pdptw", ["lr104"])[0]
    n = len(case.instance.pickup)
    answer = Answer([[[o, n + o] for o in range(n)]], "", 0.0)
    verdict = case.judge(case.solution(answer), None)
    assert verdict["vehicles"] == n
    assert case.judge(case.solution(Answer([], "", 0.0)), None)["note"] == "no solution"


def test_the_readme_is_written_between_its_markers(tmp_path):
    pytest.importorskip("matplotlib")
    rows = [
        {"kind": "live", "case": "20/6 promise 30", "solver": solver, "seconds": 1.0}
        | {"j_min": j, "late": 1, "unserved": 0, "ok": True, "note": ""}
        | {"cpu_s": 1.0, "version": version}
        for solver, j, version in (("o2o", 100.0, ""), ("pyvrp", 150.0, "0.14.1"))
    ]
    readme = tmp_path / "README.md"
    marks = "".join(f"<!-- {x}:{y} -->\n" for x in ("results", "peers") for y in ("begin", "end"))
    readme.write_text(f"before\n{marks}after\n")
    (tmp_path / "meals_results.md").write_text("# Meals of a day\n")
    runs = [{"command": "run", "machine": "two cores", "rows": rows}]
    for _ in range(2):  # once more changes nothing
        report.render(runs, tmp_path)
        text = readme.read_text()
        assert text.startswith("before\n")
        assert text.endswith("after\n")
        assert "| PyVRP, 1 s | 1.00 | 150 | 1 | 0 | 1.50 |" in text
        assert "[Meals of a day](meals_results.md)" in text
        assert text.count("### The live case") == 1
    assert (tmp_path / "plots" / "live.svg").read_text().startswith("<?xml")
