"""SQL over an export: each table is a view of its name. Nothing is fetched from the network."""

from pathlib import Path
from typing import Any

import duckdb

from gateway.history.parquet import connected
from gateway.history.tables import TABLES


def opened(out: Path, timezone: str = "UTC") -> "duckdb.DuckDBPyConnection":
    """Of the export in `out`. Raises ValueError if there is no such time zone."""
    connection = connected()
    for name in TABLES:
        path = str(out / name / "*.parquet").replace("'", "''")
        connection.execute(f"CREATE VIEW \"{name}\" AS SELECT * FROM read_parquet('{path}')")
    try:
        connection.execute(f"SET TimeZone = '{timezone.replace(chr(39), '')}'")
    except duckdb.Error as error:
        raise ValueError(f"no time zone {timezone}") from error
    return connection


def answer(out: Path, question: str, timezone: str = "UTC") -> tuple[list[str], list[Any]]:
    """Names of columns, and rows. Raises ValueError with what is wrong with the question."""
    connection = opened(out, timezone)
    try:
        relation = connection.execute(question)
        columns = [x[0] for x in relation.description or ()]
        return columns, relation.fetchall()
    except duckdb.Error as error:
        raise ValueError(str(error)) from error
    finally:
        connection.close()
