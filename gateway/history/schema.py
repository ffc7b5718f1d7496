"""What a table of an export is: columns with a type and a meaning, a line each."""

from typing import NamedTuple

SQL = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "minor": "BIGINT",
    "time": "TIMESTAMPTZ",
    "bool": "BOOLEAN",
    "real": "DOUBLE",
}


class Column(NamedTuple):
    name: str
    kind: str  # a key of SQL
    said: str = ""


class Table(NamedTuple):
    said: str
    columns: tuple[Column, ...]


def columns(text: str) -> tuple[Column, ...]:
    """A line each: name, kind, and what it means."""
    parts = (line.strip().split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Column(x[0], x[1], x[2] if len(x) > 2 else "") for x in parts)
