"""Which trips should wait at their store, because an order likely to come could share the ride.

The one-stage look-ahead rule of optimal stopping (Chow & Robbins, Illinois Journal of Mathematics
5, 1961): a trip waits for as long as a second of waiting is expected to save more than it costs.
What may come is drawn from what came lately, one drop-off for each; what it saves is its cheapest
place on any route once the trip has left, less its cheapest place if the trip is still there.
"""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numba import njit

from solvers.check import Visit, visits
from solvers.kernels.borrowing import borrowed
from solvers.kernels.departures import news
from solvers.kernels.layout import city_of
from solvers.kernels.placement import best_place
from solvers.kernels.reach import Reach, best_of_all, note, reach_of
from solvers.kernels.routes import FEW_STOPS, routes_of
from solvers.kernels.schedule import NOWHERE, City, Routes
from solvers.problem import Flags, Floats, Ints, Plan, Problem, grained

MARGIN_S = 180.0  # a trip leaves so long before the first promise would be in danger
WAIT_MAX_S = 600.0  # and nothing that was ready so long ago waits any longer
NEAR_S = 90.0  # stores within such a ride are looked at as well
SPARE = 2.5  # the saving must exceed the cost by that factor: a forecast is only a forecast


class Likely(Struct, frozen=True):
    """V orders that may come. Places as in Problem.xy_s; times in seconds."""

    store: Ints  # (V,) as Problem.store
    pickup_s: Floats  # (V, 2)
    dropoff_s: Floats  # (V, 2)
    per_s: Floats  # (V,) how many such are expected each second
    lead_s: Floats  # (V,) from being placed to ready
    promise_s: Floats  # (V,) from being placed to the promised arrival


class Hold(Struct, frozen=True):
    """A trip that waits, and why. Costs in units of J."""

    courier: int
    orders: list[int]  # whose pickup waits
    latest_s: float  # leaving then still keeps every promise on the route, with the margin
    saves_per_s: float  # expected
    costs_per_s: float
    store: int  # where most of what is expected would come from


class Trip(Struct, frozen=True):
    """A visit to one store by a courier who has nothing to do after it that he was told of."""

    courier: int
    first: int  # its first pickup, as an index into the route
    after: int  # the first stop after its pickups
    orders: list[int]  # due on this route
    leaves_s: float  # the store, if it is not held
    latest_s: float
    costs_per_s: float


class Question(Struct, frozen=True):
    """Which trips of a plan should wait. `untold`, `silent` and `ahead_s` as in departures.news;
    the next look is in `look_s` seconds."""

    problem: Problem
    plan: Plan
    untold: Flags
    silent: Flags
    ahead_s: float
    likely: Likely
    look_s: float


def holds(question: Question) -> list[Hold]:
    """The trips that are due and should wait until the next look.

    Of a checked problem; there are none where its travel times are a table. None is held that
    would have to leave before the next look to keep its promises, or that has waited long.
    """
    problem, plan, untold = question.problem, question.plan, question.untold
    likely, look_s = question.likely, question.look_s
    _, due = news(problem, plan, untold, question.silent, question.ahead_s)
    if not len(likely.store) or not due.any() or len(problem.table_s):
        return []
    trips = _trips(problem, plan, due, untold, look_s)
    asked = [(trip, v) for trip in trips for v in _nearby(problem, plan, trip, likely)]
    if not asked:
        return []
    saved = _savings(problem, plan, likely, asked)
    found = []
    for trip in trips:
        mine = [(v, s) for (x, v), s in zip(asked, saved.tolist(), strict=True) if x is trip]
        gains: dict[int, float] = {}
        for v, saving in mine:
            store = int(likely.store[v])
            gains[store] = gains.get(store, 0.0) + float(likely.per_s[v]) * saving
        saves = sum(gains.values())
        if saves > SPARE * trip.costs_per_s:
            store = max(gains, key=lambda x: gains[x])
            cost = trip.costs_per_s
            found.append(Hold(trip.courier, trip.orders, trip.latest_s, saves, cost, store))
    return found


