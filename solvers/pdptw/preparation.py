"""From an instance and routes to the arrays of a search."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.pdptw.arrays import (
    ABSENT,
    AT_WIDTH,
    MOST_EJECTED,
    TALLIES,
    TOLERANCE,
    Arrays,
    Floats,
    Memo,
    Problem,
    Routes,
    Small,
    Words,
    Workspace,
)
from solvers.pdptw.ejection import find_compatible
from solvers.pdptw.improvement import load_rows
from solvers.pdptw.instance import Instance

_NEIGHBORS = 100  # nodes near a node among which strings are looked for


class Fixed(NamedTuple):
    """What all searches of an instance share and none changes."""

    instance: Instance
    problem: Problem  # without slots


def prepare(instance: Instance) -> Fixed:
    """Neighbor lists, compatibility of requests and the transposed travel table."""
    requests, nodes = len(instance.pickup), len(instance.ready)
    request = np.full(nodes, -1, dtype=np.int32)
    request[instance.pickup] = request[instance.delivery] = np.arange(requests)
    travel = np.ascontiguousarray(instance.travel, dtype=np.float64)
    symmetric = bool((travel == travel.T).all())
    back = travel if symmetric else np.ascontiguousarray(travel.T)
    service = instance.service.astype(np.float64)
    service[instance.depots] = 0.0
    problem = Problem(
        travel=travel,
        back=back,
        direct=_no_shortcut(travel),
        ready=instance.ready.astype(np.float64),
        due=instance.due + TOLERANCE,
        service=service,
        quantity=instance.quantity.astype(np.int64),
        capacity=int(instance.capacity),
        pickup=instance.pickup.astype(np.int32),
        delivery=instance.delivery.astype(np.int32),
        request=request,
        together=np.zeros((requests, requests), dtype=np.bool_),
        near=_near(travel, request),
        depot=np.zeros(0, dtype=np.int32),
    )
    find_compatible(problem, instance.depots.astype(np.int32))
    return Fixed(instance, problem)


@njit(nogil=True, cache=True, fastmath=True)
def _no_shortcut(travel: Floats) -> bool:
    """Whether no way over a third node is shorter than the direct one, up to TOLERANCE."""
    nodes = travel.shape[0]
    spare = np.empty(nodes)
    for a in range(nodes):
        for b in range(nodes):
            spare[b] = travel[a, b] - TOLERANCE
        for via in range(nodes):
            first = travel[a, via]
            shortcuts = 0
            for b in range(nodes):
                shortcuts += first + travel[via, b] < spare[b]
            if shortcuts > 0:
                return False
    return True


def _near(travel: Floats, request: Small) -> Small:
    """(N, W) the nodes nearest to each node, itself and depots left out."""
    stops = np.flatnonzero(request >= 0)
    width = max(0, min(len(stops) - 1, _NEIGHBORS))
    near = np.zeros((len(travel), width), dtype=np.int32)
    if width == 0:
        return near
    for node in stops:
        away = travel[node, stops] + travel[stops, node]
        away[np.searchsorted(stops, node)] = -1.0  # first, to be left out
        closest = np.argpartition(away, width)[: width + 1]
        near[node] = stops[closest[np.argsort(away[closest], kind="stable")]][1:]
    return near


def load(
    fixed: Fixed,
    slot_depots: Sequence[int],
    routes: Sequence[tuple[int, Sequence[int]]],
    width: int,
    rng: Words,
) -> Arrays:
    """Arrays with these routes, each (depot, nodes), in slots of their depot.

    `width` is the number of positions a row has, depots included. Requests in no route are
    absent. Slots of the same depot must follow one another.
    """
    slots, requests = len(slot_depots), len(fixed.problem.pickup)
    rows = 2 * slots + 1  # the last one is for trials
    arrays = Arrays(
        problem=fixed.problem._replace(depot=np.array(slot_depots, dtype=np.int32)),
        routes=Routes(
            row=np.arange(0, 2 * slots, 2, dtype=np.int32),
            print=np.zeros(slots, dtype=np.uint64),
            prints=np.zeros(rows, dtype=np.uint64),
            length=np.zeros(rows, dtype=np.int32),
            cost=np.zeros(rows),
            node=np.zeros((rows, width), dtype=np.int32),
            depart=np.zeros((rows, width)),
            latest=np.zeros((rows, width)),
            load=np.zeros((rows, width), dtype=np.int64),
            leg=np.zeros((rows, width)),
            slot=np.full(requests, -1, dtype=np.int32),
            closed=np.zeros(slots, dtype=np.bool_),
        ),
        memo=Memo(
            print=np.zeros((requests, slots), dtype=np.uint64),
            cost=np.zeros((requests, slots)),
            gap=np.zeros((requests, slots), dtype=np.int32),
        ),
        work=_workspace(requests, slots, width),
        rng=rng,
    )
    _place(arrays, routes)
    return arrays


def _workspace(requests: int, slots: int, width: int) -> Workspace:
    by_request = [np.zeros(requests, dtype=np.int32) for _ in range(5)]
    absent, absent_before, queue, removed, removed_from = by_request
    return Workspace(
        tally=np.zeros(TALLIES, dtype=np.int64),
        absent=absent,
        absent_before=absent_before,
        queue=queue,
        key=np.zeros(requests),
        touched=np.zeros(slots, dtype=np.int32),
        stamp=np.zeros(slots, dtype=np.int64),
        removed=removed,
        removed_from=removed_from,
        stale=np.zeros(slots, dtype=np.int32),
        detour=np.zeros(width),
        bound=np.zeros(width),
        times=np.zeros((MOST_EJECTED + 1, 3)),
        at=np.zeros((MOST_EJECTED + 1, AT_WIDTH), dtype=np.int64),
        gone=np.zeros(requests, dtype=np.bool_),
        ejected=np.zeros(MOST_EJECTED, dtype=np.int32),
        chosen=np.zeros(MOST_EJECTED, dtype=np.int32),
        failures=np.ones(requests, dtype=np.int64),
        misfits=np.zeros(requests, dtype=np.int64),
        price=np.zeros(requests),
        best_node=np.zeros((slots, width), dtype=np.int32),
        best_length=np.zeros(slots, dtype=np.int32),
        best_print=np.zeros(slots, dtype=np.uint64),
    )


def _place(arrays: Arrays, routes: Sequence[tuple[int, Sequence[int]]]) -> None:
    """Write the routes into free slots of their depots."""
    routes_, work = arrays.routes, arrays.work
    depots = arrays.problem.depot
    routes_.node[0:-1:2, 0] = depots
    routes_.node[0:-1:2, 1] = depots
    free = {depot: np.flatnonzero(depots == depot).tolist() for depot in depots.tolist()}
    for depot, nodes in routes:
        slot = free[depot].pop(0)
        routes_.length[2 * slot] = len(nodes)
        routes_.node[2 * slot, 1 : len(nodes) + 1] = nodes
        routes_.node[2 * slot, len(nodes) + 1] = depot
        routes_.slot[arrays.problem.request[list(nodes)]] = slot
    absent = np.flatnonzero(routes_.slot < 0)
    work.absent[: len(absent)] = absent
    work.tally[ABSENT] = len(absent)
    load_rows(arrays)


def routes_now(arrays: Arrays) -> list[tuple[int, tuple[int, ...]]]:
    """The routes in the slots, (depot, nodes), none empty."""
    routes = arrays.routes
    return [
        (int(depot), tuple(routes.node[row, 1 : routes.length[row] + 1].tolist()))
        for depot, row in zip(arrays.problem.depot, routes.row, strict=True)
        if routes.length[row] > 0
    ]


def routes_kept(arrays: Arrays) -> list[tuple[int, tuple[int, ...]]]:
    """The routes kept as best, (depot, nodes), none empty."""
    work = arrays.work
    return [
        (int(depot), tuple(nodes[:length].tolist()))
        for depot, nodes, length in zip(
            arrays.problem.depot, work.best_node, work.best_length, strict=True
        )
        if length > 0
    ]


def absent_now(arrays: Arrays) -> NDArray[np.int32]:
    """Requests in no route."""
    return np.sort(arrays.work.absent[: arrays.work.tally[ABSENT]])
