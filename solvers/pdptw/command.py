"""`o2o pdptw FILE`: read an instance, solve it, check the result, write it."""

import argparse
import sys

from solvers.pdptw.check import check
from solvers.pdptw.files import read
from solvers.pdptw.solution import write_solution
from solvers.pdptw.solving import Budget, solve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("file", metavar="FILE", help="instance, Li & Lim or Sartori & Buriol")
    parser.add_argument(
        "--seconds",
        type=float,
        help="CPU seconds of each thread, compilation not counted (10 without --iterations)",
    )
    parser.add_argument("--iterations", type=int, help="iterations of each thread; repeatable")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="searches at once (%(default)s)")
    parser.add_argument("--out", metavar="FILE.sol", help="where to write the routes")
    parser.add_argument(
        "--objective",
        choices=("vehicles", "distance"),
        default="vehicles",
        help="fewest vehicles, then distance; or distance alone (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """0 if a feasible solution was found, 1 if the vehicles did not suffice.

    Raises InstanceError or OSError for what cannot be read or written, ValueError for a budget
    that is none.
    """
    seconds = args.seconds
    if seconds is None and args.iterations is None:
        seconds = 10.0
    budget = Budget(seconds, args.iterations, args.seed, args.threads)
    instance = read(args.file)
    solution = solve(instance, budget, args.objective)
    if args.out is not None:
        write_solution(args.out, instance, solution)
    verdict = check(instance, solution)
    sys.stdout.write(
        f"{instance.name}: {verdict.vehicles} vehicles, distance {verdict.distance:.2f}, "
        f"{solution.iterations} iterations in {solution.cpu_s:.2f} CPU s\n"
    )
    for error_text in verdict.errors:
        sys.stderr.write(f"o2o pdptw: {error_text}\n")
    return 0 if verdict.feasible else 1
