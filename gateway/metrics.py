"""Counters of the gateway, and their text for Prometheus (exposition format 0.0.4)."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict


class Counters(Struct):
    """Since the process started."""

    connections: int = 0
    turned_away: int = 0
    frames_in: int = 0
    malformed: int = 0
    throttled: int = 0
    slow_consumers: int = 0
    fixes: int = 0
    fixes_refused: int = 0
    http_requests: int = 0


class Metric(NamedTuple):
    """`kind` is counter or gauge."""

    name: str
    kind: str
    help: str
    value: float


def of_counters(counters: Counters) -> list[Metric]:
    return [
        Metric(f"o2o_gateway_{name}_total", "counter", f"{name.replace('_', ' ')}, in all", value)
        for name, value in asdict(counters).items()
    ]


def exposition(metrics: Iterable[Metric]) -> str:
    lines = []
    for name, kind, help_, value in metrics:
        lines += [f"# HELP {name} {help_}", f"# TYPE {name} {kind}", f"{name} {value:g}"]
    return "\n".join(lines) + "\n"
