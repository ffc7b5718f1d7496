"""How much of all cores a comparison turns into runs: `python -m benchmarks.sweep`.

By CPU time: what the runs took, of all that was spent (starting processes, importing, passing
results, writing files, deciding). By workers' time: how much of it they were at a run, rather than
starting, or idle because nothing was left. Both hold on a machine shared with others, for what
those take stretches runs and the rest alike; the wall and the load are told beside them.
"""

import os
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from simulation.lab.arms import arms_of
from simulation.lab.deciding import Rule
from simulation.lab.results import Results, question_of
from simulation.lab.sweep import Sweep, run
from simulation.lab.variation import axis_of
from simulation.scenarios.scenario_file import document, find


class Measured(NamedTuple):
    runs: int
    runs_s: float  # CPU
    all_s: float  # CPU, of this process and its workers
    at_runs: float  # share of the workers' time
    wall_s: float


def measured(name: str, replications: int, workers: int) -> Measured:
    arms = arms_of(document(find(name)), [axis_of("promise_min=15,20")], [])
    rule = Rule(replications, early=0.0)
    with TemporaryDirectory() as folder:
        results = Results(Path(folder) / "out", question_of(name, arms, 1, rule))
        sweep = Sweep(arms, 1, rule)
        began, before = perf_counter(), cpu_s()
        runs_s = run(sweep, results, workers, lambda _: None)
        wall_s, all_s = perf_counter() - began, cpu_s() - before
        at_runs = sum(x.wall_s for x in sweep.played.values()) / (workers * wall_s)
        return Measured(len(sweep.played), runs_s, all_s, at_runs, wall_s)


def cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="lunch_rush")
    parser.add_argument("--replications", type=int, default=30)
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    measured(args.scenario, 2, 1)  # kernels are compiled once on a machine
    print("| workers | runs | CPU s of runs | of all CPU | of workers' time | wall s | load |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for workers in sorted({1, cores}):
        x = measured(args.scenario, args.replications, workers)
        print(
            f"| {workers} | {x.runs} | {x.runs_s:.1f} | {x.runs_s / x.all_s:.1%} "
            f"| {x.at_runs:.1%} | {x.wall_s:.1f} | {os.getloadavg()[0]:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
