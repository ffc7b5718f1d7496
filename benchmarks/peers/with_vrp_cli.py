"""vrp-cli through its Python binding: pragmatic JSON, hard windows, one thread."""

import json
from datetime import UTC, datetime
from importlib.metadata import version

import vrp_cli
from task import NOBODY, Task, answer


def solve(task: Task) -> list[list[list[int]]]:
    """Its time limit is wall time in whole seconds, and for each pass."""
    travel = task.travel().ravel().tolist()
    matrix = json.dumps({"profile": "car", "travelTimes": travel, "distances": travel})
    config = json.dumps(
        {
            "termination": {"maxTime": max(1, round(task.wall_s))},
            "environment": {"parallelism": {"numThreadPools": 1, "threadsPerPool": 1}},
            "telemetry": {"progress": {"enabled": False}},
        }
    )

    def attempt(until: object) -> tuple[list[list[int]], list[int]]:
        problem = {"plan": {"jobs": _jobs(task, until)}, "fleet": _fleet(task)}
        objectives = [
            [{"type": "minimize-unassigned"}],
            [{"type": "minimize-tours"}],
            [{"type": "minimize-cost"}],
        ]
        if task.fixed_cost == 0:
            del objectives[1]
        problem["objectives"] = objectives
        found = vrp_cli.solve_pragmatic(json.dumps(problem), [matrix], config)
        return _routes(task, json.loads(found))

    return task.passes(attempt)


def _time(ticks: int) -> str:
    return datetime.fromtimestamp(ticks, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _jobs(task: Task, until: object) -> list[dict]:
    ends = (task.pickup_from, task.pickup_until, task.dropoff_from, until)
    pickup_from, pickup_until, dropoff_from, dropoff_until = (task.ticks(x).tolist() for x in ends)

    def side(o: int, place: object, service: object, begin: list, end: list) -> list[dict]:
        where = {
            "location": {"index": int(place[o])},
            "duration": float(service[o] * task.scale),
            "times": [[_time(begin[o]), _time(end[o])]],
        }
        return [{"places": [where], "demand": [int(task.quantity[o])]}]

    return [
        {
            "id": str(o),
            "pickups": side(o, task.pickup_place, task.pickup_service, pickup_from, pickup_until),
            "deliveries": side(
                o, task.dropoff_place, task.dropoff_service, dropoff_from, dropoff_until
            ),
        }
        for o in range(task.orders)
    ]


def _fleet(task: Task) -> dict:
    vehicles = []
    for v in range(len(task.vehicle_start)):
        begin = {"earliest": _time(0), "location": {"index": int(task.vehicle_start[v])}}
        shift = {"start": begin}
        if task.vehicle_end[v] != NOBODY:
            end = {"index": int(task.vehicle_end[v])}
            shift["end"] = {"latest": _time(int(task.ticks(task.horizon))), "location": end}
        vehicles.append(
            {
                "typeId": str(v),
                "vehicleIds": [str(v)],
                "profile": {"matrix": "car"},
                "costs": {"fixed": task.fixed_cost * task.scale, "distance": 1.0, "time": 0.0},
                "shifts": [shift],
                "capacity": [int(task.vehicle_capacity[v])],
            }
        )
    return {"vehicles": vehicles, "profiles": [{"name": "car"}]}


def _routes(task: Task, found: dict) -> tuple[list[list[int]], list[int]]:
    routes: list[list[int]] = [[] for _ in task.vehicle_start]
    for tour in found["tours"]:
        stops = routes[int(tour["vehicleId"])]
        for stop in tour["stops"]:
            for activity in stop["activities"]:
                if activity["type"] == "pickup":
                    stops.append(int(activity["jobId"]))
                elif activity["type"] == "delivery":
                    stops.append(task.orders + int(activity["jobId"]))
    return routes, [int(job["jobId"]) for job in found.get("unassigned", [])]


answer(version("vrp-cli"), solve)
