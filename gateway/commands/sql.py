"""`o2o sql DIR "SELECT ..."`: a question to the tables of a journal, answered by DuckDB."""

import argparse
import csv
import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from gateway.history.asking import answer
from gateway.history.exporting import FOLDER, fresh
from gateway.local_time import zone_name

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what one may begin with


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("question", metavar="SQL", help="tables and columns: docs/analytics.md")
    parser.add_argument("--timezone", help="of hours and days; the city's own unless told")
    parser.add_argument(
        "--csv", action="store_true", help="for other programs; no text of it is a formula"
    )


def run(args: argparse.Namespace) -> int:
    """0. Exports into DIR first, unless an export of the journal as it ends now is there."""
    out: Path = args.folder / FOLDER
    manifest = fresh(args.folder, out)
    timezone = args.timezone or zone_name(manifest.utc_offset_min)
    columns, rows = answer(out, args.question, timezone)
    if args.csv or not sys.stdout.isatty():
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([plain(x) for x in row] for row in rows)
        return 0
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*("" if x is None else str(x) for x in row))
    Console(markup=False).print(table)
    return 0


def plain(value: object) -> object:
    """As a spreadsheet should read it: a name that begins like a formula is still a name."""
    is_formula = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if is_formula else value
