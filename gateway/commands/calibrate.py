"""`o2o calibrate DIR --out FILE`: a scenario fitted to a journal's day, and how well it fits."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.engine import Record
from engine.settings import Settings
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from simulation.calibration import toml
from simulation.calibration.fitting import TooLittleError, fit
from simulation.calibration.observed import Observed
from simulation.calibration.observing import Observer
from simulation.calibration.quality import Comparison, compare, page
from simulation.flaws import ScenarioError
from simulation.run import simulate
from simulation.scenario import Scenario
from simulation.scenario_file import parse

FITTED, TOO_LITTLE = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a data folder with a journal")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the scenario")
    parser.add_argument("--name", default="", help="of the scenario; the file's, unless told")
    parser.add_argument(
        "--held-out", type=Path, metavar="DIR", help="another day, to see whether it fits that too"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="quantile plots, as HTML")
    parser.add_argument("--seed", type=int, default=1, help="of the day simulated to compare")


def run(args: argparse.Namespace) -> int:
    """0 fitted; 1 there is too little to fit to. Reads beside a server that runs."""
    real, settings = observed(args.folder)
    name = args.name or args.out.stem.replace("_", " ").replace("-", " ").capitalize()
    try:
        fitted = fit(real, settings, name)
        text = toml.text_of(fitted, _head(args.folder, real))
        parse(text)  # what is written can be read, and played
    except (TooLittleError, ScenarioError) as error:
        sys.stderr.write(f"{args.folder}: {error}\n")
        return TOO_LITTLE
    args.out.write_text(text, encoding="utf-8")
    beside = observed(args.held_out)[0] if args.held_out is not None else real
    again = _simulated(fitted, args.seed)
    sys.stdout.write(f"{args.out}: {fitted.teaches}\n")
    sys.stdout.writelines(f"  {line}\n" for line in _lines(compare(beside, again)))
    if args.report is not None:
        html = page(beside, again, args.held_out is not None, f"{name}, calibrated")
        args.report.write_text(html, encoding="utf-8")
        sys.stdout.write(f"{args.report}: quantile plots\n")
    return FITTED


def observed(folder: Path) -> tuple[Observed, Settings]:
    """What a journal says of the people outside, and the settings at its end."""
    observer = Observer()
    with records_of(folder) as records:
        for record in records:
            observer.see(record)
    return observer.finished(), observer.state.settings.current


@contextmanager
def records_of(folder: Path) -> Iterator[Iterator[Record]]:
    """Raises CorruptJournalError at the record that is damaged."""
    with JournalReader(folder / JOURNAL_FILE) as journal:
        yield journal.read(1)


def _simulated(scenario: Scenario, seed: int) -> Observed:
    observer = Observer()
    simulate(scenario, seed, observer.see)
    return observer.finished()


def _head(folder: Path, real: Observed) -> str:
    return (
        f"Fitted to {folder.resolve().name}: {len(real.visits)} visits, {real.placed} orders.\n"
        "Not fitted, for records do not show it: when stores close because they are too full,\n"
        "late and repeated notices of the provider, noise of phones, wages by the hour."
    )


def _lines(found: list[Comparison]) -> Iterator[str]:
    """For people: where the simulated day is not like the real one."""
    for x in found:
        if x.real and x.simulated:
            said = "differs" if x.differs else "alike"
            yield f"{x.name:38s} distance {x.distance:.3f}  {said}"
        else:
            yield f"{x.name:38s} nothing to compare"
