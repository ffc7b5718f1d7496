"""A Problem as a model of the OR-Tools routing library, in whole ticks of a tenth of a second.

Pinned stops are driven beforehand: what they pick up is on board, where they end is the start.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp

from solvers.check import unserved_cost, visits
from solvers.problem import Floats, Plan, Problem

TICKS_PER_S = 10
COST_PER_UNIT = 100  # of J
NOWHERE = -1

Table = NDArray[np.int64]


class Node(NamedTuple):
    """A stop to be made, or where a courier starts (stop -1)."""

    stop: int
    place: int
    store: int  # -1 unless it is a pickup, or a start right after one
    service_s: float


class Start(NamedTuple):
    """A courier after the pinned stops."""

    place: int
    free_s: float
    store: int  # of the last pinned stop if that was a pickup
    aboard: list[int]  # orders


class Model:
    """The library's model, and the way from plans to its routes and back."""

    def __init__(self, problem: Problem, starts: list[Start], nodes: list[Node]) -> None:
        self.problem = problem
        self.starts = starts
        self.nodes = nodes
        couriers = problem.couriers
        first, end = len(nodes) - couriers - 1, len(nodes) - 1
        self.manager = pywrapcp.RoutingIndexManager(
            len(nodes), couriers, list(range(first, end)), [end] * couriers
        )
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.index = {nodes[k].stop: self.manager.NodeToIndex(k) for k in range(first)}

    def rows(self, plan: Plan) -> list[list[int]]:
        """The routes of a plan without their pinned stops, as the library counts."""
        pinned = self.problem.pinned.tolist()
        return [
            [self.index[s] for s in plan.route(c)[pinned[c] :]]
            for c in range(self.problem.couriers)
        ]

    def plan(self, found: Any) -> Plan:
        """What the library found, the pinned stops in front."""
        p, n = self.problem, self.problem.orders
        routes = []
        for c in range(p.couriers):
            stops = _pinned_stops(p, c)
            index = found.Value(self.routing.NextVar(self.routing.Start(c)))
            while not self.routing.IsEnd(index):
                stops.append(self.nodes[self.manager.IndexToNode(index)].stop)
                index = found.Value(self.routing.NextVar(index))
            routes.append(stops)
        served = {s - n for route in routes for s in route if s >= n}
        return Plan.of(routes, [o for o in range(n) if o not in served])


def model_of(problem: Problem, largest_tables: int) -> Model | None:
    """The model of a problem that `check_problem` has passed; None if its tables are too large."""
    starts = [_start(problem, c) for c in range(problem.couriers)]
    nodes = _nodes(problem, starts)
    kinds = _kinds(problem)
    if 2 * len(kinds) * len(nodes) ** 2 > largest_tables:
        return None
    model = Model(problem, starts, nodes)
    _add_travel(model, kinds)
    _add_loads(model)
    _add_orders(model)
    _add_shift_ends(model)
    _add_groups(model)
    _add_trips(model)
    _add_disruption(model)
    return model


def _pinned_stops(p: Problem, courier: int) -> list[int]:
    begin = int(p.route_start[courier])
    stops: list[int] = p.route_stops[begin : begin + int(p.pinned[courier])].tolist()
    return stops


def _start(p: Problem, courier: int) -> Start:
    n, store = p.orders, NOWHERE
    place, free_s = int(p.courier_place[courier]), max(0.0, float(p.courier_free_s[courier]))
    aboard = np.flatnonzero(p.on_board == courier).tolist()
    for visit in visits(p, courier, _pinned_stops(p, courier)):
        o, free_s = visit.stop % n, visit.depart_s
        if visit.stop < n:
            place, store = int(p.pickup_place[o]), int(p.store[o])
            aboard.append(o)
        else:
            place, store = int(p.dropoff_place[o]), NOWHERE
            aboard.remove(o)
    return Start(place, free_s, store, aboard)


