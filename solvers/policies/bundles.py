"""Every set of orders one courier could serve, each in its cheapest sequence.

Labels (Dumas, Desrosiers & Soumis 1991): of two ways to make the same stops and end at the same
one, the later and dearer is dropped, for no cost falls with time.
"""

from typing import NamedTuple

from msgspec import Struct

from solvers.check import leg_s
from solvers.problem import Problem

TOLERANCE_S = 1e-6  # as in check


class Bundle(Struct, frozen=True):
    """What a courier may do, and what it costs: J without the orders left out."""

    stops: list[int]  # the whole route, pinned stops included
    orders: list[int]  # served beyond those of `done`
    done: list[int]  # dropped off by pinned stops
    cost: float


class Label(NamedTuple):
    """One way to have made some stops."""

    depart_s: float
    cost: float
    stops: tuple[int, ...]
    place: int
    picked: int  # bit sets of orders
    aboard: int


def committed_orders(problem: Problem, courier: int) -> set[int]:
    """Orders that must stay on that courier's route."""
    p, n = problem, problem.orders
    begin, end = int(p.route_start[courier]), int(p.route_start[courier + 1])
    running = [int(s) % n for s in p.route_stops[begin:end]]
    pinned = running[: int(p.pinned[courier])]
    bound = {o for o in running if p.bound_to[o] == courier}
    return {o for o in range(n) if p.on_board[o] == courier} | set(pinned) | bound


def states_of(problem: Problem) -> int:
    """A bound on sets (picked up, dropped off) over all couriers: what `bundles_of` is to do."""
    states = 0
    for c in range(problem.couriers):
        walk = _Walk(problem, c)
        states += 3 ** len(walk.free) * 2 ** walk.start.aboard.bit_count()
    return states


def bundles_of(problem: Problem, courier: int) -> list[Bundle]:
    """One bundle for every set of orders the courier can serve with what is committed.

    Of a problem that `check_problem` has passed; there is at least one.
    """
    walk = _Walk(problem, courier)
    best: dict[int, Label] = {}
    layer = {(walk.start.picked, walk.start.aboard, -1): [walk.start]}
    while layer:
        following: dict[tuple[int, int, int], list[Label]] = {}
        for labels in layer.values():
            for label in labels:
                if not label.aboard and walk.required & ~label.picked == 0:
                    ended = walk.ended(label)
                    if label.picked not in best or ended.cost < best[label.picked].cost:
                        best[label.picked] = ended
                for longer in walk.extensions(label):
                    key = (longer.picked, longer.aboard, longer.stops[-1])
                    _keep(following.setdefault(key, []), longer)
        layer = following
    return [walk.bundle(label) for label in best.values()]


def _keep(labels: list[Label], new: Label) -> None:
    """Add a label unless one is no later and no dearer; drop those it makes useless."""
    if any(x.depart_s <= new.depart_s and x.cost <= new.cost for x in labels):
        return
    labels[:] = [x for x in labels if x.depart_s < new.depart_s or x.cost < new.cost]
    labels.append(new)


