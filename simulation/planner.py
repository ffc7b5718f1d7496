"""The planner's place: a question comes, the solver thinks, the answer is a command.

The solver sees the city as it was when the question was asked; the answer arrives when it has
thought, and the engine decides what still holds. No wall clock: the budget is in iterations.
"""

from engine.events import PlanningRoundOpened
from simulation.scenario import Planner as Policy
from simulation.world import World
from solvers.bridge import Briefer, answer
from solvers.foresight import ROUND_MS, Foresight
from solvers.portfolio import SOLVERS
from solvers.problem import Budget


class Planner:
    """Answers every planning round with a solver of the portfolio."""

    def __init__(self, world: World, policy: Policy) -> None:
        self._world = world
        self._solver = SOLVERS[policy.policy].solver
        self._budget = Budget(iterations=policy.iterations, seed=world.streams.seed)
        self._thinking_ms = policy.thinking_ms
        self._briefer = Briefer(world.state)
        world.subscribe(PlanningRoundOpened, self._plan)
        if policy.repositions:
            self._foresight = Foresight(world.state)
            world.watch(self._foresight.fold)
            world.later(ROUND_MS, self._reposition)

    def _plan(self, e: PlanningRoundOpened) -> None:
        briefing = self._briefer.brief(e.planning_round, self._world.now)
        plan = self._solver(briefing.problem, self._budget)
        self._world.after(self._thinking_ms, answer(briefing, plan))

    def _reposition(self) -> None:
        """Between two questions; who was given something to do meanwhile stays where he is."""
        view = self._foresight.look(self._world.now)
        for command in self._foresight.suggest(view) if view is not None else ():
            self._world.after(self._thinking_ms, command)
        self._world.later(ROUND_MS, self._reposition)
