"""`o2o simulate SCENARIO --seed N`: play a scenario and print its scorecard.

Exit codes: 0 played to the end; 1 an order did not end or an invariant is broken (a bug);
2 the scenario or the arguments cannot be used. Figures go to stdout, everything else to stderr.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from math import inf
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.values import HOUR, Millis
from simulation.run import Run, Simulation, Switch, no_search_for_cycles
from simulation.saving import EMPTY, Journal, Recorder, Saved, SavedError, read, write
from simulation.scenarios.csv_options import TABLES, add_csv_arguments, with_csv
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.policies import policy_of
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import document, find, scenario_of
from simulation.scorecard_table import print_scorecard
from solvers.portfolio import SOLVERS

PLAYED, UNSOUND, UNUSABLE = 0, 1, 2
UNREAD_SHOWN = 20
SCORECARD_FILE = "scorecard.json"


OpenJournal = Callable[[Path], Journal]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "scenario",
        help="a TOML file, or one of scenarios/ by its name, such as lunch_rush; "
        "or a folder with a run that was paused or interrupted, to go on with it",
    )
    parser.add_argument(
        "--seed", type=_seed, default=None, help="the same seed gives the same bytes (default: 1)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="keep the journal and the scorecard there"
    )
    parser.add_argument(
        "--until", type=_hours, metavar="HOURS", help="pause so long after the beginning"
    )
    parser.add_argument(
        "--policy",
        metavar="NAME[:N][+repositions][+holds]",
        help="who plans instead of the scenario's; with a paused run and --out: from there on",
    )
    parser.add_argument("--json", action="store_true", help="print the scorecard as JSON")
    add_csv_arguments(parser)


def run(args: Namespace, open_journal: OpenJournal, console: Console | None = None) -> int:
    """Play what was asked for; `open_journal` is only called with a folder to keep it in."""
    console, notes = console or Console(emoji=False), Console(stderr=True, emoji=False)
    try:
        saved, journal_of = _what(args, open_journal)
    except ScenarioError as error:
        print_flaws(notes, args.scenario, error)
        return UNUSABLE
    except (FileNotFoundError, SavedError) as error:
        notes.print(str(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        return UNUSABLE
    print_unread(notes, saved.scenario)
    began = perf_counter()
    try:
        played = _play(saved, args.until, journal_of, notes)
    except SavedError as error:
        notes.print(str(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        return UNUSABLE
    if isinstance(played, Paused):
        console.print(played.said(journal_of), markup=False, highlight=False, soft_wrap=True)
        return PLAYED
    took_s = perf_counter() - began
    figures = msgspec.json.format(msgspec.json.encode(played.scorecard), indent=2)
    if journal_of is not None:
        (journal_of.folder / SCORECARD_FILE).write_bytes(figures + b"\n")
    if args.json:
        console.print(figures.decode(), markup=False, highlight=False, soft_wrap=True)
    else:
        print_scorecard(console, played, took_s)
    return PLAYED if played.is_sound else UNSOUND


class Keeping(NamedTuple):
    """Where the records go, and up to where they are to be as they were before."""

    folder: Path
    journal: Journal
    head: tuple[int, bytes]


class Paused(NamedTuple):
    """Where a run stands that has not come to its end."""

    hours: float
    seq: int
    orders_open: int

    def said(self, keeping: Keeping | None) -> str:
        assert keeping is not None
        return (
            f"paused at {self.hours:.2f} h: {self.seq:,} records, {self.orders_open} orders open. "
            f"o2o simulate {keeping.folder} goes on, with --out and --policy another way, there"
        )


def _what(args: Namespace, open_journal: OpenJournal) -> tuple[Saved, Keeping | None]:
    """A scenario from its beginning, or a run that was kept. Raises SavedError, ScenarioError."""
    out: Path | None = args.out
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SavedError(f"{out} is there already and not an empty folder")
    source = Path(args.scenario)
    if source.is_dir():
        return _kept(args, source, out, open_journal)
    if args.until is not None and out is None:
        raise SavedError("--until: say with --out where the run is kept that is to go on")
    scenario = scenario_of(with_csv(document(find(args.scenario)), args))
    saved = Saved(_planned_by(args.policy, scenario), 1 if args.seed is None else args.seed)
    return saved, None if out is None else _keeping(out, saved, open_journal, EMPTY)


def _kept(
    args: Namespace, source: Path, out: Path | None, open_journal: OpenJournal
) -> tuple[Saved, Keeping]:
    saved = read(source)
    if args.seed is not None or any(getattr(args, x) for x in TABLES):
        raise SavedError(f"{source} is a run of its own: neither --seed nor files can change it")
    if out is None and args.policy is not None:
        raise SavedError("--policy: say with --out where the run is kept that goes another way")
    if out is None and (source / SCORECARD_FILE).exists():
        raise SavedError(f"{source} is over: it has a scorecard")
    journal = open_journal(source)
    head = journal.head()
    if out is None:
        return saved, Keeping(source, journal, head)
    journal.close()
    if args.policy is not None:
        planner = _planned_by(args.policy, saved.scenario).planner
        saved = replace(saved, switches=[*saved.switches, Switch(head[0], planner)])
    return saved, _keeping(out, saved, open_journal, head)


def _keeping(
    out: Path, saved: Saved, open_journal: OpenJournal, head: tuple[int, bytes]
) -> Keeping:
    out.mkdir(parents=True, exist_ok=True)
    write(out, saved)
    return Keeping(out, open_journal(out), head)


def _planned_by(policy: str | None, scenario: Scenario) -> Scenario:
    """Weights, budgets and what else it does stay the scenario's. Raises SavedError."""
    if policy is None:
        return scenario
    try:
        x = policy_of(policy)
    except ValueError as error:
        raise SavedError(f"--policy: {error}") from error
    usual = scenario.planner
    planner = replace(
        usual,
        policy=x.policy,
        iterations=x.iterations or (usual.iterations if x.policy == usual.policy else 0),
        repositions=x.repositions or usual.repositions,
        holds=x.holds or usual.holds,
    )
    if SOLVERS[planner.policy].uses_budget and not planner.iterations:
        raise SavedError(
            f"--policy: {planner.policy} searches: say {planner.policy}:100, iterations"
        )
    return replace(scenario, planner=planner)


