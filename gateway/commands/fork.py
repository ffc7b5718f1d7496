"""`o2o fork DIR`: the next hours of a city that is alive, under several policies, in seconds.

Reads the journal beside the server that writes it: the live engine is neither stopped nor asked.
"""

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from engine import snapshot
from gateway.forking.past import read
from gateway.local_time import local_text, moment
from simulation.calibration.fitting import TooLittleError
from simulation.forking.futures import Outlook, Question, ask, lines, players
from simulation.scenarios.policies import policy_of

ANSWERED, TOO_LITTLE = 0, 1
WIDE = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("--hours", type=float, default=2.0, help="how far to look (default: 2)")
    parser.add_argument(
        "--policies",
        default="insertion,improvement:200",
        help="solvers, with their iterations as NAME:N; others are laid beside the first",
    )
    parser.add_argument("--draws", type=int, default=5, help="futures for each (default: 5)")
    parser.add_argument(
        "--demand", type=float, default=1.0, help="times the visits of the last hour (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first draw")
    parser.add_argument(
        "--at", metavar="TIME", help="fork then instead of now, as 2025-03-07T12:00:00+08:00"
    )
    parser.add_argument("--json", action="store_true", help="the outcomes, as JSON")


def run(args: argparse.Namespace) -> int:
    """0 answered; 1 the journal tells too little of its city."""
    question = Question(
        [policy_of(x) for x in args.policies.split(",")],
        args.hours,
        args.draws,
        args.seed,
        args.demand,
    )
    at = moment(args.at, "--at") if args.at else None
    try:
        with players() as pool:
            engine, past = read(args.folder, at)
            outlook = ask(snapshot.dump(engine), engine.now, engine.seq, past, question, pool)
    except TooLittleError as error:
        sys.stderr.write(f"{args.folder}: {error}\n")
        return TOO_LITTLE
    if args.json:
        sys.stdout.write(msgspec.json.encode(outlook).decode() + "\n")
    else:
        _print(outlook, args.draws, engine.state.settings.current.utc_offset_min)
    return ANSWERED


def _print(outlook: Outlook, draws: int, offset_min: int) -> None:
    console = Console(emoji=False)  # :100: are iterations
    said = f"{outlook.hours:g} h from {local_text(outlook.at, offset_min)} (record {outlook.seq})"
    console.print(f"{said}, {draws} futures each, {outlook.visits_per_h:.0f} visits an hour")
    beside = _table(outlook, " ")
    needed = Measurement.get(console, console.options.update_width(WIDE), beside).maximum
    if needed > console.width:  # then differences stand below
        beside = _table(outlook, "\n")
    console.print(beside)
    console.print("* differs from the first policy in the same futures (Student, 95 %)")


def _table(outlook: Outlook, between: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for policy in outlook.policies:
        table.add_column(policy, justify="right")
    for row in lines(outlook, between):
        table.add_row(*row)
    return table
