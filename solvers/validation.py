"""Refuses a Problem no solver could answer, by name, before any search."""

import weakref
from enum import StrEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Ints, Problem
from solvers.soundness import first_breach, is_sound


class Fault(StrEnum):
    """What may be wrong with a Problem."""

    SHAPE = "shape"  # an array has the wrong shape or kind
    NOT_A_NUMBER = "not_a_number"  # NaN or an infinity where a number is needed
    NEGATIVE = "negative"  # a service time, quantity, capacity, cost or weight below zero
    SPEED = "speed"  # a courier who does not move
    NEGATIVE_WINDOW = "negative_window"  # p90 before the median ready time
    UNKNOWN_PLACE = "unknown_place"
    UNKNOWN_COURIER = "unknown_courier"
    UNKNOWN_STOP = "unknown_stop"
    TABLE_SHAPE = "table_shape"  # not one row and column per place
    TABLE_DISCONNECTED = "table_disconnected"  # no way between two places
    TABLE_NEGATIVE = "table_negative"
    BINDING = "binding"  # on board of one courier and bound to another; a group bound to two
    ROUTE_SHAPE = "route_shape"  # the CSR is not one
    REPEATED_STOP = "repeated_stop"
    PRECEDENCE = "precedence"  # half an order, or dropped off before it is picked up
    ON_BOARD_MISSING = "on_board_missing"  # not on the route of the courier who carries it
    PIN_RANGE = "pin_range"  # more pins than stops
    PIN_COURIER = "pin_courier"  # pinned to a courier who may not serve it
    PIN_SKILLS = "pin_skills"
    PIN_CAPACITY = "pin_capacity"
    PIN_TRIPS = "pin_trips"


