"""Reading instance files: Li & Lim (2001) and Sartori & Buriol (2020), told apart by their start.

Errors name the file, the line and what is wrong with it.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.pdptw.instance import Instance, InstanceError

_COLUMNS = ("id", "x", "y", "demand", "ready", "due", "service", "pickup", "delivery")


class InstanceFileError(InstanceError):
    """A line of an instance file is not what its format asks for. Lines count from 1."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path}:{line}: {what}")
        self.path, self.line, self.what = path, line, what


class _Line(NamedTuple):
    path: Path
    number: int
    words: list[str]

    def error(self, what: str) -> InstanceFileError:
        return InstanceFileError(self.path, self.number, what)


class _Node(NamedTuple):
    line: _Line
    values: list[float]  # as _COLUMNS


def read(path: str | Path) -> Instance:
    """Read an instance of either format.

    Raises InstanceFileError for a malformed file, InstanceError for one that says something
    impossible, OSError if it cannot be opened.
    """
    path = Path(path)
    lines = _lines(path)
    if not lines:
        raise InstanceFileError(path, 1, "the file is empty")
    if any(line.words[0].endswith(":") or ":" in line.words[0] for line in lines[:10]):
        return _read_sartori_buriol(path, lines)
    return _read_li_lim(path, lines)


def _lines(path: Path) -> list[_Line]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        number = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InstanceFileError(path, number, "this is not text") from None
    rows = enumerate(text.splitlines(), 1)
    return [_Line(path, number, row.split()) for number, row in rows if row.strip()]


