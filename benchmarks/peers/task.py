"""A routing task as every peer is given it: floats and rows, no peer's words. numpy only.

Runs in the environment of each peer, which does not have ours: it must not import the project.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

# A promise is soft and most peers know hard windows only. They are asked again, each time with
# so much more for the orders that the last pass left out.
EXTRA_S = (0.0, 1_200.0, 14_400.0)
NOBODY = -1


class Task(NamedTuple):
    """N orders and V vehicles on P places; times and distances are the same unit.

    A stop `o` picks order o up, `N + o` drops it off. With an `unserved_cost` orders may be left
    out, and the ends of drop-off windows are promises: soft, see `passes`.
    """

    seconds: float  # of CPU, for each pass
    wall_s: float  # the same as wall time at the present load, for peers that watch the wall
    seed: int
    effort: int  # the peer's own level of exploration, or -1
    scale: int  # peers count in integers: units are multiplied by this, and rounded up
    xy: Any  # (P, 2)
    pickup_place: Any
    dropoff_place: Any
    quantity: Any
    pickup_from: Any
    pickup_until: Any
    dropoff_from: Any
    dropoff_until: Any
    pickup_service: Any
    dropoff_service: Any
    vehicle_start: Any
    vehicle_end: Any  # NOBODY: where the last stop is
    vehicle_capacity: Any
    horizon: float
    fixed_cost: float  # of each vehicle used, in the unit of distance
    unserved_cost: float  # 0: every order must be served
    running: Any = ()  # a plan to start from: the stops of each vehicle, and -1 after them

    @property
    def orders(self) -> int:
        return len(self.pickup_place)

    def routes(self) -> list[list[int]]:
        """The running plan, a list of stops for each vehicle; none if there is no plan."""
        found: list[list[int]] = [[]] if len(self.running) else []
        for stop in self.running:
            if stop < 0:
                found.append([])
            else:
                found[-1].append(int(stop))
        return found[:-1]

    def travel(self) -> Any:
        """(P, P) integers, never below the true distance."""
        x, y = self.xy[:, 0], self.xy[:, 1]
        exact = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
        return np.ceil(exact * self.scale - 1e-6).astype(np.int64)

    def ticks(self, values: Any) -> Any:
        """Times as integers, rounded down."""
        return np.floor(np.minimum(values, self.horizon) * self.scale + 1e-6).astype(np.int64)

    def passes(self, left_out: Callable[[Any], Any]) -> list[list[list[int]]]:
        """Call `left_out` with the ends of drop-off windows until it leaves out nothing.

        It gives (routes, orders left out); the answer has the routes of each pass.
        """
        until = np.array(self.dropoff_until, float)
        found = []
        for extra in EXTRA_S[1:] if self.unserved_cost > 0 else (0.0,):
            routes, missing = left_out(until)
            found.append(routes)
            if not missing:
                return found
            until[missing] += extra
        if self.unserved_cost > 0:
            found.append(left_out(until)[0])
        return found


def load(text: str) -> Task:
    """A task from JSON; lists become arrays."""
    fields = json.loads(text)
    arrays = {k: np.array(v) if isinstance(v, list) else v for k, v in fields.items()}
    return Task(**arrays)


def dump(task: Task) -> str:
    """A task as JSON."""
    return json.dumps({k: getattr(v, "tolist", lambda v=v: v)() for k, v in task._asdict().items()})


def answer(version: str, solve: Callable[[Task], list[list[list[int]]]]) -> None:
    """Read the task at stdin, solve it, and write routes of each pass and CPU seconds to stdout."""
    task = load(sys.stdin.read())
    begun, begun_wall = time.process_time(), time.perf_counter()
    candidates = solve(task)
    result = {
        "version": version,
        "cpu_s": time.process_time() - begun,
        "wall_s": time.perf_counter() - begun_wall,
        "candidates": candidates,
    }
    sys.stdout.write("\n" + json.dumps(result) + "\n")


def cpu_deadline(seconds: float) -> Callable[..., bool]:
    """Tells whether so many CPU seconds of this process have passed since now."""
    end = time.process_time() + seconds
    return lambda *_: time.process_time() >= end
