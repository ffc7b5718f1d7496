"""A recorded day to be played again: its people and places, and the scenario's manners.

Who ordered then orders now, whatever is promised, and may lose patience as the scenario says. What
was not recorded (a basket, a pace, a door) is drawn from a stream named after the row.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from msgspec.structs import replace

from engine.values import (
    HOUR,
    MINUTE,
    SECOND,
    CourierId,
    CustomerId,
    Line,
    Millis,
    ProductId,
    StoreId,
)
from geo.points import Point, distance_m
from simulation.days.city import PERMILLE, CourierProfile, Ground, StoreSite, site_of
from simulation.people.demand import Wish, basket
from simulation.scenarios.csv_file import middle_of
from simulation.scenarios.quantities import LN2, Varying
from simulation.scenarios.recorded import Recorded, RecordedCourier, RecordedOrder, RecordedStore
from simulation.scenarios.scenario import City, CourierGroup, Scenario, StoreGroup
from simulation.streams import RandomStreams

PATIENT_MS = 30 * 24 * HOUR
OUTSKIRTS_M = 500.0


def fitted(scenario: Scenario, day: Recorded) -> Scenario:
    """The scenario with the hours, the city and the counts of a day that was read."""
    placed = [x.placed_at for x in day.orders]
    first = min([*placed, *(x.starts_at for x in day.couriers)]).replace(second=0, microsecond=0)
    last = max(placed) + timedelta(seconds=1)
    stores = Counter(x.group or scenario.stores[0].name for x in day.stores)
    couriers = Counter(x.group or scenario.couriers[0].name for x in day.couriers)
    groups = scenario.couriers
    if day.couriers:
        groups = [replace(x, count=couriers[x.name]) for x in groups]
    return replace(
        scenario,
        starts_at=first.astimezone(scenario.starts_at.tzinfo),
        hours=(last - first) / timedelta(hours=1),
        city=_city(scenario, day),
        demand=replace(scenario.demand, orders=float(len(placed)), profile=[1.0]),
        stores=[replace(x, count=stores[x.name]) for x in scenario.stores],
        couriers=groups,
        zones=[],
        csv=None,
        recorded=day,
    )


def recorded_stores(scenario: Scenario, day: Recorded) -> list[StoreSite]:
    groups = {x.name: x for x in scenario.stores}
    numbers: Counter[str] = Counter()
    sites = []
    for row in day.stores:
        group = groups[row.group] if row.group else scenario.stores[0]
        number = numbers[group.name]
        numbers[group.name] += 1
        own = _store_group(group, row)
        place = Point.of_degrees(row.lat, row.lon)
        sites.append(site_of(scenario, own, StoreId(row.id), row.name or row.id, number, place))
    return sites


def recorded_couriers(
    scenario: Scenario, streams: RandomStreams, day: Recorded
) -> list[CourierProfile]:
    ground, groups = Ground(scenario), {x.name: x for x in scenario.couriers}
    profiles = []
    for row in day.couriers:
        group = _courier_group(groups[row.group] if row.group else scenario.couriers[0], row)
        draws = streams.named("courier", row.id)
        home = ground.anywhere(draws)
        if row.lat is not None and row.lon is not None:
            home = Point.of_degrees(row.lat, row.lon)
        pace = max(1, round(group.pace.draw(draws) * PERMILLE))
        starts, ends = (Millis(round(x.timestamp() * SECOND)) for x in (row.starts_at, row.ends_at))
        key = CourierId(group.id_of(row.id))
        profiles.append(CourierProfile(key, group, home, starts, ends, pace))
    return profiles


def recorded_visits(
    scenario: Scenario, streams: RandomStreams, day: Recorded, sites: list[StoreSite]
) -> Iterator[tuple[int, Wish]]:
    """Milliseconds after the day's beginning, and what was ordered."""
    site_of_id = {str(x.id): x for x in sites}
    for row in day.orders:
        yield _after_ms(scenario, row), _wish(scenario, streams, row, site_of_id[row.store])


def recorded_ready_ms(scenario: Scenario, day: Recorded) -> dict[str, int]:
    """Of the orders whose time is known, by the key of the wish."""
    return {
        x.id: round(x.ready_at.timestamp() * SECOND) - scenario.starts_ms
        for x in day.orders
        if x.ready_at is not None
    }


# internals


def _after_ms(scenario: Scenario, row: RecordedOrder) -> int:
    return round(row.placed_at.timestamp() * SECOND) - scenario.starts_ms


def _wish(scenario: Scenario, streams: RandomStreams, row: RecordedOrder, site: StoreSite) -> Wish:
    demand, draws = scenario.demand, streams.named("wish", row.id)
    lines = [Line(ProductId(x.product), x.quantity) for x in row.items]
    return Wish(
        key=row.id,
        customer=CustomerId(row.customer or f"guest-{row.id}"),
        home=Point.of_degrees(row.lat, row.lon),
        store=site,
        lines=lines or basket(demand, scenario.engine.load_max, site, draws),
        thinks_ms=0,
        longest_promise_ms=PATIENT_MS,
        tolerance_ms=int(demand.tolerance_min.draw(draws) * MINUTE),
        comes_back=True,
        changes_mind_after_ms=None,
        pin=f"{draws.below(10_000):04d}" if draws.chance(demand.wants_pin) else "",
    )


def _store_group(group: StoreGroup, row: RecordedStore) -> StoreGroup:
    """The group, with what this store does otherwise; its spread in proportion."""
    usual, median_s = group.preparation_s, row.preparation_min * 60
    if median_s and usual.mean:
        usual = Varying(mean=median_s / LN2)
    elif median_s:
        usual = Varying(median=median_s, p90=median_s * usual.p90 / usual.median)
    return replace(group, preparation_s=usual, cooks=row.cooks or group.cooks)


def _courier_group(group: CourierGroup, row: RecordedCourier) -> CourierGroup:
    return replace(
        group, vehicle=row.vehicle or group.vehicle, capacity=row.capacity or group.capacity
    )


def _city(scenario: Scenario, day: Recorded) -> City:
    """Around the stores, as far as anybody goes."""
    middle = middle_of(day.stores)
    places = [(x.lat, x.lon) for x in day.stores] + [(x.lat, x.lon) for x in day.orders]
    places += [(x.lat, x.lon) for x in day.couriers if x.lat is not None and x.lon is not None]
    radius_m = max(distance_m(middle, Point.of_degrees(*x)) for x in places) + OUTSKIRTS_M
    return replace(
        scenario.city, lat=middle.lat_deg, lon=middle.lon_deg, radius_m=min(radius_m, 50_000.0)
    )
