"""How much each kind of store is liked, and how much distance costs: Huff's model, fitted.

A customer at a distance d chooses a store with weight attraction / (1 + (d / reach)²), as
`Neighborhoods` in `simulation/days/city.py` has it (D. L. Huff, Journal of Marketing 28, 1964).
Attractions are fitted by iterative proportional scaling for each of a row of reaches; the
likeliest wins.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.values import StoreId
from simulation.calibration.observed import Observed
from simulation.scenarios.areas import M_PER_E7

REACHES_M = tuple(round(400 * 1.35**n) for n in range(12))
VISITS_MAX = 3_000  # enough to tell a dozen attractions apart
ROUNDS = 30
Floats = NDArray[np.float64]


def reach_and_attraction(
    seen: Observed, groups: Sequence[Sequence[StoreId]]
) -> tuple[float, list[float]]:
    """(meters, attraction by group, the most attractive is 1)."""
    group_of = {key: n for n, members in enumerate(groups) for key in members}
    keys = list(group_of)
    column = {key: n for n, key in enumerate(keys)}
    visits = [x for x in seen.visits if x.store in column]
    visits = visits[:: max(1, len(visits) // VISITS_MAX)]
    places = [seen.stores[x].location for x in keys]
    sites = np.array([[x.lat_e7, x.lon_e7] for x in places])
    homes = np.array([[x.home.lat_e7, x.home.lon_e7] for x in visits])
    chosen = np.array([column[x.store] for x in visits])
    member = np.array([group_of[k] for k in keys])
    cos = float(np.cos(np.radians(sites[:, 0].mean() / 1e7)))
    way = (homes[:, None, :] - sites[None, :, :]) * M_PER_E7 * np.array([1.0, cos])
    square = (way * way).sum(axis=2)
    best: tuple[float, float, Floats] = (-np.inf, float(REACHES_M[0]), np.ones(len(groups)))
    for reach in REACHES_M:
        near = 1.0 / (1.0 + square / reach**2)
        likelihood, liked = _scaled(near, chosen, member, len(groups))
        if likelihood > best[0]:
            best = likelihood, float(reach), liked
    _, reach_m, liked = best
    return reach_m, [max(0.001, round(float(x / liked.max()), 4)) for x in liked]


def _scaled(
    near: Floats, chosen: NDArray[np.int64], member: NDArray[np.int64], groups: int
) -> tuple[float, Floats]:
    """(log-likelihood, attraction): expected visits of each group equal to those seen."""
    seen = np.bincount(member[chosen], minlength=groups) + 1e-9
    liked = np.ones(groups)
    for _ in range(ROUNDS):
        weight = near * liked[member]
        share = weight / weight.sum(axis=1, keepdims=True)
        liked *= seen / np.maximum(np.bincount(member, share.sum(axis=0), groups), 1e-12)
        liked /= liked.max()
    weight = near * liked[member]
    share = weight[np.arange(len(chosen)), chosen] / weight.sum(axis=1)
    return float(np.log(share).sum()), liked
