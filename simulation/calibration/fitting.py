"""From what was observed to a scenario: groups of stores and couriers alike, and what they do."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import chain
from statistics import median

import numpy as np

from engine.settings import Settings
from engine.values import HOUR, MINUTE, Millis, StoreId
from geo.points import E7, Point, distance_m
from simulation.calibration.attraction import reach_and_attraction
from simulation.calibration.distributions import (
    censored,
    kitchen,
    log_normal,
    population,
    tolerance,
)
from simulation.calibration.observed import CourierDay, Observed, Shift, StoreDay
from simulation.calibration.working import LEAST_H, hours_of, shifts_of, without_gaps
from simulation.people.demand import NOBODY_NOW
from simulation.scenarios.quantities import Varying
from simulation.scenarios.scenario import (
    Bank,
    City,
    CourierGroup,
    Demand,
    Product,
    Scenario,
    StoreGroup,
)

LEGS_MIN = 2  # that tell a courier's pace
PARTS_PER_H = 2  # of the demand's profile
FAR = 0.99  # the share of homes within the city's radius
NO_TIME = Varying(median=1.0, p90=1.0)
AT_ONCE = Varying(median=5.0, p90=15.0)
FOR_EVER_MIN = Varying(median=600.0, p90=600.0)
SAME_PACE = Varying(median=1.0, p90=1.0)


class TooLittleError(ValueError):
    """There is not enough to fit a scenario to; says what is missing."""


def fit(seen: Observed, settings: Settings, name: str) -> Scenario:
    """A scenario of such a day. Raises TooLittleError."""
    placed = [x for x in seen.visits if x.placed_at is not None]
    lacking = [
        what
        for what, there in (
            ("two visits at different times", seen.ends_at > seen.starts_at),
            ("an order", bool(placed)),
            ("a store", any(seen.sells.get(x) for x in seen.stores)),
            ("a courier on shift", any(x.shifts for x in seen.couriers.values())),
        )
        if not there
    ]
    if lacking:
        raise TooLittleError(f"nothing to fit to: the records lack {', '.join(lacking)}")
    starts = Millis(seen.starts_at - seen.starts_at % (HOUR // PARTS_PER_H))
    parts = -(-(seen.ends_at + 1 - starts) * PARTS_PER_H // HOUR)
    city, zone = _city(seen), timezone(timedelta(minutes=settings.utc_offset_min))
    groups = _store_groups(seen)
    reach_m, attraction = reach_and_attraction(seen, [x for _, x in groups])
    return Scenario(
        name=name,
        teaches=_teaches(seen),
        starts_at=datetime.fromtimestamp(starts / 1_000, zone),
        hours=parts / PARTS_PER_H,
        city=city,
        demand=_demand(seen, starts, parts, reach_m),
        products=_products(seen),
        stores=[
            _stores(seen, n, sells, members, weight)
            for n, ((sells, members), weight) in enumerate(zip(groups, attraction, strict=True))
        ],
        couriers=_couriers(seen, starts, parts / PARTS_PER_H),
        bank=_bank(seen),
        engine=settings,
    )


def _teaches(seen: Observed) -> str:
    stores = sum(bool(seen.sells.get(x)) for x in seen.stores)
    couriers = sum(bool(x.shifts) for x in seen.couriers.values())
    return (
        f"A day like the one it was fitted to: {len(seen.visits)} visits, {seen.placed} orders, "
        f"{stores} stores, {couriers} couriers."
    )


def _share(part: float, whole: float) -> float:
    return round(min(1.0, part / whole), 4) if whole else 0.0


# where


def _city(seen: Observed) -> City:
    """A disc round the middle of the homes that nearly all of them are in."""
    homes = [x.home for x in seen.visits]
    center = _middle(homes)
    away = sorted(distance_m(center, x) for x in homes)
    stores = [x.location for key, x in seen.stores.items() if seen.sells.get(key)]
    radius = max(500.0, float(away[int(FAR * (len(away) - 1))]))
    within = max((distance_m(center, x) for x in stores), default=0) / radius
    return City(
        lat=round(center.lat_e7 / E7, 5),
        lon=round(center.lon_e7 / E7, 5),
        radius_m=round(min(50_000.0, radius)),
        stores_within=round(min(1.0, max(0.05, within)), 3),
    )


def _middle(places: Sequence[Point]) -> Point:
    return Point(
        round(sum(x.lat_e7 for x in places) / len(places)),
        round(sum(x.lon_e7 for x in places) / len(places)),
    )


# customers


def _demand(seen: Observed, starts: Millis, parts: int, reach_m: float) -> Demand:
    visits = seen.visits
    profile = Counter((x.at - starts) * PARTS_PER_H // HOUR for x in visits)
    answered = [x for x in visits if x.promised_ms is not None]
    shown = [((x.promised_ms or 0) / MINUTE, x.placed_at is not None) for x in answered]
    placed = [x for x in visits if x.placed_at is not None]
    refused = [x for x in visits if x.came_back or x.refusal in NOBODY_NOW]
    lines = [len(x.lines) for x in visits]
    return Demand(
        orders=float(len(visits)),
        profile=[float(profile[n]) for n in range(parts)],
        customers=population(list(Counter(x.customer for x in visits).values())),
        reach_m=reach_m,
        lines=log_normal(lines, NO_TIME),
        two_of_it=_share(sum(line.quantity > 1 for x in visits for line in x.lines), sum(lines)),
        thinking_s=log_normal([_thought_s(x.at, x.placed_at) for x in placed], AT_ONCE),
        longest_promise_min=tolerance(shown, FOR_EVER_MIN),
        comes_back=_share(sum(x.came_back for x in refused), len(refused)),
        changes_mind=_share(seen.changed_mind, seen.placed),
        tolerance_min=censored(seen.patience_min, FOR_EVER_MIN),
        absent=_share(seen.absent, seen.doors),
        refuses=_share(seen.refused, seen.doors),
        wants_pin=_share(seen.with_pin, seen.placed),
    )


def _thought_s(at: Millis, placed_at: Millis | None) -> float:
    return ((placed_at or at) - at) / 1_000


def _products(seen: Observed) -> list[Product]:
    pieces = sum(x.pieces for x in seen.products.values()) or 1
    sold = {product for products in seen.sells.values() for product in products}
    return [
        Product(
            id=key,
            name=x.name or key,
            category=x.category or "goods",
            price_minor=max(1, x.price_minor),
            load=max(1, x.load),
            popularity=max(0.01, round(100 * x.pieces / pieces, 3)),
            skills=list(x.skills),
            age_check=x.age_check,
        )
        for key, x in seen.products.items()
        if key in sold
    ]


# stores


def _store_groups(seen: Observed) -> list[tuple[tuple[str, ...], list[StoreId]]]:
    """Stores that sell the same categories are of one kind."""
    groups: dict[tuple[str, ...], list[StoreId]] = {}
    for key in seen.stores:
        known = [seen.products[x] for x in seen.sells.get(key, ()) if x in seen.products]
        sells = tuple(sorted({x.category or "goods" for x in known}))
        if sells:
            groups.setdefault(sells, []).append(key)
    return list(groups.items())


def _stores(
    seen: Observed, number: int, sells: tuple[str, ...], members: list[StoreId], attraction: float
) -> StoreGroup:
    days: list[StoreDay] = [seen.stores[x] for x in members]
    kitchens = [kitchen(x.kitchen) for x in days if len(x.kitchen) >= 1]
    took = [s for _, times in kitchens for s in times]
    prepares = log_normal(took, Varying(median=600.0, p90=900.0))
    orders, late = sum(x.orders for x in days), sum(x.late for x in days)
    told = _all(x.told_s for x in days)
    expected = [prepares.typical] * len(told)
    optimism = 1 - float(np.median(told)) / float(np.median(expected)) if told else 0.0
    gaps = [
        (times[-1] - times[0]) / HOUR / (len(times) - 1)
        for x in days
        for times in x.receipts.values()
        if times[-1] > times[0]
    ]
    return StoreGroup(
        name=f"{' and '.join(sells[:3])} {number + 1}",
        count=len(members),
        sells=list(sells),
        attraction=attraction,
        cooks=round(median([x for x, _ in kitchens])) if kitchens else 4,
        preparation_s=prepares,
        answers_s=log_normal(_all(x.answers_s for x in days), AT_ONCE),
        handover_s=log_normal(_all(x.handovers_s for x in days), Varying(median=60, p90=120)),
        optimism=round(min(0.9, max(0.0, optimism)), 3),
        rejects=_share(sum(x.rejects for x in days), orders),
        silent=_share(sum(x.silent for x in days), orders),
        tells_when_late=_share(sum(x.told_when_late for x in days), late) if late else 1.0,
        missing=_share(sum(x.missing for x in days), orders),
        stock=max(1, max(x.shelf for x in days)),
        restocks_every_h=round(max(0.1, median(gaps)), 2) if gaps else 24.0,
        walk_ins_per_h=round(sum(x.till_pieces for x in days) / seen.hours / len(members), 3),
        unsellable_returns=_share(sum(x.unsellable for x in days), sum(x.returns for x in days)),
    )


def _all(lists: Iterable[list[float]]) -> list[float]:
    return list(chain.from_iterable(lists))


# couriers


def _couriers(seen: Observed, starts: Millis, hours: float) -> list[CourierGroup]:
    """Those with the same vehicle and skills who came and were to go within the same hours. Who
    came twice is in two groups."""
    groups: dict[tuple[str, int, tuple[str, ...], int, int], list[tuple[CourierDay, Shift]]] = {}
    for x in seen.couriers.values():
        for shift in shifts_of(x):
            key = x.vehicle, x.capacity, x.skills, *hours_of(shift, starts)
            groups.setdefault(key, []).append((x, shift))
    made = [_courier_group(n, found, starts) for n, found in enumerate(groups.values(), 1)]
    return without_gaps(made, hours)


def _courier_group(
    number: int, found: list[tuple[CourierDay, Shift]], starts: Millis
) -> CourierGroup:
    members = [x for x, _ in found]
    began = [max(0.0, (at - starts) / HOUR) for _, (at, _) in found]
    ended = [(at - starts) / HOUR for _, (_, at) in found]
    paces = [x.pace for x in members if len(x.legs_s) >= LEGS_MIN]
    answers = _all(x.answers_s for x in members)
    declines, silent = sum(x.declines for x in members), sum(x.silent for x in members)
    asked = len(answers) + silent
    worked_h = sum(x.worked_ms for x in members) / HOUR
    breakdowns, breaks = sum(x.breakdowns for x in members), sum(x.breaks for x in members)
    first = min(began)
    return CourierGroup(
        name=f"{members[0].vehicle} {number}",
        count=len(members),
        vehicle=members[0].vehicle,
        capacity=members[0].capacity,
        skills=list(members[0].skills),
        from_h=round(first, 3),
        to_h=round(max(median(ended), first + LEAST_H), 3),
        stagger_min=round((max(began) - first) * 60, 1),
        pace=log_normal(paces, SAME_PACE),
        answers_s=log_normal(answers, AT_ONCE),
        declines=_share(declines, asked),
        silent=_share(silent, asked),
        leaves_early=_share(sum(x.left_early for x in members), len(members)),
        door_s=log_normal(_all(x.doors_s for x in members), Varying(median=90, p90=180)),
        breakdown_every_h=round(worked_h / breakdowns, 2) if breakdowns else 0.0,
        break_every_h=round(worked_h / breaks, 2) if breaks else 0.0,
    )


def _bank(seen: Observed) -> Bank:
    bank = seen.bank
    return Bank(
        name=bank.name,
        answers_s=log_normal(bank.answers_s, AT_ONCE),
        declines=_share(bank.declines, bank.asked),
        silent=_share(bank.silent, bank.asked),
        fails=_share(bank.failed, bank.instructions),
    )
