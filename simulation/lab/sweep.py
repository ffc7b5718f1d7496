"""All runs of a comparison on all cores, until every question is clear or the seeds are used up.

Looks are taken in the order of the seeds, whatever came back first: how many cores there are, or
an interruption, changes when a run is played and never what is said of it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from math import isnan, nan
from statistics import fmean

import msgspec
from msgspec import Struct

from simulation.lab.arms import Arm
from simulation.lab.deciding import Finding, Rule, findings, is_clear
from simulation.lab.figures import FIGURES, HEADLINES, values
from simulation.lab.processes import processes
from simulation.lab.results import Results
from simulation.lab.worker import Played, play_encoded

Job = tuple[int, int]  # arm, seed
ATTEMPTS = 3  # with fresh workers, when they die and not one run was done meanwhile


class WorkersDiedError(RuntimeError):
    """Whatever is tried, a process that plays is ended from outside."""


class Progress(Struct, frozen=True):
    """How far it is: runs done, of so many that may be needed, and arms that are clear."""

    done: int
    needed: int
    clear: int


Listener = Callable[[Progress], None]


class Sweep:
    """The state of one comparison: which runs are there, and which arms are clear by now."""

    def __init__(self, arms: Sequence[Arm], first_seed: int, rule: Rule) -> None:
        self.arms, self.rule = arms, rule
        self.seeds = range(first_seed, first_seed + rule.replications)
        self.played: dict[Job, Played] = {}
        self.looks = [0] * len(arms)  # seeds that count, of each arm
        self.is_clear = [False] * len(arms)
        self._figures: list[list[dict[str, float]]] = [[] for _ in arms]  # in order of the seeds

    def add(self, arm: int, played: Played) -> None:
        """One more run; then look as far as the seeds are complete."""
        self.played[arm, played.seed] = played
        self._extend(0)
        for n in range(1, len(self.arms)):
            self._extend(n)
            self._look(n)

    def jobs(self) -> Iterator[Job]:
        """What is still needed, the earliest seeds first."""
        for seed in self.seeds:
            for n in range(len(self.arms)):
                if (n, seed) not in self.played and not self._is_done_without(n):
                    yield n, seed

    @property
    def progress(self) -> Progress:
        left = sum(1 for _ in self.jobs())
        return Progress(len(self.played), len(self.played) + left, sum(self.is_clear))

    def findings(self) -> list[list[Finding]]:
        """Of every arm but the baseline. All that is needed has been played."""
        columns = [self.columns(n) for n in range(len(self.arms))]
        return findings(self.rule, columns[0], columns[1:], self.is_clear[1:])

    def columns(self, arm: int) -> dict[str, list[float]]:
        """The figures of the seeds that count; nan where there was nothing to measure."""
        rows = self._figures[arm][: self.count(arm)]
        return {x.key: [row.get(x.key, nan) for row in rows] for x in FIGURES} if rows else {}

    def count(self, arm: int) -> int:
        """Seeds that count: up to the look at which it became clear, or all. Of the baseline,
        what any arm is laid beside: what else was under way when all was clear, is chance."""
        if arm == 0 and self._is_over:
            return max(self.looks[1:])
        return self.looks[arm] if self.is_clear[arm] else len(self._figures[arm])

    def means(self, arm: int) -> dict[str, float]:
        """Of all figures over the baseline's days. Of an arm that was clear before, by how far it
        is from the baseline on its own days: good days and bad ones are no merit of an arm.
        Days on which there was nothing to measure do not count, and what there never was is not
        there."""
        base, own = self.columns(0), self.columns(arm)
        found = {key: _mean(base[key], column) for key, column in own.items()}
        return {key: mean for key, mean in found.items() if mean is not None}

    @property
    def runs(self) -> int:
        """That count."""
        return sum(map(self.count, range(len(self.arms))))

    # internals

    def _extend(self, arm: int) -> None:
        rows = self._figures[arm]
        while len(rows) < len(self.seeds):
            played = self.played.get((arm, self.seeds[len(rows)]))
            if played is None:
                return
            rows.append(values(played.scorecard))

    def _look(self, arm: int) -> None:
        """Once at every number of seeds, as long as nothing is clear."""
        questions = (len(self.arms) - 1) * len(HEADLINES)
        mine, base = self._figures[arm], self._figures[0]
        while not self.is_clear[arm] and self.looks[arm] < min(len(mine), len(base)):
            self.looks[arm] = n = self.looks[arm] + 1
            if n < 2 or n >= len(self.seeds):
                continue  # the last look is another one
            of, beside = (
                {x.key: [row[x.key] for row in rows[:n]] for x in HEADLINES}
                for rows in (mine, base)
            )
            self.is_clear[arm] = is_clear(self.rule, questions, beside, of)

    @property
    def _is_over(self) -> bool:
        """Before the end, as there is nothing left to ask."""
        return len(self.arms) > 1 and all(self.is_clear[1:])

    def _is_done_without(self, arm: int) -> bool:
        return self.is_clear[arm] if arm else self._is_over


def _mean(base: Sequence[float], own: Sequence[float]) -> float | None:
    """Over the baseline's days, from both where both are known; else of its own days alone."""
    apart = [y - x for x, y in zip(base, own, strict=False) if not isnan(y - x)]
    if apart:
        return fmean(x for x in base if not isnan(x)) + fmean(apart)
    known = [y for y in own if not isnan(y)]
    return fmean(known) if known else None


