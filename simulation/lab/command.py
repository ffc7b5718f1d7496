"""`o2o compare SCENARIO --vary KEY=VALUES --policies P,Q`: what if, answered with confidence.

Exit codes: 0 answered; 1 a run was not sound (a bug); 2 the question cannot be asked; 130
interrupted, and the same call goes on.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from simulation.command import print_flaws, print_unread
from simulation.lab.arms import arms_of, shown
from simulation.lab.deciding import Finding, Rule
from simulation.lab.figures import HEADLINES
from simulation.lab.pareto import front
from simulation.lab.parquet import RUNS_FILE, write_runs
from simulation.lab.report import REPORT_FILE, report, sentences
from simulation.lab.results import ComparisonError, Question, Results, question_of, runs_for
from simulation.lab.sweep import Progress, Sweep, WorkersDiedError
from simulation.lab.sweep import run as play
from simulation.lab.variation import ALIASES, VaryError, axis_of
from simulation.scenarios.csv_options import add_csv_arguments, with_csv
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.scenario_file import document, find

ANSWERED, UNSOUND, UNUSABLE = 0, 1, 2
FINDINGS_FILE = "findings.json"
LEAST_REPLICATIONS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    width = max(map(len, ALIASES))
    names = "\n".join(f"  {name:{width}}  {x.meaning}" for name, x in ALIASES.items())
    parser.epilog = (
        f"What planners vary most, by short names:\n{names}\n"
        "  any path of a scenario besides: engine.handling_ms, couriers.Scooters.count,\n"
        "  planner.weights.lateness_per_s, episodes.Shower.speed"
    )
    parser.add_argument("scenario", help="a TOML file, or one of scenarios/ by its name")
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="couriers=80..140:20 or promise_min=30,40; repeat it for every combination",
    )
    parser.add_argument(
        "--policies", default="", help="insertion,matching,ruin_recreate or improvement:500"
    )
    parser.add_argument("--replications", type=int, default=20, help="seeds at most (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="the first of them (default: 1)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new, or to go on")
    parser.add_argument(
        "--reuse",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="another comparison: what was played there and is asked here, too, is not played "
        "again; for more replications or other values, and may be repeated",
    )
    parser.add_argument("--alpha", type=float, default=0.05, help="to err at all (default: 0.05)")
    parser.add_argument(
        "--margin", type=float, default=1.0, help="percent that would be the same (default: 1)"
    )
    parser.add_argument("--to-the-end", action="store_true", help="play all seeds, clear or not")
    add_csv_arguments(parser)
    parser.add_argument("--workers", type=int, default=_cores(), help="processes (default: cores)")


def run(args: argparse.Namespace, console: Console | None = None) -> int:
    console = console or Console(emoji=False)  # :100: are iterations
    notes = Console(stderr=True, emoji=False)
    try:
        rule = _rule(args)
        axes = [axis_of(x) for x in args.vary]
        policies = [x.strip() for x in args.policies.split(",") if x.strip()]
        source = with_csv(document(find(args.scenario)), args)
        arms = arms_of(source, axes, policies)
        question = question_of(arms[0].scenario.name, arms, args.seed, rule)
        reused = {x: runs_for(question, x) for x in args.reuse}
        with Results(args.out, question) as results:
            print_unread(notes, arms[0].scenario)
            for other, runs in reused.items():
                results.take(runs)
                notes.print(f"{len(runs)} runs of {other} need not be played", style="dim")
            return _answer(question, results, Sweep(arms, args.seed, rule), args.workers, console)
    except ScenarioError as error:
        print_flaws(notes, args.scenario, error)
    except (VaryError, ComparisonError, OSError) as error:
        _complain(notes, str(error))
    return UNUSABLE


def _answer(
    question: Question, results: Results, sweep: Sweep, workers: int, console: Console
) -> int:
    notes, began = Console(stderr=True, emoji=False), _cpu_s()
    try:
        runs_s = _play(sweep, results, workers, notes)
        found = sweep.findings() if len(sweep.arms) > 1 else []
        _write(results, question, sweep, found)
    except KeyboardInterrupt:
        _complain(notes, f"interrupted: {_kept(sweep)}", "yellow")
        raise
    except (OSError, WorkersDiedError) as error:
        _complain(notes, f"{error}: {_kept(sweep)}")
        return UNUSABLE
    _print(console, sweep, found, results.folder)
    if runs_s:
        share = runs_s / (_cpu_s() - began)
        notes.print(f"{runs_s:,.0f} CPU s in runs, {share:.0%} of all this call took", style="dim")
    return UNSOUND if _print_unsound(notes, sweep) else ANSWERED


def _kept(sweep: Sweep) -> str:
    return f"{len(sweep.played)} runs are kept; the same call goes on"


def _complain(notes: Console, text: str, style: str = "bold red") -> None:
    notes.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _rule(args: argparse.Namespace) -> Rule:
    if args.replications < LEAST_REPLICATIONS:
        raise VaryError(f"--replications {args.replications}: one day is no comparison, ask for 2")
    if not 0 < args.alpha < 1:
        raise VaryError(f"--alpha {args.alpha} is no probability between 0 and 1")
    if args.margin < 0 or args.workers < 1 or args.seed < 0:
        raise VaryError("--margin and --seed are not negative, and --workers at least 1")
    early = 0.0 if args.to_the_end else Rule().early
    return Rule(args.replications, args.alpha, early, args.margin / 100)


def _play(sweep: Sweep, results: Results, workers: int, notes: Console) -> float:
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs · {task.fields[clear]} of {task.fields[arms]} clear ·"),
        TimeRemainingColumn(),
    )
    arms = max(0, len(sweep.arms) - 1)
    with Bar(*columns, console=notes, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"{len(sweep.arms)} arms", total=None, clear=0, arms=arms)

        def listen(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.needed, clear=progress.clear)

        return play(sweep, results, workers, listen)


def _write(
    results: Results,
    question: Question,
    sweep: Sweep,
    found: Sequence[Sequence[Finding]],
) -> None:
    told = [
        {
            "arm": arm.label,
            "settings": arm.settings,
            "findings": msgspec.to_builtins(x),
            "verdict": y,
        }
        for arm, x, y in zip(sweep.arms[1:], found, sentences(sweep, found), strict=True)
    ]
    results.write(FINDINGS_FILE, msgspec.json.format(msgspec.json.encode(told), indent=2))
    write_runs(sweep, results.folder / RUNS_FILE)
    results.write(REPORT_FILE, report(question, sweep, found).encode())


def _print(
    console: Console, sweep: Sweep, found: Sequence[Sequence[Finding]], folder: Path
) -> None:
    console.print(_table(sweep))
    if found:
        console.print(f"Beside {sweep.arms[0].title}, day by day:", highlight=False, markup=False)
    for said in sentences(sweep, found):
        console.print(said, highlight=False, markup=False)
    console.print(f"[dim]{folder / REPORT_FILE} has the plots, {folder / RUNS_FILE} every run[/]")


def _table(sweep: Sweep) -> Table:
    currency = sweep.arms[0].scenario.engine.currency
    title = "means by arm; * no other arm is as good in everything"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    varied = [x.rpartition(".")[2] for x in sweep.arms[0].settings]  # the verdicts say all of it
    table.add_column("arm", min_width=3)
    table.add_column(", ".join(varied) or "varied", overflow="fold", min_width=10)
    table.add_column("seeds", justify="right", min_width=5)
    for figure in HEADLINES:
        unit = figure.unit.format(currency=currency)
        table.add_column(f"{figure.title}, {unit}", justify="right", min_width=len("999.9"))
    every = [sweep.means(n) for n in range(len(sweep.arms))]
    for n, (arm, on_front) in enumerate(zip(sweep.arms, front(every), strict=True)):
        figures = [f"{every[n][x.key]:.{x.digits}f}" for x in HEADLINES]
        mark = "*" if on_front and len(sweep.arms) > 1 else ""
        table.add_row(
            f"{arm.label}{mark}",
            ", ".join(map(shown, arm.settings.values())) or "as it is",
            str(sweep.count(n)),
            *figures,
        )
    return table


def _print_unsound(notes: Console, sweep: Sweep) -> bool:
    unsound = [
        f"{sweep.arms[arm].title}, seed {seed}"
        for (arm, seed), x in sorted(sweep.played.items())
        if x.scorecard.stuck or x.scorecard.violations
    ]
    if unsound:
        text = f"{len(unsound)} runs were not sound, a bug: {'; '.join(unsound[:5])}"
        _complain(notes, text)
    return bool(unsound)


def _cpu_s() -> float:
    """Of this process and of all its workers that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
