"""Where solvers run: beside the loop. Their answers come back as commands, like anyone's.

Two threads, for the kernels release the GIL. One answers planning rounds at once, by insertion
into the running plan. The other goes on improving that plan for as long as there is anything
left to decide, and hands over what it finds; no decision waits for it. It also looks ahead now
and then, if told to, and sends couriers with nothing to do where orders are expected. Trips wait
for orders likely to share the ride, if told to.
"""

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from engine.engine import Record
from engine.events import PlanningRoundOpened
from engine.values import Millis, PlanningRoundId
from gateway.clock import stopwatch_s
from gateway.latency import Latency
from gateway.loop import EngineLoop
from gateway.metrics import Metric, gauges
from gateway.running import cancelled
from gateway.submissions import SubmissionError
from solvers.crossing.anticipation import Anticipation
from solvers.crossing.bridge import USUAL, Briefer, Briefing, Objective, answer, improvement
from solvers.crossing.flips import Flips, moved
from solvers.crossing.foresight import ROUND_MS, Foresight
from solvers.policies.holding import Hold, holds
from solvers.policies.steadiness import Steadiness, moves
from solvers.problem import Budget, Plan, Solver

NO_ROUND = PlanningRoundId(0)
REST = 1.5  # the improver rests so many times as long as it thought: other work has a core too
IDLE_S = 0.05  # between two looks for something to improve
log = logging.getLogger("o2o.planner")


