"""A public meal-delivery day (Grubhub; Reyes et al. 2018) for live clients.

Restaurants, couriers, placements and ready times are the instance's; everybody is reliable.
"""

from datetime import UTC, datetime, timedelta

from engine.settings import Settings
from engine.values import MINUTE, CourierId, CustomerId, Line, ProductId, StoreId
from geo.points import Point
from geo.travel import TravelModel, Vehicle
from simulation.days.city import PERMILLE, CourierProfile, StoreSite
from simulation.days.day import Day, Visits
from simulation.mdrp.instance import Courier, Instance, Terms
from simulation.mdrp.town import CAPACITY, MEAL, MEALS_PER_STORE, MIDNIGHT, PRICE, millis, point
from simulation.people.demand import Wish
from simulation.scenarios.quantities import Varying
from simulation.scenarios.scenario import Bank, City, CourierGroup, Demand, Product, Scenario
from simulation.scenarios.scenario import StoreGroup as Group

LONG_MIN = 24 * 60
AT_ONCE = Varying(median=0.5, p90=0.5)
PATIENT = Varying(median=LONG_MIN, p90=LONG_MIN)
DINER = Product(id=MEAL, name="Meal", category="food", price_minor=PRICE)


def day_of(instance: Instance) -> Day:
    """The instance as a day that comes once."""
    scenario = _scenario(instance)
    [kitchen], [fleet] = scenario.stores, scenario.couriers
    sites = {
        x.id: StoreSite(StoreId(x.id), x.id, kitchen, n, point(x.spot), [DINER], [1.0])
        for n, x in enumerate(instance.restaurants)
    }
    orders = sorted(instance.orders, key=lambda x: (x.placed_min, x.id))

    def visits(_: int) -> Visits:
        for n, order in enumerate(orders):
            at = round(order.placed_min * MINUTE)
            yield at, _wish(n, sites[order.restaurant], order.id, point(order.spot))

    return Day(
        scenario,
        list(sites.values()),
        [_profile(x, fleet) for x in instance.couriers],
        visits,
        {str(n): round(x.ready_min * MINUTE) for n, x in enumerate(orders)},
        comes_again=False,
    )


def _wish(number: int, site: StoreSite, order: str, home: Point) -> Wish:
    return Wish(
        key=str(number),
        customer=CustomerId(f"guest-{order}"),
        home=home,
        store=site,
        lines=[Line(ProductId(MEAL), 1)],
        thinks_ms=0,
        longest_promise_ms=LONG_MIN * MINUTE,
        tolerance_ms=LONG_MIN * MINUTE,
        comes_back=False,
        changes_mind_after_ms=None,
        pin="",
    )


def _profile(courier: Courier, group: CourierGroup) -> CourierProfile:
    starts_ms, ends_ms = millis(courier.on_min), millis(courier.off_min)
    home = point(courier.spot)
    return CourierProfile(CourierId(courier.id), group, home, starts_ms, ends_ms, PERMILLE)


def _scenario(instance: Instance) -> Scenario:
    terms = instance.terms
    ends_min = max(x.off_min for x in instance.couriers)
    pickup_s = max(1.0, terms.pickup_service_min * 60)
    dropoff_s = max(1.0, terms.dropoff_service_min * 60)
    return Scenario(
        name=instance.name,
        teaches="a public meal-delivery day",
        starts_at=datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=MIDNIGHT),
        hours=max(1.0, ends_min / 60),
        city=City(lat=0, lon=0, radius_m=20_000),
        demand=Demand(
            orders=len(instance.orders),
            profile=[1.0],
            customers=len(instance.orders),
            reach_m=10_000,
            lines=AT_ONCE,
            thinking_s=AT_ONCE,
            longest_promise_min=PATIENT,
            tolerance_min=PATIENT,
        ),
        products=[DINER],
        stores=[
            Group(
                name="restaurant",
                count=len(instance.restaurants),
                sells=["food"],
                preparation_s=Varying(median=900, p90=900),
                answers_s=AT_ONCE,
                handover_s=Varying(median=pickup_s / 2, p90=pickup_s / 2),
                stock=MEALS_PER_STORE,
            )
        ],
        couriers=[
            CourierGroup(
                name="courier",
                count=len(instance.couriers),
                vehicle=Vehicle.SCOOTER,
                capacity=CAPACITY,
                to_h=max(1.0, ends_min / 60),
                pace=Varying(median=1, p90=1),
                answers_s=AT_ONCE,
                door_s=Varying(median=dropoff_s / 2, p90=dropoff_s / 2),
            )
        ],
        bank=Bank(name="bank", answers_s=AT_ONCE),
        engine=_settings(terms),
    )


def _settings(terms: Terms) -> Settings:
    """Offers are asked and answered, unlike in the referee's days; riding is the instance's."""
    speed_mm_s = max(1, round(terms.meters_per_minute * 1_000 / 60))
    return Settings(
        planning_interval_ms=MINUTE // 4,
        delivery_radius_m=1_000_000,
        handling_ms=round(max(terms.pickup_service_min, terms.dropoff_service_min) * MINUTE / 2),
        promise_min_ms=round(terms.target_click_to_door_min * MINUTE),
        promise_max_ms=LONG_MIN * MINUTE,
        open_deliveries_per_courier=1_000_000,
        travel=TravelModel(scooter_mm_s=speed_mm_s, detour_permille=1_000),
    )
