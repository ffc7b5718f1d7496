"""`o2o export DIR --parquet OUT`: the journal as tables for SQL, pandas and reports."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from gateway.history.exporting import FOLDER, export


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument(
        "--parquet", type=Path, metavar="OUT", help=f"where to (none: DIR/{FOLDER})"
    )
    parser.add_argument("--positions", action="store_true", help="every position, too: many rows")


def run(args: argparse.Namespace) -> int:
    """0. Reads beside a server that runs."""
    out: Path = args.parquet or args.folder / FOLDER
    with Progress(
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("exporting")
        manifest = export(
            args.folder,
            out,
            positions=args.positions,
            on_progress=lambda done, of: bar.update(task, completed=done, total=of),
        )
    for name, rows in manifest.rows.items():
        sys.stdout.write(f"{rows:>10,} {name}\n")
    sys.stdout.write(f"{out}: up to record {manifest.seq:,}\n")
    return 0