def _number(line: _Line, word: str, name: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise line.error(f"{name} is {word!r}, expected a number") from None
    if not math.isfinite(value):
        raise line.error(f"{name} is {word!r}, expected a finite number")
    return value


def _integer(line: _Line, word: str, name: str) -> int:
    value = _number(line, word, name)
    if value != int(value):
        raise line.error(f"{name} is {word!r}, expected an integer")
    return int(value)


def _node(line: _Line, expected_id: int) -> _Node:
    if len(line.words) != len(_COLUMNS):
        raise line.error(f"{len(line.words)} columns, expected {len(_COLUMNS)}: {_COLUMNS}")
    words = zip(line.words, _COLUMNS, strict=True)
    node = _Node(line, [_number(line, word, name) for word, name in words])
    for column in (0, 3, 7, 8):
        _integer(line, line.words[column], _COLUMNS[column])
    if node.values[0] != expected_id:
        raise line.error(f"id is {line.words[0]}, expected {expected_id}: ids count from 0")
    if node.values[4] > node.values[5]:
        raise line.error(f"due at {line.words[5]}, before it is ready at {line.words[4]}")
    if node.values[6] < 0:
        raise line.error(f"service is {line.words[6]}, expected 0 or more")
    return node


def _pairs(nodes: list[_Node]) -> tuple[list[int], list[int]]:
    """The pickups and the deliveries of the requests, in order of the pickups."""
    pickups, deliveries = [], []
    if any(nodes[0].values[column] for column in (3, 7, 8)):
        raise nodes[0].line.error("node 0 is the depot: its demand and partners must be 0")
    for i, node in enumerate(nodes[1:], 1):
        demand, pickup, delivery = (int(node.values[column]) for column in (3, 7, 8))
        partner = delivery or pickup
        if (pickup == 0) == (delivery == 0):
            raise node.line.error(f"node {i} must have either a pickup or a delivery partner")
        if not 1 <= partner < len(nodes) or partner == i:
            raise node.line.error(f"partner {partner} of node {i} is not another node of the file")
        back = nodes[partner].values[7 if delivery else 8]
        if back != i:
            raise node.line.error(f"partner {partner} of node {i} names {back:g} as its partner")
        if (demand > 0) != (delivery != 0) or demand == 0:
            raise node.line.error(
                f"demand is {demand}, expected > 0 at a pickup, < 0 at a delivery"
            )
        if demand != -nodes[partner].values[3]:
            raise node.line.error(f"demand {demand} is not the opposite of its partner's")
        if delivery:
            pickups.append(i)
            deliveries.append(delivery)
    return pickups, deliveries


def _build(
    name: str, nodes: list[_Node], travel: NDArray[np.float64], vehicles: int | None, capacity: int
) -> Instance:
    pickups, deliveries = _pairs(nodes)
    for p in pickups:
        if nodes[p].values[3] > capacity:
            raise nodes[p].line.error(
                f"demand {nodes[p].values[3]:g} is more than the capacity {capacity}"
            )
    table = np.array([node.values for node in nodes], dtype=np.float64)
    return Instance(
        name=name,
        travel=travel,
        ready=table[:, 4].copy(),
        due=table[:, 5].copy(),
        service=np.where(np.arange(len(nodes)) == 0, 0.0, table[:, 6]),
        quantity=table[:, 3].astype(np.int64),
        pickup=np.array(pickups, dtype=np.int32),
        delivery=np.array(deliveries, dtype=np.int32),
        depots=np.zeros(1, dtype=np.int32),
        vehicles=np.array([len(pickups) if vehicles is None else vehicles], dtype=np.int32),
        capacity=capacity,
    )


def _read_li_lim(path: Path, lines: list[_Line]) -> Instance:
    head = lines[0]
    if len(head.words) not in (2, 3):
        raise head.error(f"{len(head.words)} columns, expected 3: vehicles, capacity, speed")
    vehicles = _integer(head, head.words[0], "vehicles")
    capacity = _integer(head, head.words[1], "capacity")
    if vehicles < 1 or capacity < 1:
        raise head.error(f"vehicles {vehicles} and capacity {capacity}: both must be positive")
    if len(lines) < 2:
        raise head.error("no depot follows: the file ends here")
    nodes = [_node(line, i) for i, line in enumerate(lines[1:])]
    x, y = (np.array([node.values[column] for node in nodes]) for column in (1, 2))
    # The speed of the format is ignored, as by everyone: distance and time are equal.
    travel = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    return _build(path.stem, nodes, travel, vehicles, capacity)


def _read_sartori_buriol(path: Path, lines: list[_Line]) -> Instance:
    head: dict[str, _Line] = {}
    at = 0
    while at < len(lines) and lines[at].words[0] != "NODES":
        head[lines[at].words[0].partition(":")[0].upper()] = lines[at]
        at += 1
    if at == len(lines):
        raise lines[-1].error("the file ends without a line NODES")
    size, capacity = (_positive(head, key, lines[at]) for key in ("SIZE", "CAPACITY"))
    begin, middle = at + 1, at + 1 + size
    if middle >= len(lines) or lines[middle].words[0] != "EDGES":
        line = lines[min(middle, len(lines) - 1)]
        raise line.error(f"expected EDGES after {size} nodes (SIZE)")
    nodes = [_node(line, i) for i, line in enumerate(lines[begin:middle])]
    rows = lines[middle + 1 : middle + 1 + size]
    travel = np.array([_edges(line, size) for line in rows], dtype=np.float64)
    if len(rows) < size:
        raise lines[-1].error(f"{len(rows)} rows of EDGES, expected {size} (SIZE)")
    for line in lines[middle + 1 + size :]:
        if line.words[0] not in ("EOF", "EO"):
            raise line.error(f"expected EOF after {size} rows of EDGES (SIZE)")
    name = path.stem if len(head["SIZE"].words) < 2 or "NAME" not in head else ""
    name = name or head["NAME"].words[-1]
    return _build(name, nodes, travel, None, capacity)


def _positive(head: dict[str, _Line], key: str, end: _Line) -> int:
    if key not in head:
        raise end.error(f"no line {key} before NODES")
    line = head[key]
    words = " ".join(line.words).partition(":")[2].split()
    if len(words) != 1:
        raise line.error(f"{key} must be followed by one number")
    value = _integer(line, words[0], key)
    if value < 1:
        raise line.error(f"{key} is {value}, expected 1 or more")
    return value


def _edges(line: _Line, size: int) -> list[float]:
    if len(line.words) != size:
        raise line.error(f"{len(line.words)} columns of EDGES, expected {size} (SIZE)")
    row = [_number(line, word, f"column {i}") for i, word in enumerate(line.words)]
    if min(row) < 0:
        raise line.error(f"column {row.index(min(row))} is negative")
    return row
