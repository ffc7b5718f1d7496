"""One minute's question and answer: the best trips for what is known, and which must start now."""

from solvers.meals.day import Day
from solvers.meals.improvement import improve
from solvers.meals.schedule import leg_s
from solvers.meals.trips import trips_of
from solvers.problem import Budget

Routes = list[list[int]]  # per courier, coded stops as in solvers.meals.schedule
HOT_S, COLD_S = 60.0, 5.0  # annealing temperatures, in seconds of click-to-door
ITERATIONS = 300


def plan_trips(day: Day, running: Routes, budget: Budget) -> Routes:
    """The running plan, completed and improved. Orders told to a courier stay with him.

    `budget.iterations` of ruin and recreate (None: 300); a day's minutes need no deadline. An
    order that nobody can take over before the end of a shift is on no route.
    """
    trips = trips_of(day, running, budget.seed)
    iterations = ITERATIONS if budget.iterations is None else budget.iterations
    improve(day, trips, iterations, HOT_S, COLD_S)
    return [trips.routes[c, :n].tolist() for c, n in enumerate(trips.length)]


def first_trip(route: list[int]) -> list[int]:
    """The orders of the trip a route begins with."""
    orders: list[int] = []
    for stop in route:
        if stop & 1 and orders:
            break
        orders.append(stop >> 1)
    return orders


def must_tell(day: Day, c: int, orders: list[int], round_s: float) -> bool:
    """Whether waiting one more round would make the trip that begins with `orders` late.

    Until then it costs nothing to keep silent: a better plan may come. To a courier who is on the
    way, the final list is told before the pickup of what he was told already.
    """
    rates = day.rates
    if day.heading[c] >= 0:
        told = max(float(day.ready_s[o]) for o in orders if day.holder[o] == c)
        pickup = max(told, float(day.arrival_s[c]) + rates.pickup_half_s, 0.0)
        return pickup <= round_s
    if day.free_s[c] > 0.0:
        return False
    store = day.store[orders[0]]
    ride = leg_s(
        rates,
        day.courier_x_m[c],
        day.courier_y_m[c],
        day.store_x_m[store],
        day.store_y_m[store],
    )
    ready = max(float(day.ready_s[o]) for o in orders)
    return bool(round_s + ride + rates.pickup_half_s > ready)
