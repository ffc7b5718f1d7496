"""OR-Tools routing: pickup-delivery pairs, hard windows, guided local search.

Its soft upper bounds would say what a promise is; with them it ends far behind (100 orders, 40
couriers, promise 40, 10 s: J 2,120 against 633 with hard windows in half the time).
"""

from importlib.metadata import version

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from task import NOBODY, Task, answer, cpu_deadline

GRACE = 3.0  # the library's own limit watches the wall; while it constructs, ours is not asked


def solve(task: Task) -> list[list[list[int]]]:
    """From nothing until the CPU seconds are spent, anew for each pass."""
    return task.passes(lambda until: _attempt(task, until))


def _attempt(task: Task, until: object) -> tuple[list[list[int]], list[int]]:
    n, vehicles = task.orders, len(task.vehicle_start)
    # A node per stop, then a start and an end per vehicle; an end at NOBODY is free to reach.
    place = [
        *task.pickup_place.tolist(),
        *task.dropoff_place.tolist(),
        *task.vehicle_start.tolist(),
        *task.vehicle_end.tolist(),
    ]
    starts, ends = list(range(2 * n, 2 * n + vehicles)), list(range(2 * n + vehicles, len(place)))
    manager = pywrapcp.RoutingIndexManager(len(place), vehicles, starts, ends)
    routing = pywrapcp.RoutingModel(manager)
    _add_travel(task, routing, place)
    _add_load(task, routing)
    _add_orders(task, manager, routing, until)
    routing.AddSearchMonitor(routing.solver().CustomLimit(cpu_deadline(task.seconds)))
    enums = routing_enums_pb2
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    search.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.time_limit.FromMilliseconds(int(task.wall_s * GRACE * 1_000))
    search.lns_time_limit.CopyFrom(search.time_limit)  # 0.1 s of wall may be too little to begin
    found = routing.SolveWithParameters(search)
    if found is None:
        return [[] for _ in range(vehicles)], list(range(n))
    routes = [_route(manager, routing, found, v) for v in range(vehicles)]
    served = {s for route in routes for s in route}
    return routes, [o for o in range(n) if o not in served]


def _add_travel(task: Task, routing: object, place: list[int]) -> None:
    reachable = np.array(place) != NOBODY
    row = np.where(reachable, place, 0)
    ride = task.travel()[np.ix_(row, row)] * (reachable[:, None] & reachable[None, :])
    service = np.zeros(len(place), np.int64)
    stops = 2 * task.orders
    service[:stops] = np.concatenate((task.pickup_service, task.dropoff_service)) * task.scale
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(ride.tolist()))
    routing.SetFixedCostOfAllVehicles(int(task.fixed_cost * task.scale))
    horizon = int(task.ticks(task.horizon))
    transit = routing.RegisterTransitMatrix((ride + service[:, None]).tolist())
    routing.AddDimension(transit, horizon, horizon, False, "time")


def _add_load(task: Task, routing: object) -> None:
    load = [*task.quantity.tolist(), *(-task.quantity).tolist()]
    load += [0] * (2 * len(task.vehicle_start))
    change = routing.RegisterUnaryTransitVector(load)
    capacity = [int(c) for c in task.vehicle_capacity]
    routing.AddDimensionWithVehicleCapacity(change, 0, capacity, True, "load")


def _add_orders(task: Task, manager: object, routing: object, until: object) -> None:
    time = routing.GetDimensionOrDie("time")
    ends = (task.pickup_from, task.pickup_until, task.dropoff_from, until)
    pickup_from, pickup_until, dropoff_from, dropoff_until = (task.ticks(x).tolist() for x in ends)
    for o in range(task.orders):
        pickup, dropoff = manager.NodeToIndex(o), manager.NodeToIndex(task.orders + o)
        routing.AddPickupAndDelivery(pickup, dropoff)
        routing.solver().Add(routing.VehicleVar(pickup) == routing.VehicleVar(dropoff))
        routing.solver().Add(time.CumulVar(pickup) <= time.CumulVar(dropoff))
        time.CumulVar(pickup).SetRange(pickup_from[o], pickup_until[o])
        time.CumulVar(dropoff).SetRange(dropoff_from[o], dropoff_until[o])
        if task.unserved_cost > 0:
            half = int(task.unserved_cost * task.scale / 2)
            routing.AddDisjunction([pickup], half)
            routing.AddDisjunction([dropoff], half)


def _route(manager: object, routing: object, found: object, vehicle: int) -> list[int]:
    stops, index = [], found.Value(routing.NextVar(routing.Start(vehicle)))
    while not routing.IsEnd(index):
        stops.append(manager.IndexToNode(index))
        index = found.Value(routing.NextVar(index))
    return stops


answer(version("ortools"), solve)
