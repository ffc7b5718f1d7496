"""The likely next hours of a city: the people it has now, behaving as they have been seen to.

Stores, couriers, shelves and everything under way are taken from the state. Who comes next is
drawn from who came lately (a bootstrap of visits: home, store and basket together), at the pace
of the last hour, times a factor.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.engine import Engine
from engine.state import State
from engine.state.positions import NEVER
from engine.values import HOUR, MINUTE, CourierId, Millis, StoreId
from geo.points import Point
from simulation.calibration.observed import Visit
from simulation.days.city import PERMILLE, CourierProfile, StoreSite
from simulation.days.day import Day, Visits
from simulation.people.demand import Wish
from simulation.scenarios.scenario import CourierGroup, Product, Scenario, StoreGroup
from simulation.streams import RandomStreams


class Past(Struct, frozen=True):
    """What is known of a city's habits: enough to draw its next hours, in any process."""

    habits: Scenario
    visits: list[Visit]  # to draw from
    per_hour: float
    paces: dict[CourierId, float]
    sells: dict[StoreId, list[str]]


def day_of(past: Past, engine: Engine, hours: float, seed: int, demand: float = 1.0) -> Day:
    """The next `hours` from the engine's now; `demand` times as many visits as lately."""
    starts = datetime.fromtimestamp(engine.now / 1_000, UTC)
    settings = engine.state.settings.usual
    scenario = replace(past.habits, starts_at=starts, hours=hours, engine=settings, episodes=[])
    sites = _sites(past, scenario, engine.state)
    by_id = {x.id: x for x in sites}
    streams = RandomStreams(seed)
    couriers = _couriers(past, scenario, engine.state, streams)

    def visits(_day: int) -> Visits:
        return _visits(past, scenario, by_id, streams, demand)

    return Day(scenario, sites, couriers, visits, comes_again=False)


def _sites(past: Past, scenario: Scenario, state: State) -> list[StoreSite]:
    groups = {tuple(x.sells): x for x in scenario.stores}
    products = {x.id: x for x in scenario.products}
    sites, numbers = list[StoreSite](), dict[str, int]()
    for key, store in state.stores.stores.items():
        sold = [products[x] for x in past.sells.get(key, []) if x in products]
        group = groups.get(tuple(sorted({x.category for x in sold})), scenario.stores[0])
        number = numbers[group.name] = numbers.get(group.name, -1) + 1
        sites.append(_site(key, store.name, store.location, group, number, sold))
    return sites


def _site(
    key: StoreId, name: str, place: Point, group: StoreGroup, number: int, sold: list[Product]
) -> StoreSite:
    if not sold:  # it has no till of its own: nobody walks in
        group = replace(group, walk_ins_per_h=0.0)
    popularity: list[float] = np.cumsum([x.popularity for x in sold]).tolist()
    return StoreSite(key, name, group, number, place, sold, popularity)


def _couriers(
    past: Past, scenario: Scenario, state: State, streams: RandomStreams
) -> list[CourierProfile]:
    """By number. Who is not on shift now is not expected back."""
    by_kind = {(x.vehicle, x.capacity): x for x in reversed(scenario.couriers)}
    any_store = next(iter(state.stores.stores.values()))
    profiles = []
    for key, courier in state.couriers.couriers.items():
        group = by_kind.get((courier.vehicle, courier.capacity), scenario.couriers[0])
        seen = state.positions.last_measured(np.array([courier.number], np.int32))[0] != NEVER
        place = state.positions.get(courier.number) if seen else any_store.location
        ends = courier.ends_at if courier.on_shift else Millis(0)
        pace = past.paces.get(key) or _pace(group, streams, key)
        profiles.append(
            CourierProfile(
                key, group, place or any_store.location, Millis(0), ends, round(pace * PERMILLE)
            )
        )
    return profiles


def _pace(group: CourierGroup, streams: RandomStreams, courier: CourierId) -> float:
    return max(0.1, group.pace.draw(streams.named("pace", courier)))


def _visits(
    past: Past,
    scenario: Scenario,
    sites: dict[StoreId, StoreSite],
    streams: RandomStreams,
    factor: float,
) -> Iterator[tuple[int, Wish]]:
    rate = past.per_hour * factor / HOUR
    known = [x for x in past.visits if x.store in sites]
    arrivals = streams.named("fork", "arrivals")
    at, number, demand = 0.0, 0, scenario.demand
    while rate > 0 and known:
        at += arrivals.exponential(1 / rate)
        if at >= scenario.hours * HOUR:
            return
        draws = streams.named("fork", str(number))
        visit = known[draws.below(len(known))]
        key = f"fork-{scenario.starts_ms}-{number}"
        mind = round(draws.exponential(90_000))
        yield (
            round(at),
            Wish(
                key=key,
                customer=visit.customer,
                home=visit.home,
                store=sites[visit.store],
                lines=visit.lines,
                thinks_ms=demand.thinking_s.draw_ms(draws),
                longest_promise_ms=int(demand.longest_promise_min.draw(draws) * MINUTE),
                tolerance_ms=int(demand.tolerance_min.draw(draws) * MINUTE),
                comes_back=draws.chance(demand.comes_back),
                changes_mind_after_ms=mind if draws.chance(demand.changes_mind) else None,
                pin=f"{draws.below(10_000):04d}" if draws.chance(demand.wants_pin) else "",
            ),
        )
        number += 1
