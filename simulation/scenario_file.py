"""Reading a scenario, and refusing what is misspelled or impossible before the first event.

Everything that is wrong is said at once, each flaw with a stable code and the key it is about.
"""

import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from engine.values import MINUTE
from simulation.scenario import Scenario
from solvers.portfolio import SOLVERS

FlawCode = Literal[
    "unreadable",
    "not_toml",
    "unknown_key",
    "missing_key",
    "wrong_value",
    "no_demand",
    "no_product",
    "no_store",
    "no_courier",
    "duplicate_id",
    "unknown_category",
    "negative_shift",
    "nobody_working",
    "courier_too_small",
    "promise_too_short",
    "unknown_policy",
    "thinking_too_long",
]


class Flaw(Struct, frozen=True):
    """One thing that is wrong: a stable code, where, and what to do about it."""

    code: FlawCode
    key: str
    detail: str

    def __str__(self) -> str:
        return f"{self.key or 'scenario'}: {self.detail} ({self.code})"


class ScenarioError(ValueError):
    """The scenario cannot be played. `flaws` has at least one element."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(map(str, flaws)))
        self.flaws = flaws


def load(path: Path) -> Scenario:
    """The scenario in a TOML file. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not text in UTF-8"
        raise ScenarioError([Flaw("unreadable", str(path), reason)]) from error
    return parse(text)


def parse(text: str) -> Scenario:
    """The scenario in a TOML text. Raises ScenarioError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([Flaw("not_toml", "", str(error))]) from error
    if flaws := list(_unknown_keys(data, Scenario, "")):
        raise ScenarioError(flaws)
    try:
        scenario = msgspec.convert(data, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError([_flaw_of(str(error))]) from error
    check(scenario)
    return scenario


def check(scenario: Scenario) -> None:
    """Whether this could be a day anywhere. Raises ScenarioError with all that speaks against."""
    checks = (_clock, _goods, _kitchens, _fleet, _promises, _planning)
    if flaws := [flaw for one in checks for flaw in one(scenario)]:
        raise ScenarioError(flaws)


def _unknown_keys(data: Any, kind: Any, path: str) -> Iterator[Flaw]:
    """Keys that no table of that kind has, each with the nearest that it has."""
    if get_origin(kind) is list and isinstance(data, list):
        for n, item in enumerate(data):
            yield from _unknown_keys(item, get_args(kind)[0], f"{path}[{n}]")
    if not (isinstance(kind, type) and issubclass(kind, Struct) and isinstance(data, dict)):
        return
    known = get_type_hints(kind)
    known = {key: known[key] for key in kind.__struct_fields__}
    for key, value in data.items():
        place = f"{path}.{key}" if path else key
        if key in known:
            yield from _unknown_keys(value, known[key], place)
        else:
            near = get_close_matches(key, known, n=1, cutoff=0.0)
            yield Flaw("unknown_key", place, f'no such key; did you mean "{near[0]}"?')


def _flaw_of(message: str) -> Flaw:
    """From msgspec's words: "Expected ... - at `$.demand.orders`"."""
    detail, _, path = message.partition(" - at `$")
    key = path.rstrip("`").lstrip(".")
    if detail.startswith("Object missing required field"):
        missing = detail.split("`")[1]
        return Flaw("missing_key", f"{key}.{missing}" if key else missing, "is needed")
    return Flaw("wrong_value", key, detail[0].lower() + detail[1:])


# what no city could be


def _clock(s: Scenario) -> Iterator[Flaw]:
    if s.starts_at.tzinfo is None:
        detail = "says no time zone, as in 2025-03-07T11:00:00+08:00"
        yield Flaw("wrong_value", "starts_at", detail)
    elif s.starts_ms < 0:
        yield Flaw("wrong_value", "starts_at", "is before 1970")
    if not any(s.demand.profile):
        yield Flaw("no_demand", "demand.profile", "all zero: nobody ever comes")


def _goods(s: Scenario) -> Iterator[Flaw]:
    if not s.products:
        yield Flaw("no_product", "products", "there is nothing to sell")
    seen: set[str] = set()
    for n, product in enumerate(s.products):
        if product.id in seen:
            yield Flaw("duplicate_id", f"products[{n}].id", f'"{product.id}" is there twice')
        seen.add(product.id)
        if product.load > s.engine.load_max:
            detail = f"{product.load} is more than engine.load_max, {s.engine.load_max}"
            yield Flaw("wrong_value", f"products[{n}].load", detail)


def _kitchens(s: Scenario) -> Iterator[Flaw]:
    if not sum(group.count for group in s.stores):
        yield Flaw("no_store", "stores", "there is no store")
    categories = {product.category for product in s.products}
    for n, group in enumerate(s.stores):
        for category in group.sells:
            if category not in categories:
                yield Flaw(
                    "unknown_category",
                    f"stores[{n}].sells",
                    f'no product is in "{category}"{_nearest(category, categories)}',
                )


def _fleet(s: Scenario) -> Iterator[Flaw]:
    if not sum(group.count for group in s.couriers):
        yield Flaw("no_courier", "couriers", "there is no courier")
        return
    for n, group in enumerate(s.couriers):
        if group.to_h <= group.from_h:
            detail = f"the shift ends at {group.to_h} h and starts at {group.from_h} h"
            yield Flaw("negative_shift", f"couriers[{n}].to_h", detail)
        elif group.stagger_min / 60 >= group.to_h - group.from_h:
            detail = "the latest would start after the end of the shift"
            yield Flaw("negative_shift", f"couriers[{n}].stagger_min", detail)
    if (largest := max(x.capacity for x in s.couriers if x.count)) < s.engine.load_max:
        detail = f"nobody can carry an order of engine.load_max = {s.engine.load_max}"
        yield Flaw("courier_too_small", "couriers.capacity", f"at most {largest}: {detail}")
    yield from _gaps(s)


def _gaps(s: Scenario) -> Iterator[Flaw]:
    """Hours in which customers come and no courier is planned to work."""
    covered = 0.0
    for group in sorted(s.couriers, key=lambda x: x.from_h):
        if group.count and group.from_h <= covered:
            covered = max(covered, group.to_h)
    if covered < s.hours:
        detail = f"no courier is on shift {covered:g} h after the start; customers come until"
        yield Flaw("nobody_working", "couriers", f"{detail} {s.hours:g} h")


def _promises(s: Scenario) -> Iterator[Flaw]:
    """A promise is at least the handling twice and the buffer, however near the customer."""
    settings = s.engine
    least_ms = 2 * settings.handling_ms + settings.promise_buffer_ms
    if settings.promise_max_ms < least_ms:
        detail = f"no order can be promised in less than {least_ms / MINUTE:g} min"
        yield Flaw("promise_too_short", "engine.promise_max_ms", detail)
    if settings.promise_min_ms > settings.promise_max_ms:
        detail = "is above engine.promise_max_ms"
        yield Flaw("promise_too_short", "engine.promise_min_ms", detail)


def _planning(s: Scenario) -> Iterator[Flaw]:
    policy = s.planner.policy
    if policy not in SOLVERS:
        detail = f'"{policy}" is not in the portfolio{_nearest(policy, SOLVERS)}'
        yield Flaw("unknown_policy", "planner.policy", detail)
    timeout_ms = s.engine.planning_timeout_ms
    if s.planner.thinking_ms >= timeout_ms:
        detail = f"every round would be closed at engine.planning_timeout_ms = {timeout_ms}"
        yield Flaw("thinking_too_long", "planner.thinking_ms", detail)


def _nearest(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), n=1, cutoff=0.0)
    return f'; did you mean "{near[0]}"?' if near else ""