class _Walk:
    """The rules and costs of one courier's route, a stop at a time."""

    def __init__(self, problem: Problem, courier: int) -> None:
        p, n = problem, problem.orders
        self.p, self.c, self.n = p, courier, n
        begin, end = int(p.route_start[courier]), int(p.route_start[courier + 1])
        self.pinned: list[int] = p.route_stops[begin : begin + int(p.pinned[courier])].tolist()
        running = p.route_stops.tolist()
        own = set(running[begin:end])
        self.moved = {s for s in running if s not in own}
        self.committed = committed_orders(p, courier)
        aboard = {o for o in range(n) if p.on_board[o] == courier}
        aboard |= {s for s in self.pinned if s < n}
        self.done = [s - n for s in self.pinned if s >= n]
        aboard -= set(self.done)
        free = [o for o in range(n) if self._may_pick_up(o) and o not in aboard]
        self.free = [o for o in free if o not in self.done]
        self.required = _bits(self.committed - set(self.done))
        w = p.weights
        self.ride_cost = w.travel_per_s + w.co2e_per_g * float(p.courier_co2e[courier])
        self.ready_s = (p.ready_s + w.ready_caution * (p.ready_p90_s - p.ready_s)).tolist()
        self.quantity = p.quantity.T.tolist()
        self.capacity = p.courier_capacity[courier].tolist()
        self.legs: dict[tuple[int, int], float] = {}
        free_s = max(0.0, float(p.courier_free_s[courier]))
        place = int(p.courier_place[courier])
        self.start = Label(free_s, 0.0, (), place, 0, 0)
        for stop in self.pinned:
            self.start = self._after(self.start, stop)
        self.start = self.start._replace(picked=_bits(aboard), aboard=_bits(aboard))

    def _may_pick_up(self, o: int) -> bool:
        p, c = self.p, self.c
        if o in self.committed:
            return True
        tied = int(p.bound_to[o]) not in (-1, c) or p.on_board[o] >= 0
        elsewhere = tied or any(
            o in committed_orders(p, other) for other in range(p.couriers) if other != c
        )
        return not elsewhere and not int(p.skills[o]) & ~int(p.courier_skills[c])

    def extensions(self, label: Label) -> list[Label]:
        """The label with each stop that may come next."""
        found = []
        for o in self.free:
            if not label.picked >> o & 1 and self._fits(label, o) and self._joins(label, o):
                longer = self._after(label, o)
                if self._in_shift(longer, o):
                    found.append(longer)
        waiting = label.aboard
        while waiting:
            o = (waiting & -waiting).bit_length() - 1
            waiting &= waiting - 1
            found.append(self._after(label, self.n + o))
        return found

    def ended(self, label: Label) -> Label:
        """The label with the cost of the courier's time."""
        p = self.p
        per_s = p.weights.courier_time_per_s * float(p.courier_cost[self.c])
        return label._replace(cost=label.cost + per_s * (label.depart_s if label.stops else 0.0))

    def bundle(self, label: Label) -> Bundle:
        orders = [o for o in range(self.n) if label.picked >> o & 1]
        return Bundle(list(label.stops), orders, self.done, label.cost)

    def _after(self, label: Label, stop: int) -> Label:
        """The label with one more stop, whatever the rules say."""
        p, w, o = self.p, self.p.weights, stop % self.n
        picking = stop < self.n
        place = int(p.pickup_place[o] if picking else p.dropoff_place[o])
        ride_s = self._ride_s(label.place, place)
        arrive_s = label.depart_s + ride_s
        cost = label.cost + self.ride_cost * ride_s
        cost += w.disruption_per_stop * (stop in self.moved)
        stops, bit = (*label.stops, stop), 1 << o
        if picking:
            depart_s = self._handed_over_s(label, o, arrive_s)
            return Label(depart_s, cost, stops, place, label.picked | bit, label.aboard | bit)
        late_s = max(0.0, arrive_s - float(p.due_s[o]))
        cost += w.lateness_per_s * late_s * float(p.priority[o])
        cost += w.freshness_per_s * (arrive_s - float(p.ready_s[o]))
        depart_s = arrive_s + float(p.dropoff_service_s[o])
        return Label(depart_s, cost, stops, place, label.picked, label.aboard & ~bit)

    def _handed_over_s(self, label: Label, o: int, arrive_s: float) -> float:
        p, service_s, last = self.p, float(self.p.pickup_service_s[o]), self.n
        if p.rules.shared_pickup_service and label.stops:
            last = label.stops[-1]
        if last < self.n and p.store[last] == p.store[o]:
            return max(arrive_s, self.ready_s[o] + service_s)
        return max(arrive_s, self.ready_s[o]) + service_s

    def _ride_s(self, a: int, b: int) -> float:
        if (a, b) not in self.legs:
            self.legs[a, b] = leg_s(self.p, a, b) / float(self.p.courier_speed[self.c])
        return self.legs[a, b]

    def _fits(self, label: Label, o: int) -> bool:
        aboard = [o, *(k for k in range(self.n) if label.aboard >> k & 1)]
        return all(
            sum(column[k] for k in aboard) <= room
            for column, room in zip(self.quantity, self.capacity, strict=True)
        )

    def _joins(self, label: Label, o: int) -> bool:
        """Whether single-store trips, if asked for, let o be picked up now."""
        if not self.p.rules.single_store_trips or not label.aboard:
            return True
        last = label.stops[-1] if label.stops else self.n
        return last < self.n and bool(self.p.store[last] == self.p.store[o])

    def _in_shift(self, longer: Label, o: int) -> bool:
        if not self.p.rules.pickup_before_shift_end or o in self.committed:
            return True
        begin_s = longer.depart_s - float(self.p.pickup_service_s[o])
        return begin_s <= float(self.p.courier_end_s[self.c]) + TOLERANCE_S


def _bits(orders: set[int]) -> int:
    return sum(1 << o for o in orders)
