"""`o2o calibrate SOURCE --out FILE`: a scenario fitted to somebody's day, and how well it fits.

A day is a journal, three CSV files, or a folder of the public meal-delivery days.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from gateway.commands.told_days import Day, JournalDay, RowsDay, date_of, public_day
from gateway.storage.journal import JOURNAL_FILE
from simulation.calibration import toml
from simulation.calibration.fitting import TooLittleError
from simulation.calibration.quality import Comparison, compare, page
from simulation.command import print_flaws, print_unread
from simulation.mdrp.instance import FILES
from simulation.scenarios.csv_options import add_csv_arguments, with_csv
from simulation.scenarios.flaws import Flaw, ScenarioError
from simulation.scenarios.scenario_file import document, find, parse, scenario_of

FITTED, TOO_LITTLE, UNUSABLE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a data folder with a journal, or a folder of a public meal-delivery day; "
        "with CSV files: the scenario that says everything they do not",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the scenario")
    parser.add_argument("--name", default="", help="of the scenario; the file's, unless told")
    parser.add_argument(
        "--day",
        type=date_of,
        metavar="DATE",
        help="of a journal of several days, as 2025-03-07 by the city's clock; "
        "unless told, the one with the most visits",
    )
    parser.add_argument(
        "--held-out",
        metavar="DIR",
        help="another day, to see whether it fits that too: a journal, files of the same names, "
        "or a date of the same journal",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="quantile plots, as HTML")
    parser.add_argument("--seed", type=int, default=1, help="of the day simulated to compare")
    parser.add_argument(
        "--base",
        default="lunch_rush",
        metavar="SCENARIO",
        help="says what a public meal-delivery day does not",
    )
    add_csv_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 fitted; 1 there is too little to fit to; 2 the day cannot be read."""
    try:
        day = _day(args)
        return _calibrate(day, args)
    except ScenarioError as error:
        print_flaws(Console(stderr=True), args.source, error)
        return UNUSABLE


def _calibrate(day: Day, args: argparse.Namespace) -> int:
    name = args.name or args.out.stem.replace("_", " ").replace("-", " ").capitalize()
    try:
        fitted = day.fitted(name)
        text = toml.text_of(fitted, _head(day))
        parse(text)  # what is written can be read, and played
    except (TooLittleError, ScenarioError) as error:
        sys.stderr.write(f"{day.told}: {error}\n")
        return TOO_LITTLE
    args.out.write_text(text, encoding="utf-8")
    beside = day.held_out(args.held_out) if args.held_out is not None else day.real
    again = day.simulated(fitted, args.seed)
    sys.stdout.write(f"{args.out}: {fitted.teaches}\n")
    sys.stdout.writelines(f"  {line}\n" for line in _lines(compare(beside, again)))
    sys.stdout.write(f"not fitted: {day.not_fitted()}\n")
    if args.report is not None:
        html = page(beside, again, args.held_out is not None, f"{name}, calibrated")
        args.report.write_text(html, encoding="utf-8")
        sys.stdout.write(f"{args.report}: quantile plots\n")
    return FITTED


def _day(args: argparse.Namespace) -> Day:
    folder = Path(args.source)
    if (folder / JOURNAL_FILE).exists():
        return JournalDay(folder, args.day)
    if args.day is not None:
        raise ValueError("--day is for a journal, which may tell of several")
    if any((folder / x).exists() for x in FILES):
        return public_day(folder, args.base)
    if folder.is_dir():
        files = ", ".join(FILES)
        raise ValueError(f"{folder} has no {JOURNAL_FILE}, nor a meal-delivery day ({files})")
    source = with_csv(document(find(args.source)), args)
    scenario = scenario_of(source)
    if scenario.recorded is None:
        detail = f"{args.source} tells of no day: give --orders and --stores, or a journal's folder"
        raise ScenarioError([Flaw("missing_key", "csv", detail)])
    print_unread(Console(stderr=True), scenario)
    return RowsDay(scenario, scenario.recorded, source)


def _head(day: Day) -> str:
    return (
        f"Fitted to {day.told}: {len(day.real.visits)} visits, {day.real.placed} orders.\n"
        f"Not fitted: {day.not_fitted()}."
    )


def _lines(found: list[Comparison]) -> Iterator[str]:
    """For people: where the simulated day is not like the real one."""
    for x in found:
        if x.real and x.simulated:
            said = "differs" if x.differs else "alike"
            yield f"{x.name:38s} distance {x.distance:.3f}  {said}"
        else:
            yield f"{x.name:38s} nothing to compare"
