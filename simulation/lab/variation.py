"""What is varied: `--vary couriers=80..140:20`, as changes to the document of a scenario."""

import re
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, NamedTuple

from msgspec import Struct

from engine.values import MINUTE, SECOND
from simulation.scenarios.flaws import Flaw, ScenarioError, did_you_mean
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import Document
from simulation.scenarios.tables import name_of, types_of

Scalar = bool | int | float | str
VALUES_MAX = 100
CLOSE = 0.7  # of a word: less alike is another word
TOP_SCALARS = ("hours", "positions_every_s", "name")
# What planners and other products call what has a short name here.
CALLED = {
    "batch_window": "batch_s",
    "batching": "batch_s",
    "bundling": "batch_s",
    "bundling_window": "batch_s",
    "carbon_price": "co2e_price",
    "churn": "moves_per_h",
    "delivery_fee": "fee_minor",
    "demand": "orders",
    "drivers": "couriers",
    "fee": "fee_minor",
    "fleet": "couriers",
    "fleet_size": "couriers",
    "prepositioning": "repositions",
    "promise": "promise_min",
    "restaurants": "stores",
    "riders": "couriers",
    "shifts": "shift_h",
    "shops": "stores",
    "solver": "policy",
}
STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class VaryError(ValueError):
    """What was asked to vary cannot be understood. The message says how it would be."""


class Axis(Struct, frozen=True):
    """One thing that is varied, under the name it was given, and its values in order."""

    key: str
    values: list[Scalar]


class Alias(NamedTuple):
    """A short name for what planners turn most often."""

    meaning: str
    apply: Callable[[Document, Scalar], None]


def axis_of(text: str) -> Axis:
    """From `key=1,2,3` or `key=1..9:2`. Raises VaryError."""
    key, equals, listed = text.partition("=")
    key = key.strip()
    if not key or not equals or not listed.strip():
        raise VaryError(f"{text!r} is not KEY=VALUE,VALUE or KEY=FIRST..LAST:STEP")
    parts = [x.strip() for x in listed.split(",")]
    if not all(parts):
        raise VaryError(f"{key}: {listed!r} has an empty place between two commas")
    values = [value for part in parts for value in _values(key, part)]
    if len(values) > VALUES_MAX:
        raise VaryError(f"{key}: {len(values)} values are more than {VALUES_MAX}")
    if twice := [x for n, x in enumerate(values) if x in values[:n]]:
        raise VaryError(f"{key}: {twice[0]} is there twice")
    return Axis(key, values)


def vary(document: Document, settings: dict[str, Scalar]) -> Document:
    """A copy with these values in it. Whether they can be, the scenario's own checks say."""
    varied = deepcopy(document)
    for key, value in settings.items():
        alias = ALIASES.get(key)
        if alias is not None:
            alias.apply(varied, value)
        else:
            put(varied, key, value)
    return varied


def put(document: Document, path: str, value: Scalar) -> None:
    """Set `engine.promise_min_ms`, `couriers.Scooters.count` or `couriers[0].count`.

    Raises ScenarioError where a list has no such element; a key nobody knows is set, and refused
    with the nearest right one when the scenario is read.
    """
    steps = [name or int(number) for name, number in STEP.findall(path)]
    if "".join(f"[{x}]" if isinstance(x, int) else f".{x}" for x in steps).lstrip(".") != path:
        raise VaryError(f"{path!r} is no path such as engine.promise_min_ms")
    place: Any = document
    for n, step in enumerate(steps[:-1]):
        if isinstance(place, list):
            place = _element(place, step, path)
        else:
            following = steps[n + 1]
            place = place.setdefault(step, [] if isinstance(following, int) else {})
        if not isinstance(place, dict | list):
            raise ScenarioError([Flaw("unknown_key", path, f"{step} is a value, not a table")])
    if isinstance(place, list):
        raise ScenarioError([Flaw("unknown_key", path, "is a whole table, not a value in it")])
    if len(steps) == 1 and path not in TOP_SCALARS:
        raise ScenarioError([Flaw("unknown_key", path, _meant(path))])
    place[steps[-1]] = value


def _meant(word: str) -> str:
    """What is no short name: a table, what others call something, or a path's last step."""
    if isinstance(table := types_of(Scenario).get(word), type) and issubclass(table, Struct):
        return f"is a whole table: vary one of its values, as {word}.{next(iter(types_of(table)))}"
    known = {**{x: x for x in ALIASES}, **CALLED, **_leaves()}
    near = get_close_matches(word.lower(), known, n=1, cutoff=CLOSE)
    if near:
        return f'no such thing to vary; did you mean "{known[near[0]]}"?'
    return f"no such thing to vary; there are {', '.join(ALIASES)}, and any path of a scenario"


def _leaves() -> dict[str, str]:
    """ "handling_ms" -> "engine.handling_ms": settings by the last step of their path."""
    tables = {key: x for key, x in types_of(Scenario).items() if isinstance(x, type)}
    return {
        leaf: f"{key}.{leaf}"
        for key, table in tables.items()
        if issubclass(table, Struct)
        for leaf in types_of(table)
    }


