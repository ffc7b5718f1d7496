"""The entrance: an instance and a budget in, a solution out; with threads, searches that share."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from msgspec import Struct

from solvers.pdptw import bargaining, improvement
from solvers.pdptw.instance import Instance, Objective, check_instance
from solvers.pdptw.preparation import load, prepare
from solvers.pdptw.search import Meter, Plan, Search
from solvers.pdptw.solution import Solution

_ROUNDS = 25  # between which searches in several threads tell each other their best plan


class Budget(Struct, frozen=True):
    """When to stop: whichever of the two comes first. At least one must be given.

    With iterations alone the result is repeatable to the last bit, whatever the machine's load.
    """

    seconds: float | None = None  # CPU seconds of each thread; compiling kernels is not counted
    iterations: int | None = None  # of each thread
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        if self.seconds is None and self.iterations is None:
            raise ValueError("a budget needs seconds, iterations or both")
        if self.seconds is not None and not self.seconds >= 0.0:
            raise ValueError(f"{self.seconds} seconds: expected 0 or more")
        if self.iterations is not None and self.iterations < 0:
            raise ValueError(f"{self.iterations} iterations: expected 0 or more")
        if self.threads < 1:
            raise ValueError(f"{self.threads} threads: expected 1 or more")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed {self.seed}: expected 0 <= seed < 2**63")


def solve(instance: Instance, budget: Budget, objective: Objective = "vehicles") -> Solution:
    """Routes that serve every request; if the vehicles do not suffice, `unserved` has the rest.

    `objective` is the number of vehicles, then the distance; or the distance alone. A budget of
    zero still constructs a feasible plan. Raises InstanceError before any search.
    """
    check_instance(instance)
    compile_kernels()
    return _solve(instance, budget, objective)


def _solve(instance: Instance, budget: Budget, objective: Objective) -> Solution:
    meter = Meter(budget.seconds, budget.iterations)
    fixed = prepare(instance)
    meter.progress()
    meters = [Meter(budget.seconds, budget.iterations) for _ in range(budget.threads)]
    seeds = np.random.SeedSequence(budget.seed).generate_state(budget.threads, np.uint64)

    def start(k: int) -> Search:
        meters[k].resume()
        search = Search(fixed, objective, int(seeds[k]))
        meters[k].progress()
        return search

    for own in meters:
        own.used_s = meter.used_s  # of the preparation that all share
    if budget.threads == 1:
        search = start(0)
        search.run(meters[0], 1.0)
        best = search.best
    else:
        best = _share(start, meters, objective)
    return Solution(
        routes=tuple(nodes for _, nodes in best.routes),
        depots=tuple(depot for depot, _ in best.routes),
        unserved=tuple(int(instance.pickup[r]) for r in best.absent),
        iterations=sum(own.used_iterations for own in meters),
        cpu_s=max(own.used_s for own in meters),
    )


def _share(start: Callable[[int], Search], meters: list[Meter], objective: Objective) -> Plan:
    """Searches in threads; after each round all go on from the best plan that any has found.

    They wait for each other between rounds, so that with iterations the result is repeatable.
    """
    with ThreadPoolExecutor(len(meters), thread_name_prefix="pdptw") as pool:
        searches = list(pool.map(start, range(len(meters))))
        best = searches[0].best
        for stage in range(1, _ROUNDS + 1):
            until = stage / _ROUNDS
            jobs = [
                pool.submit(search.run, meter, until)
                for search, meter in zip(searches, meters, strict=True)
            ]
            for job in jobs:
                job.result()
            for search in searches:
                if search.best.better_than(best, objective):
                    best = search.best
            for search in searches:
                search.adopt(best, until)
    return best


@cache
def compile_kernels() -> None:
    """Compile every kernel, or load it from numba's cache, on a problem of two requests."""
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    tiny = Instance(
        name="tiny",
        travel=np.abs(x[:, None] - x[None, :]),
        ready=np.zeros(5),
        due=np.full(5, 100.0),
        service=np.zeros(5),
        quantity=np.array([0, 1, -1, 1, -1]),
        pickup=np.array([1, 3], dtype=np.int32),
        delivery=np.array([2, 4], dtype=np.int32),
        depots=np.zeros(1, dtype=np.int32),
        vehicles=np.full(1, 2, dtype=np.int32),
        capacity=1,
    )
    fixed = prepare(tiny)
    rng = np.zeros(1, dtype=np.uint64)
    arrays = load(fixed, [0, 0], [(0, (1, 2)), (0, (3, 4))], 9, rng)
    improvement.construct(arrays)
    improvement.shorten(arrays, 1, 1.0, 100.0, 1.0, 1.0, 0.5)
    bargaining.bargain(arrays, 1, 1.0, 100.0, 1.0, 1.0, 0.5, 24, 0.1, 0.1, 1e3)
    improvement.dissolve(arrays)
    improvement.fill(arrays, 1, 1.0, 1.0, 1.0, 0.5, 0.5, 1, 1)
