"""Routes found, and the SINTEF text form they are exchanged in."""

import re
from pathlib import Path

import numpy as np
from msgspec import Struct

from solvers.pdptw.instance import Instance

_ROUTE = re.compile(r"\s*Route\s*#?\s*(\d+)\s*:\s*(.*)", re.IGNORECASE)


class SolutionFileError(ValueError):
    """A line of a solution file is not a route."""


class Solution(Struct, frozen=True):
    """Routes as nodes in order of visit, without the depots they start and end at."""

    routes: tuple[tuple[int, ...], ...]
    depots: tuple[int, ...]  # of each route
    unserved: tuple[int, ...] = ()  # pickups of requests for which the vehicles did not suffice
    iterations: int = 0  # of all threads
    cpu_s: float = 0.0  # of the busiest thread

    @property
    def vehicles(self) -> int:
        return len(self.routes)


def distance(instance: Instance, solution: Solution) -> float:
    """Total travel, in the unit of the instance."""
    total = 0.0
    for depot, route in zip(solution.depots, solution.routes, strict=True):
        stops = np.array([depot, *route, depot])
        total += float(instance.travel[stops[:-1], stops[1:]].sum())
    return total


def write_solution(path: str | Path, instance: Instance, solution: Solution) -> None:
    """Write `Route k : i j ...`, one line a route, under a header that names the instance.

    With several depots a route is written with its depot at both ends.
    """
    lines = [
        f"Instance name : {instance.name}",
        f"Vehicles : {solution.vehicles}",
        f"Distance : {distance(instance, solution):.2f}",
        "Solution",
    ]
    several = len(instance.depots) > 1
    for k, (depot, route) in enumerate(zip(solution.depots, solution.routes, strict=True), 1):
        stops = [depot, *route, depot] if several else route
        lines.append(f"Route {k} : " + " ".join(map(str, stops)))
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_solution(path: str | Path, instance: Instance) -> Solution:
    """Read routes in SINTEF form; depots at the ends are optional if there is one depot.

    Raises SolutionFileError. Whether the routes are feasible is a question for `check`.
    """
    routes, starts = [], []
    depots = set(instance.depots.tolist())
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        match = _ROUTE.match(line)
        if match is None:
            continue
        try:
            stops = [int(word) for word in match[2].split()]
        except ValueError:
            raise SolutionFileError(f"{path}:{number}: a stop is not an integer") from None
        start = stops[0] if stops and stops[0] in depots else int(instance.depots[0])
        routes.append(tuple(stop for stop in stops if stop not in depots))
        starts.append(start)
    if not routes:
        raise SolutionFileError(f"{path}: no line of the form 'Route 1 : 3 4 ...'")
    return Solution(routes=tuple(routes), depots=tuple(starts))
