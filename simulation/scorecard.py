"""How a run went, in numbers, and everything needed to run it again.

All of it follows from scenario and seed; how long the computer took is said elsewhere.
"""

import platform
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from importlib.metadata import version

import msgspec
from msgspec import Struct

from engine.rules.emissions import GRAMS_PER_KM, SOURCES, grams
from engine.settings import Settings
from engine.values import HOUR
from geo.travel import Vehicle
from simulation.commerce.systems import Systems
from simulation.scenarios.scenario import Planner, Scenario
from simulation.tally import Tally
from solvers.crossing.flips import Flips

LIBRARIES = ("o2o-dispatch", "msgspec", "numba", "numpy", "scipy", "simpy")


class Spread(Struct, frozen=True):
    """Of so many durations, in seconds; percentiles by nearest rank."""

    count: int
    mean_s: float
    p50_s: float
    p90_s: float
    worst_s: float


class Riding(Struct, frozen=True):
    """What the fleet knows and no event tells: distances in meters, times in milliseconds."""

    vehicles: list[Vehicle]
    ridden_m: list[int]
    busy_ms: int
    hourly_cost_minor: int = 0
    took_ms: int = 0  # under way
    planned_ms: int = 0  # by the engine's travel model, for the same ways


class OrderFigures(Struct, frozen=True):
    """Everyone who came ordered or was lost; every order was delivered, collected, ended early, or
    is open."""

    customers: int
    lost: dict[str, int]  # by reason: what the engine refused, or what was too late for them
    placed: int
    delivered: int
    cancelled: dict[str, int]  # by "actor/reason"
    returned: dict[str, int]  # by reason
    open: int
    short: int  # times that a piece was missing
    collected: int = 0  # by the customer, at the counter
    stores_earned_minor: int = 0  # goods, less what was given back


class ServiceFigures(Struct, frozen=True):
    on_time_share: float  # of the delivered, before the promise
    click_to_door: Spread
    lateness: Spread  # of those that were late
    ready_to_pickup: Spread
    click_to_taken: Spread
    in_store_to_pickup: Spread
    ready_to_door: Spread
    by_expected_share: float | None = None  # by the time half of them should be there


class FleetFigures(Struct, frozen=True):
    couriers: int
    worked_h: float
    utilization: float  # share of the time on shift with a stop to go to
    deliveries_per_h: float
    ridden_km: float
    km_per_delivery: float
    cost_minor: int  # what couriers were paid, in the currency of the settings
    cost_per_delivery_minor: float
    co2e_kg: float
    co2e_g_per_delivery: float
    co2e_source: str
    breakdowns: int
    rescues: int
    hourly_cost_minor: int = 0  # for the time on shift, besides
    ride_time_ratio: float = 1.0  # as ridden, over the engine's travel model; before known episodes
    delivery_fees_minor: int = 0  # what customers paid for deliveries, less what was given back


class PlanningFigures(Struct, frozen=True):
    rounds: int
    answered: int
    offers: int
    accepted: int
    taken_back: dict[str, int]  # offers and assignments, by reason
    skipped: dict[str, int]  # routes of a plan that no longer held, by reason


class StabilityFigures(Struct, frozen=True):
    """What couriers and customers feel of plans that change; an hour of all of the city's time."""

    moved: int = 0  # orders that a plan gave to another courier
    moved_per_h: float = 0.0
    routes_per_courier_h: float = 0.0  # planned anew, by hour on shift
    offer_flips: int = 0  # offers and assignments taken back, but not by the courier himself
    offer_flips_per_h: float = 0.0
    eta_flips: int = 0  # times a customer's arrival jumped by five minutes with a plan
    eta_flips_per_h: float = 0.0


class Provenance(Struct, frozen=True):
    """What has to be the same for the digest to be the same."""

    scenario: str
    scenario_digest: str
    seed: int
    planner: Planner
    settings: Settings
    versions: dict[str, str]
    settings_digest: str = ""
    replications: int = 1  # runs like this one, with seeds from this on
    sources: list[str] = []  # files of a recorded day: rows read, and not


class Scorecard(Struct, frozen=True):
    simulated_h: float
    records: int
    digest: str  # of the chain of all records: the head of a journal of this run
    orders: OrderFigures
    service: ServiceFigures
    fleet: FleetFigures
    planning: PlanningFigures
    rejections: dict[str, int]  # by "Command: reason"
    late_payments: int
    stuck: list[str]  # orders that did not end: a bug
    violations: list[str]  # of the engine's invariants: a bug
    provenance: Provenance
    commerce: Systems | None = None  # the six systems, if the scenario has commerce
    stability: StabilityFigures = StabilityFigures()


