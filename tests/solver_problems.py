"""Random live dispatch problems with every feature of the contract mixed, for property tests."""

import msgspec
import numpy as np

from solvers.problem import Plan, Problem, Rules, Weights, grained


def plain_problem(orders=3, couriers=2, **changes) -> Problem:
    """A small problem without anything special; columns can be replaced by name."""
    n, c = orders, couriers
    rng = np.random.default_rng([orders, couriers])
    problem = Problem(
        xy_s=rng.uniform(0, 900, (c + 2 * n, 2)),
        table_s=np.zeros((0, 0), np.float32),
        round_up_s=0.0,
        courier_place=np.arange(c, dtype=np.int32),
        courier_free_s=np.zeros(c),
        courier_end_s=np.full(c, np.inf),
        courier_capacity=np.full((c, 1), 3, np.int32),
        courier_skills=np.zeros(c, np.int64),
        courier_speed=np.ones(c),
        courier_cost=np.ones(c),
        courier_co2e=np.ones(c),
        pickup_place=np.arange(c, c + n, dtype=np.int32),
        dropoff_place=np.arange(c + n, c + 2 * n, dtype=np.int32),
        store=np.arange(n, dtype=np.int32),
        ready_s=rng.uniform(-300, 900, n),
        ready_p90_s=np.full(n, 1200.0),
        due_s=rng.uniform(600, 2400, n),
        pickup_service_s=np.full(n, 60.0),
        dropoff_service_s=np.full(n, 60.0),
        quantity=np.ones((n, 1), np.int32),
        priority=np.ones(n),
        skills=np.zeros(n, np.int64),
        group=np.full(n, -1, np.int32),
        unserved_cost=np.full(n, np.nan),
        on_board=np.full(n, -1, np.int32),
        bound_to=np.full(n, -1, np.int32),
        route_stops=np.zeros(0, np.int32),
        route_start=np.zeros(c + 1, np.int32),
        pinned=np.zeros(c, np.int32),
        weights=Weights(),
        rules=Rules(),
    )
    return changed(problem, changes)


def changed(problem: Problem, changes: dict) -> Problem:
    """With other columns; places in the precision that problems have."""
    problem = msgspec.structs.replace(problem, **changes)
    return msgspec.structs.replace(problem, xy_s=grained(problem.xy_s))


def running(problem: Problem, routes: list[list[int]], **changes) -> Problem:
    """The problem with those routes as its running plan."""
    plan = Plan.of(routes, [])
    return msgspec.structs.replace(
        problem, route_stops=plan.route_stops, route_start=plan.route_start, **changes
    )


def incumbent(problem: Problem) -> Plan:
    """The running plan as a Plan: what it does not serve is unserved."""
    served = problem.route_stops[problem.route_stops >= problem.orders] - problem.orders
    unserved = np.setdiff1d(np.arange(problem.orders), served).astype(np.int32)
    return Plan(problem.route_stops, problem.route_start, unserved)


def random_problem(seed: int) -> Problem:
    """All features mixed. Nearly always valid; a pin may break the rule of trips."""
    rng = np.random.default_rng(seed)
    n, c, d = int(rng.integers(0, 15)), int(rng.integers(1, 6)), int(rng.integers(1, 3))
    base = plain_problem(n, c)
    stores = rng.integers(0, max(1, n // 2), n).astype(np.int32)
    places = np.vstack((rng.uniform(0, 900, (c + 2 * n, 2)), np.zeros((1, 2))))
    changes = {
        "xy_s": places,
        "round_up_s": float(rng.choice([0.0, 0.0, 60.0])),
        "courier_free_s": rng.uniform(-60, 600, c),
        "courier_end_s": rng.choice([np.inf, 600.0, 3600.0], c),
        "courier_capacity": rng.integers(1, 5, (c, d)).astype(np.int32),
        "courier_skills": rng.integers(0, 4, c),
        "courier_speed": rng.choice([0.5, 1.0, 1.7], c),
        "courier_cost": rng.uniform(0, 2, c),
        "store": stores,
        "pickup_place": (c + stores).astype(np.int32),
        "ready_s": rng.uniform(-600, 1200, n),
        "due_s": rng.uniform(-300, 3000, n),
        "pickup_service_s": rng.choice([0.0, 60.0, 90.0], n),
        "quantity": rng.integers(0, 3, (n, d)).astype(np.int32),
        "priority": rng.choice([0.0, 1.0, 3.0], n),
        "skills": rng.choice([0, 0, 0, 1, 2], n),
        "group": rng.choice([-1, -1, -1, 4, 7], n).astype(np.int32),
        "unserved_cost": rng.choice([np.nan, np.nan, 500.0], n),
        "weights": _weights(rng),
        "rules": Rules(*(bool(x) for x in rng.random(3) < [0.3, 0.7, 0.3])),
    }
    changes["ready_p90_s"] = changes["ready_s"] + rng.uniform(0, 300, n)
    if rng.random() < 0.3:  # on streets
        changes["xy_s"] = np.hstack((places, rng.uniform(0, 200, places.shape)))
    if rng.random() < 0.4:
        size = len(places)
        changes["table_s"] = rng.uniform(1, 900, (size, size)).astype(np.float32)
        if rng.random() < 0.5:
            changes["xy_s"] = np.zeros((0, 2))
    return _with_plan(changed(base, changes), rng)


def _weights(rng) -> Weights:
    some = rng.random(6) < 0.5
    return Weights(
        lateness_per_s=float(rng.choice([1.0, 10.0])),
        freshness_per_s=0.3 * some[0],
        courier_time_per_s=0.2 * some[1],
        co2e_per_g=0.5 * some[2],
        disruption_per_stop=90.0 * some[3],
        unserved=float(rng.choice([900.0, 7200.0])),
        ready_caution=0.5 * some[4],
    )


def _with_plan(p: Problem, rng) -> Problem:
    """Some orders on board, some planned (bundled where that is allowed), some bound, some pins."""
    n = p.orders
    routes = [[] for _ in range(p.couriers)]
    on_board, bound_to, group = p.on_board.copy(), p.bound_to.copy(), p.group.copy()
    load = np.zeros_like(p.courier_capacity)
    fits = [[not p.skills[o] & ~s for s in p.courier_skills.tolist()] for o in range(n)]
    keeper = {}
    for o in rng.permutation(n).tolist():
        c = keeper.get(int(group[o]), int(rng.integers(0, p.couriers)))
        luck = rng.random()
        room = (load[c] + p.quantity[o] <= p.courier_capacity[c]).all()
        if luck < 0.5 and fits[o][c] and room:
            if luck < 0.2:
                on_board[o] = c
                load[c] += p.quantity[o]
                routes[c].append(n + o)
            elif (p.quantity[o] <= p.courier_capacity[c]).all():
                routes[c] += [o, n + o]
            else:
                continue
            if group[o] >= 0:
                keeper[int(group[o])] = c
            if rng.random() < 0.2:
                bound_to[o] = c
        elif luck > 0.9:
            bound_to[o] = c
            group[o] = -1
    routes = [_drop_first(route, n) for route in routes]
    pinned = np.array([rng.integers(0, min(3, len(r)) + 1) for r in routes], np.int32)
    pinned[rng.random(p.couriers) < 0.5] = 0
    return running(p, routes, on_board=on_board, bound_to=bound_to, group=group, pinned=pinned)


def _drop_first(route: list[int], n: int) -> list[int]:
    """What is on board is dropped off before anything is picked up."""
    aboard = [s for s in route if s >= n and s - n not in route]
    return aboard + [s for s in route if s not in aboard]
