"""Couriers' planned shifts: of couriers there are, and nobody has two at once."""

from collections.abc import Iterator
from itertools import pairwise

from engine.state import State
from engine.values import CourierId, FleetId


def violations(s: State) -> Iterator[str]:
    for courier, planned in s.shifts.shifts.items():
        if s.couriers.get(courier) is None:
            yield f"shifts are planned for {courier}, whom nobody has registered"
        in_order = sorted(planned.values(), key=lambda x: x.starts_at)
        for a, b in pairwise(in_order):
            if a.ends_at > b.starts_at:
                yield f"{courier} is to work twice from {b.starts_at}"
    of_fleet: dict[FleetId, list[CourierId]] = {}
    for key, x in s.couriers.couriers.items():
        of_fleet.setdefault(x.fleet, []).append(key)
    for fleet, couriers in of_fleet.items():
        if s.couriers.of_fleet(fleet) != couriers:
            yield f"{couriers} are of {fleet or 'the house'}, {s.couriers.of_fleet(fleet)} counted"
