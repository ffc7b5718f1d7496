"""A day told in rows, as CSV files have it: what it says of the people outside, and how it is told.

Rows say less than records. What they do not say stays as the scenario beside them has it, and two
days are compared by what both tell.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from engine.values import MINUTE, SECOND, CourierId, CustomerId, Line, Millis, ProductId, StoreId
from geo.points import Point
from geo.travel import TravelModel, Vehicle
from simulation.calibration.fitting import fit
from simulation.calibration.observed import (
    CourierDay,
    Observed,
    ProductDay,
    StoreDay,
    Visit,
)
from simulation.scenarios.recorded import (
    TIMES,
    Recorded,
    RecordedCourier,
    RecordedOrder,
    RecordedStore,
)
from simulation.scenarios.scenario import CourierGroup, Demand, Scenario, StoreGroup

OPTIONAL = ("ready_at", "customer", "courier", *TIMES)


def columns_of(day: Recorded) -> frozenset[str]:
    """What at least one of its orders tells, of what need not be told; `items` among it."""
    told = {x for x in OPTIONAL if any(getattr(row, x) is not None for row in day.orders)}
    return frozenset(told | ({"items"} if any(x.items for x in day.orders) else set()))


def only(columns: frozenset[str], day: Recorded) -> Recorded:
    """The day, as far as these columns tell it."""
    silent = {x: None for x in OPTIONAL if x not in columns}
    items = {} if "items" in columns else {"items": list[object]()}
    orders = [replace(x, **silent, **items) for x in day.orders]
    return replace(day, orders=orders)


def observed(day: Recorded, scenario: Scenario) -> Observed:
    """What the rows say; products, vehicles and the travel model are the scenario's."""
    seen = Observed(placed=len(day.orders))
    for product in scenario.products:
        seen.products[ProductId(product.id)] = ProductDay(
            product.name, product.category, product.load, product.price_minor
        )
        seen.products[ProductId(product.id)].age_check = product.age_check
    stores = {x.name: x for x in scenario.stores}
    for row in day.stores:
        _store(seen, row, stores.get(row.group) or scenario.stores[0], scenario)
    groups = {x.name: x for x in scenario.couriers}
    for courier in day.couriers:
        _courier(seen, courier, groups.get(courier.group) or scenario.couriers[0])
    for order in sorted(day.orders, key=lambda x: (x.placed_at, x.id)):
        _order(seen, order)
    _ride(seen, day, scenario.engine.travel)
    times = [_ms(x.placed_at) for x in day.orders]
    ends = [_ms(x.delivered_at) for x in day.orders if x.delivered_at is not None]
    seen.starts_at, seen.ends_at = min(times), max(times)
    seen.closes_at = max([seen.ends_at, *ends])
    return seen


def fitted_to(day: Recorded, scenario: Scenario, name: str) -> Scenario:
    """A scenario of such a day. What its rows do not tell is as in `scenario`.

    Raises TooLittleError.
    """
    if not day.couriers:  # the scenario's are on the street
        drawn = [RecordedCourier(f"{n}", *_shift(day), vehicle=x.vehicle, capacity=x.capacity)
                 for n, x in enumerate(scenario.couriers)]  # fmt: skip
        made = fit(observed(replace(day, couriers=drawn), scenario), scenario.engine, name)
        made = replace(made, couriers=scenario.couriers)
    else:
        made = fit(observed(day, scenario), scenario.engine, name)
        made = replace(made, couriers=[_fleet(x, day, scenario) for x in made.couriers])
    columns = columns_of(day)
    return replace(
        made,
        starts_at=made.starts_at.astimezone(scenario.starts_at.tzinfo),
        demand=_demand(made.demand, scenario.demand, columns),
        products=made.products if "items" in columns else scenario.products,
        stores=[_kind(x, scenario, columns, day) for x in made.stores],
        bank=scenario.bank,
        operator=scenario.operator,
        planner=scenario.planner,
    )


def untold(day: Recorded) -> list[str]:
    """For people: what was taken from the scenario, for the rows do not tell it."""
    columns, lacking = columns_of(day), []
    for needed, what in (
        ({"items"}, "baskets"),
        ({"customer"}, "how many people there are"),
        ({"ready_at"}, "how long stores take"),
        ({"arrived_at", "picked_up_at"}, "handing over at the counter"),
        ({"courier", "picked_up_at", "at_door_at"}, "couriers' paces"),
        ({"at_door_at", "delivered_at"}, "time at the door"),
    ):
        if not needed <= columns:
            lacking.append(what)
    if not day.couriers:
        lacking.append("couriers")
    return [*lacking, "patience, refusals and answers", "payments", "mishaps"]


# from rows to what was observed


def _ms(time: datetime) -> Millis:
    return Millis(round(time.timestamp() * SECOND))


def _place(row: RecordedOrder | RecordedStore) -> Point:
    return Point.of_degrees(row.lat, row.lon)


def _shift(day: Recorded) -> tuple[datetime, datetime]:
    placed = [x.placed_at for x in day.orders]
    return min(placed), max(placed)


def _store(seen: Observed, row: RecordedStore, group: StoreGroup, scenario: Scenario) -> None:
    key = StoreId(row.id)
    seen.stores[key] = StoreDay(row.name or row.id, _place(row))
    sold = (ProductId(x.id) for x in scenario.products if x.category in group.sells)
    seen.sells[key] = Counter(dict.fromkeys(sold, 0))


def _courier(seen: Observed, row: RecordedCourier, group: CourierGroup) -> None:
    seen.couriers[CourierId(row.id)] = CourierDay(
        row.vehicle or group.vehicle,
        row.capacity or group.capacity,
        [(_ms(row.starts_at), _ms(row.ends_at))],
    )


