"""PyVRP: shipments with hard windows, prizes for those that may be left out."""

from importlib.metadata import version

import numpy as np
import pyvrp
from task import NOBODY, Task, answer, cpu_deadline


def solve(task: Task) -> list[list[list[int]]]:
    """Iterated local search until the CPU seconds are spent, anew for each pass."""
    travel = _with_nowhere(task.travel())

    def attempt(until: object) -> tuple[list[list[int]], list[int]]:
        depots, types, rows = _fleet(task, nowhere=len(travel) - 1)
        data = pyvrp.ProblemData(
            locations=[pyvrp.Location(float(x), float(y)) for x, y in task.xy.tolist()]
            + [pyvrp.Location(0.0, 0.0)],
            clients=[],
            depots=depots,
            vehicle_types=types,
            distance_matrices=[travel],
            duration_matrices=[travel],
            shipments=_shipments(task, until),
        )
        found = pyvrp.solve(
            data,
            stop=cpu_deadline(task.seconds),
            seed=task.seed,
            collect_stats=False,
            display=False,
        )
        return _routes(task, found.best, rows)

    return task.passes(attempt)


def _with_nowhere(travel: np.ndarray) -> np.ndarray:
    """One more place, the end of open routes, free to reach from everywhere."""
    return np.pad(travel, ((0, 1), (0, 1)))


def _fleet(task: Task, nowhere: int) -> tuple[list, list, list[list[int]]]:
    """Depots, vehicle types (equal vehicles are one type), and the vehicles of each type."""
    places = [*dict.fromkeys([*task.vehicle_start.tolist(), *task.vehicle_end.tolist()])]
    depot_of = {place: k for k, place in enumerate(places)}
    depots = [pyvrp.Depot(nowhere if place == NOBODY else place) for place in places]
    kinds: dict[tuple[int, int, int], list[int]] = {}
    for v, kind in enumerate(
        zip(
            task.vehicle_start.tolist(),
            task.vehicle_end.tolist(),
            task.vehicle_capacity.tolist(),
            strict=True,
        )
    ):
        kinds.setdefault(kind, []).append(v)
    types = [
        pyvrp.VehicleType(
            num_available=len(vehicles),
            capacity=[capacity],
            start_depot=depot_of[start],
            end_depot=depot_of[end],
            fixed_cost=int(task.fixed_cost * task.scale),
            tw_late=int(task.ticks(task.horizon)),
        )
        for (start, end, capacity), vehicles in kinds.items()
    ]
    return depots, types, list(kinds.values())


def _shipments(task: Task, until: object) -> list:
    ends = (task.pickup_from, task.pickup_until, task.dropoff_from, until)
    pickup_from, pickup_until, dropoff_from, dropoff_until = (task.ticks(x).tolist() for x in ends)
    return [
        pyvrp.Shipment(
            int(task.pickup_place[o]),
            int(task.dropoff_place[o]),
            pickup_tw_early=pickup_from[o],
            pickup_tw_late=pickup_until[o],
            pickup_service_duration=int(task.pickup_service[o] * task.scale),
            delivery_tw_early=dropoff_from[o],
            delivery_tw_late=dropoff_until[o],
            delivery_service_duration=int(task.dropoff_service[o] * task.scale),
            amount=[int(task.quantity[o])],
            prize=int(task.unserved_cost * task.scale),
            required=task.unserved_cost == 0,
        )
        for o in range(task.orders)
    ]


def _routes(task: Task, best: pyvrp.Solution, rows: list) -> tuple[list[list[int]], list[int]]:
    routes: list[list[int]] = [[] for _ in task.vehicle_start]
    spare = [list(vehicles) for vehicles in rows]
    served = set()
    if best.is_feasible() or task.unserved_cost > 0:
        for route in best.routes():
            stops = routes[spare[route.vehicle_type()].pop(0)]
            for visit in route.schedule():
                if visit.is_pickup():
                    stops.append(visit.idx)
                    served.add(visit.idx)
                elif visit.is_delivery():
                    stops.append(task.orders + visit.idx)
    return routes, [o for o in range(task.orders) if o not in served]


answer(version("pyvrp"), solve)
