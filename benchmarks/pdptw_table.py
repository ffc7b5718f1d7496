"""Vehicles and distance on Li & Lim instances beside the best known, CPU seconds of one thread.

    python benchmarks/pdptw_table.py DATA [NAME ...] [--seconds 10] [--objective distance]

DATA holds `li_lim/*.txt` and `best_known.csv`. Without names, the 15 instances of the table of
peers. Every solution is checked before it is counted.
"""

import argparse
import csv
import sys
from pathlib import Path

from solvers.pdptw import Budget, check, compile_kernels, read, solve, write_solution

_OF_THE_TABLE = [
    "lr104", "lrc203", "lc109", "LC1_2_3", "LR2_2_5", "LRC1_2_8", "LR1_4_6", "LRC2_4_3",
    "LC2_4_8", "LRC1_6_5", "LR2_6_9", "LC1_8_8", "LR1_10_5", "LRC2_10_7", "LC1_10_9",
]  # fmt: skip


def best_known(path: Path) -> dict[str, tuple[int, float]]:
    """Vehicles and distance by instance name."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            row["instance"]: (int(row["best_known_vehicles"]), float(row["best_known_distance"]))
            for row in csv.DictReader(file)
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("names", nargs="*", default=_OF_THE_TABLE)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--objective", choices=("vehicles", "distance"), default="vehicles")
    parser.add_argument("--out", type=Path, help="directory for the solutions")
    args = parser.parse_args()
    known = best_known(args.data / "best_known.csv")
    compile_kernels()
    budget = Budget(seconds=args.seconds, seed=args.seed, threads=args.threads)
    vehicles = known_vehicles = wrong = 0
    distance = 0.0
    print("instance    vehicles  known    distance       gap  iterations  CPU s")
    for name in args.names:
        instance = read(args.data / "li_lim" / f"{name}.txt")
        solution = solve(instance, budget, args.objective)
        verdict = check(instance, solution)
        wrong += not verdict.feasible
        vehicles += verdict.vehicles
        known_vehicles += known[name][0]
        distance += verdict.distance
        gap = 100.0 * (verdict.distance / known[name][1] - 1.0)
        print(
            f"{name:10s} {verdict.vehicles:9d} {known[name][0]:6d} {verdict.distance:11.2f}"
            f" {gap:+8.2f}% {solution.iterations:11d} {solution.cpu_s:6.2f}"
            f" {'' if verdict.feasible else verdict.errors[0]}",
            flush=True,
        )
        if args.out is not None:
            args.out.mkdir(parents=True, exist_ok=True)
            write_solution(args.out / f"{name}.sol", instance, solution)
    print(f"{'total':10s} {vehicles:9d} {known_vehicles:6d} {distance:11.2f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
