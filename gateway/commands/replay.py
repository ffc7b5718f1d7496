"""`o2o replay DIR`: a live day again, record by record as it was; or under another policy."""

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.verification import Report, verify
from simulation.calibration.fitting import TooLittleError
from simulation.forking.outcome import FIGURES, Outcome
from simulation.reliving.reliving import Past, Relived, caveats, past_of, relive
from simulation.scenarios.policies import policy_of

SAME, DIFFERS = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a data folder with a journal")
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME[:N][+repositions][+holds]",
        help="live the day again under this solver (with N iterations); may be said again",
    )
    parser.add_argument("--seed", type=int, default=1, help="draws what the records do not tell")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")


def run(args: argparse.Namespace) -> int:
    """0 the control run is the journal; 1 it differs; 2 the journal is damaged."""
    policies = [policy_of(x) for x in args.policy]
    control = verify(args.folder)
    if control.exit_code or not policies:
        _say_control(control, args.json and not policies)
        return control.exit_code
    with JournalReader(args.folder / JOURNAL_FILE) as journal:
        try:
            past = past_of(journal.read(1))
        except TooLittleError as error:
            sys.stderr.write(f"{args.folder}: {error}\n")
            return DIFFERS
    found = [relive(past, x, args.seed) for x in policies]
    if args.json:
        document = {"control": _told(control), "as_it_was": past.real, "relived": found}
        sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
    else:
        _say_control(control, False)
        _print(past, found)
    return SAME


def _told(control: Report) -> dict[str, int]:
    return {"records": control.records, "differences": control.records - control.decided}


def _say_control(control: Report, as_json: bool) -> None:
    """What deciding every command again led to."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(_told(control)).decode() + "\n")
        return
    if control.decided == control.records:
        sys.stdout.write(f"control: {control.records} records decided again, 0 differ\n")
    else:
        said = f"{control.decided} of {control.records} records decided again, then another way"
        sys.stdout.write(f"control: {said}\n")
    for kind, seq, text in control.findings:
        sys.stdout.write(f"{kind} at record {seq}: {text}\n")


def _print(past: Past, found: list[Relived]) -> None:
    outcomes = [past.real, *(x.outcome for x in found)]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for x in outcomes:
        table.add_column(x.policy, justify="right", overflow="fold")
    for field, title, _ in FIGURES:
        table.add_row(title, *(_shown(x, field) for x in outcomes))
    console = Console(emoji=False)  # :100: are iterations
    console.print(table)
    console.print("What of this is not certain:")
    for line in caveats(past, found):
        console.print(Padding(Text(line), (0, 0, 0, 2)))


def _shown(x: Outcome, field: str) -> str:
    """The records do not tell how far couriers rode on the day as it was."""
    if not x.km and field in ("km", "co2e_kg", "busy_pct"):
        return "-"
    return f"{getattr(x, field):.1f}"
