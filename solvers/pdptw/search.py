"""One search: construct, shorten, reduce the fleet, shorten by bargaining. Each thread runs one.

The fewest vehicles are often reached soon, by a plan in such disorder that no shortening mends
it: what can still move is too little. Bargaining mends it, for it may leave somebody out on its
way. When ejections have given up, it is also asked to do with a route less.
"""

import math
import time
from typing import Literal

import numpy as np
from msgspec import Struct

from solvers.pdptw import bargaining, improvement
from solvers.pdptw.arrays import ABSENT, INFEASIBLE
from solvers.pdptw.instance import Objective
from solvers.pdptw.preparation import Fixed, absent_now, load, routes_kept, routes_now

_CHUNK = 200  # iterations between two looks at the budget when only iterations count
_CHUNK_S = 0.02  # and CPU time between them when seconds count

# "lead", "bargain" and "finish" shorten: the first plan, the one of the fewest vehicles, the best.
# "fleet" and "squeeze" reduce the fleet: by ejections, by bargaining.
Phase = Literal["lead", "fleet", "squeeze", "bargain", "finish"]

# Shares of the budget.
_SHARE: dict[Phase, float] = {"lead": 0.1, "squeeze": 0.08}
_FLEET_UNTIL = 0.6  # after which no more of the fleet is taken apart
_PATIENCE, _PATIENCE_FACTOR = 0.2, 2.0  # give up on the fleet so long after its last reduction

# First and last temperature in mean legs of the routes at the start of a phase.
_HEAT: dict[Phase, tuple[float, float]] = {
    "lead": (0.6, 0.05), "squeeze": (3.0, 0.5),
    "bargain": (2.0, 0.4), "finish": (1.0, 0.03),
}  # fmt: skip
_DISTANCE_HEAT = (1.0, 0.005)
_FLEET_TEMPERATURE = 0.3
_BARGAIN = 0.7  # of what is left of the budget, before the last phase
_PRICE, _HIGHEST = 5.0, 1e4  # first and highest price of leaving a request out, in mean legs
_RISE, _FALL = 0.001, 0.001  # of prices in an iteration
_REMOVALS, _LONGEST = 10.0, 10.0  # mean number of stops taken out; longest string
_BLINK = 0.01
_EJECTIONS = 0.4  # share of the iterations that eject
_MOST = 3  # requests ejected at once
_STEPS = 100_000  # stops visited to find them
_FIRST_WIDTH = 404  # positions in a row while constructing


class Plan(Struct, frozen=True):
    """Routes found by a search, and the requests they leave out."""

    routes: tuple[tuple[int, tuple[int, ...]], ...]  # (depot, nodes), none empty
    absent: tuple[int, ...]
    distance: float

    def better_than(self, other: "Plan", objective: Objective) -> bool:
        """Fewer left out, then fewer vehicles (if that is the objective), then shorter."""
        mine, theirs = len(self.absent), len(other.absent)
        if mine == theirs and objective == "vehicles":
            mine, theirs = len(self.routes), len(other.routes)
        return mine < theirs or (mine == theirs and self.distance < other.distance - 1e-7)


class Meter:
    """What one search has used of the budget: CPU seconds of its threads, and iterations."""

    def __init__(self, seconds: float | None, iterations: int | None) -> None:
        self.seconds, self.iterations = seconds, iterations
        self.used_s = 0.0
        self.used_iterations = 0
        self._mark_s = time.thread_time()
        self._pace_s = 1e-4  # per iteration, lately

    def resume(self) -> None:
        """Count the CPU time of the calling thread from here."""
        self._mark_s = time.thread_time()

    def progress(self) -> float:
        """Share of the budget used, by the measure that runs out first; 1 is all of it."""
        now_s = time.thread_time()
        self.used_s += now_s - self._mark_s
        self._mark_s = now_s
        shares = [0.0]
        if self.seconds is not None:
            shares.append(self.used_s / self.seconds if self.seconds > 0.0 else 1.0)
        if self.iterations is not None:
            shares.append(self.used_iterations / self.iterations if self.iterations else 1.0)
        return max(shares)

    def chunk(self, until: float) -> int:
        """Iterations, at least one, to run before asking again, if `until` is the next stop."""
        size = _CHUNK
        if self.seconds is not None:
            left_s = until * self.seconds - self.used_s
            size = int(min(_CHUNK_S, left_s) / self._pace_s)
        if self.iterations is not None:
            size = min(size, math.ceil(until * self.iterations) - self.used_iterations)
        return max(1, size)

    def count(self, iterations: int) -> None:
        """Note iterations run since `progress` was last asked."""
        self.used_iterations += iterations
        if iterations > 0:
            pace_s = (time.thread_time() - self._mark_s) / iterations
            self._pace_s = max(1e-7, 0.5 * self._pace_s + 0.5 * pace_s)


