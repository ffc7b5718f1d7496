"""Our solver on the referee's live case: `python -m benchmarks.live_case --help`.

J in minutes: lateness + travel + 120 per unserved order, as the referee counts it; seconds are
CPU seconds of one thread, after the kernels are compiled.
"""

import argparse
import importlib.util
import time
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from solvers.check import violations
from solvers.policies.improvement import improve
from solvers.problem import Budget, Floats, Problem, Rules, Weights, grained

REFEREE = Path(__file__).resolve().parents[1].parent / "shared" / "referee" / "live_case.py"
CHECKED_ORDERS = 3000  # beyond that our own judge, in plain Python, is left out


def referee(path: Path = REFEREE) -> Any:
    """The referee's module: `make` and `evaluate`."""
    spec = importlib.util.spec_from_file_location("live_case_referee", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ungrained(case: dict[str, Any], problem: Problem) -> Problem:
    """The same to judge a plan by: the referee's places, which are in no grains."""
    return replace(problem, xy_s=_places(case))


def _places(case: dict[str, Any]) -> Floats:
    return np.vstack((case["store"], case["cust"], case["cour"])) * 180.0


def problem_of(case: dict[str, Any], lateness_weight: float = 1.0) -> Problem:
    """A case of the referee's `make` (kilometres, seconds) as a Problem without a plan."""
    n, couriers = case["N"], case["C"]
    stores = len(case["store"])
    return Problem(
        xy_s=grained(_places(case)),
        table_s=np.zeros((0, 0), np.float32),
        round_up_s=0.0,
        courier_place=np.arange(stores + n, stores + n + couriers, dtype=np.int32),
        courier_free_s=np.zeros(couriers),
        courier_end_s=np.full(couriers, np.inf),
        courier_capacity=case["cap"].astype(np.int32).reshape(-1, 1),
        courier_skills=np.zeros(couriers, np.int64),
        courier_speed=np.ones(couriers),
        courier_cost=np.zeros(couriers),
        courier_co2e=np.zeros(couriers),
        pickup_place=case["sid"].astype(np.int32),
        dropoff_place=np.arange(stores, stores + n, dtype=np.int32),
        store=case["sid"].astype(np.int32),
        ready_s=case["ready"],
        ready_p90_s=case["ready"],
        due_s=case["due"],
        pickup_service_s=np.full(n, 60.0),
        dropoff_service_s=np.full(n, 60.0),
        quantity=np.ones((n, 1), np.int32),
        priority=np.ones(n),
        skills=np.zeros(n, np.int64),
        group=np.full(n, -1, np.int32),
        unserved_cost=np.full(n, np.nan),
        on_board=np.full(n, -1, np.int32),
        bound_to=np.full(n, -1, np.int32),
        route_stops=np.zeros(0, np.int32),
        route_start=np.zeros(couriers + 1, np.int32),
        pinned=np.zeros(couriers, np.int32),
        weights=Weights(lateness_per_s=lateness_weight),
        rules=Rules(),
    )


def main() -> None:
    """Print one line per case and time limit."""
    args = _arguments()
    judge = referee(args.referee)
    improve(problem_of(judge.make(60, 20, 1)), Budget(iterations=50))  # compiles
    print("orders couriers promise weight seed  limit   cpu s        J  late min  late orders")
    for size in args.sizes:
        n, couriers = map(int, size.split("x"))
        for promise in args.promises:
            for seed in args.seeds:
                case = judge.make(n, couriers, seed, promise_min=promise)
                for weight in args.weights:
                    for limit in args.seconds:
                        _line(judge, case, promise, weight, limit, seed)


def _line(
    judge: Any, case: dict[str, Any], promise: float, weight: float, limit: float, seed: int
) -> None:
    problem = problem_of(case, weight)
    begun = time.thread_time()
    plan = improve(problem, Budget(seconds=limit, seed=seed), clock=time.thread_time)
    spent = time.thread_time() - begun
    found = judge.evaluate(case, [plan.route(c) for c in range(case["C"])])
    wrong = found["errors"]
    if case["N"] <= CHECKED_ORDERS:
        wrong = wrong + violations(problem, plan)
    j = found["J"] + (weight - 1.0) * found["late_min"]
    print(
        f"{case['N']:6d} {case['C']:8d} {promise:7g} {weight:6g} {seed:4d} {limit:6g} {spent:7.2f} "
        f"{j:8.1f} {found['late_min']:9.1f} {found['late_orders']:12d} "
        f"{'illegal: ' + wrong[0] if wrong else ''}",
        flush=True,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["900x300"], help="orders x couriers")
    parser.add_argument("--promises", nargs="+", type=float, default=[40.0, 30.0], help="minutes")
    parser.add_argument("--weights", nargs="+", type=float, default=[1.0], help="of lateness")
    parser.add_argument("--seconds", nargs="+", type=float, default=[1.0, 10.0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--referee", type=Path, default=REFEREE)
    return parser.parse_args()


if __name__ == "__main__":
    main()
