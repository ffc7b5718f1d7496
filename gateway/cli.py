"""The command line: `o2o COMMAND`. Each command's module is imported only when it is called."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from engine.errors import EngineError


class Entry(NamedTuple):
    module: str
    help: str


COMMANDS = {
    "demo": Entry(
        "gateway.commands.demo", "a city comes alive: server, console and simulated clients"
    ),
    "serve": Entry(
        "gateway.commands.serve", "the engine behind its websocket gateway, until stopped"
    ),
    "simulate": Entry(
        "gateway.commands.simulate", "a scenario in simulated time, and its scorecard"
    ),
    "compare": Entry("simulation.lab.command", "what if: arms over the same days, and a verdict"),
    "console": Entry(
        "gateway.commands.looking_back", "the map over a journal, with a slider through time"
    ),
    "streets": Entry(
        "gateway.commands.streets", "a city's streets measured: travel times, rides, a basemap"
    ),
    "replay": Entry(
        "gateway.commands.replay", "a live day again: as it was, or under another policy"
    ),
    "fork": Entry("gateway.commands.fork", "the next hours of a live city, under several policies"),
    "shadow": Entry(
        "gateway.commands.shadow", "a challenger beside the planner in charge, never heard"
    ),
    "calibrate": Entry("gateway.commands.calibrate", "fit a scenario to the day in a journal"),
    "mdrp": Entry("simulation.mdrp.command", "a public meal-delivery day in simulated time"),
    "verify": Entry(
        "gateway.commands.verify", "decide a whole journal again and compare every record"
    ),
    "explain": Entry(
        "gateway.commands.explain", "why an order goes with whom it goes, or with nobody"
    ),
    "export": Entry("gateway.commands.export", "the journal as Parquet tables"),
    "sql": Entry("gateway.commands.sql", "ask the journal's tables with DuckDB"),
    "report": Entry("gateway.commands.report", "how a period went, as one HTML page"),
    "reconcile": Entry(
        "gateway.commands.reconcile", "lay a provider's bill of a day beside the books"
    ),
    "sandbox": Entry("gateway.commands.sandbox", "a payment provider to practise with"),
    "token": Entry(
        "gateway.commands.token", "mint a token for a client of a server on this machine"
    ),
    "solvers": Entry(
        "gateway.commands.solver_list", "the solvers there are, and what each supports"
    ),
    "pdptw": Entry("solvers.pdptw.command", "static pickup and delivery with hard time windows"),
}

EPILOG = """\
o2o demo                                a city on http://127.0.0.1:8080, until Ctrl-C
o2o demo --minutes 10 --headless        the same without a live line; a summary at the end
o2o simulate scenarios/lunch_rush.toml --seed 7
o2o verify data                         is the journal in ./data whole and repeatable?
"""


class Command(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


UNREAD = 128 + 13  # as a shell says of what a SIGPIPE has ended


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 it did not hold or was refused, 2 the call was wrong, 130 Ctrl-C,
    141 whoever read what is printed has read enough (`| head`)."""
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushed again at the end
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):  # which is how rich tells of it
            raise
    return UNREAD


def _run(words: list[str]) -> int:
    parser = _parser(words[0] if words else "")
    args = parser.parse_args(words)
    if args.command is None:
        parser.print_help()
        return 2
    command = cast("Command", import_module(COMMANDS[args.command].module))
    try:
        return command.run(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except EngineError as error:
        sys.stderr.write(f"o2o {args.command}: {error}\n")
        return 1
    except (OSError, ValueError) as error:
        sys.stderr.write(f"o2o {args.command}: {_in_words(error)}\n")
        return 2


def _in_words(error: OSError | ValueError) -> str:
    """Without the number an operating system gives it."""
    if isinstance(error, OSError) and error.strerror:
        where = [str(x) for x in (error.filename, error.filename2) if x is not None]
        return ": ".join((*where, error.strerror))
    return str(error)


def _parser(chosen: str) -> argparse.ArgumentParser:
    """Only the chosen command's module is asked for its arguments: importing all is slow."""
    parser = argparse.ArgumentParser(
        prog="o2o",
        description="The live core of O2O commerce: stock, orders, payments and couriers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, entry in COMMANDS.items():
        sub = subparsers.add_parser(
            name,
            help=entry.help,
            description=entry.help[0].upper() + entry.help[1:] + ".",
            formatter_class=_Defaults,
        )
        if name == chosen:
            cast("Command", import_module(entry.module)).add_arguments(sub)
    return parser


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """A default is said once, and none is not said at all."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        is_none = action.default is None or action.default is False or action.default == []
        if is_none or "(default: " in (action.help or ""):
            return action.help
        return super()._get_help_string(action)


if __name__ == "__main__":
    sys.exit(main())
