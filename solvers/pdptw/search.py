"""One search: construct, shorten, reduce the fleet, shorten again. Each thread runs one.

Reducing the fleet and shortening take turns until a share of the budget is used: shorter routes
have room for a request that fitted nowhere, above all where the stops lie in clusters.
"""

import math
import time

import numpy as np
from msgspec import Struct

from solvers.pdptw import improvement
from solvers.pdptw.arrays import ABSENT
from solvers.pdptw.instance import Objective
from solvers.pdptw.preparation import Fixed, absent_now, load, routes_kept, routes_now

_CHUNK = 200  # iterations between two looks at the budget when only iterations count
_CHUNK_S = 0.02  # and CPU time between them when seconds count

# Shares of the budget to shorten before the fleet is reduced for the first time, and again.
_SHARE_BEFORE = {"lead": 0.1, "calm": 0.06}
_FLEET_UNTIL = 0.6  # share after which the fleet stays as it is
_PATIENCE, _PATIENCE_FACTOR = 0.2, 2.0  # give up on the fleet so long after its last reduction

# First and last temperature in mean legs of the routes at the start of a phase. After the fleet
# has been reduced the routes are in disorder: the last phase has to start hot. The lead must not.
_HEAT_BEFORE = {"lead": (0.6, 0.05), "calm": (1.0, 0.05)}
_FINISH_HEAT, _DISTANCE_HEAT = (20.0, 0.02), (1.0, 0.005)
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
        self._phase = "lead" if objective == "vehicles" else "finish"
        self._begin = 0.0  # of the phase, as progress
        self._last = 0.0  # progress at the last reduction of the fleet
        self._enter("fleet" if self.best.absent else self._phase, 0.0)

    def run(self, meter: Meter, until: float) -> None:
        """Improve `best` until this share of the budget is used."""
        meter.resume()
        while (progress := meter.progress()) < until and len(self.fixed.problem.pickup) > 0:
            if self._phase == "fleet":
                self._reduce(meter, progress, until)
            elif self._phase in _HEAT_BEFORE and progress >= self._end:
                self._enter("fleet", progress)
            else:
                self._shorten(meter, progress, until)

    def adopt(self, plan: Plan, progress: float) -> None:
        """Go on from a plan that another search has found, if it is better than ours."""
        if plan.better_than(self.best, self.objective):
            self.best = plan
            self._load()
            self._last = progress

    def _enter(self, phase: str, progress: float) -> None:
        self._phase, self._begin, self._last = phase, progress, progress
        self._end = progress + _SHARE_BEFORE[phase] if phase in _HEAT_BEFORE else 1.0
        self._leg = self.best.distance / len(self.fixed.instance.ready)
        self._load()

    def _load(self) -> None:
        """The best plan into arrays that suit the phase."""
        depots = [depot for depot, _ in self.best.routes]
        if self.best.absent:
            depots = self._vehicles()
        elif self.objective == "distance":
            depots = self._with_spares(depots)
        longest = max((len(nodes) for _, nodes in self.best.routes), default=0)
        width = min(len(self.fixed.instance.ready) + 4, 2 * longest + 16)
        counts = self._arrays.work.failures
        self._arrays = load(self.fixed, sorted(depots), self.best.routes, width, self._rng)
        self._arrays.work.failures[:] = counts  # which requests are hard to place was learned
        if self._phase == "fleet" and not self.best.absent:
            improvement.dissolve(self._arrays)

    def _reduce(self, meter: Meter, progress: float, until: float) -> None:
        """A chunk of inserting the absent; without absent, take the next route apart."""
        since = self._last - self._begin
        patience = _PATIENCE + _PATIENCE_FACTOR * since
        if not self.best.absent:
            if (
                self.objective == "distance"
                or len(self.best.routes) == 1
                or progress >= _FLEET_UNTIL
            ):
                self._enter("finish", progress)
                return
            if progress - self._last > patience:
                self._enter("calm", progress)
                return
        size = meter.chunk(until)
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
        if self._arrays.work.tally[ABSENT] < max(1, len(self.best.absent)):
            self.best = self._plan_now()
            self._last = progress
            if not self.best.absent:
                improvement.dissolve(self._arrays)

    def _shorten(self, meter: Meter, progress: float, until: float) -> None:
        """A chunk of shortening; the temperature falls over the phase."""
        share = min(1.0, (progress - self._begin) / max(1e-9, self._end - self._begin))
        hot, cold = _FINISH_HEAT if self.objective == "vehicles" else _DISTANCE_HEAT
        hot, cold = _HEAT_BEFORE.get(self._phase, (hot, cold))
        temperature = hot * (cold / hot) ** share * self._leg
        size = meter.chunk(min(until, self._end))
        distance = improvement.shorten(
            self._arrays, size, temperature, self.best.distance, _REMOVALS, _LONGEST, _BLINK
        )
        meter.count(size)
        if distance < self.best.distance:
            routes = tuple(routes_kept(self._arrays))
            fewer = len(routes) < len(self.best.routes)
            self.best = Plan(routes, (), distance)
            longest = max(len(nodes) for _, nodes in routes)
            width = self._arrays.routes.node.shape[1]
            full = width < len(self.fixed.instance.ready) + 4 and longest + 6 > width
            # A vehicle saved stays saved; a row that is full gets a wider one.
            if full or (fewer and self.objective == "vehicles"):
                self._load()

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