def _trips(problem: Problem, plan: Plan, due: Flags, untold: Flags, look_s: float) -> list[Trip]:
    """Those that may wait until the next look without danger to any promise."""
    n, found = problem.orders, []
    for c in range(problem.couriers):
        stops = plan.route(c)
        first = next((k for k, x in enumerate(stops) if x < n and due[x]), None)
        if first is None or not _is_free(stops, first, untold):
            continue
        timed = list(visits(problem, c, stops))
        after, store = first, problem.store[stops[first]]
        while stops[after] < n and problem.store[stops[after]] == store:
            after += 1
        leaves = timed[first - 1].depart_s if first else _starts_s(problem, c)
        latest = leaves + _room_s(problem, c, timed, first)
        orders = [x for x in stops if x < n and due[x]]
        waited = -min(float(problem.ready_s[x]) for x in stops[first:after])
        if latest < look_s or waited + look_s > WAIT_MAX_S:
            continue
        costs = _cost(problem, c, timed, first, leaves, look_s)
        costs -= _cost(problem, c, timed, first, leaves, 0.0)
        left = timed[after - 1].depart_s
        found.append(Trip(c, first, after, orders, left, latest, costs / look_s))
    return found


def _is_free(stops: list[int], first: int, untold: Flags) -> bool:
    """Whether the courier was told of everything before that stop and of nothing after it."""
    n = len(untold)
    told = [not untold[x % n] for x in stops]
    return all(told[:first]) and not any(told[first:])


def _starts_s(problem: Problem, c: int) -> float:
    return max(0.0, float(problem.courier_free_s[c]))


def _room_s(problem: Problem, c: int, timed: list[Visit], first: int) -> float:
    """How much later stop `first` may be left for: every promise kept, with the margin."""
    n, room = problem.orders, np.inf
    for visit in reversed(timed[first:]):
        if visit.stop >= n:
            slack = float(problem.due_s[visit.stop - n]) - visit.arrive_s - MARGIN_S
        else:
            slack = float(problem.courier_end_s[c]) - visit.begin_s - MARGIN_S
            room += max(0.0, visit.begin_s - visit.arrive_s)
        room = min(room, slack)
        if room < 0.0:
            break  # in danger already: that somebody waits for the goods before does not help
    return float(room)


def _cost(
    problem: Problem, c: int, timed: list[Visit], first: int, leaves_s: float, later_s: float
) -> float:
    """What changes with the hour of a route from stop `first` on, if it is left for that late."""
    p, w, n, total = problem, problem.weights, problem.orders, 0.0
    earliest = timed[first].begin_s - timed[first].ride_s  # without waiting at the store
    clock = max(leaves_s, earliest) + later_s
    for visit in timed[first:]:
        arrive, service = clock + visit.ride_s, visit.depart_s - visit.begin_s
        clock = arrive + service
        if visit.stop < n:
            clock = max(clock, float(p.ready_s[visit.stop]) + service)
        else:
            o = visit.stop - n
            late_s = max(0.0, arrive - float(p.due_s[o]))
            total += w.lateness_per_s * float(p.priority[o]) * late_s
            total += w.freshness_per_s * arrive
    return total + w.courier_time_per_s * float(p.courier_cost[c]) * clock


def _nearby(problem: Problem, plan: Plan, trip: Trip, likely: Likely) -> list[int]:
    """Orders that may come at the trip's store, or next to it."""
    stops = plan.route(trip.courier)
    store = problem.xy_s[problem.pickup_place[stops[trip.first]]]
    away_s = np.sqrt(((likely.pickup_s - store) ** 2).sum(axis=1))
    found: list[int] = np.flatnonzero((away_s <= NEAR_S) & (likely.per_s > 0.0)).tolist()
    return found


