"""Ours beside VROOM, PyVRP, OR-Tools and vrp-cli in one run: `make bench-peers`.

Every solver has one thread and so many CPU seconds; each peer runs from the package index in an
environment of its own under .peers/. Every solution is judged by our checkers and, where its
folder is there, by a referee that is not ours. Writes benchmarks/peers/results.json, and from
it the tables and plots of benchmarks/README.md.
"""

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peers import live_cases, static_cases
from peers.environments import PEERS, run
from peers.report import render

from solvers.crossing.warming import warm
from solvers.pdptw import compile_kernels
from solvers.policies.improvement import improve

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared"
RESULTS = HERE / "peers" / "results.json"
OURS = "o2o"
STATIC = "lr104 LC1_2_3 LR1_4_6 LRC1_6_5 LR1_10_5"
Case = static_cases.Case | live_cases.Case


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, default=SHARED / "data" / "pdptw", help="Li & Lim and best known")
    add("--referee", type=Path, default=SHARED / "referee", help="folder of other checkers")
    add("--static", nargs="*", default=STATIC.split(), help="instances; none: no static part")
    add("--static-seconds", nargs="*", type=float, default=[10.0])
    add("--live", nargs="*", default=["100/40", "900/300"], help="orders/couriers")
    add("--promises", nargs="*", type=float, default=[40.0, 30.0], help="minutes")
    add("--live-seconds", nargs="*", type=float, default=[1.0, 10.0])
    add("--static-peers", nargs="*", choices=PEERS, default=[*PEERS])
    add("--live-peers", nargs="*", choices=PEERS, default=["vroom x0", "pyvrp", "ortools"])
    add("--seed", type=int, default=1)
    add("--patience", type=float, default=200.0, help="CPU seconds after which a peer is stopped")
    add("--add", action="store_true", help="keep results of other cases from earlier runs")
    add("--render", action="store_true", help="only write the tables from results.json again")
    return parser.parse_args()


def selected(args: argparse.Namespace) -> Iterator[tuple[str, list[Case], list[float], list[str]]]:
    """(kind, cases, seconds, peers) of the parts that were asked for."""
    if args.static:
        if not args.data.is_dir():
            raise SystemExit(f"{args.data}: no such folder; --data DIR, or --static for none")
        names = static_cases.cases(args.data, args.static)
        yield "static", [*names], args.static_seconds, args.static_peers
    if args.live:
        sizes = [(int(a), int(b)) for a, _, b in (size.partition("/") for size in args.live)]
        cities = live_cases.cases(sizes, args.promises, args.seed)
        yield "live", [*cities], args.live_seconds, args.live_peers


def rows(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row per case, solver and seconds, as they are finished."""
    folder = args.referee if args.referee.is_dir() else None
    for kind, cases, budgets, peers in selected(args):
        for case in cases:
            for seconds in budgets:
                for solver in (OURS, *peers):
                    if solver in ("vroom x0", "vroom x1") and seconds != max(budgets):
                        continue  # it converges by itself, whatever it is given
                    row = {"kind": kind, "case": case.name, "solver": solver, "seconds": seconds}
                    if kind == "static":
                        row["known"] = case.known
                    if solver == OURS:
                        answer, solution = case.ours(seconds, args.seed)
                    else:
                        task = case.task(seconds, args.seed)
                        answer = run(PEERS[solver], task, args.patience)
                        solution = case.solution(answer)
                    row |= case.judge(solution, folder)
                    if answer.failure:
                        row |= {"ok": False, "note": answer.failure}
                    yield row | {"cpu_s": round(answer.cpu_s, 2), "version": answer.version}


def machine() -> str:
    """Class of machine: what it has, not what it is called."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")
    cores = os.cpu_count()
    return f"{model or platform.machine()}, {cores} cores, Python {platform.python_version()}"


def main() -> int:
    args = arguments()
    if not args.render:
        compile_kernels()
        warm(improve)
        runs = json.loads(RESULTS.read_text())["runs"] if args.add else []
        measured: list[dict[str, Any]] = []
        words = ["DIR" if word.startswith("/") else word for word in sys.argv[1:]]
        command = shlex.join(["python", "benchmarks/bench_peers.py", *words])
        runs.append({"command": command, "machine": machine(), "rows": measured})
        for row in rows(args):
            print(json.dumps(row), flush=True)
            for run_before in runs[:-1]:
                others = [x for x in run_before["rows"] if x["case"] != row["case"]]
                run_before["rows"] = others
            measured.append(row)
            RESULTS.write_text(json.dumps({"runs": runs}, indent=1) + "\n")
    render(json.loads(RESULTS.read_text())["runs"], HERE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
