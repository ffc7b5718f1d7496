"""The solver: every plan passes the checker, whatever the problem, the budget and the threads."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gateway.cli import main
from solvers.pdptw import (
    Budget,
    Instance,
    InstanceError,
    check,
    command,
    distance,
    read,
    solve,
    write_solution,
)
from solvers.pdptw.arrays import INFEASIBLE
from solvers.pdptw.insertion import cheapest, cheapest_in_row
from solvers.pdptw.preparation import load, prepare, routes_now

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
LI_LIM = SHARED / "data" / "pdptw" / "li_lim"


def city(requests, seed, depots=1, capacity=20, width=400.0, asymmetric=False, vehicles=None):
    """Random requests of which each can be served by a vehicle of its own."""
    rng = np.random.default_rng(seed)
    nodes = depots + 2 * requests
    xy = rng.uniform(0.0, 100.0, (nodes, 2))
    travel = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    if asymmetric:
        travel = np.ceil(travel * rng.uniform(1.0, 1.5, (nodes, nodes)))
        np.fill_diagonal(travel, 0.0)
    pickup = np.arange(depots, nodes, 2, dtype=np.int32)
    quantity = np.zeros(nodes, dtype=np.int64)
    quantity[pickup] = rng.integers(1, capacity + 1, requests)
    quantity[pickup + 1] = -quantity[pickup]
    ready, due = np.zeros(nodes), np.full(nodes, 2000.0)
    ready[pickup] = rng.uniform(150.0, 1000.0, requests).round()
    ready[pickup + 1] = ready[pickup]
    due[pickup] = ready[pickup] + rng.uniform(0.0, width, requests).round()
    due[pickup + 1] = due[pickup] + 300.0
    service = np.full(nodes, 5.0)
    service[:depots] = 0.0
    fleet = [requests] * depots if vehicles is None else vehicles
    return Instance(
        name="city",
        travel=travel,
        ready=ready,
        due=due,
        service=service,
        quantity=quantity,
        pickup=pickup,
        delivery=pickup + 1,
        depots=np.arange(depots, dtype=np.int32),
        vehicles=np.array(fleet, dtype=np.int32),
        capacity=capacity,
    )


def slow_insertions(instance, depot, route, request):
    """Every feasible (cost, pickup gap, delivery gap), by trying each and driving it."""
    p, d = int(instance.pickup[request]), int(instance.delivery[request])

    def cost(stops):
        time, carried, length, before = instance.ready[depot], 0, 0.0, depot
        for v in [*stops, depot]:
            length += instance.travel[before, v]
            time = max(time + instance.travel[before, v], instance.ready[v])
            carried += instance.quantity[v]
            if time > instance.due[v] + 1e-9 or carried > instance.capacity:
                return None
            time += instance.service[v]
            before = v
        return length

    base = cost(route)
    assume(base is not None)  # without triangle inequality, leaving a stop out can make it late
    for i in range(len(route) + 1):
        for j in range(i, len(route) + 1):
            total = cost([*route[:i], p, *route[i:j], d, *route[j:]])
            if total is not None:
                yield total - base, i, j


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    requests=st.integers(0, 25),
    seed=st.integers(0, 10_000),
    depots=st.integers(1, 3),
    capacity=st.integers(1, 40),
    width=st.sampled_from([10.0, 400.0]),
    asymmetric=st.booleans(),
    objective=st.sampled_from(["vehicles", "distance"]),
    iterations=st.sampled_from([0, 1, 300]),
)
def test_every_plan_passes_the_checker(
    requests, seed, depots, capacity, width, asymmetric, objective, iterations
):
    instance = city(requests, seed, depots, capacity, width, asymmetric)
    solution = solve(instance, Budget(iterations=iterations, seed=seed), objective)
    verdict = check(instance, solution)
    assert verdict.feasible, verdict.errors
    assert verdict.distance == pytest.approx(distance(instance, solution))
    assert not solution.unserved


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), asymmetric=st.booleans(), width=st.sampled_from([20.0, 900.0]))
@example(seed=773, asymmetric=True, width=20.0)  # a detour by the pickup that saves travel
def test_the_cheapest_insertion_is_the_cheapest_of_all_there_are(seed, asymmetric, width):
    instance = city(12, seed, asymmetric=asymmetric, width=width)
    routes = solve(instance, Budget(iterations=20, seed=seed)).routes
    without = [tuple(v for v in route if v not in (1, 2)) for route in routes]
    slots = [0] * len(routes)
    arrays = load(
        prepare(instance), slots, [(0, route) for route in without if route], 60,
        np.array([seed], dtype=np.uint64),
    )  # fmt: skip
    best = INFEASIBLE
    for slot, (_, route) in enumerate(routes_now(arrays)):
        options = list(slow_insertions(instance, 0, route, 0))
        cost, gaps = cheapest_in_row(arrays, 0, int(arrays.routes.row[slot]), INFEASIBLE)
        assert (gaps >= 0) == bool(options)
        if options:
            assert cost == pytest.approx(min(options)[0], abs=1e-6)
            assert any(
                (i, j) == (gaps >> 16, gaps & 0xFFFF) and abs(c - cost) < 1e-6
                for c, i, j in options
            )
            best = min(best, cost)
    if best < INFEASIBLE and all(without):
        for _ in range(2):  # searched, then remembered
            assert cheapest(arrays, 0, 0.0)[0] == pytest.approx(best, abs=1e-6)


def test_a_table_with_a_shortcut_is_known_for_what_it_is():
    assert prepare(city(12, 1)).problem.direct
    travel = city(12, 1).travel
    travel[3, 7] = travel[3, 5] + travel[5, 7] + 0.001
    assert not prepare(replaced(city(12, 1), travel=travel)).problem.direct


@pytest.mark.parametrize("threads", [1, 2])
def test_with_iterations_the_result_is_repeatable_to_the_last_bit(threads):
    instance = city(40, 3)
    budget = Budget(iterations=1500, seed=7, threads=threads)
    first, second = (solve(instance, budget) for _ in range(2))
    assert first.routes == second.routes
    assert first.iterations == second.iterations


def test_another_seed_searches_elsewhere():
    instance = city(40, 3)
    plans = {solve(instance, Budget(iterations=300, seed=seed)).routes for seed in range(4)}
    assert len(plans) > 1


def test_more_iterations_find_fewer_vehicles_or_shorter_routes():
    instance = city(60, 5)
    start, end = (solve(instance, Budget(iterations=n, seed=1)) for n in (0, 4000))
    assert end.vehicles < start.vehicles or distance(instance, end) < distance(instance, start)
    assert end.vehicles <= start.vehicles


def test_two_threads_do_the_work_of_two():
    instance = city(40, 3)
    one, two = (solve(instance, Budget(iterations=1000, threads=n)) for n in (1, 2))
    assert one.iterations == 1000
    assert two.iterations == 2000


def test_distance_alone_may_use_more_vehicles_and_is_not_longer():
    instance = city(60, 5)
    few = solve(instance, Budget(iterations=4000, seed=1))
    short = solve(instance, Budget(iterations=4000, seed=1), "distance")
    assert short.vehicles >= few.vehicles
    assert distance(instance, short) < distance(instance, few)


def test_a_deadline_of_zero_still_returns_a_legal_plan():
    instance = city(50, 2)
    solution = solve(instance, Budget(seconds=0.0))
    assert check(instance, solution).feasible
    assert solution.iterations == 0


def test_vehicles_that_do_not_suffice_leave_requests_unserved_and_say_which():
    instance = city(30, 4, vehicles=[1])
    solution = solve(instance, Budget(iterations=500))
    assert solution.vehicles == 1
    served = {node for route in solution.routes for node in route}
    assert set(solution.unserved) == set(instance.pickup.tolist()) - served
    errors = check(instance, solution).errors
    assert len(errors) == 2 * len(solution.unserved)


def replaced(instance, **fields):
    values = {name: getattr(instance, name) for name in instance.__struct_fields__}
    return Instance(**{**values, **fields})


def with_entry(array, index, value):
    changed = array.copy()
    changed[index] = value
    return changed


@pytest.mark.parametrize(
    ("field", "index", "value", "what"),
    [
        ("travel", (1, 2), np.nan, r"travel at \[1, 2\] is not a finite number"),
        ("travel", (1, 2), -1.0, r"travel at \[1, 2\] is negative"),
        ("travel", (0, 1), 1e9, "cannot be served in time"),
        ("ready", 1, 1e6, "node 1 is due at"),
        ("quantity", 1, 0, "picks up 0"),
        ("quantity", 2, 5, "and delivers -5"),
        ("pickup", 0, 0, "node 0 has 2 uses"),
        ("delivery", 0, 99, "outside"),
        ("vehicles", 0, 0, "no vehicles"),
    ],
)
def test_an_impossible_instance_is_refused_before_any_search(field, index, value, what):
    instance = city(5, 1)
    wrong = replaced(instance, **{field: with_entry(getattr(instance, field), index, value)})
    with pytest.raises(InstanceError, match=what):
        solve(wrong, Budget(iterations=1))


def test_arrays_of_the_wrong_shape_and_loads_above_capacity_are_refused():
    instance = city(5, 1)
    with pytest.raises(InstanceError, match="due has shape"):
        solve(replaced(instance, due=instance.due[1:]), Budget(iterations=1))
    with pytest.raises(InstanceError, match="more than the capacity"):
        solve(replaced(instance, capacity=0), Budget(iterations=1))


@pytest.mark.parametrize(
    "fields",
    [{}, {"seconds": -1.0}, {"seconds": float("nan")}, {"iterations": -1},
     {"seconds": 1.0, "threads": 0}, {"seconds": 1.0, "seed": -1}],
)  # fmt: skip
def test_a_budget_that_means_nothing_is_refused(fields):
    with pytest.raises(ValueError, match=r"expected|needs"):
        Budget(**fields)


def parsed(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


TEXT = "2 10 1\n0 0 0 0 0 100 0 0 0\n1 3 4 5 0 50 2 0 2\n2 6 8 -5 0 80 2 1 0\n"


def test_the_command_writes_routes_and_says_what_they_cost(tmp_path, capsys):
    path, out = tmp_path / "one.txt", tmp_path / "one.sol"
    path.write_text(TEXT)
    assert command.run(parsed(path, "--iterations", 10, "--out", out)) == 0
    assert "one: 1 vehicles, distance 20.00" in capsys.readouterr().out
    assert "Route 1 : 1 2\n" in out.read_text()


def test_the_command_names_the_line_that_is_wrong(tmp_path, capsys):
    path = tmp_path / "one.txt"
    path.write_text(TEXT.replace("3 4 5", "3 4 x"))
    assert main(["pdptw", str(path)]) == 2
    assert f"{path}:3: demand is 'x'" in capsys.readouterr().err
    assert main(["pdptw", str(tmp_path / "none.txt")]) == 2


@pytest.mark.skipif(not LI_LIM.exists(), reason="the Li & Lim instances are not beside the project")
def test_the_independent_referee_agrees(tmp_path):
    referee = SHARED / "referee" / "pdptw_check.py"
    if not referee.exists():
        pytest.skip("the referee is not beside the project")
    path = LI_LIM / "lc101.txt"
    instance = read(path)
    solution = solve(instance, Budget(iterations=3000, seed=1))
    assert (solution.vehicles, round(distance(instance, solution), 2)) == (10, 828.94)
    write_solution(tmp_path / "lc101.sol", instance, solution)
    words = [sys.executable, str(referee), str(path), str(tmp_path / "lc101.sol")]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