def _nodes(p: Problem, starts: list[Start]) -> list[Node]:
    """Stops that are not pinned, then a start per courier, then the end of all."""
    n = p.orders
    done = {s for c in range(p.couriers) for s in _pinned_stops(p, c)}
    pickups = [
        Node(o, int(p.pickup_place[o]), int(p.store[o]), float(p.pickup_service_s[o]))
        for o in range(n)
        if o not in done and p.on_board[o] < 0
    ]
    dropoffs = [
        Node(n + o, int(p.dropoff_place[o]), NOWHERE, float(p.dropoff_service_s[o]))
        for o in range(n)
        if n + o not in done
    ]
    ends = [Node(NOWHERE, start.place, start.store, 0.0) for start in starts]
    return [*pickups, *dropoffs, *ends, Node(NOWHERE, NOWHERE, NOWHERE, 0.0)]


def _kinds(p: Problem) -> dict[tuple[float, float], list[int]]:
    """Couriers by speed and cost of a second of riding."""
    w = p.weights
    found: dict[tuple[float, float], list[int]] = {}
    for c in range(p.couriers):
        per_ride_s = w.travel_per_s + w.co2e_per_g * float(p.courier_co2e[c])
        found.setdefault((float(p.courier_speed[c]), per_ride_s), []).append(c)
    return found


def _legs_s(p: Problem, nodes: list[Node]) -> Floats:
    """Riding times at speed 1 between all nodes; to the end of all it takes none."""
    place = np.array([max(0, node.place) for node in nodes])
    if len(p.table_s):
        legs = p.table_s[np.ix_(place, place)].astype(np.float64)
    else:
        at = p.xy_s[place].astype(np.float64)
        legs = np.sqrt(((at[:, None, :] - at[None, :, :]) ** 2).sum(axis=2))
        if p.round_up_s > 0:
            legs = np.ceil(legs / p.round_up_s - 1e-9) * p.round_up_s
    legs[:, -1] = 0.0
    return legs


def _up(seconds: Floats) -> Table:
    return np.ceil(seconds * TICKS_PER_S - 1e-6).astype(np.int64)


def _add_travel(model: Model, kinds: dict[tuple[float, float], list[int]]) -> None:
    """Costs of riding and of work; a dimension of arrival times, lateness being soft."""
    p, w, routing = model.problem, model.problem.weights, model.routing
    legs = _legs_s(p, model.nodes)
    service = np.array([node.service_s for node in model.nodes])
    store = np.array([node.store for node in model.nodes])
    transit = [0] * p.couriers
    for (speed, per_ride_s), couriers in kinds.items():
        ride = legs / speed
        cost = np.rint(ride * per_ride_s * COST_PER_UNIT).astype(np.int64)
        arc_cost = routing.RegisterTransitMatrix(cost.tolist())
        ticks = _up(ride + service[:, None])
        if p.rules.shared_pickup_service:
            # Together with the one before: its own service began that much earlier.
            together = (store[:, None] == store[None, :]) & (store >= 0)[:, None]
            ticks -= together * _up(service)[None, :]
        duration = routing.RegisterTransitMatrix(ticks.tolist())
        for c in couriers:
            routing.SetArcCostEvaluatorOfVehicle(arc_cost, c)
            transit[c] = duration
    horizon = _horizon(model, legs)
    routing.AddDimensionWithVehicleTransits(transit, horizon, horizon, False, "time")
    arrival = routing.GetDimensionOrDie("time")
    for c, start in enumerate(model.starts):
        free = int(_up(np.array(start.free_s)))
        arrival.CumulVar(routing.Start(c)).SetValue(free)
        per_work_s = w.courier_time_per_s * float(p.courier_cost[c])
        per_tick = round(per_work_s * COST_PER_UNIT / TICKS_PER_S)
        if per_tick:
            arrival.SetSpanCostCoefficientForVehicle(per_tick, c)
            routing.SetFixedCostOfVehicle(per_tick * free, c)


def _horizon(model: Model, legs: Floats) -> int:
    """Ticks within which every stop can be made one after another."""
    p = model.problem
    slowest = max(1.0, float(1.0 / p.courier_speed.min()))
    latest_s = max(0.0, *(start.free_s for start in model.starts), float(p.ready_p90_s.max()))
    service_s = sum(node.service_s for node in model.nodes)
    return int((latest_s + service_s + legs.max() * slowest * len(legs) + 1.0) * TICKS_PER_S)