class Planner:
    """Answers every planning round with `answering`, and improves with `improving`, if given.

    A round that fails is counted and said, and costs only itself: the engine's timer ends it.
    Both solvers must be safe to call from the executors' threads or processes; with `moves_per_h`,
    a budget of orders that plans may give to another courier, from threads.
    """

    def __init__(
        self,
        loop: EngineLoop,
        answering: Solver,
        budget: Budget,
        improving: tuple[Solver, Budget] | None = None,
        objective: Objective = USUAL,
        executors: tuple[Executor, Executor] | None = None,
        repositions: bool = False,
        holds: bool = False,
        moves_per_h: int | None = None,
    ) -> None:
        self.thinking = Latency()
        self.failures = 0
        self.improvements = 0
        self.moves = 0  # couriers sent to wait elsewhere
        self._loop = loop
        self._answering, self._budget = answering, budget
        self.objective = objective
        self._briefer = Briefer(loop.engine.state, objective)
        self._executors = executors or (_thread("answering"), _thread("improving"))
        self._steadiness = None if moves_per_h is None else Steadiness(moves_per_h)
        self._flips = Flips(loop.engine.state)
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._foresight = Foresight(loop.engine.state) if repositions else None
        self._anticipation = Anticipation(loop.engine.state) if holds else None
        loop.on_durable(self._look)
        if improving is not None:
            self._start(self._improve_forever(*improving))
        if self._foresight is not None:
            self._start(self._reposition_forever(self._foresight))

    def resume(self) -> None:
        """After a restart: the round that was open when the engine stopped awaits its answer."""
        open_round = self._loop.engine.state.planning_rounds.open
        if open_round is not None:
            self._plan(open_round)

    def metrics(self) -> list[Metric]:
        """How steady plans are, by the city's clock, and how the solvers do."""
        now, flips = self._loop.clock.now(), self._flips
        hour, steadiness = flips.last_hour(now), self._steadiness
        counters = {
            "o2o_plan_moved": ("orders that a plan gave to another courier", flips.moved),
            "o2o_plan_offer_flips": ("offers taken back, but not by the courier", flips.offers),
            "o2o_plan_eta_flips": ("arrivals told that jumped by five minutes", flips.etas),
            "o2o_plan_improved": ("plans replaced by a better one", self.improvements),
            "o2o_plan_failures": ("looks of the planner that failed", self.failures),
        }
        now_so = {
            "o2o_plan_moved_last_hour": (counters["o2o_plan_moved"][0], hour.moved),
            "o2o_plan_offer_flips_last_hour": (counters["o2o_plan_offer_flips"][0], hour.offers),
            "o2o_plan_eta_flips_last_hour": (counters["o2o_plan_eta_flips"][0], hour.etas),
            "o2o_plan_thinking_p99_ms": ("from a round's briefing to its plan", self.thinking.p99),
        }
        if steadiness is not None:
            left = steadiness.left(now)
            now_so["o2o_plan_moves_budget"] = (
                "orders that may move, an hour",
                steadiness.moves_per_h,
            )
            now_so["o2o_plan_moves_left"] = ("of the hour's budget", left)
        return [
            *(Metric(f"{k}_total", "counter", *x) for k, x in counters.items()),
            *gauges(now_so),
        ]

    async def close(self) -> None:
        """Leave the solvers to themselves; nobody waits for what they were thinking about."""
        await cancelled(*self._tasks)
        for executor in self._executors:
            executor.shutdown(wait=False, cancel_futures=True)

    # answering

    def _look(self, records: list[Record]) -> None:
        for record in records:
            self._flips.see(record)
            if self._foresight is not None:
                self._foresight.fold(record)
            if self._anticipation is not None:
                self._anticipation.fold(record)
            for event in record.events:
                if isinstance(event, PlanningRoundOpened):
                    self._plan(event.planning_round)

    def _plan(self, planning_round: PlanningRoundId) -> None:
        if self._loop.engine.state.planning_rounds.open == planning_round:
            self._start(self._answer(self._brief(planning_round)))

    async def _answer(self, briefing: Briefing) -> None:
        began_s, now = stopwatch_s(), self._loop.clock.now()
        plan = await self._solve(self._executors[0], self._answering, briefing, self._budget, now)
        held = await self._hold(self._executors[0], briefing, plan)
        self.thinking.add((stopwatch_s() - began_s) * 1_000)
        settled = await self._loop.submit(answer(briefing, plan, held))
        self._settle(briefing, plan, settled.record, now)

    # improving

    async def _improve_forever(self, solver: Solver, budget: Budget) -> None:
        """One look at a time, each at the newest state; nothing new and nothing found, no hurry."""
        seen = -1
        while True:
            state, seq = self._loop.engine.state, self._loop.engine.seq
            if not state.deliveries.are_waiting or seq == seen:
                await asyncio.sleep(IDLE_S)
                continue
            began_s = stopwatch_s()
            found = await self._improve(solver, budget)
            seen = -1 if found else seq
            await asyncio.sleep(max(IDLE_S, REST * (stopwatch_s() - began_s)))

    async def _improve(self, solver: Solver, budget: Budget) -> bool:
        """Whether a better plan was handed over."""
        try:
            briefing, now = self._brief(NO_ROUND), self._loop.clock.now()
            plan = await self._solve(self._executors[1], solver, briefing, budget, now)
            held = await self._hold(self._executors[1], briefing, plan)
            better = improvement(briefing, plan, held)
            record = None
            if better.lines:
                record = (await self._loop.submit(better)).record
                self.improvements += 1
            self._settle(briefing, plan, record, now)
            return bool(better.lines)
        except SubmissionError:
            return False
        except Exception as error:  # a solver's bug must not end the improver for good
            self._failed(error)
            return False

    # looking ahead

    async def _reposition_forever(self, foresight: Foresight) -> None:
        while True:
            clock = self._loop.clock
            await asyncio.sleep(clock.wall_s_until(Millis(clock.now() + ROUND_MS)))
            try:
                await self._reposition(foresight)
            except Exception as error:  # costs one look, not all that would come
                self._failed(error)

    async def _reposition(self, foresight: Foresight) -> None:
        view = foresight.look(self._loop.clock.now())
        if view is None:
            return
        running = asyncio.get_running_loop()
        for command in await running.run_in_executor(self._executors[1], foresight.suggest, view):
            with suppress(SubmissionError):
                settled = await self._loop.submit(command)
                self.moves += settled.record.rejection is None

    # internals

    def _brief(self, planning_round: PlanningRoundId) -> Briefing:
        return self._briefer.brief(planning_round, self._loop.clock.now())

    async def _solve(
        self, executor: Executor, solver: Solver, briefing: Briefing, budget: Budget, now: Millis
    ) -> Plan:
        running, steadiness = asyncio.get_running_loop(), self._steadiness
        if steadiness is None:
            return await running.run_in_executor(executor, solver, briefing.problem, budget)
        return await running.run_in_executor(
            executor, steadiness.solve, solver, briefing.problem, budget, now
        )

    def _settle(self, briefing: Briefing, plan: Plan, record: Record | None, now: Millis) -> None:
        """Moves that came to nothing are not counted: the world had gone on, or none was better."""
        if self._steadiness is not None:
            made = moved(briefing, record) if record is not None else 0
            unused = max(0, moves(briefing.problem, plan) - made)
            self._steadiness.give_back(now, unused)

    async def _hold(self, executor: Executor, briefing: Briefing, plan: Plan) -> list[Hold]:
        """Trips that wait for orders likely to come, if told to look for any."""
        ahead, now = self._anticipation, self._loop.clock.now()
        question = ahead.question(briefing, plan, now) if ahead is not None else None
        if question is None:
            return []
        return await asyncio.get_running_loop().run_in_executor(executor, holds, question)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, SubmissionError):
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self.failures += 1
        log.error("planning failed: %s", error, exc_info=error)


def _thread(name: str) -> Executor:
    return ThreadPoolExecutor(1, name)
