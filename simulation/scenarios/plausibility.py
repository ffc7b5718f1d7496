"""What no city could be, found before the first event: all that speaks against a scenario."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.commands import OpenEngine
from engine.engine import Engine
from engine.values import HOUR, MINUTE, SECOND, Millis
from geo.city_streets import StreetsError, decode
from geo.points import Point, distance_m, places
from geo.sphere import straight_mm_between
from geo.travel import PERMILLE
from simulation.commerce.plausibility import flaws_of as of_commerce
from simulation.days.arrivals import word
from simulation.scenarios.areas import Area
from simulation.scenarios.episodes import Crowd, RoadClosure
from simulation.scenarios.flaws import Flaw, ScenarioError, did_you_mean
from simulation.scenarios.scenario import Product, Scenario
from solvers.portfolio import SOLVERS


def check(scenario: Scenario) -> None:
    """Whether this could be a day anywhere. Raises ScenarioError."""
    if flaws := list(flaws_of(scenario)):
        raise ScenarioError(flaws)


def flaws_of(scenario: Scenario) -> Iterator[Flaw]:
    for one in (
        _clock,
        _goods,
        _kitchens,
        _zones,
        _episodes,
        _fleet,
        _promises,
        _engine,
        _streets,
        _planning,
        of_commerce,
    ):
        yield from one(scenario)


def _clock(s: Scenario) -> Iterator[Flaw]:
    if s.starts_at.tzinfo is None:
        detail = "says no time zone, as in 2025-03-07T11:00:00+08:00"
        yield Flaw("wrong_value", "starts_at", detail)
    elif s.starts_ms < 0:
        yield Flaw("wrong_value", "starts_at", "is before 1970")
    if not any(s.demand.profile):
        yield Flaw("no_demand", "demand.profile", "all zero: nobody ever comes")


def _goods(s: Scenario) -> Iterator[Flaw]:
    if not s.products:
        yield Flaw("no_product", "products", "there is nothing to sell")
    yield from _twice("products", "id", [x.id for x in s.products])
    for n, product in enumerate(s.products):
        if product.load > s.engine.load_max:
            detail = f"{product.load} is more than engine.load_max, {s.engine.load_max}"
            yield Flaw("wrong_value", f"products[{n}].load", detail)
        yield from _carriers(s, n, product)


def _carriers(s: Scenario, n: int, product: Product) -> Iterator[Flaw]:
    """Somebody has to have what it takes to carry it: in one person, and all of it."""
    groups = [x for x in s.couriers if x.count]
    if not groups:
        return  # which is a flaw of its own
    known = sorted({skill for group in groups for skill in group.skills})
    for skill in product.skills:
        if skill not in known:
            detail = f'no courier has "{skill}"{did_you_mean(skill, known)}'
            yield Flaw("unknown_skill", f"products[{n}].skills", detail)
    asked = set(product.skills)
    if asked <= set(known) and not any(asked <= set(x.skills) for x in groups):
        detail = f"no courier has all of {', '.join(product.skills)}"
        yield Flaw("unknown_skill", f"products[{n}].skills", detail)


def _zones(s: Scenario) -> Iterator[Flaw]:
    yield from _twice("zones", "name", [word(x.name) for x in s.zones])
    for n, zone in enumerate(s.zones):
        if zone.profile and not any(zone.profile):
            yield Flaw("no_demand", f"zones[{n}].profile", "all zero: nobody ever comes")
        yield from _out_of_town(s, f"zones[{n}].where", zone.where)


def _episodes(s: Scenario) -> Iterator[Flaw]:
    names = [word(x.name) for x in [*s.zones, *s.episodes]]
    yield from _twice("episodes", "name", names, len(s.zones))
    groups = {"stores": [x.name for x in s.stores], "couriers": [x.name for x in s.couriers]}
    for n, episode in enumerate(s.episodes):
        key = f"episodes[{n}]"
        if episode.to_h <= episode.from_h:
            detail = f"ends at {episode.to_h} h and begins at {episode.from_h} h"
            yield Flaw("negative_episode", f"{key}.to_h", detail)
        if episode.from_h >= s.hours:
            detail = f"customers come for {s.hours:g} h only"
            yield Flaw("negative_episode", f"{key}.from_h", detail)
        for kind, known in groups.items():
            named = getattr(episode, kind, "")
            if named and named not in known:
                detail = f'no group is called "{named}"{did_you_mean(named, known)}'
                yield Flaw("unknown_group", f"{key}.{kind}", detail)
        if isinstance(episode, Crowd | RoadClosure):
            yield from _out_of_town(s, f"{key}.where", episode.where)
        if isinstance(episode, Crowd) and episode.profile and not any(episode.profile):
            yield Flaw("no_demand", f"{key}.profile", "all zero: nobody ever comes")


def _out_of_town(s: Scenario, key: str, area: Area) -> Iterator[Flaw]:
    """Usually a typo in a coordinate."""
    away_m = distance_m(area.center, Point.of_degrees(s.city.lat, s.city.lon))
    if away_m > s.city.radius_m + area.radius_m:
        detail = f"is {away_m / 1_000:,.1f} km from the center of a city of {s.city.radius_m:g} m"
        yield Flaw("out_of_town", key, detail)


def _kitchens(s: Scenario) -> Iterator[Flaw]:
    if not sum(group.count for group in s.stores):
        yield Flaw("no_store", "stores", "there is no store")
    yield from _twice("stores", "name", [word(x.name) for x in s.stores])
    for n, group in enumerate(s.stores):
        if group.where is not None:
            yield from _out_of_town(s, f"stores[{n}].where", group.where)
    categories = {product.category for product in s.products}
    for n, group in enumerate(s.stores):
        for category in group.sells:
            if category not in categories:
                yield Flaw(
                    "unknown_category",
                    f"stores[{n}].sells",
                    f'no product is in "{category}"{did_you_mean(category, categories)}',
                )


def _fleet(s: Scenario) -> Iterator[Flaw]:
    yield from _twice("couriers", "name", [word(x.name) for x in s.couriers])
    if not sum(group.count for group in s.couriers):
        yield Flaw("no_courier", "couriers", "there is no courier")
        return
    for n, group in enumerate(s.couriers):
        if group.to_h <= group.from_h:
            detail = f"the shift ends at {group.to_h} h and starts at {group.from_h} h"
            yield Flaw("negative_shift", f"couriers[{n}].to_h", detail)
        elif group.stagger_min / 60 >= group.to_h - group.from_h:
            detail = "the latest would start after the end of the shift"
            yield Flaw("negative_shift", f"couriers[{n}].stagger_min", detail)
        elif (group.to_h - group.from_h) * HOUR > s.engine.shift_max_ms:
            most = f"engine.shift_max_ms = {s.engine.shift_max_ms}"
            detail = f"a shift of {group.to_h - group.from_h:g} h is longer than {most}"
            yield Flaw("shift_too_long", f"couriers[{n}].to_h", detail)
    if (largest := max(x.capacity for x in s.couriers if x.count)) < s.engine.load_max:
        detail = f"nobody can carry an order of engine.load_max = {s.engine.load_max}"
        yield Flaw("courier_too_small", "couriers.capacity", f"at most {largest}: {detail}")
    if s.recorded is None or not s.recorded.couriers:  # a day that happened may have had gaps
        yield from _gaps(s)


def _gaps(s: Scenario) -> Iterator[Flaw]:
    """Hours in which customers come and no courier is planned to work."""
    covered = 0.0
    for group in sorted(s.couriers, key=lambda x: x.from_h):
        if group.count and group.from_h <= covered:
            covered = max(covered, group.to_h)
    if covered < s.hours:
        detail = f"no courier is on shift {covered:g} h after the start; customers come until"
        yield Flaw("nobody_working", "couriers", f"{detail} {s.hours:g} h")


def _promises(s: Scenario) -> Iterator[Flaw]:
    """The least a promise can be: food cooked, handed over twice, and brought as far as usual."""
    settings, travel = s.engine, s.engine.travel
    if settings.promise_min_ms > settings.promise_max_ms:
        detail = "is above engine.promise_max_ms"
        yield Flaw("promise_too_short", "engine.promise_min_ms", detail)
    kitchens = [x.preparation_s.typical for x in s.stores if x.count]
    vehicles = [x.vehicle for x in s.couriers if x.count]
    if not kitchens or not vehicles:
        return
    fastest_mm_s = max(travel.speed_mm_s(x) for x in vehicles)
    ride_ms = s.demand.reach_m * SECOND * travel.detour_permille / PERMILLE * 1_000 / fastest_mm_s
    handling_ms = 2 * settings.handling_ms + settings.promise_buffer_ms
    least_ms = min(kitchens) * SECOND + handling_ms + ride_ms
    if settings.promise_max_ms < least_ms:
        detail = (
            f"{settings.promise_max_ms / MINUTE:g} min, but cooking, handling and the ride over "
            f"demand.reach_m take {least_ms / MINUTE:.0f} min"
        )
        yield Flaw("promise_too_short", "engine.promise_max_ms", detail)


def _engine(s: Scenario) -> Iterator[Flaw]:
    """Settings the engine itself would refuse."""
    (record,) = Engine().step(Millis(0), OpenEngine(s.engine))
    if record.rejection is not None:
        key = str(record.rejection.detail.get("field", ""))
        too_late = s.engine.promise_min_ms > s.engine.promise_max_ms
        if key != "promise_min_ms" or not too_late:  # that is said above, with more words
            yield Flaw("wrong_value", f"engine.{key}", "is nothing an engine can work with")


def _streets(s: Scenario) -> Iterator[Flaw]:
    """A file of the streets, and of those of this city."""
    if not s.city.streets:
        return
    try:
        graph = decode(Path(s.city.streets).read_bytes()).graph
    except (OSError, StreetsError) as e:
        yield Flaw("unreadable", "city.streets", str(e))
        return
    middle = Point.of_degrees(s.city.lat, s.city.lon)
    nearest_mm = int(straight_mm_between(graph.places, places([middle])).min())
    if nearest_mm > s.city.radius_m * 1_000:
        detail = f"are {nearest_mm / 1e6:.0f} km away from the city"
        yield Flaw("wrong_value", "city.streets", detail)


def _planning(s: Scenario) -> Iterator[Flaw]:
    policy = s.planner.policy
    if policy not in SOLVERS:
        detail = f'"{policy}" is not in the portfolio{did_you_mean(policy, SOLVERS)}'
        yield Flaw("unknown_policy", "planner.policy", detail)
    if s.planner.co2e_minor_per_kg and not s.engine.courier_fee_per_km_minor:
        detail = "is weighed against engine.courier_fee_per_km_minor, which is 0"
        yield Flaw("wrong_value", "planner.co2e_minor_per_kg", detail)
    timeout_ms = s.engine.planning_timeout_ms
    if s.planner.thinking_ms >= timeout_ms:
        detail = f"every round would be closed at engine.planning_timeout_ms = {timeout_ms}"
        yield Flaw("thinking_too_long", "planner.thinking_ms", detail)


def _twice(path: str, key: str, names: Iterable[str], before: int = 0) -> Iterator[Flaw]:
    """`before` of them stand elsewhere in the file, and are not to be said again."""
    seen: set[str] = set()
    for n, name in enumerate(names, -before):
        if name in seen and n >= 0:
            yield Flaw("duplicate_id", f"{path}[{n}].{key}", f'"{name}" is there twice')
        seen.add(name)
