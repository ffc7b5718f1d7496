"""Counters of the gateway, and their text for Prometheus (exposition format 0.0.4)."""

from collections.abc import Iterable, Mapping
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
    trail_failures: int = 0
    http_requests: int = 0


class Metric(NamedTuple):
    """`kind` is counter or gauge. Several of one name differ in their labels."""

    name: str
    kind: str
    help: str
    value: float
    labels: dict[str, str] = {}

    @property
    def sample(self) -> str:
        said = ",".join(f'{k}="{x}"' for k, x in self.labels.items())
        return (
            f"{self.name}{{{said}}} {self.value:.15g}" if said else f"{self.name} {self.value:.15g}"
        )


def gauges(told: Mapping[str, tuple[str, float]]) -> list[Metric]:
    """Name -> what it is, and how it stands."""
    return [Metric(name, "gauge", text, value) for name, (text, value) in told.items()]


def of_counters(counters: Counters) -> list[Metric]:
    return [
        Metric(f"o2o_gateway_{name}_total", "counter", f"{name.replace('_', ' ')}, in all", value)
        for name, value in asdict(counters).items()
    ]


def exposition(metrics: Iterable[Metric]) -> str:
    """Samples of one name stand together, below what is said of it once."""
    by_name: dict[str, list[Metric]] = {}
    for metric in metrics:
        by_name.setdefault(metric.name, []).append(metric)
    lines = []
    for name, same in by_name.items():
        lines += [f"# HELP {name} {same[0].help}", f"# TYPE {name} {same[0].kind}"]
        lines += [x.sample for x in same]
    return "\n".join(lines) + "\n"
