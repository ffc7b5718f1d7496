"""Options of commands that play somebody's own day: its files, and their columns."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from simulation.scenarios.flaws import Flaw, ScenarioError, did_you_mean
from simulation.scenarios.scenario_file import Document

TABLES = ("orders", "stores", "couriers")


def add_csv_arguments(parser: ArgumentParser) -> None:
    """Beside the scenario, which says everything the files do not."""
    group = parser.add_argument_group("your own day, from CSV files")
    for table in TABLES:
        group.add_argument(f"--{table}", type=Path, metavar="FILE", help=f"{table} of a day")
    group.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="orders.placed_at=Created: what a column is called; repeat it for more",
    )


def with_csv(document: Document, args: Namespace) -> Document:
    """The document, with what the options say about files. Raises ScenarioError."""
    files: dict[str, Any] = dict(document.get("csv", {}))
    for table in TABLES:
        path: Path | None = getattr(args, table)
        if path is not None:
            files[table] = {**files.get(table, {}), "file": str(path)}
    for text in args.columns:
        ours, equals, theirs = text.partition("=")
        table, dot, column = ours.partition(".")
        if not equals or not dot or table not in files:
            near = did_you_mean(table, files)
            detail = f'"{text}" is not TABLE.COLUMN=NAME of a file that is read{near}'
            raise ScenarioError([Flaw("unknown_key", "--columns", detail)])
        columns = {**files[table].get("columns", {}), column.strip(): theirs.strip()}
        files[table] = {**files[table], "columns": columns}
    return {**document, "csv": files} if files else document
