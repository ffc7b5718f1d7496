"""VROOM through pyvroom: hard windows, fixed vehicle costs, an exploration level."""

from datetime import timedelta
from importlib.metadata import version

import vroom
from task import NOBODY, Task, answer


def solve(task: Task) -> list[list[list[int]]]:
    """It converges by itself; an exploration of 5 is stopped by the wall, it knows no CPU time."""
    travel = task.travel()
    n = task.orders

    def attempt(until: object) -> tuple[list[list[int]], list[int]]:
        problem = vroom.Input()
        problem.set_durations_matrix("car", travel)
        window, running = _windows(task, until), task.routes()
        for v in range(len(task.vehicle_start)):
            end = int(task.vehicle_end[v])
            problem.add_vehicle(
                vroom.Vehicle(
                    v,
                    start=int(task.vehicle_start[v]),
                    end=None if end == NOBODY else end,
                    capacity=[int(task.vehicle_capacity[v])],
                    time_window=vroom.TimeWindow(0, int(task.ticks(task.horizon))),
                    costs=vroom.VehicleCosts(fixed=int(task.fixed_cost * task.scale)),
                    steps=_steps(running[v], n) if running else (),
                )
            )
        for o in range(n):
            problem.add_job(_shipment(task, o, window))
        limit = timedelta(seconds=task.wall_s) if task.effort >= 5 else None
        found = problem.solve(exploration_level=task.effort, nb_threads=1, timeout=limit)
        routes: list[list[int]] = [[] for _ in task.vehicle_start]
        frame = found.routes
        for vehicle, kind, name in zip(
            frame["vehicle_id"], frame["type"].astype(str), frame["id"], strict=True
        ):
            if kind in ("pickup", "delivery"):
                routes[vehicle].append(int(name) + (n if kind == "delivery" else 0))
        served = {s for route in routes for s in route}
        return routes, [o for o in range(n) if o not in served]

    return task.passes(attempt)


def _steps(route: list[int], n: int) -> list[vroom.VehicleStep]:
    inner = [
        vroom.VehicleStepPickup(s) if s < n else vroom.VehicleStepDelivery(s - n) for s in route
    ]
    return [vroom.VehicleStepStart(), *inner, vroom.VehicleStepEnd()] if inner else []


def _windows(task: Task, until: object) -> list[list[int]]:
    ends = (task.pickup_from, task.pickup_until, task.dropoff_from, until)
    return [task.ticks(x).tolist() for x in ends]


def _shipment(task: Task, o: int, window: list[list[int]]) -> vroom.Shipment:
    sides = (
        (task.pickup_place, task.pickup_service, window[0], window[1]),
        (task.dropoff_place, task.dropoff_service, window[2], window[3]),
    )
    pickup, delivery = (
        vroom.ShipmentStep(
            o,
            location=int(place[o]),
            default_service=int(service[o] * task.scale),
            time_windows=[vroom.TimeWindow(begin[o], end[o])],
        )
        for place, service, begin, end in sides
    )
    return vroom.Shipment(pickup, delivery, amount=vroom.Amount([int(task.quantity[o])]))


answer(version("pyvroom"), solve)