class ProblemError(ValueError):
    """A Problem that makes no sense: `code` for programs, `detail` for people."""

    def __init__(self, code: Fault, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def check_problem(problem: Problem) -> None:
    """Raise ProblemError at the first fault. Travel tables are looked through once each."""
    _check_shapes(problem)
    _check_scalars(problem)
    if is_sound(problem):
        _check_table(problem.table_s)
        return
    _check_numbers(problem)
    _check_signs(problem)
    _check_rows(problem)
    _check_table(problem.table_s)
    _check_running_plan(problem)
    _check_bindings(problem)
    _check_commitments(problem)


PER_COURIER = [
    "courier_place",
    "courier_free_s",
    "courier_end_s",
    "courier_skills",
    "courier_speed",
    "courier_cost",
    "courier_co2e",
    "pinned",
]
PER_ORDER = [
    "pickup_place",
    "dropoff_place",
    "store",
    "ready_s",
    "ready_p90_s",
    "due_s",
    "pickup_service_s",
    "dropoff_service_s",
    "priority",
    "skills",
    "group",
    "unserved_cost",
    "on_board",
    "bound_to",
]
INTEGERS = [
    "courier_place",
    "courier_capacity",
    "courier_skills",
    "pickup_place",
    "dropoff_place",
    "store",
    "quantity",
    "skills",
    "group",
    "on_board",
    "bound_to",
    "route_stops",
    "route_start",
    "pinned",
]
FINITE = [
    "xy_s",
    "courier_free_s",
    "courier_speed",
    "courier_cost",
    "courier_co2e",
    "ready_s",
    "ready_p90_s",
    "due_s",
    "pickup_service_s",
    "dropoff_service_s",
    "priority",
]
NOT_NEGATIVE = [
    "courier_capacity",
    "courier_cost",
    "courier_co2e",
    "quantity",
    "pickup_service_s",
    "dropoff_service_s",
    "priority",
    "unserved_cost",
    "store",
    "pinned",
    "courier_skills",
    "skills",
]


def _check_shapes(p: Problem) -> None:
    for names, rows in ((PER_COURIER, p.couriers), (PER_ORDER, p.orders)):
        for name in names:
            shape = getattr(p, name).shape
            if shape != (rows,):
                raise ProblemError(Fault.SHAPE, f"{name} has shape {shape}, not ({rows},)")
    for name in INTEGERS:
        if getattr(p, name).dtype.kind not in "iu":
            raise ProblemError(Fault.SHAPE, f"{name} holds {getattr(p, name).dtype}")
    dimensions = p.courier_capacity.shape[1:]
    if len(dimensions) != 1 or p.courier_capacity.shape[0] != p.couriers:
        raise ProblemError(Fault.SHAPE, "courier_capacity is not (C, D)")
    if p.quantity.shape != (p.orders, *dimensions):
        raise ProblemError(Fault.SHAPE, f"quantity is not (N, {dimensions[0]})")
    if p.xy_s.ndim != 2 or p.xy_s.shape[1] not in (2, 4):
        raise ProblemError(Fault.SHAPE, "xy_s is neither (P, 2) nor (P, 4)")
    if p.table_s.ndim != 2 or p.table_s.shape[0] != p.table_s.shape[1]:
        raise ProblemError(Fault.TABLE_SHAPE, f"table_s has shape {p.table_s.shape}")
    if len(p.table_s) and len(p.xy_s) not in (0, len(p.table_s)):
        detail = f"table_s has {len(p.table_s)} places, xy_s {len(p.xy_s)}"
        raise ProblemError(Fault.TABLE_SHAPE, detail)


def _check_numbers(p: Problem) -> None:
    for name in FINITE:
        _refuse(~np.isfinite(getattr(p, name)), Fault.NOT_A_NUMBER, name)
    endless = np.isnan(p.courier_end_s) | (p.courier_end_s == -np.inf)
    _refuse(endless, Fault.NOT_A_NUMBER, "courier_end_s")
    _refuse(np.isinf(p.unserved_cost), Fault.NOT_A_NUMBER, "unserved_cost")


def _check_signs(p: Problem) -> None:
    for name in NOT_NEGATIVE:
        _refuse(getattr(p, name) < 0, Fault.NEGATIVE, name)
    _refuse(p.courier_speed <= 0, Fault.SPEED, "courier_speed")
    _refuse(p.ready_p90_s < p.ready_s, Fault.NEGATIVE_WINDOW, "ready_p90_s before ready_s")


def _check_scalars(p: Problem) -> None:
    for name in ("round_up_s", *p.weights.__struct_fields__):
        weight = p.round_up_s if name == "round_up_s" else getattr(p.weights, name)
        if not isfinite(weight):
            raise ProblemError(Fault.NOT_A_NUMBER, f"{name} is {weight}")
        if weight < 0:
            raise ProblemError(Fault.NEGATIVE, f"{name} is {weight}")
    if p.weights.ready_caution > 1:
        raise ProblemError(Fault.NEGATIVE_WINDOW, "ready_caution is above 1")


def _check_rows(p: Problem) -> None:
    places = max(len(p.table_s), len(p.xy_s))
    for name in ("courier_place", "pickup_place", "dropoff_place"):
        value = getattr(p, name)
        _refuse((value < 0) | (value >= places), Fault.UNKNOWN_PLACE, name)
    for name in ("on_board", "bound_to"):
        value = getattr(p, name)
        _refuse((value < -1) | (value >= p.couriers), Fault.UNKNOWN_COURIER, name)


_seen: "weakref.WeakValueDictionary[int, NDArray[np.float32]]" = weakref.WeakValueDictionary()


def _check_table(table_s: NDArray[np.float32]) -> None:
    """A table that cannot be written to is looked through only once."""
    if not len(table_s):
        return
    if not table_s.flags.writeable and _seen.get(id(table_s)) is table_s:
        return
    if np.isnan(table_s).any():
        _refuse(np.isnan(table_s), Fault.NOT_A_NUMBER, "table_s")
    if np.isinf(table_s).any():
        _refuse(np.isinf(table_s), Fault.TABLE_DISCONNECTED, "table_s")
    if (table_s < 0).any():
        _refuse(table_s < 0, Fault.TABLE_NEGATIVE, "table_s")
    if not table_s.flags.writeable:
        _seen[id(table_s)] = table_s


def _check_running_plan(p: Problem) -> None:
    start, stops, n = p.route_start, p.route_stops, p.orders
    if start.shape != (p.couriers + 1,) or stops.ndim != 1:
        raise ProblemError(Fault.ROUTE_SHAPE, "route_start is not (C + 1,)")
    if start[0] != 0 or start[-1] != len(stops) or (np.diff(start) < 0).any():
        raise ProblemError(Fault.ROUTE_SHAPE, "route_start does not rise from 0 to all stops")
    _refuse(p.pinned > np.diff(start), Fault.PIN_RANGE, "pinned")
    _refuse((stops < 0) | (stops >= 2 * n), Fault.UNKNOWN_STOP, "route_stops")
    _refuse(np.bincount(stops, minlength=2 * n) > 1, Fault.REPEATED_STOP, "stop")
    where = np.full(2 * n, -1, np.int64)
    where[stops] = np.arange(len(stops))
    courier = np.full(2 * n, -1, np.int64)
    courier[stops] = np.repeat(np.arange(p.couriers), np.diff(start))
    aboard = p.on_board >= 0
    _refuse(aboard & (courier[n:] != p.on_board), Fault.ON_BOARD_MISSING, "order")
    _refuse(aboard & (where[:n] >= 0), Fault.PRECEDENCE, "picked up although on board: order")
    halves = ~aboard & ((courier[:n] != courier[n:]) | (where[:n] > where[n:]))
    _refuse(halves, Fault.PRECEDENCE, "order")


def _check_bindings(p: Problem) -> None:
    clash = (p.on_board >= 0) & (p.bound_to >= 0) & (p.on_board != p.bound_to)
    _refuse(clash, Fault.BINDING, "on board of another courier than bound_to: order")
    keeper = _keepers(p)
    tied = np.flatnonzero((p.group >= 0) & (keeper >= 0))
    if len(tied):
        tied = tied[np.argsort(p.group[tied], kind="stable")]
        same = p.group[tied][1:] == p.group[tied][:-1]
        split = same & (keeper[tied][1:] != keeper[tied][:-1])
        if split.any():
            group = p.group[tied][1:][split][0]
            raise ProblemError(Fault.BINDING, f"group {group} is tied to two couriers")


def _keepers(p: Problem) -> Ints:
    """The courier each order is tied to: by being on board, bound or pinned; -1 if none."""
    keeper = np.where(p.on_board >= 0, p.on_board, p.bound_to).astype(np.int32)
    rows = np.repeat(np.arange(p.couriers, dtype=np.int32), p.pinned)
    first = np.repeat(np.cumsum(p.pinned) - p.pinned, p.pinned)
    stops = p.route_stops[np.arange(len(rows)) - first + p.route_start[rows]]
    orders = stops % max(p.orders, 1)
    stray = (keeper[orders] >= 0) & (keeper[orders] != rows)
    if stray.any():
        o, c = orders[stray][0], rows[stray][0]
        raise ProblemError(
            Fault.PIN_COURIER, f"order {o} is pinned to courier {c}, bound to another"
        )
    keeper[orders] = rows
    return keeper


def _check_commitments(p: Problem) -> None:
    """What may not move must keep the rules by itself."""
    codes = (Fault.PIN_SKILLS, Fault.PIN_CAPACITY, Fault.PIN_TRIPS)
    which, courier, order = first_breach(
        p.route_start,
        p.route_stops,
        p.pinned,
        _keepers(p),
        p.on_board,
        p.skills,
        p.courier_skills,
        p.quantity,
        p.courier_capacity,
        p.store,
        p.rules.single_store_trips,
    )
    if which >= 0:
        detail = f"order {order} may not leave courier {courier}, and cannot stay"
        raise ProblemError(codes[which], detail)


def _refuse(wrong: NDArray[np.bool_], code: Fault, what: str) -> None:
    if wrong.any():
        row = tuple(int(k) for k in np.argwhere(wrong)[0])
        raise ProblemError(code, f"{what} {row[0] if len(row) == 1 else row}")
