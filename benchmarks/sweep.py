"""How much of all cores a comparison turns into runs: `python -m benchmarks.sweep`.

By CPU time: what the runs took, of all that was spent (starting processes, importing, passing
results, writing files, deciding). By the wall: CPU time of the runs over cores x time, which on a
machine shared with others also counts what those took.
"""

import os
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from simulation.lab.arms import arms_of
from simulation.lab.deciding import Rule
from simulation.lab.results import Results, question_of
from simulation.lab.sweep import Sweep, run
from simulation.lab.variation import axis_of
from simulation.scenario_file import document, find


def measured(name: str, replications: int, workers: int) -> tuple[int, float, float, float]:
    """Runs, CPU seconds of the runs, CPU seconds of everything, seconds of the wall."""
    arms = arms_of(document(find(name)), [axis_of("promise_min=15,20")], [])
    rule = Rule(replications, early=0.0)
    with TemporaryDirectory() as folder:
        results = Results(Path(folder) / "out", question_of(name, arms, 1, rule))
        sweep = Sweep(arms, 1, rule)
        began, before = perf_counter(), cpu_s()
        runs_s = run(sweep, results, workers, lambda _: None)
        return len(sweep.played), runs_s, cpu_s() - before, perf_counter() - began


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
    print("| workers | runs | CPU s of runs | of all CPU | wall s | of cores x wall | runs/s |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for workers in sorted({1, cores}):
        runs, runs_s, all_s, wall_s = measured(args.scenario, args.replications, workers)
        print(
            f"| {workers} | {runs} | {runs_s:.1f} | {runs_s / all_s:.1%} | {wall_s:.1f} "
            f"| {runs_s / workers / wall_s:.1%} | {runs / wall_s:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