def run(sweep: Sweep, results: Results, workers: int, listen: Listener) -> float:
    """Play what is needed; every run is on disk before it counts. Returns the CPU seconds of the
    runs that were not there before. Workers that are killed are replaced; raises WorkersDiedError
    where that does not help."""
    by_digest = {arm.digest: n for n, arm in enumerate(sweep.arms)}
    for (digest, seed), played in sorted(results.done().items()):
        if digest in by_digest and seed in sweep.seeds:
            sweep.add(by_digest[digest], played)
    there = sum(x.cpu_s for x in sweep.played.values())
    listen(sweep.progress)
    attempts = ATTEMPTS
    while next(sweep.jobs(), None):
        before = len(sweep.played)
        try:
            with processes(workers) as pool:
                _play_all(sweep, results, pool, workers, listen)
        except BrokenProcessPool:
            attempts = ATTEMPTS if len(sweep.played) > before else attempts - 1
            if not attempts:
                text = f"workers were killed {ATTEMPTS} times in a row; is memory short? --workers"
                raise WorkersDiedError(f"{text} {max(1, workers // 2)} needs less") from None
    return sum(x.cpu_s for x in sweep.played.values()) - there


def _play_all(
    sweep: Sweep, results: Results, pool: Executor, workers: int, listen: Listener
) -> None:
    scenarios = [msgspec.json.encode(x.scenario) for x in sweep.arms]
    running: dict[Future[bytes], Job] = {}
    while True:
        for job in sweep.jobs():
            if len(running) > workers:  # one more than can run: nobody waits for the next
                break
            if job not in running.values():
                running[pool.submit(play_encoded, scenarios[job[0]], job[1])] = job
        if not running:
            return
        try:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:  # what is under way is kept, too
            done, _ = wait([x for x in running if not x.cancel()])
            _take(sweep, results, {x: running[x] for x in done})
            raise
        _take(sweep, results, {x: running.pop(x) for x in done})
        listen(sweep.progress)
        for future, job in list(running.items()):
            if job not in set(sweep.jobs()) and future.cancel():
                del running[future]


def _take(sweep: Sweep, results: Results, done: dict[Future[bytes], Job]) -> None:
    """Those that were done, although a worker may have been killed beside them."""
    broken = None
    for future, (arm, _) in done.items():
        if isinstance(future.exception(), BrokenProcessPool):
            broken = future.exception()
            continue
        played = msgspec.json.decode(future.result(), type=Played)
        results.keep(played)
        sweep.add(arm, played)
    if broken is not None:
        raise broken
