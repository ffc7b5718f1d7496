"""What the meal solver is told at one minute of the day, as columns. No ids, no engine.

C couriers, S stores, N orders known and not yet picked up. Places in meters on a plane, times in
seconds from now (the past is negative).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Rates(NamedTuple):
    """The rules of riding and handing over, and what a plan is judged by."""

    step_m: float  # legs take whole steps: ceil(meters / step_m) * step_s
    step_s: float
    pickup_half_s: float  # before the food is taken over, and again before leaving
    dropoff_half_s: float  # before the food is handed over, and again before leaving
    late_s: float  # click-to-door beyond this is a failure
    late_cost_s: float  # what a failure weighs, in seconds of click-to-door
    late_rate: float  # and each second beyond it
    busy_rate: float  # a second a courier works
    finish_rate: float  # a second that a courier is not free again, within `horizon_s`
    horizon_s: float
    unserved_s: float  # what an order nobody takes weighs


class Day(NamedTuple):
    """A NamedTuple, because numba kernels take it whole."""

    rates: Rates
    # couriers
    courier_x_m: Floats  # (C,) where next free
    courier_y_m: Floats
    free_s: Floats  # (C,) when, >= 0
    end_s: Floats  # (C,) no pickup after this
    heading: Ints  # (C,) the store a started leg leads to, or -1
    arrival_s: Floats  # (C,) when it ends
    # stores
    store_x_m: Floats  # (S,)
    store_y_m: Floats
    # orders
    store: Ints  # (N,)
    x_m: Floats  # (N,) the customer's door
    y_m: Floats
    ready_s: Floats  # (N,)
    placed_s: Floats  # (N,)
    holder: Ints  # (N,) the courier who was told, or -1