def print_flaws(notes: Console, name: str, error: ScenarioError) -> None:
    """All that is wrong with a scenario, a line each."""
    notes.print(f"{name}: this scenario cannot be played", style="bold red", markup=False)
    for flaw in error.flaws:
        notes.print(f"  {flaw}", markup=False, highlight=False, soft_wrap=True)


def print_unread(notes: Console, scenario: Scenario) -> None:
    """What of a day's files was read, and each row that was not, as far as one can look at."""
    if scenario.recorded is None:
        return
    for source in scenario.recorded.sources():
        notes.print(source, markup=False, highlight=False)
    unread = scenario.recorded.unread
    for row in unread[:UNREAD_SHOWN]:
        notes.print(f"  {row}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if len(unread) > UNREAD_SHOWN:
        notes.print(f"  and {len(unread) - UNREAD_SHOWN:,} more", style="yellow")


def _play(
    saved: Saved, until_h: float | None, keeping: Keeping | None, notes: Console
) -> Run | Paused:
    scenario = saved.scenario
    simulation = Simulation(scenario, saved.seed, saved.switches)
    recorder = None
    if keeping is not None:
        recorder = Recorder(keeping.journal, simulation, keeping.head)
        simulation.world.watch(recorder.see)
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[clock]}"),
        TimeRemainingColumn(),
    )
    show = sys.stderr.isatty()
    with Progress(*columns, console=notes, transient=True, disable=not show) as bar:
        task = bar.add_task(scenario.name, total=scenario.hours, clock="")

        def progress(now: Millis) -> None:
            hours = (now - scenario.starts_ms) / HOUR
            bar.update(task, completed=min(hours, scenario.hours), clock=f"{hours:.1f} h")

        until = None if until_h is None else Millis(scenario.starts_ms + round(until_h * HOUR))
        try:
            with no_search_for_cycles():
                run = simulation.go_on(until, progress)
        finally:
            if recorder is not None:
                recorder.close()
    if run is not None:
        return run
    world = simulation.world
    hours = (world.now - scenario.starts_ms) / HOUR
    return Paused(hours, world.engine.seq, world.state.orders.open_count)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 < hours < inf:
        raise ArgumentTypeError(f"{text!r} is no number of hours above 0")
    return hours


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if seed < 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return seed
