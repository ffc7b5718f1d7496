"""Is this solution feasible? Written from the problem alone, without looking at the solver."""

from collections import Counter

from msgspec import Struct

from solvers.pdptw.instance import Instance
from solvers.pdptw.solution import Solution

TOLERANCE = 1e-6  # in the unit of the instance, as best-known solutions are verified elsewhere


class Verdict(Struct, frozen=True):
    """What the checker found. Without errors the solution is feasible."""

    vehicles: int
    distance: float
    errors: tuple[str, ...]

    @property
    def feasible(self) -> bool:
        return not self.errors


def check(instance: Instance, solution: Solution) -> Verdict:
    """Drive every route in plain Python and count what was visited.

    Errors: late arrivals, overload, a delivery before its pickup or on another route, nodes
    visited twice, never or unknown, more vehicles than a depot has.
    """
    errors: list[str] = []
    partner = dict(zip(instance.pickup.tolist(), instance.delivery.tolist(), strict=True))
    visits: Counter[int] = Counter()
    total = 0.0
    known = set(partner) | set(partner.values())
    for k, (depot, route) in enumerate(zip(solution.depots, solution.routes, strict=True), 1):
        unknown = [node for node in route if node not in known]
        if unknown:
            errors.append(f"route {k}: node {unknown[0]} is not a pickup or a delivery")
            continue
        visits.update(route)
        total += _drive(instance, k, depot, route, errors)
        errors += _order(k, route, partner)
    for node in sorted(known):
        if visits[node] != 1:
            errors.append(f"node {node} is visited {visits[node]} times")
    used = Counter(solution.depots)
    available = dict(zip(instance.depots.tolist(), instance.vehicles.tolist(), strict=True))
    for depot, vehicles in sorted(used.items()):
        if vehicles > available.get(depot, 0):
            errors.append(
                f"depot {depot}: {vehicles} vehicles, there are {available.get(depot, 0)}"
            )
    return Verdict(vehicles=len(solution.routes), distance=total, errors=tuple(errors))


def _drive(
    instance: Instance, k: int, depot: int, route: tuple[int, ...], errors: list[str]
) -> float:
    """The length of the route; lateness and overload are added to the errors."""
    time = float(instance.ready[depot])
    load, length, before = 0, 0.0, depot
    for node in route:
        leg = float(instance.travel[before, node])
        length += leg
        time = max(time + leg, float(instance.ready[node]))
        if time > instance.due[node] + TOLERANCE:
            late = time - float(instance.due[node])
            errors.append(f"route {k}: {late:.6f} late at node {node}")
        load += int(instance.quantity[node])
        if not 0 <= load <= instance.capacity:
            errors.append(f"route {k}: load {load} on leaving node {node}")
        time += float(instance.service[node])
        before = node
    leg = float(instance.travel[before, depot])
    if time + leg > instance.due[depot] + TOLERANCE:
        late = time + leg - float(instance.due[depot])
        errors.append(f"route {k}: {late:.6f} late at depot {depot}")
    return length + leg


def _order(k: int, route: tuple[int, ...], partner: dict[int, int]) -> list[str]:
    """Errors of precedence and pairing in one route."""
    errors = []
    position = {node: m for m, node in enumerate(route)}
    for p, d in partner.items():
        if (p in position) != (d in position):
            errors.append(f"route {k}: only one of {p} -> {d} is on it")
        elif p in position and position[p] > position[d]:
            errors.append(f"route {k}: {d} is visited before its pickup {p}")
    return errors