class Search:
    """Owns its arrays and random numbers; `best` only ever gets better."""

    def __init__(self, fixed: Fixed, objective: Objective, seed: int) -> None:
        self.fixed, self.objective = fixed, objective
        self._rng = np.array([seed], dtype=np.uint64)
        width = min(len(fixed.instance.ready) + 4, _FIRST_WIDTH)
        self._arrays = load(fixed, self._vehicles(), [], width, self._rng)
        improvement.construct(self._arrays)
        self.best = self._plan_now()
        self._enter("fleet" if self.best.absent else self._opening(), self.best, 0.0)

    def run(self, meter: Meter, until: float) -> None:
        """Improve `best` until this share of the budget is used."""
        meter.resume()
        while (progress := meter.progress()) < until and len(self.fixed.problem.pickup) > 0:
            if self._over(progress):
                self._follow(progress)
            elif self._phase == "fleet":
                self._reduce(meter, progress, until)
            else:
                self._shorten(meter, progress, until)

    def adopt(self, plan: Plan, progress: float) -> None:
        """Go on from a plan that another search has found, if it is better than ours."""
        if plan.better_than(self.best, self.objective):
            self.best = self._plan = plan
            self._load()
            self._last = progress

    def _opening(self) -> Phase:
        return "lead" if self.objective == "vehicles" else "finish"

    def _enter(self, phase: Phase, plan: Plan, progress: float) -> None:
        self._phase, self._plan = phase, plan
        self._begin = self._last = progress
        self._end = progress + _SHARE.get(phase, 1.0)
        if phase == "bargain":
            self._end = progress + _BARGAIN * (1.0 - progress)
        if phase == "finish":
            self._end = 1.0
        self._leg = plan.distance / len(self.fixed.instance.ready)
        self._load()
        self._arrays.work.price[:] = _PRICE * self._leg

    def _over(self, progress: float) -> bool:
        """Whether the phase has nothing more to do, or has had its share."""
        if self._phase == "squeeze" and len(self._plan.routes) <= 1:
            return True
        if self._phase != "fleet":
            return self._phase != "finish" and progress >= self._end
        if self._plan.absent:
            return False
        patience = _PATIENCE + _PATIENCE_FACTOR * (self._last - self._begin)
        return (
            self.objective == "distance"
            or len(self._plan.routes) <= 1
            or progress >= _FLEET_UNTIL
            or progress - self._last > patience
        )

    def _follow(self, progress: float) -> None:
        """What comes after the phase that is over."""
        if self._phase == "lead":
            self._enter("fleet", self.best, progress)
        elif self._phase == "bargain" or self.objective == "distance":
            self._enter("finish", self.best, progress)
        elif self._phase == "fleet":
            self._enter("squeeze", self.best, progress)
        else:
            self._enter("bargain", self.best, progress)

    def _load(self) -> None:
        """The plan into arrays that suit the phase."""
        depots = [depot for depot, _ in self._plan.routes]
        if self._plan.absent:
            depots = self._vehicles()
        elif self.objective == "distance":
            depots = self._with_spares(depots)
        longest = max((len(nodes) for _, nodes in self._plan.routes), default=0)
        width = min(len(self.fixed.instance.ready) + 4, 2 * longest + 16)
        counts, prices = self._arrays.work.failures, self._arrays.work.price
        self._arrays = load(self.fixed, sorted(depots), self._plan.routes, width, self._rng)
        self._arrays.work.price[:] = prices
        self._arrays.work.failures[:] = counts  # which requests are hard to place was learned
        if self._phase in ("fleet", "squeeze") and not self._plan.absent:
            improvement.dissolve(self._arrays)

    def _reduce(self, meter: Meter, progress: float, until: float) -> None:
        """A chunk of inserting the absent; without absent, take the next route apart."""
        size = meter.chunk(min(until, self._end))
        left = improvement.fill(
            self._arrays,
            size,
            _FLEET_TEMPERATURE * self._leg,
            _REMOVALS,
            _LONGEST,
            _BLINK,
            _EJECTIONS,
            _MOST,
            _STEPS,
        )
        meter.count(size - left)
        if self._arrays.work.tally[ABSENT] >= max(1, len(self._plan.absent)):
            return
        self._plan = self._plan_now()
        self._note()
        self._last = progress
        if not self._plan.absent:
            improvement.dissolve(self._arrays)

    def _shorten(self, meter: Meter, progress: float, until: float) -> None:
        """A chunk of shortening; the temperature falls over the phase."""
        share = min(1.0, (progress - self._begin) / max(1e-9, self._end - self._begin))
        hot, cold = _HEAT[self._phase] if self.objective == "vehicles" else _DISTANCE_HEAT
        temperature = hot * (cold / hot) ** share * self._leg
        size = meter.chunk(min(until, self._end))
        before = INFEASIBLE if self._phase == "squeeze" else self._plan.distance
        if self._phase in ("squeeze", "bargain"):
            distance = bargaining.bargain(
                self._arrays, size, temperature, before, _REMOVALS, _LONGEST, _BLINK,
                improvement.ORDERS, _RISE, _FALL, _HIGHEST * self._leg,
            )  # fmt: skip
        else:
            distance = improvement.shorten(
                self._arrays, size, temperature, before, _REMOVALS, _LONGEST, _BLINK
            )
        meter.count(size)
        if distance < before:
            self._improve(Plan(tuple(routes_kept(self._arrays)), (), distance), progress)

    def _improve(self, plan: Plan, progress: float) -> None:
        """Go on from a complete plan that is better than the one of this phase."""
        fewer = len(plan.routes) < len(self._plan.routes)
        self._plan = plan
        self._note()
        if self._phase == "squeeze":
            self._enter("squeeze" if progress < _FLEET_UNTIL else "bargain", plan, progress)
            return
        longest = max(len(nodes) for _, nodes in plan.routes)
        width = self._arrays.routes.node.shape[1]
        full = width < len(self.fixed.instance.ready) + 4 and longest + 6 > width
        # A vehicle saved stays saved; a row that is full gets a wider one.
        if full or (fewer and self.objective == "vehicles"):
            self._load()

    def _note(self) -> None:
        """Keep the plan if it is the best."""
        if self._plan.better_than(self.best, self.objective):
            self.best = self._plan

    def _plan_now(self) -> Plan:
        routes = self._arrays.routes
        return Plan(
            tuple(routes_now(self._arrays)),
            tuple(absent_now(self._arrays).tolist()),
            float(routes.cost[routes.row].sum()),
        )

    def _vehicles(self) -> list[int]:
        """The depots of all vehicles that can be of use, sorted."""
        instance, requests = self.fixed.instance, len(self.fixed.instance.pickup)
        useful = np.minimum(instance.vehicles, max(1, requests))
        return sorted(np.repeat(instance.depots, useful).tolist())

    def _with_spares(self, depots: list[int]) -> list[int]:
        """Some more vehicles than used, where there are more."""
        instance = self.fixed.instance
        result = []
        for depot, vehicles in zip(
            instance.depots.tolist(), instance.vehicles.tolist(), strict=True
        ):
            used = depots.count(depot)
            result += [depot] * min(vehicles, max(used, used * 13 // 10 + 2))
        return result
