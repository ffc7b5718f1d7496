"""The figures meal-delivery papers report, for one day. Minutes and dollars.

Definitions: MDRPInstances.pdf, section 1.1, of the public instances.
"""

from statistics import fmean

from msgspec import Struct

from simulation.mdrp.fleet import Delivered
from simulation.mdrp.instance import Instance


class Scorecard(Struct, frozen=True):
    """Means over delivered orders; `floor` is over all of them."""

    orders: int
    undelivered: int
    late: int  # beyond the maximum click-to-door
    click_to_door_min: float
    floor_min: float  # what no dispatcher could beat: ready, ride, both hand-overs
    ready_to_pickup_min: float
    orders_per_trip: float
    cost_per_order: float
    moves: int

    @property
    def excess_min(self) -> float:
        """Click-to-door above the floor."""
        return self.click_to_door_min - self.floor_min


def scorecard(instance: Instance, delivered: list[Delivered], moves: int) -> Scorecard:
    """An instance without orders, or a day without deliveries, scores zeros."""
    terms = instance.terms
    orders = {x.id: x for x in instance.orders}
    spots = {x.id: x.spot for x in instance.restaurants}
    clicks = [x.dropped_off_min - orders[x.order].placed_min for x in delivered]
    waits = [x.picked_up_min - orders[x.order].ready_min for x in delivered]
    handing = (terms.pickup_service_min + terms.dropoff_service_min) / 2
    floors = [
        x.ready_min - x.placed_min + terms.ride_min(spots[x.restaurant], x.spot) + handing
        for x in instance.orders
    ]
    trips = {(x.courier, x.picked_up_min) for x in delivered}
    paid = dict.fromkeys((x.id for x in instance.couriers), 0.0)
    for row in delivered:
        paid[row.courier] += terms.pay_per_order
    cost = sum(
        max(paid[x.id], terms.guaranteed_pay_per_hour * (x.off_min - x.on_min) / 60)
        for x in instance.couriers
    )
    count = max(1, len(delivered))
    return Scorecard(
        orders=len(orders),
        undelivered=len(orders) - len(delivered),
        late=sum(x > terms.max_click_to_door_min for x in clicks),
        click_to_door_min=fmean(clicks or [0.0]),
        floor_min=fmean(floors or [0.0]),
        ready_to_pickup_min=fmean(waits or [0.0]),
        orders_per_trip=len(delivered) / max(1, len(trips)),
        cost_per_order=cost / count,
        moves=moves,
    )