def _add_loads(model: Model) -> None:
    """A dimension per kind of capacity, with what is on board at the start."""
    p, routing, n = model.problem, model.routing, model.problem.orders
    for d in range(p.quantity.shape[1]):
        quantity = p.quantity[:, d].tolist()
        change = [
            0 if x.stop < 0 else quantity[x.stop] if x.stop < n else -quantity[x.stop - n]
            for x in model.nodes
        ]
        capacity = p.courier_capacity[:, d].tolist()
        callback = routing.RegisterUnaryTransitVector(change)
        name = f"load {d}"
        routing.AddDimensionWithVehicleCapacity(callback, 0, capacity, False, name)
        load = routing.GetDimensionOrDie(name)
        for c, start in enumerate(model.starts):
            load.CumulVar(routing.Start(c)).SetValue(sum(quantity[o] for o in start.aboard))


def _add_orders(model: Model) -> None:
    """Pairs, who may serve them, what it costs to be late, and to leave them out."""
    p, w, routing, n = model.problem, model.problem.weights, model.routing, model.problem.orders
    solver, arrival = routing.solver(), routing.GetDimensionOrDie("time")
    keeper = {o: c for c, start in enumerate(model.starts) for o in start.aboard}
    running = np.full(2 * n, NOWHERE)
    running[p.route_stops] = np.repeat(np.arange(p.couriers), np.diff(p.route_start))
    ready_s = p.ready_s + w.ready_caution * (p.ready_p90_s - p.ready_s)
    ready = np.maximum(0, _up(ready_s)).tolist()
    for o in range(n):
        if n + o not in model.index:
            continue
        dropoff = model.index[n + o]
        per_tick = round(w.lateness_per_s * float(p.priority[o]) * COST_PER_UNIT / TICKS_PER_S)
        due = max(0, int(p.due_s[o] * TICKS_PER_S))
        arrival.SetCumulVarSoftUpperBound(dropoff, due, per_tick)
        bound = int(p.bound_to[o])
        committed = o in keeper or (bound >= 0 and running[n + o] == bound)
        couriers = [keeper.get(o, bound)] if committed else _able(p, o)
        routing.VehicleVar(dropoff).SetValues([NOWHERE, *couriers])
        stops = [dropoff]
        if o in model.index:
            pickup = model.index[o]
            stops.append(pickup)
            routing.VehicleVar(pickup).SetValues([NOWHERE, *couriers])
            routing.AddPickupAndDelivery(pickup, dropoff)
            solver.Add(routing.VehicleVar(pickup) == routing.VehicleVar(dropoff))
            solver.Add(arrival.CumulVar(pickup) <= arrival.CumulVar(dropoff))
            arrival.CumulVar(pickup).SetMin(ready[o])
        if not committed:
            each = round(unserved_cost(p, o) * COST_PER_UNIT / len(stops))
            for stop in stops:
                routing.AddDisjunction([stop], each)
    if w.freshness_per_s > 0:
        _add_freshness(model)


def _able(p: Problem, o: int) -> list[int]:
    """Couriers with the skills; of them only the one it is bound to, if there is one."""
    able = (int(p.skills[o]) & ~p.courier_skills) == 0
    if p.bound_to[o] >= 0:
        able &= np.arange(p.couriers) == p.bound_to[o]
    couriers: list[int] = np.flatnonzero(able).tolist()
    return couriers


def _add_freshness(model: Model) -> None:
    """A second clock with the same hands, for a second price on the same arrivals."""
    p, routing, n = model.problem, model.routing, model.problem.orders
    arrival = routing.GetDimensionOrDie("time")
    horizon = arrival.CumulVar(routing.End(0)).Max()
    still = routing.RegisterUnaryTransitVector([0] * len(model.nodes))
    routing.AddDimension(still, horizon, horizon, False, "door")
    door = routing.GetDimensionOrDie("door")
    per_tick = round(p.weights.freshness_per_s * COST_PER_UNIT / TICKS_PER_S)
    for stop, index in model.index.items():
        if stop >= n:
            ready = max(0, int(p.ready_s[stop - n] * TICKS_PER_S))
            routing.solver().Add(door.CumulVar(index) == arrival.CumulVar(index))
            door.SetCumulVarSoftUpperBound(index, ready, per_tick)


