"""A public meal-delivery day as rows, to be fitted to like anybody's own."""

from datetime import UTC, datetime

from simulation.mdrp.instance import Courier, Instance, Spot
from simulation.mdrp.town import CAPACITY, millis, point
from simulation.scenarios.recorded import Recorded, RecordedCourier, RecordedOrder, RecordedStore


def recorded_of(instance: Instance) -> Recorded:
    """Everyone rides a scooter; meals are of no product in particular."""
    orders = [
        RecordedOrder(
            x.id,
            _time(x.placed_min),
            x.restaurant,
            *_degrees(x.spot),
            ready_at=_time(x.ready_min),
        )
        for x in instance.orders
    ]
    stores = [RecordedStore(x.id, *_degrees(x.spot)) for x in instance.restaurants]
    couriers = [
        RecordedCourier(
            x.id, _time(x.on_min), _time(x.off_min), *_degrees(x.spot), capacity=CAPACITY
        )
        for x in instance.couriers
    ]
    return Recorded(orders, stores, couriers, {})


def _shift(x: Courier) -> tuple[datetime, datetime]:
    return _time(x.on_min), _time(x.off_min)


def _time(minute: float) -> datetime:
    return datetime.fromtimestamp(millis(minute) / 1_000, UTC)


def _degrees(spot: Spot) -> tuple[float, float]:
    place = point(spot)
    return place.lat_deg, place.lon_deg