def spread(durations_ms: Sequence[int]) -> Spread:
    """Zeros if there are none."""
    ordered = sorted(durations_ms)
    n = len(ordered)
    if not n:
        return Spread(0, 0.0, 0.0, 0.0, 0.0)
    p50, p90 = (ordered[-(-n * percent // 100) - 1] for percent in (50, 90))
    return Spread(n, *(round(x / 1_000, 1) for x in (sum(ordered) / n, p50, p90, ordered[-1])))


def service_figures(tally: Tally) -> ServiceFigures:
    lasted = tally.durations_ms
    late = [x for x in lasted["drop_off_lateness"] if x > 0]
    on_time = _ratio(tally.delivered - len(late), tally.delivered, 4)
    return ServiceFigures(
        on_time,
        spread(lasted["click_to_door"]),
        spread(late),
        spread(lasted["ready_to_pickup"]),
        spread(lasted["click_to_taken"]),
        spread(lasted["in_store_to_pickup"]),
        spread(lasted["ready_to_door"]),
        None if tally.by_expected_share is None else round(tally.by_expected_share, 4),
    )


def fleet_figures(tally: Tally, riding: Riding, worked_ms: int) -> FleetFigures:
    delivered, km = tally.delivered, sum(riding.ridden_m) / 1_000
    pairs = zip(riding.vehicles, riding.ridden_m, strict=True)
    co2e_g = sum(grams(vehicle, ridden_m) for vehicle, ridden_m in pairs)
    factors = ", ".join(f"{x} {GRAMS_PER_KM[x]} g/km" for x in dict.fromkeys(riding.vehicles))
    return FleetFigures(
        couriers=len(riding.vehicles),
        worked_h=round(worked_ms / HOUR, 1),
        utilization=_ratio(riding.busy_ms, worked_ms, 4),
        deliveries_per_h=_ratio(delivered * HOUR, worked_ms, 2),
        ridden_km=round(km, 1),
        km_per_delivery=_ratio(km, delivered, 2),
        cost_minor=tally.courier_pay_minor,
        cost_per_delivery_minor=_ratio(tally.courier_pay_minor, delivered, 1),
        co2e_kg=round(co2e_g / 1_000, 2),
        co2e_g_per_delivery=_ratio(co2e_g, delivered, 1),
        co2e_source=f"{factors}; {SOURCES}",
        breakdowns=tally.breakdowns,
        rescues=tally.rescues,
        hourly_cost_minor=riding.hourly_cost_minor,
        ride_time_ratio=_ratio(riding.took_ms, riding.planned_ms, 4) or 1.0,
        delivery_fees_minor=tally.delivery_fees_minor,
    )


def stability_figures(seen: Flips, hours: float, worked_ms: int) -> StabilityFigures:
    return StabilityFigures(
        seen.moved,
        _ratio(seen.moved, hours, 2),
        _ratio(seen.routes * HOUR, worked_ms, 2),
        seen.offers,
        _ratio(seen.offers, hours, 2),
        seen.etas,
        _ratio(seen.etas, hours, 2),
    )


def planning_figures(tally: Tally) -> PlanningFigures:
    return PlanningFigures(
        tally.rounds,
        tally.answers,
        tally.offers,
        tally.accepted_offers,
        by_count(tally.unassigned),
        by_count(tally.skipped),
    )


def provenance(scenario: Scenario, seed: int) -> Provenance:
    return Provenance(
        scenario.name,
        digest_of(scenario),
        seed,
        scenario.planner,
        scenario.engine,
        versions(),
        digest_of(scenario.engine),
        sources=scenario.recorded.sources() if scenario.recorded else [],
    )


def versions() -> dict[str, str]:
    """Of whatever a figure depends on."""
    return {"python": platform.python_version(), **{x: version(x) for x in LIBRARIES}}


def digest_of(settings: Struct) -> str:
    """Of everything it says: the same digest, the same settings."""
    return blake2b(msgspec.json.encode(settings), digest_size=8).hexdigest()


def by_count(counter: Counter[str]) -> dict[str, int]:
    """Most frequent first, then by name: never in the order of a hash."""
    return dict(sorted(counter.items(), key=lambda x: (-x[1], x[0])))


def _ratio(part: float, whole: float, digits: int) -> float:
    return round(part / whole, digits) if whole else 0.0
