"""One search: construct, shorten, reduce the fleet, retry, shorten. Each thread runs one.

The fewest vehicles are often reached soon, by a plan in such disorder that no shortening mends
it: what can still move is too little. So the last reduction is retried from the plan before it,
which is short and has room, and the shortest of what comes out goes on. Retrying and reducing
further take turns until a share of the budget is used.
"""

import math
import time
from typing import Literal

import numpy as np
from msgspec import Struct

from solvers.pdptw import improvement
from solvers.pdptw.arrays import ABSENT
from solvers.pdptw.instance import Objective
from solvers.pdptw.preparation import Fixed, absent_now, load, routes_kept, routes_now

_CHUNK = 200  # iterations between two looks at the budget when only iterations count
_CHUNK_S = 0.02  # and CPU time between them when seconds count

# "lead", "calm", "widen" and "finish" shorten a plan: the first one, one of a reduction just made,
# the one before that reduction, the best. "fleet" and "again" reduce: the best, and anew.
Phase = Literal["lead", "fleet", "calm", "widen", "again", "finish"]

# Shares of the budget.
_SHARE: dict[Phase, float] = {"lead": 0.1, "calm": 0.025, "widen": 0.02, "again": 0.03}
_LONG_CALM = 0.06  # where there is nothing to retry
_ROUND = 0.15  # of retrying, between two phases of reducing
_FLEET_UNTIL = 0.6  # after which the fleet stays as it is
_ROUNDS_UNTIL = 0.7  # after which no retry begins
_PATIENCE, _PATIENCE_FACTOR = 0.2, 2.0  # give up on the fleet so long after its last reduction
_QUICK = 0.08  # a reduction that took longer is not retried

# First and last temperature in mean legs of the routes at the start of a phase.
_HEAT: dict[Phase, tuple[float, float]] = {
    "lead": (0.6, 0.05), "calm": (5.0, 0.05), "widen": (3.0, 0.1), "finish": (10.0, 0.02)
}  # fmt: skip
_DISTANCE_HEAT = (1.0, 0.005)
_FLEET_TEMPERATURE = 0.3
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
        self._wider: Plan | None = None  # what the last reduction was made from
        self._took = 1.0  # share of the budget for it
        self._counts = self._arrays.work.failures.copy()  # after it
        self._round_end = 0.0
        self._dissolved = 0.0  # progress when a route was last taken apart
        self._enter("fleet" if self.best.absent else self._opening(), self.best, 0.0)

    def run(self, meter: Meter, until: float) -> None:
        """Improve `best` until this share of the budget is used."""
        meter.resume()
        while (progress := meter.progress()) < until and len(self.fixed.problem.pickup) > 0:
            if self._over(progress):
                self._follow(progress)
            elif self._phase in ("fleet", "again"):
                self._reduce(meter, progress, until)
            else:
                self._shorten(meter, progress, until)

    def adopt(self, plan: Plan, progress: float) -> None:
        """Go on from a plan that another search has found, if it is better than ours."""
        if plan.better_than(self.best, self.objective):
            self.best = self._plan = plan
            if self._phase in ("widen", "again"):
                self._enter("calm", plan, progress)
            self._load()
            self._last = self._dissolved = progress

    def _opening(self) -> Phase:
        return "lead" if self.objective == "vehicles" else "finish"

    def _enter(self, phase: Phase, plan: Plan, progress: float) -> None:
        self._phase, self._plan = phase, plan
        self._begin = self._last = self._dissolved = progress
        self._end = progress + _SHARE.get(phase, 1.0)
        if phase == "finish":
            self._end = 1.0
        self._leg = plan.distance / len(self.fixed.instance.ready)
        self._load()

    def _over(self, progress: float) -> bool:
        """Whether the phase has nothing more to do, or has had its share."""
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
        phase = self._phase
        if phase == "fleet" and self.objective == "vehicles" and self._may_retry(progress):
            self._round_end = min(progress + _ROUND, _ROUNDS_UNTIL)
            self._enter("calm", self.best, progress)
            if not self._retriable():
                self._end = progress + _LONG_CALM
        elif phase == "widen" and len(self._plan.routes) > len(self.best.routes):
            self._wider = self._plan
            # What was learned since, about one vehicle fewer, would mislead.
            self._arrays.work.failures[:] = self._counts
            self._enter("again", self._plan, progress)
            self._end = progress + max(_SHARE["again"], 1.5 * self._took)
        elif phase == "widen":  # shortening has saved a vehicle
            self._enter("calm", self._plan, progress)
        elif phase in ("calm", "again") and progress < self._round_end and self._retriable():
            assert self._wider is not None
            self._enter("widen", self._wider, progress)
        elif progress < _FLEET_UNTIL and phase != "fleet":
            self._enter("fleet", self.best, progress)
        else:
            self._enter("finish", self.best, progress)

    def _may_retry(self, progress: float) -> bool:
        return progress < _FLEET_UNTIL or (self._retriable() and progress < _ROUNDS_UNTIL)

    def _retriable(self) -> bool:
        """Whether the last reduction was quick, and led to as few vehicles as the best has."""
        wider = self._wider
        fits = wider is not None and len(wider.routes) == len(self.best.routes) + 1
        return fits and self._took <= _QUICK

    def _load(self) -> None:
        """The plan into arrays that suit the phase."""
        depots = [depot for depot, _ in self._plan.routes]
        if self._plan.absent:
            depots = self._vehicles()
        elif self.objective == "distance":
            depots = self._with_spares(depots)
        longest = max((len(nodes) for _, nodes in self._plan.routes), default=0)
        width = min(len(self.fixed.instance.ready) + 4, 2 * longest + 16)
        counts = self._arrays.work.failures
        self._arrays = load(self.fixed, sorted(depots), self._plan.routes, width, self._rng)
        self._arrays.work.failures[:] = counts  # which requests are hard to place was learned
        if self._phase in ("fleet", "again") and not self._plan.absent:
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
        before, self._plan = self._plan, self._plan_now()
        self._note()
        if self._phase == "again":
            self._enter("calm", self._plan, progress)
            return
        if not before.absent:
            self._wider, self._took = before, progress - self._dissolved
            self._counts = self._arrays.work.failures.copy()
        self._last = self._dissolved = progress
        if not self._plan.absent:
            improvement.dissolve(self._arrays)

    def _shorten(self, meter: Meter, progress: float, until: float) -> None:
        """A chunk of shortening; the temperature falls over the phase."""
        share = min(1.0, (progress - self._begin) / max(1e-9, self._end - self._begin))
        hot, cold = _HEAT[self._phase] if self.objective == "vehicles" else _DISTANCE_HEAT
        temperature = hot * (cold / hot) ** share * self._leg
        size = meter.chunk(min(until, self._end))
        distance = improvement.shorten(
            self._arrays, size, temperature, self._plan.distance, _REMOVALS, _LONGEST, _BLINK
        )
        meter.count(size)
        if distance < self._plan.distance:
            routes = tuple(routes_kept(self._arrays))
            fewer = len(routes) < len(self._plan.routes)
            self._plan = Plan(routes, (), distance)
            self._note()
            longest = max(len(nodes) for _, nodes in routes)
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
