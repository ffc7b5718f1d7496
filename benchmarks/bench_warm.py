"""Ten new orders into a running plan, ours beside VROOM: `python benchmarks/bench_warm.py`.

Both are given the same plan of a second's search. Ours inserts what is new, then searches for
another second; VROOM starts from the plan as its vehicles' steps and runs until it converges.
Writes the table into benchmarks/README.md. CPU seconds of one thread; J in minutes.
"""

import argparse
import platform
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from peers.environments import PEERS, run
from peers.live_cases import Case, cases
from peers.report import between

from solvers.check import visits
from solvers.crossing.warming import warm
from solvers.policies.improvement import improve
from solvers.policies.insertion import insertion
from solvers.problem import Budget, Plan, Problem

README = Path(__file__).resolve().parent / "README.md"
SHARED = README.parents[1].parent / "shared"
NEW = 10
TIMED = 21  # insertions, of which the median is shown
ROUNDING_S = 60.0  # a late order's window ends so long after its arrival: peers round legs up
HEADER = "| {} orders, {} couriers, promise {:g} min | CPU s | J, min | late | routes changed |"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--sizes", nargs="+", default=["900/300", "3000/1000"], help="orders/couriers")
    add("--promises", nargs="+", type=float, default=[40.0], help="minutes")
    add("--peers", nargs="+", choices=PEERS, default=["vroom x0", "vroom x1"])
    add("--referee", type=Path, default=SHARED / "referee", help="folder of other checkers")
    add("--patience", type=float, default=300.0, help="CPU seconds after which a peer is stopped")
    return parser.parse_args()


def running(case: Case) -> Case:
    """The case with a plan of all orders but the new ones."""
    n = case.problem.orders
    plan = improve(case.problem, Budget(iterations=10_000))
    new = set(np.linspace(0, n - 1, NEW).astype(int).tolist())
    routes = [plan.route(c) for c in range(case.problem.couriers)]
    kept = Plan.of([[s for s in route if s % n not in new] for route in routes], [])
    problem = replace(case.problem, route_stops=kept.route_stops, route_start=kept.route_start)
    return case._replace(problem=problem)


def until(problem: Problem) -> Any:
    """(N,) ends of windows: the promise, or later for what the running plan delivers late."""
    ends = np.array(problem.due_s)
    for c in range(problem.couriers):
        first, last = problem.route_start[c : c + 2].tolist()
        for visit in visits(problem, c, problem.route_stops[first:last].tolist()):
            if visit.stop >= problem.orders:
                o = visit.stop - problem.orders
                ends[o] = max(ends[o], visit.arrive_s + ROUNDING_S)
    return ends


def row(case: Case, name: str, cpu: str, plan: Plan, folder: Path | None) -> str:
    p, found = case.problem, case.judge(plan, folder)
    if not found["ok"]:
        return f"| {name} | {cpu} | {found['note']} |  |  |"
    before = [p.route_stops[a:b].tolist() for a, b in pairwise(p.route_start.tolist())]
    changed = sum(before[c] != plan.route(c) for c in range(p.couriers))
    return f"| {name} | {cpu} | {found['j_min']:,.0f} | {found['late']} | {changed} |"


def table(case: Case, args: argparse.Namespace, promise: float) -> list[str]:
    """The rows of one city."""
    p = case.problem
    folder = args.referee if args.referee.is_dir() else None
    lines = [HEADER.format(p.orders, p.couriers, promise), "| --- | --: | --: | --: | --: |"]
    spent = []
    for _ in range(TIMED):
        begun = time.thread_time()
        plan = insertion(p, Budget())
        spent.append(time.thread_time() - begun)
    cpu = f"{statistics.median(spent):.4f}"
    lines.append(row(case, "**o2o-dispatch**, all ten placed", cpu, plan, folder))
    answer, plan = case.ours(1.0, seed=1)
    lines.append(row(case, "**o2o-dispatch**, 1 s", f"{answer.cpu_s:.2f}", plan, folder))
    task = case.task(1.0, seed=1)
    ends = p.route_start.tolist()
    stops = [s for a, b in pairwise(ends) for s in (*p.route_stops[a:b].tolist(), -1)]
    task = task._replace(running=np.array(stops), dropoff_until=until(p))
    for peer in args.peers:
        found = run(PEERS[peer], task, args.patience)
        name = f"VROOM, exploration {PEERS[peer].effort}, from the plan"
        if found.failure:
            lines.append(f"| {name} | {found.cpu_s:.2f} | {found.failure} |  |  |")
        else:
            cpu = f"{found.cpu_s:.2f}"
            lines.append(row(case, name, cpu, case.solution(found), folder))
    return lines


def main() -> int:
    args = arguments()
    warm(improve)
    warm(insertion)
    sizes = [(int(a), int(b)) for a, _, b in (size.partition("/") for size in args.sizes)]
    asked = ["--sizes", *args.sizes, "--promises", *map("{:g}".format, args.promises)]
    command = " ".join(["python benchmarks/bench_warm.py", *asked])
    lines = [f"- `{command}` on {platform.machine()}, Python {platform.python_version()}", ""]
    for size in sizes:
        for promise in args.promises:
            [case] = cases([size], [promise])
            lines += [*table(running(case), args, promise), ""]
            print("\n".join(lines), flush=True)
    README.write_text(between(README.read_text(), "warm", "\n".join(lines).rstrip()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
