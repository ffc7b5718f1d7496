"""The live case of the referee as a Problem: `python benchmarks/live_case.py --help`.

J in minutes: lateness + travel + 120 per unserved order; times are CPU seconds of one thread.
"""

from typing import Any

import numpy as np

from solvers.problem import Problem, Rules, Weights


def problem_of(case: dict[str, Any], lateness_weight: float = 1.0) -> Problem:
    """A case of the referee's `make` (kilometres, seconds) as a Problem without a plan."""
    n, couriers = case["N"], case["C"]
    stores = len(case["store"])
    xy_s = np.vstack((case["store"], case["cust"], case["cour"])) * 180.0
    return Problem(
        xy_s=xy_s,
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
