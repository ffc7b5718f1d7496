"""`o2o simulate SCENARIO --seed N`: play a scenario and print its scorecard.

Exit codes: 0 played to the end; 1 an order did not end or an invariant is broken (a bug);
2 the scenario or the arguments cannot be used. Figures go to stdout, everything else to stderr.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.engine import Record
from engine.values import HOUR, Millis
from simulation.run import Run, simulate
from simulation.scenarios.csv_options import add_csv_arguments, with_csv
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import document, find, scenario_of
from simulation.scorecard_table import print_scorecard

PLAYED, UNSOUND, UNUSABLE = 0, 1, 2
BATCH = 1_000  # records to one commit of the journal
UNREAD_SHOWN = 20
SCORECARD_FILE = "scorecard.json"


class Journal(Protocol):
    """Where records are kept. Who calls `run` knows how to open one."""

    def append(self, records: Sequence[Record]) -> None: ...
    def close(self) -> None: ...


OpenJournal = Callable[[Path], Journal]


class Recorder:
    """Collects records and appends them to a journal a batch at a time."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._batch: list[Record] = []

    def see(self, record: Record) -> None:
        self._batch.append(record)
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        self._journal.append(self._batch)
        self._batch = []

    def close(self) -> None:
        if self._batch:
            self.flush()
        self._journal.close()


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "scenario", help="a TOML file, or one of scenarios/ by its name, such as lunch_rush"
    )
    parser.add_argument(
        "--seed", type=_seed, default=1, help="the same seed gives the same bytes (default: 1)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="keep the journal and the scorecard there"
    )
    parser.add_argument("--json", action="store_true", help="print the scorecard as JSON")
    add_csv_arguments(parser)


def run(args: Namespace, open_journal: OpenJournal, console: Console | None = None) -> int:
    """Play what was asked for; `open_journal` is only called with --out, on an empty folder."""
    console, notes = console or Console(emoji=False), Console(stderr=True, emoji=False)
    try:
        scenario = scenario_of(with_csv(document(find(args.scenario)), args))
    except ScenarioError as error:
        print_flaws(notes, args.scenario, error)
        return UNUSABLE
    except FileNotFoundError as error:
        notes.print(str(error), style="bold red", markup=False)
        return UNUSABLE
    print_unread(notes, scenario)
    out: Path | None = args.out
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        notes.print(f"{out} is there already and not an empty folder", style="bold red")
        return UNUSABLE
    began = perf_counter()
    played = _play(scenario, args.seed, out, open_journal, notes)
    took_s = perf_counter() - began
    figures = msgspec.json.format(msgspec.json.encode(played.scorecard), indent=2)
    if out is not None:
        (out / SCORECARD_FILE).write_bytes(figures + b"\n")
    if args.json:
        console.print(figures.decode(), markup=False, highlight=False, soft_wrap=True)
    else:
        print_scorecard(console, played, took_s)
    return PLAYED if played.is_sound else UNSOUND


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
    scenario: Scenario, seed: int, out: Path | None, open_journal: OpenJournal, notes: Console
) -> Run:
    recorder = None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        recorder = Recorder(open_journal(out))
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

        try:
            return simulate(scenario, seed, recorder.see if recorder else None, progress)
        finally:
            if recorder is not None:
                recorder.close()


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if seed < 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return seed
