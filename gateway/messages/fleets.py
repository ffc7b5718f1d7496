"""Couriers of a fleet: a partner's own, or the house's. What is told names nobody else's."""

from gateway.messages.approaching import Signal
from gateway.messages.routes import Offer, RouteStop, WaitNear
from gateway.messages.values import (
    CourierStatus,
    DeliveryStatus,
    Money,
    Part,
    Place,
    Told,
    Vehicle,
)


class FleetCourier(Part, frozen=True):
    """One's own courier, and all that he is told himself in his feed `route`, and no more."""

    id: str
    vehicle: Vehicle
    capacity: int
    status: CourierStatus
    offers: list[Offer]
    stops: list[RouteStop]
    under_way: bool = False
    wait_near: WaitNear | None = None
    lat: float | None = None
    lon: float | None = None
    signal: Signal = "unseen"  # on shift, by the age of the last position
    shift_ends_at: str | None = None  # as he said when it began
    break_until: str | None = None
    skills: list[str] = []


class FleetWhole(Told, frozen=True):
    at: str
    couriers: list[FleetCourier]


class FleetChanges(Told, frozen=True):
    """Couriers that changed, whole; positions of the others as (courier, lat, lon)."""

    at: str
    couriers: list[FleetCourier] = []
    positions: list[tuple[str, float, float]] = []


class CourierAdmitted(Told, frozen=True):
    """A token of role `courier`, for his app."""

    courier: str
    token: str
    expires_at: str


class PlannedShift(Part, frozen=True):
    courier: str
    shift: str
    starts_at: str
    ends_at: str


class WorkedShift(Part, frozen=True):
    """`until`, as he said when it began; `ended_at`: none while it goes on. Work that was finished
    after its end and before the next counts; `on_time` of what was delivered. Ridden on duty,
    between reported positions. Earned: fees and tips."""

    courier: str
    vehicle: Vehicle
    started_at: str
    until: str
    ended_at: str | None
    broken_down: bool
    on_duty_s: int
    busy_s: int
    delivered: int
    on_time: int
    ridden_m: int
    co2e_g: float
    earned: Money


class Shifts(Told, frozen=True):
    """Planned ones that overlap the time asked for, and worked ones that began in it. `next`, if
    there are more couriers: pass it as `after`."""

    planned: list[PlannedShift]
    worked: list[WorkedShift]
    next: str | None = None


class FleetWork(Part, frozen=True):
    """Of all shifts that began in the time asked for; `fleet` is empty for the house's own."""

    fleet: str
    couriers: int  # who had any
    shifts: int
    on_duty_s: int
    busy_s: int
    delivered: int
    on_time: int
    ridden_m: int
    co2e_g: float
    earned: Money


class FleetsWorked(Told, frozen=True):
    fleets: list[FleetWork]
    co2e_source: str


class Delivery(Told, frozen=True):
    """What its courier knows of it; `dropoff` until it has ended."""

    delivery: str
    order: str
    attempt: int
    status: DeliveryStatus
    courier: str
    store: str
    store_name: str
    load: int
    promised_at: str
    returns: bool = False  # on its way to the store
    failure: str = ""
    dropoff: Place | None = None
