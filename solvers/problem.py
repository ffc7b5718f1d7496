"""The live dispatch problem, said once: what every solver is given, and what it gives back.

Arrays only: no ids, no engine. N orders, C couriers, P places, D capacity dimensions.
Time is in seconds relative to the moment of planning (0.0 = now); the past is negative.

A *stop* is an int: `o` picks order o up, `N + o` drops it off. A *route* is the sequence of
stops a courier has still to make; an order on board has only its drop-off left.

An order is *committed* to a courier when it is on board, its pickup is pinned, or it is bound to
that courier and on the running route: it must stay on that route, and may be picked up after the
end of the shift. Pinned stops are facts: `single_store_trips` is not asked of them either. The
running plan may break a rule through orders that are not committed (a shift that became shorter,
a courier who fell behind); solvers take those off the route and place them anew.
"""

from typing import Protocol, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]


GRAINS = 64  # in a second


def grained(xy_s: Floats) -> Singles:
    """Places for a Problem: in grains of 16 ms, differences are exact in single precision, too."""
    singles: Singles = (np.rint(xy_s * GRAINS) / GRAINS).astype(np.float32)
    return singles


class Weights(Struct, frozen=True):
    """What one unit of each term costs. J, the objective, is the weighted sum of the terms."""

    lateness_per_s: float = 1.0  # x priority, past the order's promise
    freshness_per_s: float = 0.0  # from ready to the door
    travel_per_s: float = 1.0  # while riding
    courier_time_per_s: float = 0.0  # x courier_cost, from now to the end of the route
    co2e_per_g: float = 0.0
    disruption_per_stop: float = 0.0  # a published stop that moves to another courier
    unserved: float = 7200.0  # per order x priority, unless unserved_cost says otherwise
    ready_caution: float = 0.0  # 0 plans with the median ready time, 1 with its p90


class Rules(Struct, frozen=True):
    """What a plan may not do, beyond capacity and precedence."""

    single_store_trips: bool = False  # no pickup while carrying; one store per trip (MDRP)
    pickup_before_shift_end: bool = True  # hard; drop-offs may be later
    # Orders of one store picked up one after another are handed over together: each after the
    # first is ready at the later of the last departure and ready + its own service time.
    shared_pickup_service: bool = False


class Problem(Struct, frozen=True):
    """Invariants are checked by `solvers.validation.check_problem`, never by a kernel."""

    # places: travel time from i to j is table_s[i, j] if a table is given, otherwise the
    # Euclidean distance between xy_s rows, rounded up to a multiple of round_up_s if > 0.
    xy_s: Singles  # (P, 2) or (P, 4), coordinates in seconds of travel at speed 1, as `grained`
    table_s: Singles  # (P, P) seconds at speed 1, or (0, 0)
    round_up_s: float

    # couriers
    courier_place: Ints  # (C,) where the courier is next free
    courier_free_s: Floats  # (C,) when; the end of a started leg counts as not yet ridden
    courier_end_s: Floats  # (C,) end of shift, inf if open
    courier_capacity: Ints  # (C, D)
    courier_skills: NDArray[np.int64]  # (C,) bit set
    courier_speed: Floats  # (C,) travel time = leg / speed
    courier_cost: Floats  # (C,) per second of work
    courier_co2e: Floats  # (C,) grams per second of riding

    # orders
    pickup_place: Ints  # (N,)
    dropoff_place: Ints  # (N,)
    store: Ints  # (N,) same number = same store
    ready_s: Floats  # (N,) median of the ready time; a courier waits until then
    ready_p90_s: Floats  # (N,)
    due_s: Floats  # (N,) the promise
    pickup_service_s: Floats  # (N,)
    dropoff_service_s: Floats  # (N,) starts at arrival; lateness is judged at arrival
    quantity: Ints  # (N, D)
    priority: Floats  # (N,) multiplies lateness and unserved; 1.0 is usual
    skills: NDArray[np.int64]  # (N,) bits a courier must have
    group: Ints  # (N,) -1, or orders of one number go with one courier
    unserved_cost: Floats  # (N,) NaN: weights.unserved x priority
    on_board: Ints  # (N,) row of the courier who carries it, or -1
    bound_to: Ints  # (N,) row of the courier who must keep it, or -1 (on board implies it)

    # the running plan, in CSR: route c is route_stops[route_start[c]:route_start[c + 1]]
    route_stops: Ints
    route_start: Ints  # (C + 1,)
    pinned: Ints  # (C,) leading stops of the route that may not move (the started leg)

    weights: Weights
    rules: Rules

    @property
    def orders(self) -> int:
        return len(self.pickup_place)

    @property
    def couriers(self) -> int:
        return len(self.courier_place)


class Plan(Struct, frozen=True):
    """Routes in CSR, as in Problem; `unserved` orders are on none of them."""

    route_stops: Ints
    route_start: Ints
    unserved: Ints

    def route(self, courier: int) -> list[int]:
        """The stops of one courier, in order."""
        stops: list[int] = self.route_stops[
            self.route_start[courier] : self.route_start[courier + 1]
        ].tolist()
        return stops

    @classmethod
    def of(cls, routes: list[list[int]], unserved: list[int]) -> Self:
        """From a list of stops per courier."""
        start = np.zeros(len(routes) + 1, np.int32)
        np.cumsum([len(r) for r in routes], out=start[1:])
        stops = np.array([s for r in routes for s in r], np.int32)
        return cls(stops, start, np.array(unserved, np.int32))


class Budget(Struct, frozen=True):
    """When to stop: after so many iterations (repeatable), or at a deadline (live), or both.

    Both at 0: only the insertion of what is unplanned. The answer is a legal plan anyway.
    """

    iterations: int | None = None
    seconds: float | None = None
    seed: int = 1


class Solver(Protocol):
    """Pure; safe to run in another thread. Never worse than the running plan."""

    def __call__(self, problem: Problem, budget: Budget) -> Plan: ...