def _order(seen: Observed, row: RecordedOrder) -> None:
    at, store = _ms(row.placed_at), StoreId(row.store)
    lines = [Line(ProductId(x.product), k) for x in row.items for k in _asked(x.quantity)]
    visit = Visit(at, CustomerId(row.customer or row.id), store, _place(row), lines)
    visit.placed_at = at
    seen.visits.append(visit)
    for line in lines:
        seen.sells[store][line.product] += line.quantity
        seen.products[line.product].pieces += line.quantity
    kept = seen.stores[store]
    kept.orders += 1
    if row.ready_at is not None:
        kept.kitchen.append((_ms(row.accepted_at or row.placed_at), _ms(row.ready_at)))
    if row.arrived_at is not None and row.picked_up_at is not None:
        begun = max(row.arrived_at, row.ready_at or row.arrived_at)
        kept.handovers_s.append(max(0, _ms(row.picked_up_at) - _ms(begun)) / SECOND)
    if row.delivered_at is not None:
        seen.to_door_s.append((_ms(row.delivered_at) - at) / SECOND)
        if row.promised_at is not None:
            seen.promised += 1
            seen.on_time += row.delivered_at <= row.promised_at


def _asked(quantity: int) -> list[int]:
    """Nobody in a scenario asks for more than two of a thing at once: more were several wishes.

    Two may have been two wishes as well; so lines are counted a little low, and twos high.
    """
    return [2] * (quantity // 2) + [1] * (quantity % 2)


class Moment(NamedTuple):
    """A courier was at a place for certain, and left it for the next one at `leaves_at`."""

    at: Millis
    place: Point
    leaves_at: Millis
    on_board: int  # how many parcels, once he has left


def _ride(seen: Observed, day: Recorded, travel: TravelModel) -> None:
    """Ways with goods on board begin at once: between them nobody waits for an order."""
    stores = {x.id: _place(x) for x in day.stores}
    of: dict[CourierId, list[RecordedOrder]] = defaultdict(list)
    for row in day.orders:
        if row.courier is not None and row.picked_up_at is not None and row.at_door_at is not None:
            of[CourierId(row.courier)].append(row)
    for key, rows in of.items():
        courier = seen.couriers.setdefault(key, CourierDay(Vehicle.SCOOTER, 1))
        for row in rows:
            if row.at_door_at is not None and row.delivered_at is not None:
                courier.doors_s.append((_ms(row.delivered_at) - _ms(row.at_door_at)) / SECOND)
        speed_mm_s = travel.speed_mm_s(courier.vehicle)
        for a, b in pairwise(_moments(rows, stores)):
            planned = travel.travel_ms(a.place, b.place, speed_mm_s)
            if a.on_board and planned >= MINUTE and b.at > a.leaves_at:
                courier.legs_s.append((planned / SECOND, (b.at - a.leaves_at) / SECOND))


def _moments(rows: Sequence[RecordedOrder], stores: dict[str, Point]) -> Iterator[Moment]:
    """In order of time. A pickup whose arrival is not told ends no way."""
    stops: list[tuple[Millis, Millis, int, Point]] = []
    for row in rows:
        assert row.picked_up_at is not None
        assert row.at_door_at is not None
        picked_up, at_door = _ms(row.picked_up_at), _ms(row.at_door_at)
        arrived = _ms(row.arrived_at) if row.arrived_at is not None else picked_up
        stops.append((arrived, picked_up, 1, stores[row.store]))
        gone = _ms(row.delivered_at) if row.delivered_at is not None else at_door
        stops.append((at_door, gone, -1, _place(row)))
    on_board = 0
    for at, leaves_at, change, place in sorted(stops, key=lambda x: (x[1], x[0])):
        on_board += change
        yield Moment(at, place, leaves_at, on_board)


# what rows do not tell


def _demand(made: Demand, base: Demand, columns: frozenset[str]) -> Demand:
    known = {
        "orders": made.orders,
        "profile": made.profile,
        "reach_m": made.reach_m,
        **({"customers": made.customers} if "customer" in columns else {}),
        **({"lines": made.lines, "two_of_it": made.two_of_it} if "items" in columns else {}),
    }
    return replace(base, **known)


def _kind(
    made: StoreGroup, scenario: Scenario, columns: frozenset[str], day: Recorded
) -> StoreGroup:
    """The scenario's group that sells the same, with what was seen of it."""
    sells = sorted(made.sells)
    base = next((x for x in scenario.stores if sorted(x.sells) == sells), scenario.stores[0])
    known: dict[str, object] = {"count": made.count, "attraction": made.attraction}
    if "ready_at" in columns:
        known |= {"preparation_s": made.preparation_s, "cooks": made.cooks}
    if {"arrived_at", "picked_up_at"} <= columns:
        known["handover_s"] = made.handover_s
    return replace(base, sells=made.sells, **known)


def _fleet(made: CourierGroup, day: Recorded, scenario: Scenario) -> CourierGroup:
    same = (x for x in scenario.couriers if x.vehicle is made.vehicle)
    base = next(same, scenario.couriers[0])
    columns = columns_of(day)
    known: dict[str, object] = {
        x: getattr(made, x)
        for x in ("name", "count", "vehicle", "capacity", "from_h", "to_h", "stagger_min")
    }
    if {"courier", "picked_up_at", "at_door_at"} <= columns:
        known["pace"] = made.pace
    if {"courier", "at_door_at", "delivered_at"} <= columns:
        known["door_s"] = made.door_s
    return replace(base, **known)
