"""A challenger in the shadow: it is asked what the planner in charge is asked, and never heard.

Follows the records of a journal. At each planning round it draws up the same briefing, decides,
and keeps its answer; when the answer that was adopted comes by, both are judged by `check`.
"""

from collections.abc import Iterator
from math import sqrt
from statistics import fmean, stdev

from msgspec import Struct
from scipy.stats import t as student

from engine.commands import AdoptPlan
from engine.engine import Engine, Record
from engine.events import PlanningRoundOpened
from engine.values import HOUR, MINUTE, Millis, StopKind
from solvers.check import Score, evaluate, violations
from solvers.crossing.bridge import USUAL, Briefer, Briefing, Objective
from solvers.problem import Budget, Plan, Solver

LEVEL = 0.95
TERMS = ("lateness", "freshness", "travel", "courier_time", "co2e", "disruption", "unserved")


class Duel(Struct, frozen=True):
    """One round: what the plan in charge costs by the objective, and what the challenger's does."""

    at: Millis
    orders: int
    champion: Score
    challenger: Score
    moved: tuple[int, int]  # stops each gave to another courier than before

    @property
    def saved(self) -> float:
        """By the challenger; negative if it is worse. In units of the objective."""
        return self.champion.j - self.challenger.j


class Shadow:
    """`see` every record, in order; it applies them to an engine of its own."""

    def __init__(
        self,
        solver: Solver,
        budget: Budget,
        objective: Objective = USUAL,
        engine: Engine | None = None,
    ) -> None:
        self.engine = engine or Engine()
        self.duels: list[Duel] = []
        self._solver, self._budget = solver, budget
        self._briefer = Briefer(self.engine.state, objective)
        self._asked: tuple[Millis, Briefing] | None = None

    def see(self, record: Record) -> None:
        """Raises AssertionError if the challenger's plan is not legal: that is a bug of it."""
        self._judge(record)
        self.engine.apply(record)
        for event in record.events:
            if isinstance(event, PlanningRoundOpened):
                briefing = self._briefer.brief(event.planning_round, record.at)
                self._asked = record.at, briefing

    def _judge(self, record: Record) -> None:
        """Only rounds that somebody answered, and that were about something."""
        command = record.command
        if not isinstance(command, AdoptPlan) or self._asked is None:
            return
        at, briefing = self._asked
        if briefing.planning_round != command.planning_round:
            return
        self._asked = None
        problem = briefing.problem
        if not problem.orders or not problem.couriers:
            return
        champion = adopted(briefing, command)
        challenger = self._solver(problem, self._budget)
        wrong = violations(problem, challenger)
        assert not wrong, wrong[0]
        self.duels.append(
            Duel(
                at,
                problem.orders,
                evaluate(problem, champion),
                evaluate(problem, challenger),
                (_moved(briefing, champion), _moved(briefing, challenger)),
            )
        )


def adopted(briefing: Briefing, command: AdoptPlan) -> Plan:
    """The plan of a recorded answer: its lines over the routes there were; the rest is unserved.

    A line for somebody, or of something, the briefing does not know of is passed over.
    """
    row = {key: n for n, key in enumerate(briefing.couriers)}
    order = {key: n for n, key in enumerate(briefing.deliveries)}
    routes, n = briefing.routes, briefing.problem.orders
    for line in command.lines:
        if line.courier in row and all(x.delivery in order for x in line.stops):
            routes[row[line.courier]] = [
                order[x.delivery] + (0 if x.kind is StopKind.PICKUP else n) for x in line.stops
            ]
    served = {stop % n for route in routes for stop in route}
    return Plan.of(routes, [o for o in range(n) if o not in served])


def _moved(briefing: Briefing, plan: Plan) -> int:
    """Stops on another courier's route than on the running one."""
    home = {stop: c for c, route in enumerate(briefing.routes) for stop in route}
    return sum(
        home.get(stop, c) != c for c in range(briefing.problem.couriers) for stop in plan.route(c)
    )


class Day(Struct, frozen=True):
    """The scorecard of a day of the city. All figures a round, in units of the objective where no
    unit is said; `half_width` is of a 95 % interval over the means of hours, as rounds that follow
    each other resemble each other."""

    day: int  # since the epoch
    rounds: int
    hours: int  # with a round in them
    orders: float  # open, on average
    better_pct: float  # rounds in which the challenger's plan costs less
    worse_pct: float
    saved: float  # by the challenger, on average
    half_width: float  # inf with fewer than two hours
    saved_pct: float  # of what the champion's plans cost
    late_min: tuple[float, float]  # planned lateness of all orders together, champion's and its own
    ride_min: tuple[float, float]
    moved: tuple[float, float]
    terms: dict[str, float]  # saved, term by term

    @property
    def verdict(self) -> str:
        if abs(self.saved) <= self.half_width:
            return "no clear difference"
        return (
            "the challenger plans better" if self.saved > 0 else "the planner in charge is better"
        )


def scorecards(duels: list[Duel], utc_offset_min: int = 0) -> Iterator[Day]:
    """A day each, the oldest first, from midnight to midnight of the city."""
    days: dict[int, list[Duel]] = {}
    for duel in duels:
        days.setdefault(day_of(duel.at, utc_offset_min), []).append(duel)
    return (_day(day, found) for day, found in days.items())


def day_of(at: Millis, utc_offset_min: int) -> int:
    """Since the epoch, by the city's clock."""
    return (at + utc_offset_min * MINUTE) // (24 * HOUR)


def _day(day: int, duels: list[Duel]) -> Day:
    hours: dict[int, list[float]] = {}
    for x in duels:
        hours.setdefault(x.at // HOUR, []).append(x.saved)
    means = [fmean(x) for x in hours.values()]
    wide = _half_width(means)
    cost = fmean(x.champion.j for x in duels)
    saved = fmean(x.saved for x in duels)
    return Day(
        day=day,
        rounds=len(duels),
        hours=len(means),
        orders=fmean(x.orders for x in duels),
        better_pct=100 * fmean(x.saved > 1e-6 for x in duels),
        worse_pct=100 * fmean(x.saved < -1e-6 for x in duels),
        saved=saved,
        half_width=wide,
        saved_pct=100 * saved / cost if cost else 0.0,
        late_min=_both(duels, "late_s"),
        ride_min=_both(duels, "ride_s"),
        moved=(fmean(x.moved[0] for x in duels), fmean(x.moved[1] for x in duels)),
        terms={
            term: fmean(getattr(x.champion, term) - getattr(x.challenger, term) for x in duels)
            for term in TERMS
        },
    )


def _half_width(means: list[float]) -> float:
    """Student's, of the mean of these means; inf with fewer than two."""
    if len(means) < 2:
        return float("inf")
    quantile = float(student.ppf((1 + LEVEL) / 2, len(means) - 1))
    return quantile * stdev(means) / sqrt(len(means))


def _both(duels: list[Duel], name: str) -> tuple[float, float]:
    minutes = MINUTE / 1_000
    return (
        fmean(getattr(x.champion, name) for x in duels) / minutes,
        fmean(getattr(x.challenger, name) for x in duels) / minutes,
    )
