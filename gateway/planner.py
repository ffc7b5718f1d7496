"""Where solvers run: beside the loop. The answer comes back as a command, like anyone's.

The kernels release the GIL, so one thread is enough and nothing is pickled; a process pool
serves solvers that do not. Whatever the solver does, the engine's own timer ends the round.
"""

import asyncio
import logging
from concurrent.futures import Executor, ThreadPoolExecutor

from engine.engine import Record
from engine.events import PlanningRoundOpened
from engine.values import PlanningRoundId
from gateway.clock import stopwatch_s
from gateway.latency import Latency
from gateway.loop import EngineLoop
from gateway.submissions import SubmissionError
from solvers.bridge import USUAL, Briefing, Objective, answer, brief
from solvers.problem import Budget, Solver

log = logging.getLogger("o2o.planner")


class Planner:
    """Answers every planning round. A round that fails is counted and said, and costs only itself.

    `solver` must be safe to call from the executor's threads or processes.
    """

    def __init__(
        self,
        loop: EngineLoop,
        solver: Solver,
        budget: Budget,
        objective: Objective = USUAL,
        executor: Executor | None = None,
    ) -> None:
        self.thinking = Latency()
        self.failures = 0
        self._loop = loop
        self._solver, self._budget = solver, budget
        self._objective = objective
        self._executor = executor or ThreadPoolExecutor(1, "solver")
        self._tasks: dict[asyncio.Task[None], None] = {}
        loop.on_durable(self._look)

    def resume(self) -> None:
        """After a restart: the round that was open when the engine stopped awaits its answer."""
        open_round = self._loop.engine.state.planning_rounds.open
        if open_round is not None:
            self._plan(open_round)

    async def close(self) -> None:
        """Leave the solver to itself; nobody waits for what it was thinking about."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _look(self, records: list[Record]) -> None:
        for record in records:
            for event in record.events:
                if isinstance(event, PlanningRoundOpened):
                    self._plan(event.planning_round)

    def _plan(self, planning_round: PlanningRoundId) -> None:
        state = self._loop.engine.state
        if state.planning_rounds.open != planning_round:
            return  # over before it was durable
        briefing = brief(state, planning_round, self._loop.clock.now(), self._objective)
        task = asyncio.create_task(self._answer(briefing))
        self._tasks[task] = None
        task.add_done_callback(self._done)

    async def _answer(self, briefing: Briefing) -> None:
        running = asyncio.get_running_loop()
        began_s = stopwatch_s()
        problem = briefing.problem
        plan = await running.run_in_executor(self._executor, self._solver, problem, self._budget)
        self.thinking.add((stopwatch_s() - began_s) * 1_000)
        await self._loop.submit(answer(briefing, plan))

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, SubmissionError):
            self.failures += 1
            log.error("a planning round failed: %s", error, exc_info=error)
