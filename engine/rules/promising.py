"""When an order will be there: the promise a quote makes."""

from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.settings import Settings
from engine.state.couriers import Couriers
from engine.state.deliveries import Deliveries
from engine.state.positions import NEVER, Positions
from engine.state.stores import USUAL_PERMILLE, Store
from engine.values import MINUTE
from geo.points import Point
from geo.sphere import nearest, straight_mm
from geo.travel import Vehicle


class Workload(Struct, frozen=True):
    """What a promise depends on, besides the store and the way."""

    couriers: int  # on shift
    open_deliveries: int
    nearest_ms: int  # to the store, for the nearest courier on shift


class Fleet(NamedTuple):
    """Who is at work, where they were seen last, and how much waits for them."""

    couriers: int
    open_deliveries: int
    lat_e7: NDArray[np.int32]  # of those who were ever seen
    lon_e7: NDArray[np.int32]


def fleet_at_work(couriers: Couriers, positions: Positions, deliveries: Deliveries) -> Fleet:
    working = couriers.working()
    seen = working[positions.last_measured(working) != NEVER]
    places = positions.lat_e7[seen], positions.lon_e7[seen]
    return Fleet(working.size, len(deliveries.open), *places)


def workload(settings: Settings, fleet: Fleet, store: Point) -> Workload:
    """As it is for this store."""
    nearest = nearest_ms(settings, store, fleet.lat_e7, fleet.lon_e7)
    return Workload(fleet.couriers, fleet.open_deliveries, nearest)


def ride_ms(settings: Settings, store: Point, dropoff: Point) -> int:
    """By scooter, from the one to the other."""
    speed = settings.travel.speed_mm_s(Vehicle.SCOOTER)
    return settings.travel.travel_ms(store, dropoff, speed)


IDLE = Workload(couriers=1, open_deliveries=0, nearest_ms=0)  # as if somebody waited for it


def promised_ms(settings: Settings, preparation_ms: int, ride_ms: int, load: Workload) -> int:
    """From acceptance to the door; rounded up to whole minutes.

    The store prepares while a courier comes: the longer of the two counts. A busy fleet comes
    later: with k open deliveries per courier, half of k rides stand before this one.
    """
    queue_ms = ride_ms * load.open_deliveries // (2 * max(1, load.couriers))
    to_pickup_ms = max(preparation_ms, load.nearest_ms + queue_ms)
    whole = to_pickup_ms + 2 * settings.handling_ms + ride_ms + settings.promise_buffer_ms
    return max(settings.promise_min_ms, -(-whole // MINUTE) * MINUTE)


def ready_within_ms(preparation_ms: int) -> int:
    """From acceptance to the counter; a started minute counts."""
    return max(MINUTE, -(-preparation_ms // MINUTE) * MINUTE)


def late_preparation_ms(store: Store) -> int:
    """What about nine of ten orders of this store are ready within: its estimate and two mean
    deviations (for a normal distribution, 1.6 standard deviations); longer in a rush."""
    usual_ms = store.preparation_ms + 2 * store.spread_ms
    return usual_ms * store.busy_permille // USUAL_PERMILLE


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
    # Which one is nearest a flat map can tell; how far it is, asked of one, costs nothing.
    k = nearest(store.lat_e7, store.lon_e7, lat_e7, lon_e7)
    mm: int = straight_mm(store.lat_e7, store.lon_e7, int(lat_e7[k]), int(lon_e7[k]))
    travel = settings.travel
    return -(-mm * travel.detour_permille // travel.speed_mm_s(Vehicle.SCOOTER))
