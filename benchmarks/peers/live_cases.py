"""The live case as a task for peers, solved by ours, and every plan judged.

A city of 10 km, 20 km/h in straight lines; J = lateness + travel + 120 per unserved, minutes.
"""

import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from live_case import problem_of, ungrained
from peers.environments import Answer
from peers.referees import referee
from peers.task import NOBODY, Task

from solvers.check import evaluate, violations
from solvers.policies.improvement import improve
from solvers.problem import Budget, Plan, Problem

S_PER_KM, SERVICE_S, UNSERVED_S = 180.0, 60.0, 7_200.0
SIDE_KM, RADIUS_KM = 10.0, 4.0
HORIZON_S = 8 * 3_600.0
TICKS_PER_S = 10


class Case(NamedTuple):
    """One city; `drawn` has its columns as the referee names them."""

    name: str
    drawn: dict[str, Any]
    problem: Problem

    def task(self, seconds: float, seed: int) -> Task:
        """Soft promises, open routes, orders that may be left out."""
        p, n = self.problem, self.problem.orders
        return Task(
            seconds=seconds,
            wall_s=seconds,
            seed=seed,
            effort=-1,
            scale=TICKS_PER_S,
            xy=p.xy_s,
            pickup_place=p.pickup_place,
            dropoff_place=p.dropoff_place,
            quantity=p.quantity[:, 0],
            pickup_from=p.ready_s,
            pickup_until=np.full(n, HORIZON_S),
            dropoff_from=np.zeros(n),
            dropoff_until=p.due_s,
            pickup_service=p.pickup_service_s,
            dropoff_service=p.dropoff_service_s,
            vehicle_start=p.courier_place,
            vehicle_end=np.full(p.couriers, NOBODY),
            vehicle_capacity=p.courier_capacity[:, 0],
            horizon=HORIZON_S,
            fixed_cost=0.0,
            unserved_cost=UNSERVED_S,
        )

    def ours(self, seconds: float, seed: int) -> tuple[Answer, Plan]:
        """Our solver, its kernels compiled before; CPU seconds of one thread."""
        begun = time.process_time()
        budget = Budget(seconds=seconds, seed=seed)
        plan = improve(self.problem, budget, clock=time.process_time)
        return Answer([], "", time.process_time() - begun), plan

    def solution(self, answer: Answer) -> Plan:
        """The best of a peer's passes, as a Plan."""
        plans = [self._plan(routes) for routes in answer.candidates]
        nothing = self._plan([[] for _ in range(self.problem.couriers)])
        return min((*plans, nothing), key=lambda plan: evaluate(self.problem, plan).j)

    def _plan(self, routes: list[list[int]]) -> Plan:
        served = {s for route in routes for s in route}
        n = self.problem.orders
        return Plan.of(routes, [o for o in range(n) if n + o not in served])

    def judge(self, plan: Plan, folder: Path | None) -> dict[str, Any]:
        """J in minutes, late and unserved orders, if both checkers find the plan legal."""
        broken = violations(self.problem, plan)
        score = evaluate(ungrained(self.drawn, self.problem), plan)
        if folder is not None:
            routes = [plan.route(c) for c in range(self.problem.couriers)]
            other = referee(folder, "live_case").evaluate(self.drawn, routes)
            assert other["ok"] == (not broken), (self.name, other["errors"], broken)
            assert broken or math.isclose(other["J"], score.j / 60.0, rel_tol=1e-9)
        return {
            "j_min": score.j / 60.0,
            "late": score.late_orders,
            "unserved": score.unserved_orders,
            "ok": not broken and score.unserved_orders < self.problem.orders,
            "note": broken[0] if broken else "",
        }


def draw(orders: int, couriers: int, seed: int, promise_min: float) -> dict[str, Any]:
    """A city: couriers, stores with their customers around them, ready times and promises.

    The draws are those of the referee, in its order: the same seed is the same city.
    """
    random = np.random.default_rng([seed, orders, couriers])
    stores = max(8, orders // 15)
    store = random.uniform(0, SIDE_KM, (stores, 2))
    sid = random.integers(0, stores, orders)
    customer = np.array([_near(random, store[s]) for s in sid])
    ready = random.uniform(0, 20, orders) * 60
    preparation = random.uniform(5, 20, orders) * 60
    return {
        "N": orders,
        "C": couriers,
        "seed": seed,
        "store": store,
        "sid": sid,
        "cust": customer,
        "ready": ready,
        "due": ready - preparation + promise_min * 60,
        "cour": random.uniform(0, SIDE_KM, (couriers, 2)),
        "cap": random.integers(3, 6, couriers),
    }


def _near(random: np.random.Generator, store: Any) -> Any:
    """A point within reach of the store and inside the city, uniformly."""
    while True:
        radius, angle = RADIUS_KM * math.sqrt(random.random()), 2 * math.pi * random.random()
        point = store + radius * np.array([math.cos(angle), math.sin(angle)])
        if ((point >= 0) & (point <= SIDE_KM)).all():
            return point


def cases(sizes: list[tuple[int, int]], promises_min: list[float], seed: int = 1) -> list[Case]:
    """One city per size and promise."""
    found = []
    for orders, couriers in sizes:
        for promise in promises_min:
            drawn = draw(orders, couriers, seed, promise)
            name = f"{orders}/{couriers} promise {promise:g}"
            found.append(Case(name, drawn, problem_of(drawn)))
    return found
