"""`o2o simulate`: a scenario in simulated time. Here the simulation is given a journal to keep."""

import argparse
from pathlib import Path

from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from simulation import command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    command.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 played to the end, 1 stuck or inconsistent, 2 unusable."""
    return command.run(args, _open)


def _open(folder: Path) -> SqliteJournal:
    return SqliteJournal(folder / JOURNAL_FILE)
