"""When an order will be there: the promise a quote makes."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.settings import Settings
from engine.values import MINUTE
from geo.points import Point
from geo.sphere import straight_mm_between
from geo.travel import Vehicle


class Workload(Struct, frozen=True):
    """What a promise depends on, besides the store and the way."""

    couriers: int  # on shift
    open_deliveries: int
    nearest_ms: int  # to the store, for the nearest courier on shift


def promised_ms(settings: Settings, preparation_ms: int, ride_ms: int, load: Workload) -> int:
    """From acceptance to the door; rounded up to whole minutes.

    The store prepares while a courier comes: the longer of the two counts. A busy fleet comes
    later: with k open deliveries per courier, half of k rides stand before this one.
    """
    queue_ms = ride_ms * load.open_deliveries // (2 * max(1, load.couriers))
    to_pickup_ms = max(preparation_ms, load.nearest_ms + queue_ms)
    whole = to_pickup_ms + 2 * settings.handling_ms + ride_ms + settings.promise_buffer_ms
    return max(settings.promise_min_ms, -(-whole // MINUTE) * MINUTE)


def has_capacity(settings: Settings, load: Workload) -> bool:
    """Whether anyone could take one more without drowning the rest."""
    limit = load.couriers * settings.open_deliveries_per_courier
    return load.couriers > 0 and load.open_deliveries < limit


def nearest_ms(
    settings: Settings, store: Point, lat_e7: NDArray[np.int32], lon_e7: NDArray[np.int32]
) -> int:
    """From the nearest of these places to the store by scooter; 0 if there is no place."""
    if not lat_e7.size:
        return 0
    there = np.array([[store.lat_e7, store.lon_e7]], np.int64)
    here = np.column_stack((lat_e7, lon_e7)).astype(np.int64)
    travel = settings.travel
    mm = int(straight_mm_between(here, there).min()) * travel.detour_permille
    return -(-mm // travel.speed_mm_s(Vehicle.SCOOTER))