def _element(tables: list[Any], step: int | str, path: str) -> Any:
    """By number, or by name."""
    if isinstance(step, int):
        if step < len(tables):
            return tables[step]
        detail = f"there are {len(tables)}, counted from 0"
        raise ScenarioError([Flaw("unknown_key", path, detail)])
    for table in tables:
        if name_of(table) == step:
            return table
    names = [name_of(x) for x in tables]
    detail = f'none is called "{step}"{did_you_mean(step, names)}'
    raise ScenarioError([Flaw("unknown_group", path, detail)])


def _values(key: str, part: str) -> list[Scalar]:
    first, dots, rest = part.partition("..")
    if not dots:
        return [_scalar(part)]
    last, colon, step = rest.partition(":")
    try:
        start, end, by = (Decimal(x.replace("_", "")) for x in (first, last, step))
        is_range = all(x.is_finite() for x in (start, end, by)) and by > 0
    except InvalidOperation:
        is_range = False
    if not colon or not is_range:
        raise VaryError(f"{key}: {part!r} is not FIRST..LAST:STEP, as in 80..140:20")
    if end < start:
        raise VaryError(f"{key}: {part!r} runs backwards; {last}..{first}:{step} is the same")
    count = int((end - start) / by) + 1
    if count > VALUES_MAX:
        raise VaryError(f"{key}: {count} values are more than {VALUES_MAX}")
    return [_number(start + n * by) for n in range(count)]


def _scalar(word: str) -> Scalar:
    if word in ("true", "false"):
        return word == "true"
    try:
        number = Decimal(word.replace("_", ""))
    except InvalidOperation:
        return word
    return _number(number) if number.is_finite() else word


def _number(x: Decimal) -> int | float:
    return int(x) if x == x.to_integral_value() else float(x)


# what planners turn most often


def _groups(kind: str) -> Callable[[Document, Scalar], None]:
    """All groups larger or smaller alike, to so many in all (largest remainder)."""

    def apply(document: Document, value: Scalar) -> None:
        groups = document.get(kind, [])
        total = sum(int(x.get("count", 0)) for x in groups)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0 or not total:
            detail = f"is to be a whole number of them, not {value}"
            raise ScenarioError([Flaw("wrong_value", kind, detail)])
        exact = [int(x.get("count", 0)) * value for x in groups]
        counts = [x // total for x in exact]
        largest = sorted(range(len(groups)), key=lambda n: -(exact[n] % total))
        for n in largest[: value - sum(counts)]:
            counts[n] += 1
        for group, count in zip(groups, counts, strict=True):
            group["count"] = count

    return apply


def _scaled(path: str, unit: int) -> Callable[[Document, Scalar], None]:
    def apply(document: Document, value: Scalar) -> None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        put(document, path, round(float(value) * unit) if is_number else value)

    return apply


def _straight(path: str) -> Callable[[Document, Scalar], None]:
    return lambda document, value: put(document, path, value)


def _shifts(document: Document, value: Scalar) -> None:
    for group in document.get("couriers", []):
        if isinstance(value, int | float):
            group["to_h"] = float(group.get("from_h", 0.0)) + value
        else:
            group["to_h"] = value


ALIASES = {
    "couriers": Alias("couriers in all; every group in proportion", _groups("couriers")),
    "stores": Alias("stores in all; every group in proportion", _groups("stores")),
    "orders": Alias("customers who come, on average (demand.orders)", _straight("demand.orders")),
    "promise_min": Alias(
        "no order is promised sooner, minutes (engine.promise_min_ms)",
        _scaled("engine.promise_min_ms", MINUTE),
    ),
    "promise_max": Alias(
        "no order is promised later, minutes (engine.promise_max_ms)",
        _scaled("engine.promise_max_ms", MINUTE),
    ),
    "batch_s": Alias(
        "between two planning rounds at least, seconds (engine.planning_interval_ms)",
        _scaled("engine.planning_interval_ms", SECOND),
    ),
    "release_s": Alias(
        "couriers are asked so long before they have to leave, seconds (engine.release_ahead_ms)",
        _scaled("engine.release_ahead_ms", SECOND),
    ),
    "shift_h": Alias("length of every shift, hours (couriers[*].to_h - from_h)", _shifts),
    "fee_minor": Alias(
        "delivery fee, minor units (engine.delivery_fee_minor)",
        _straight("engine.delivery_fee_minor"),
    ),
    "repositions": Alias(
        "whether idle couriers are sent where orders are expected (planner.repositions)",
        _straight("planner.repositions"),
    ),
    "holds": Alias(
        "whether trips wait for orders likely to share the ride (planner.holds)",
        _straight("planner.holds"),
    ),
    "moves_per_h": Alias(
        "orders that plans may give to another courier, an hour (planner.moves_per_h)",
        _straight("planner.moves_per_h"),
    ),
    "co2e_price": Alias(
        "shadow price of CO2e in plans, minor units per kg (planner.co2e_minor_per_kg)",
        _straight("planner.co2e_minor_per_kg"),
    ),
}
