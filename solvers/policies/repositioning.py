"""Which couriers with nothing to do should wait elsewhere, so that orders to come start on time.

Maximum expected covering with busy servers, one move at a time: Daskin (Transportation Science
17, 1983), as used live by Jagtenberg, Bhulai & van der Mei (Operations Research for Health Care
4, 2015). In the place of coverage stands the expected delay of a pickup: how much later than the
goods are ready the courier is there.
"""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from solvers.problem import Floats

Bools = NDArray[np.bool_]
NEAREST = 4  # couriers that count for a store
TARGETS = 24  # stores a courier may be sent to: the nearest
TOO_FAR_S = 1_800.0  # until somebody is free when all of these are taken
ROOT_2PI = float(np.sqrt(2.0 * np.pi))


class Outlook(Struct, frozen=True):
    """C couriers, S stores. Times in seconds from now."""

    demand: Floats  # (S,) orders expected within the horizon
    lead_s: Floats  # (S,) from the order until it is ready, on average
    spread_s: Floats  # (S,) its standard deviation, > 0
    there_s: Floats  # (C, S) when each courier could be at each store, unless sent elsewhere
    between_s: Floats  # (S, S) rides at unit speed
    speed: Floats  # (C,)
    may_move: Bools  # (C,) nothing to do, and not sent elsewhere just now
    busy: float  # share of couriers who are taken when one is needed, in [0, 1)


class Terms(Struct, frozen=True):
    """What makes a move worth it."""

    least_s: float = 30.0  # expected delay saved, summed over the orders of the horizon
    per_ride_s: float = 0.1  # and so much more for each second of the ride
    ride_max_s: float = 600.0
    moves_max: int = 3  # in one round: the next sees what became of them


USUAL_TERMS = Terms()


class Near(NamedTuple):
    """For each store the couriers who would be there first; who is missing is too far away."""

    who: NDArray[np.intp]  # (S, NEAREST + 1) rows, or -1
    there_s: Floats  # (S, NEAREST + 1), ascending


def moves(outlook: Outlook, terms: Terms = USUAL_TERMS) -> list[tuple[int, int]]:
    """(courier, store) rows of moves that are worth it, the best first.

    Each is judged after those before it: two couriers are not sent for one gap.
    """
    chosen: list[tuple[int, int]] = []
    if not outlook.demand.any():
        return chosen
    there_s = outlook.there_s.copy()
    near = _nearest(there_s)
    movable: list[int] = np.flatnonzero(outlook.may_move).tolist()
    wishes = [(-_best(outlook, there_s, near, x, terms)[0], x) for x in movable]
    heapify(wishes)
    while wishes and wishes[0][0] < 0.0 and len(chosen) < terms.moves_max:
        _, courier = heappop(wishes)
        gain, store = _best(outlook, there_s, near, courier, terms)
        if wishes and gain > 0.0 and -gain > wishes[0][0]:
            heappush(wishes, (-gain, courier))  # was better before others were sent
        elif gain > 0.0:
            chosen.append((courier, store))
            there_s[courier] = outlook.between_s[store] / outlook.speed[courier]
            near = _nearest(there_s)
    return chosen


def expected_delay_s(outlook: Outlook, there_s: Floats) -> float:
    """Summed over all orders expected, if couriers were where `there_s` (C, S) says."""
    etas = _nearest(there_s).there_s[:, :NEAREST]
    return float(_covered(outlook, _delays(outlook, etas)) @ outlook.demand)


def _best(
    outlook: Outlook, there_s: Floats, near: Near, courier: int, terms: Terms
) -> tuple[float, int]:
    """What sending this courier to the best store for it is worth, net; and which store."""
    rides = there_s[courier]
    targets = np.argsort(rides, kind="stable")[:TARGETS]
    mine = np.concatenate(  # first: stay
        (rides[None, :], outlook.between_s[targets] / outlook.speed[courier])
    )
    others = np.where(near.who == courier, TOO_FAR_S, near.there_s)
    etas = np.empty((*mine.shape, others.shape[1] + 1))
    etas[:, :, :-1], etas[:, :, -1] = others, np.minimum(mine, TOO_FAR_S)
    etas = np.sort(etas, axis=2)[:, :, :NEAREST]
    costs = _covered(outlook, _delays(outlook, etas)) @ outlook.demand
    gains = costs[0] - costs[1:] - terms.least_s - terms.per_ride_s * rides[targets]
    gains[rides[targets] > terms.ride_max_s] = -np.inf
    best = int(np.argmax(gains))
    return float(gains[best]), int(targets[best])


def _nearest(there_s: Floats) -> Near:
    """One more than count, for one of them may be asked about."""
    who = np.argsort(there_s, axis=0, kind="stable")[: NEAREST + 1].T
    missing = (0, 0), (0, NEAREST + 1 - who.shape[1])
    times = np.minimum(np.take_along_axis(there_s.T, who, axis=1), TOO_FAR_S)
    return Near(
        np.pad(who, missing, constant_values=-1), np.pad(times, missing, constant_values=TOO_FAR_S)
    )


def _delays(outlook: Outlook, etas: Floats) -> Floats:
    """(..., S, K): how long goods wait for couriers who are there after `etas`, on average."""
    from scipy.special import ndtr  # here, for it loads for long

    lead, spread = outlook.lead_s[:, None], outlook.spread_s[:, None]
    z = (etas - lead) / spread
    delays: Floats = (etas - lead) * ndtr(z) + spread * np.exp(-0.5 * z * z) / ROOT_2PI
    return delays


def _covered(outlook: Outlook, delays: Floats) -> Floats:
    """(..., S): the nearest courier comes unless taken, then the next, then whoever is free."""
    taken = outlook.busy ** np.arange(NEAREST)
    nobody = _delays(outlook, np.full((len(outlook.demand), 1), TOO_FAR_S))[:, 0]
    come: Floats = delays @ (taken * (1.0 - outlook.busy)) + outlook.busy**NEAREST * nobody
    return come
