"""Many futures on all cores: every policy meets the same draws, and differences are paired."""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from statistics import fmean
from typing import NamedTuple

from msgspec import Struct

from engine.values import Millis
from simulation.forking.likely import Past
from simulation.forking.outcome import FIGURES, Outcome
from simulation.forking.worker import get_ready, play_shared
from simulation.lab.processes import processes
from simulation.lab.statistics import half_width, paired
from simulation.scenarios.policies import name_of
from simulation.scenarios.scenario import Planner as Policy

ALPHA = 0.05


class Question(Struct, frozen=True):
    """What the next `hours` are like under each policy; others are laid beside the first."""

    policies: list[Policy]
    hours: float
    draws: int
    seed: int = 1  # of the first draw; the others follow
    demand: float = 1.0  # times the visits of the last hour

    def __post_init__(self) -> None:
        if not self.policies or len({name_of(x) for x in self.policies}) < len(self.policies):
            raise ValueError("at least one policy, and each once")
        if not 0 < self.hours <= 24:
            raise ValueError("hours: above 0, at most 24")
        if not 1 <= self.draws <= 1_000:
            raise ValueError("draws: 1 to 1,000")
        if not 0 < self.demand <= 100:
            raise ValueError("demand: a factor above 0, at most 100")


class Difference(NamedTuple):
    """A figure of a policy, and how far it is from the first policy's in the same futures."""

    figure: str
    mean: float
    difference: float
    half_width: float  # of Student's 95 % interval; inf with one draw

    @property
    def is_clear(self) -> bool:
        return abs(self.difference) > self.half_width


class Outlook(Struct, frozen=True):
    """The answer. `outcomes` by policy, then by draw."""

    at: Millis
    seq: int
    hours: float
    visits_per_h: float
    policies: list[str]
    outcomes: list[list[Outcome]]

    def differences(self, policy: int) -> list[Difference]:
        """All figures of a policy, beside the first."""
        first, mine = self.outcomes[0], self.outcomes[policy]
        found = []
        for figure, _, _ in FIGURES:
            values = [float(getattr(x, figure)) for x in mine]
            apart = [v - float(getattr(x, figure)) for v, x in zip(values, first, strict=True)]
            told = paired(apart) if len(apart) > 1 else None
            width = half_width(told, ALPHA) if told is not None else float("inf")
            found.append(Difference(figure, fmean(values), fmean(apart), width))
        return found


@contextmanager
def players(cores: int = 0) -> Iterator[Executor]:
    """Processes to play in, that begin to import at once. 0 cores: all there are."""
    cores = cores or os.cpu_count() or 1
    with processes(cores) as pool:
        for _ in range(cores):
            pool.submit(get_ready)
        yield pool


def ask(
    state: bytes,
    at: Millis,
    seq: int,
    past: Past,
    question: Question,
    pool: Executor,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Outlook:
    """Play all futures in the `players`; `on_progress` hears of each that is done."""
    seeds = range(question.seed, question.seed + question.draws)
    jobs = [(policy, seed) for seed in seeds for policy in range(len(question.policies))]
    found: dict[tuple[int, int], Outcome] = {}
    shared = pickle.dumps((state, past))
    waiting = {
        pool.submit(
            play_shared, shared, question.policies[n], seed, question.hours, question.demand
        ): (n, seed)
        for n, seed in jobs
    }
    for done in as_completed(waiting):
        found[waiting[done]] = done.result()
        on_progress(len(found), len(jobs))
    return Outlook(
        at=at,
        seq=seq,
        hours=question.hours,
        visits_per_h=past.per_hour * question.demand,
        policies=[name_of(x) for x in question.policies],
        outcomes=[[found[n, seed] for seed in seeds] for n in range(len(question.policies))],
    )


def lines(outlook: Outlook, between: str = " ") -> list[Sequence[str]]:
    """A table for people: a row a figure, a column a policy; a star where it clearly differs.

    `between` parts a figure from how far it is from the first policy's.
    """
    columns = [outlook.differences(n) for n in range(len(outlook.policies))]
    rows: list[Sequence[str]] = []
    for k, (_, title, _) in enumerate(FIGURES):
        row = [title, f"{columns[0][k].mean:.1f}"]
        for column in columns[1:]:
            x = column[k]
            star = "*" if x.is_clear else ""
            width = "" if x.half_width == float("inf") else f" ± {x.half_width:.1f}"
            row.append(f"{x.mean:.1f}{star}{between}({x.difference + 0.0:+.1f}{width})")
        rows.append(row)
    return rows