def _savings(problem: Problem, plan: Plan, likely: Likely, asked: list[tuple[Trip, int]]) -> Floats:
    """What each of the orders would save by finding the trip still at its store. Units of J."""
    wider = _with(problem, likely, asked)
    city = city_of(wider)
    routes = routes_of(wider, city, _among(plan, problem.orders, wider.orders), FEW_STOPS)
    saved = np.zeros(len(asked))
    if not city.metric:
        return saved  # no bounds there
    couriers = np.array([trip.courier for trip, _ in asked], np.int32)
    gone = np.array([trip.after + 1 for trip, _ in asked], np.int32)
    _compare(city, routes, reach_of(city, routes), problem.orders, couriers, gone, saved)
    return saved


def _with(problem: Problem, likely: Likely, asked: list[tuple[Trip, int]]) -> Problem:
    """The problem, and a row for each order that may come: placed when its trip would leave."""
    p, v = problem, np.array([v for _, v in asked], np.int32)
    places, extra = len(p.xy_s), len(asked)
    placed_s = np.array([trip.leaves_s for trip, _ in asked])
    ready_s = placed_s + likely.lead_s[v]
    pickups = np.arange(places, places + extra, dtype=np.int32)
    nobody, ones = np.full(extra, -1, np.int32), np.ones(extra)
    stops = p.route_stops
    return replace(
        p,
        xy_s=np.concatenate((p.xy_s, grained(likely.pickup_s[v]), grained(likely.dropoff_s[v]))),
        pickup_place=np.append(p.pickup_place, pickups),
        dropoff_place=np.append(p.dropoff_place, pickups + np.int32(extra)),
        store=np.append(p.store, likely.store[v]),
        ready_s=np.append(p.ready_s, ready_s),
        ready_p90_s=np.append(p.ready_p90_s, ready_s),
        due_s=np.append(p.due_s, placed_s + likely.promise_s[v]),
        pickup_service_s=np.append(p.pickup_service_s, ones * np.mean(p.pickup_service_s)),
        dropoff_service_s=np.append(p.dropoff_service_s, ones * np.mean(p.dropoff_service_s)),
        quantity=np.concatenate((p.quantity, np.ones((extra, p.quantity.shape[1]), np.int32))),
        priority=np.append(p.priority, ones),
        skills=np.append(p.skills, np.zeros(extra, np.int64)),
        group=np.append(p.group, nobody),
        unserved_cost=np.append(p.unserved_cost, ones * np.nan),
        on_board=np.append(p.on_board, nobody),
        bound_to=np.append(p.bound_to, nobody),
        route_stops=np.where(stops < p.orders, stops, stops + np.int32(extra)),
    )


def _among(plan: Plan, orders: int, all_orders: int) -> Plan:
    """The plan in a problem that has more orders."""
    stops = plan.route_stops
    shifted = np.where(stops < orders, stops, stops + np.int32(all_orders - orders))
    return Plan(shifted.astype(np.int32), plan.route_start, plan.unserved)


@njit(nogil=True, cache=True)
def _compare(
    city: City,
    routes: Routes,
    reach: Reach,
    first: int,
    couriers: Ints,
    gone: Ints,
    saved: Floats,
) -> None:
    """Fill `saved` for orders `first`.. on: each with the stops of its trip pinned, and without."""
    city, routes, reach = borrowed(city), borrowed(routes), borrowed(reach)
    for k in range(saved.shape[0]):
        o, c = first + k, couriers[k]
        pinned = city.couriers[c].pinned
        city.couriers[c].pinned = min(gone[k], routes.length[c])
        note(city, routes, reach, c)
        apart, _, _, _ = best_of_all(city, routes, reach, o, city.orders[o].unserved)
        city.couriers[c].pinned = pinned
        note(city, routes, reach, c)
        together, i, _ = best_place(city, routes, c, o, apart)
        if i != NOWHERE:
            saved[k] = apart - together
