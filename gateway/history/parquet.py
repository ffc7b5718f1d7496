"""Rows to Parquet, a part file at a time, so that a long history needs no more memory than a day.

Nothing is fetched from anywhere: DuckDB brings Parquet with it, and may load nothing else.
"""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from gateway.history.rows import Rows
from gateway.history.schema import SQL, Column
from gateway.history.tables import TABLES

CHUNK_ROWS = 50_000


def connected() -> "duckdb.DuckDBPyConnection":
    """A database in memory; times are UTC."""
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


class Writer:
    """Part files in `folder`, one table each below a folder of its own name."""

    def __init__(self, folder: Path) -> None:
        self.written = dict.fromkeys(TABLES, 0)
        self._folder = folder
        self._parts = dict.fromkeys(TABLES, 0)
        self._db = connected()
        for name in TABLES:
            (folder / name).mkdir(parents=True)

    def close(self) -> None:
        self._db.close()

    def take(self, rows: Rows, least: int = CHUNK_ROWS) -> None:
        """Write and forget the rows of every table that has at least so many."""
        for name, of_table in rows.items():
            if len(of_table) >= least:
                self._write(name, of_table)
                of_table.clear()

    def finish(self, rows: Rows) -> None:
        """The rest; a table without any rows has a part file nevertheless, to know its columns."""
        self.take(rows, 1)
        for name, parts in self._parts.items():
            if not parts:
                self._write(name, [])

    # internals

    def _write(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        columns = TABLES[name].columns
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        frame = pd.DataFrame(
            {x.name: _series(x, of) for x, of in zip(columns, values, strict=True)}
        )
        self._parts[name] += 1
        part = self._folder / name / f"{self._parts[name]:06d}.parquet"
        self._db.register("part", frame)
        chosen = ", ".join(_selected(x) for x in columns)
        path = str(part).replace("'", "''")
        self._db.execute(
            f"COPY (SELECT {chosen} FROM part) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
        self._db.unregister("part")
        self.written[name] += len(rows)


def _series(column: Column, values: tuple[Any, ...]) -> "pd.Series[Any]":
    """In the type it is read as: None stays apart from 0, and whole numbers stay whole."""
    match column.kind:
        case "text":
            return pd.Series(values, dtype=object)
        case "real":
            return pd.Series(values, dtype="Float64")
        case "bool":
            return pd.Series(values, dtype="boolean")
        case _:
            return pd.Series(values, dtype="Int64")


def _selected(column: Column) -> str:
    name = f'"{column.name}"'
    source = f"epoch_ms({name})" if column.kind == "time" else name
    return f"CAST({source} AS {SQL[column.kind]}) AS {name}"
