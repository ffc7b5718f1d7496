"""The engine's side of a meal-delivery day: what it is told before the first order.

Meters become degrees near the equator, where both axes have the same scale: 90 units of 1e-7
degree are one meter to a tenth of a percent, and every whole meter is a whole number of units.
"""

from engine import commands as c
from engine.engine import Engine
from engine.settings import Settings
from engine.values import (
    HOUR,
    MINUTE,
    SECOND,
    CourierId,
    CustomerId,
    Millis,
    Minor,
    ProductId,
    ProviderId,
    ServiceId,
    StoreId,
)
from geo.points import Point
from geo.travel import TravelModel, Vehicle
from simulation.mdrp.instance import Courier, Restaurant, Spot, Terms

UNITS_PER_M = 90
MIDNIGHT = Millis(1_514_764_800_000)  # of a day in 2018, when the instances were published
MEAL = ProductId("meal")
PRICE = Minor(2_000)
MEALS_PER_STORE = 1_000_000
CAPACITY = 24  # meals: more than any sensible bundle, so that it never binds
GUEST = CustomerId("guest")
SERVICE = ServiceId("meals")
BANK = ProviderId("bank")


def point(spot: Spot) -> Point:
    """Rounded to a ninetieth of a meter."""
    return Point(round(spot.y_m * UNITS_PER_M), round(spot.x_m * UNITS_PER_M))


def millis(minute: float) -> Millis:
    """A minute of the day as the engine counts time."""
    return Millis(MIDNIGHT + round(minute * MINUTE))


def open_town(terms: Terms, restaurants: list[Restaurant], couriers: list[Courier]) -> Engine:
    """An engine that knows every store, product and courier, before anyone is on shift."""
    engine = Engine()
    commands: list[c.AnyCommand] = [
        c.OpenEngine(_settings(terms)),
        c.ListProduct(MEAL, "Meal", "food"),
        c.RegisterCustomer(GUEST),
    ]
    for x in restaurants:
        store = StoreId(x.id)
        commands += [
            c.RegisterStore(store, x.id, point(x.spot), 15 * MINUTE),
            c.SetPrice(store, MEAL, PRICE),
            c.ReceiveStock(store, MEAL, MEALS_PER_STORE),
        ]
    commands += [c.RegisterCourier(CourierId(x.id), Vehicle.SCOOTER, CAPACITY) for x in couriers]
    for command in commands:
        rejection = engine.step(MIDNIGHT, command)[-1].rejection
        assert rejection is None, (command, rejection)
    return engine


def _settings(terms: Terms) -> Settings:
    """One planning round a minute; couriers are told, not asked; every order is taken."""
    speed_mm_s = max(1, round(terms.meters_per_minute * 1_000 / 60))
    handling = max(terms.pickup_service_min, terms.dropoff_service_min)
    return Settings(
        planning_interval_ms=MINUTE,
        planning_heartbeat_ms=MINUTE,
        planning_timeout_ms=30 * SECOND,
        offer_timeout_ms=0,
        delivery_radius_m=1_000_000,
        handling_ms=round(handling * MINUTE),
        promise_max_ms=24 * HOUR,
        open_deliveries_per_courier=1_000_000,
        travel=TravelModel(scooter_mm_s=speed_mm_s, detour_permille=1_000),
    )
