"""Li & Lim instances as tasks for peers, solved by ours, and every solution judged."""

import time
from pathlib import Path
from typing import Any, NamedTuple

from peers.environments import Answer
from peers.referees import referee
from peers.task import Task

from solvers.pdptw import Budget, Instance, Solution, check, read, solve

TICKS_PER_UNIT = 1_000


class Case(NamedTuple):
    """One instance, its coordinates, and the best known (vehicles, distance)."""

    name: str
    path: Path
    instance: Instance
    known: tuple[int, float]

    def task(self, seconds: float, seed: int) -> Task:
        """Fewest vehicles first, by a fixed cost above any detour."""
        i = self.instance
        rows = [line.split() for line in self.path.read_text().splitlines()[1:] if line.strip()]
        vehicles = int(i.vehicles[0])
        return Task(
            seconds=seconds,
            wall_s=seconds,
            seed=seed,
            effort=-1,
            scale=TICKS_PER_UNIT,
            xy=[[float(row[1]), float(row[2])] for row in rows],
            pickup_place=i.pickup,
            dropoff_place=i.delivery,
            quantity=i.quantity[i.pickup],
            pickup_from=i.ready[i.pickup],
            pickup_until=i.due[i.pickup],
            dropoff_from=i.ready[i.delivery],
            dropoff_until=i.due[i.delivery],
            pickup_service=i.service[i.pickup],
            dropoff_service=i.service[i.delivery],
            vehicle_start=[0] * vehicles,
            vehicle_end=[0] * vehicles,
            vehicle_capacity=[i.capacity] * vehicles,
            horizon=float(i.due[0]),
            fixed_cost=20.0 * float(i.travel.max()),
            unserved_cost=0.0,
        )

    def ours(self, seconds: float, seed: int) -> tuple[Answer, Solution]:
        """Our solver, its kernels compiled before; CPU seconds of one thread."""
        begun = time.process_time()
        solution = solve(self.instance, Budget(seconds=seconds, seed=seed))
        return Answer([], "", time.process_time() - begun), solution

    def solution(self, answer: Answer) -> Solution:
        """A peer's routes in our form."""
        i, n = self.instance, len(self.instance.pickup)
        node = [*i.pickup.tolist(), *i.delivery.tolist()]
        routes = answer.candidates[0] if answer.candidates else []
        used = tuple(tuple(node[s] for s in route) for route in routes if route)
        assert all(0 <= s < 2 * n for route in routes for s in route)
        return Solution(routes=used, depots=(0,) * len(used))

    def judge(self, solution: Solution, folder: Path | None) -> dict[str, Any]:
        """Vehicles and distance if both checkers agree that it is feasible."""
        verdict = check(self.instance, solution)
        errors = list(verdict.errors)
        if folder is not None:
            judged = referee(folder, "pdptw_lilim").read(str(self.path))
            other = referee(folder, "pdptw_check").check(judged, solution.routes)
            assert other["ok"] == verdict.feasible, (self.name, other["errors"], errors)
            assert abs(other["distance"] - verdict.distance) < 1e-6 or not verdict.feasible
        if not solution.routes:
            errors = ["no solution"]
        return {
            "vehicles": verdict.vehicles,
            "distance": verdict.distance,
            "ok": not errors,
            "note": errors[0] if errors else "",
        }


def cases(data: Path, names: list[str]) -> list[Case]:
    """DATA holds `li_lim/*.txt` and `best_known.csv`."""
    from pdptw_table import best_known

    known = best_known(data / "best_known.csv")
    paths = [data / "li_lim" / f"{name}.txt" for name in names]
    return [Case(path.stem, path, read(path), known[path.stem]) for path in paths]
