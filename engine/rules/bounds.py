"""What no command may exceed, whatever it asks for: sizes that fit every column and every book.

Checked by type, for every command from outside, before its handler sees it: so that no sum of
accepted numbers ever leaves 64 bits, and no handler has to think of it.
"""

from collections.abc import Callable
from types import UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from engine.commands import Command
from engine.rejections import Detail
from engine.values import HOUR, Line, Millis, Minor
from geo.points import Point, PointError

ID_CHARACTERS = 200
TEXT_CHARACTERS = 1_000
LINES = 200
COUNT = 10**6  # of pieces, of load
AMOUNT_MINOR = 10**12
TIME_MS = 10**14  # the year 5138
DURATION_MS = 24 * HOUR

Fault = Detail | None
Check = Callable[[Any], Fault]


def checks_of(command: type[Command]) -> list[tuple[str, Check]]:
    """For each field whose type has bounds: its name, and what finds fault with a value."""
    hints = get_type_hints(command)
    checks = [(name, _check_of(name, hints[name])) for name in command.__struct_fields__]
    optional = [name for name, value in zip(*_defaults(command), strict=True) if value == ""]
    return [
        (name, _unless_empty(check) if name in optional else check)
        for name, check in checks
        if check
    ]


def _check_of(name: str, kind: Any) -> Check | None:
    if kind is Minor:
        return _within(AMOUNT_MINOR)
    if kind is Millis:
        return _within(TIME_MS)
    if isinstance(kind, NewType):
        return _id if kind.__supertype__ is str else None
    if kind is str:
        return _text
    if kind is int:
        return _within(DURATION_MS if name.endswith("_ms") else COUNT)
    if kind is Point:
        return _place
    if get_origin(kind) is list and get_args(kind) == (Line,):
        return _lines
    assert get_origin(kind) not in (Union, UnionType), f"{name}: bounds of a union"
    return None  # enumerations, packed columns, settings: checked by whoever knows them


def _defaults(command: type[Command]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    values = command.__struct_defaults__
    return command.__struct_fields__[len(command.__struct_fields__) - len(values) :], values


def _within(limit: int) -> Check:
    def check(value: int) -> Fault:
        return None if -limit <= value <= limit else {"limit": limit}

    return check


def _unless_empty(check: Check) -> Check:
    return lambda value: check(value) if value else None


def _id(value: str) -> Fault:
    return None if 0 < len(value) <= ID_CHARACTERS else {"limit": ID_CHARACTERS}


def _text(value: str) -> Fault:
    return None if len(value) <= TEXT_CHARACTERS else {"limit": TEXT_CHARACTERS}


def _place(value: Point) -> Fault:
    try:
        value.checked()
    except PointError as error:
        return {"hint": error.hint} if error.hint else {}
    return None


def _lines(lines: list[Line]) -> Fault:
    if len(lines) > LINES:
        return {"limit": LINES}
    for line in lines:
        fault = _id(line.product)
        if fault is None and not 1 <= line.quantity <= COUNT:
            fault = {"limit": COUNT}
        if fault is not None:
            return fault
    return None if lines else {}
