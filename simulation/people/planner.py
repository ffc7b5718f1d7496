"""The planner's place: a question comes, the solver thinks, the answer is a command.

The solver sees the city as it was when the question was asked; the answer arrives when it has
thought, and the engine decides what still holds. No wall clock: the budget is in iterations.
"""

from msgspec.structs import asdict, replace

from engine.events import PlanningRoundOpened
from engine.settings import Settings
from geo.travel import Vehicle
from simulation.scenarios.scenario import Planner as Policy
from simulation.world import World
from solvers.crossing.anticipation import Anticipation
from solvers.crossing.bridge import Briefer, Objective, answer
from solvers.crossing.briefing import MM_PER_KM
from solvers.crossing.foresight import ROUND_MS, Foresight
from solvers.policies.holding import holds
from solvers.policies.steadiness import Steadiness
from solvers.portfolio import SOLVERS
from solvers.problem import Budget, Weights


def objective_of(policy: Policy, settings: Settings) -> Objective:
    """The weights of the policy, and what a gram of CO2e costs in seconds of riding.

    A second on a scooter is worth what couriers are paid for the way it covers.
    """
    weights = Weights(**asdict(policy.weights))
    if not policy.co2e_minor_per_kg:
        return Objective(weights)
    scooter_mm_s = settings.travel.speed_mm_s(Vehicle.SCOOTER)
    minor_per_s = settings.courier_fee_per_km_minor * scooter_mm_s / MM_PER_KM
    per_g = policy.co2e_minor_per_kg / 1_000 / minor_per_s
    return Objective(replace(weights, co2e_per_g=weights.co2e_per_g + per_g))


class Planner:
    """Answers every planning round with a solver of the portfolio."""

    def __init__(self, world: World, policy: Policy, settings: Settings) -> None:
        self._world, self.policy = world, policy
        self._is_retired = False
        self._solver = SOLVERS[policy.policy].solver
        self._budget = Budget(iterations=policy.iterations, seed=world.streams.seed)
        self._thinking_ms = policy.thinking_ms
        self._steadiness = None if policy.moves_per_h is None else Steadiness(policy.moves_per_h)
        self._briefer = Briefer(world.state, objective_of(policy, settings))
        self._anticipation = Anticipation(world.state) if policy.holds else None
        world.subscribe(PlanningRoundOpened, self._plan)
        if self._anticipation is not None:
            world.watch(self._anticipation.fold)
        if policy.repositions:
            self._foresight = Foresight(world.state)
            world.watch(self._foresight.fold)
            world.later(ROUND_MS, self._reposition)

    def retire(self) -> None:
        """Somebody else plans from now on."""
        self._is_retired = True

    def _plan(self, e: PlanningRoundOpened) -> None:
        if self._is_retired:
            return
        briefing = self._briefer.brief(e.planning_round, self._world.now)
        ahead, now = self._anticipation, self._world.now
        if self._steadiness is None:
            plan = self._solver(briefing.problem, self._budget)
        else:
            plan = self._steadiness.solve(self._solver, briefing.problem, self._budget, now)
        question = ahead.question(briefing, plan, now) if ahead else None
        held = holds(question) if question else []
        self._world.after(self._thinking_ms, answer(briefing, plan, held))

    def _reposition(self) -> None:
        """Between two questions; who was given something to do meanwhile stays where he is."""
        if self._is_retired:
            return
        view = self._foresight.look(self._world.now)
        for command in self._foresight.suggest(view) if view is not None else ():
            self._world.after(self._thinking_ms, command)
        self._world.later(ROUND_MS, self._reposition)