def _add_shift_ends(model: Model) -> None:
    """Orders that are not committed are picked up before the end of the shift."""
    p, routing, n = model.problem, model.routing, model.problem.orders
    if not p.rules.pickup_before_shift_end or np.isinf(p.courier_end_s).all():
        return
    arrival = routing.GetDimensionOrDie("time")
    horizon = arrival.CumulVar(routing.End(0)).Max()
    last = np.floor(np.minimum(p.courier_end_s * TICKS_PER_S, horizon)).astype(np.int64)
    latest = [horizon, *last.tolist()]  # the vehicle of an order left out is -1
    running = np.full(2 * n, NOWHERE)
    running[p.route_stops] = np.repeat(np.arange(p.couriers), np.diff(p.route_start))
    for stop, index in model.index.items():
        if stop < n and not (p.bound_to[stop] >= 0 and running[stop] == p.bound_to[stop]):
            courier = routing.VehicleVar(index) + 1
            limit = routing.solver().Element(latest, courier)
            routing.solver().Add(arrival.CumulVar(index) <= limit)


def _add_groups(model: Model) -> None:
    """Two orders of a group that are both served have one courier."""
    p, routing, n = model.problem, model.routing, model.problem.orders
    solver = routing.solver()
    done = {s - n: c for c in range(p.couriers) for s in _pinned_stops(p, c) if s >= n}
    for g in np.unique(p.group[p.group >= 0]).tolist():
        members = np.flatnonzero(p.group == g).tolist()
        open_ones = [model.index[n + o] for o in members if n + o in model.index]
        for c in {done[o] for o in members if o in done}:
            for a in open_ones:
                routing.VehicleVar(a).SetValues([NOWHERE, c])
        for k, a in enumerate(open_ones):
            for b in open_ones[:k]:
                same = routing.VehicleVar(a) == routing.VehicleVar(b)
                left_out = [1 - routing.ActiveVar(a), 1 - routing.ActiveVar(b)]
                solver.Add(solver.Sum([same, *left_out]) >= 1)


def _add_trips(model: Model) -> None:
    """With single-store trips: no pickup while carrying, but right after one of the same store."""
    if not model.problem.rules.single_store_trips:
        return
    routing, n = model.routing, model.problem.orders
    solver, store = routing.solver(), {x.stop: x.store for x in model.nodes if 0 <= x.stop < n}
    change = [0 if x.stop < 0 else 1 if x.stop < n else -1 for x in model.nodes]
    callback = routing.RegisterUnaryTransitVector(change)
    routing.AddDimension(callback, 0, n, False, "aboard")
    aboard = routing.GetDimensionOrDie("aboard")
    is_pickup = [0] * (routing.Size() + routing.vehicles())
    for stop in store:
        is_pickup[model.index[stop]] = 1
    for c, start in enumerate(model.starts):
        begin = routing.Start(c)
        aboard.CumulVar(begin).SetValue(len(start.aboard))
        if start.aboard:
            others = [model.index[s] for s, of in store.items() if of != start.store]
            routing.NextVar(begin).RemoveValues(others)
    for stop, index in model.index.items():
        following = routing.NextVar(index)
        if stop < n:
            others = [model.index[s] for s, of in store.items() if of != store[stop]]
            following.RemoveValues(others)
        else:
            picks_up = solver.Element(is_pickup, following)
            solver.Add(picks_up * (aboard.CumulVar(index) - 1) <= 0)


def _add_disruption(model: Model) -> None:
    """A published stop that moves to another courier costs: a load that only such stops add to."""
    p, w, routing = model.problem, model.problem.weights, model.routing
    price = round(w.disruption_per_stop * COST_PER_UNIT)
    if price == 0 or len(p.route_stops) == 0:
        return
    running = np.full(2 * p.orders, NOWHERE)
    running[p.route_stops] = np.repeat(np.arange(p.couriers), np.diff(p.route_start))
    home = np.array([running[x.stop] if x.stop >= 0 else NOWHERE for x in model.nodes])
    fees = [
        routing.RegisterUnaryTransitVector((price * ((home >= 0) & (home != c))).tolist())
        for c in range(p.couriers)
    ]
    routing.AddDimensionWithVehicleTransits(fees, 0, price * len(home), True, "moved")
    routing.GetDimensionOrDie("moved").SetSpanCostCoefficientForAllVehicles(1)
