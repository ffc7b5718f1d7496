"""Street files (.osm.pbf) to ways for `geo.roads`: what each kind of vehicle may use, how fast.

Needs `osmium`, which is not among the dependencies: `pip install o2o-dispatch[streets]`. The data
is OpenStreetMap's, under the ODbL: a map drawn from it must say so.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from geo.points import Point
from geo.roads import BOTH_WAYS, ONE_WAY, ONE_WAY_BACK, Ways
from geo.travel import Vehicle
from geo.zones import Circle

Located = tuple[int, tuple[int, int]]  # a node: its id, and where it is


class StreetFileError(Exception):
    """The file cannot be read, or osmium is missing; the words say which."""


# km/h on a free road, door to door: junctions cost about a third of what signs allow.
_MOTOR_KMH = {
    "motorway": 80, "motorway_link": 50, "trunk": 60, "trunk_link": 40,
    "primary": 35, "primary_link": 30, "secondary": 32, "secondary_link": 28,
    "tertiary": 28, "tertiary_link": 25, "unclassified": 25, "residential": 22,
    "living_street": 10, "service": 12, "road": 20,
}  # fmt: skip
_BICYCLE_KMH = {
    "primary": 17, "primary_link": 17, "secondary": 17, "secondary_link": 17,
    "tertiary": 17, "tertiary_link": 17, "unclassified": 16, "residential": 16,
    "living_street": 12, "service": 12, "road": 15, "cycleway": 18, "track": 12,
    "path": 10, "pedestrian": 6, "footway": 5,
}  # fmt: skip
_WALK_KMH = {
    "primary": 5, "primary_link": 5, "secondary": 5, "secondary_link": 5,
    "tertiary": 5, "tertiary_link": 5, "unclassified": 5, "residential": 5,
    "living_street": 5, "service": 5, "road": 5, "cycleway": 5, "track": 5,
    "path": 5, "pedestrian": 5, "footway": 5, "steps": 3,
}  # fmt: skip

_KMH = {
    Vehicle.WALK: _WALK_KMH,
    Vehicle.BICYCLE: _BICYCLE_KMH,
    Vehicle.SCOOTER: _MOTOR_KMH,
    Vehicle.CAR: _MOTOR_KMH,
}
_ACCESS = {  # from the most to the least specific tag: the first that is there decides
    Vehicle.WALK: ("foot", "access"),
    Vehicle.BICYCLE: ("bicycle", "vehicle", "access"),
    Vehicle.SCOOTER: ("motorcycle", "motor_vehicle", "vehicle", "access"),
    Vehicle.CAR: ("motorcar", "motor_vehicle", "vehicle", "access"),
}
_CLOSED = {"no", "private", "agricultural", "forestry", "military"}
_SCOOTER_MAX_KMH = 45
_KMH_PER_MPH = 1.609344


def read_ways(path: Path, vehicle: Vehicle, within: Circle | None = None) -> Ways:
    """The streets, within a circle or all, that the vehicle may use. Raises StreetFileError."""
    ids: list[int] = []
    e7: list[tuple[int, int]] = []
    lengths, speeds, directions = [0], [], []
    for way in _highways(path):
        speed = speed_mm_s(way.tags, vehicle)
        if speed == 0:
            continue
        for run in _runs(way.nodes, within):
            ids += [ref for ref, _ in run]
            e7 += [at for _, at in run]
            lengths.append(len(run))
            speeds.append(speed)
            directions.append(direction(way.tags, vehicle))
    _, first, nodes_of_ways = np.unique(
        np.array(ids, np.int64), return_index=True, return_inverse=True
    )
    return Ways(
        places=np.array(e7, np.int64).reshape(-1, 2)[first],
        start=np.cumsum(lengths, dtype=np.int64),
        nodes=nodes_of_ways.astype(np.int64),
        speed_mm_s=np.array(speeds, np.int64),
        direction=np.array(directions, np.int64),
    )


def _runs(nodes: Any, within: Circle | None) -> Iterator[list[Located]]:
    """The parts of a way that are inside: an extract cuts ways, and so does a circle."""
    run: list[Located] = []
    for node in nodes:
        at = node.location  # has none outside of the extract
        if at.valid() and (within is None or within.contains(Point(at.y, at.x))):
            run.append((node.ref, (at.y, at.x)))
        elif run:
            yield run
            run = []
    if run:
        yield run


def speed_mm_s(tags: Any, vehicle: Vehicle) -> int:
    """On a way with these tags; 0 if the vehicle may not use it."""
    kmh: float = _KMH[vehicle].get(tags.get("highway", ""), 0)
    if tags.get("area") == "yes":
        return 0
    access = next((tags.get(key) for key in _ACCESS[vehicle] if tags.get(key)), "yes")
    if access in _CLOSED:
        return 0
    if vehicle in (Vehicle.CAR, Vehicle.SCOOTER):
        kmh = min(kmh, _limit_kmh(tags.get("maxspeed", "")))
    if vehicle is Vehicle.SCOOTER:
        if str(tags.get("highway", "")).startswith("motorway"):
            return 0
        kmh = min(kmh, _SCOOTER_MAX_KMH)
    return round(kmh / 3.6 * 1_000)


def direction(tags: Any, vehicle: Vehicle) -> int:
    """BOTH_WAYS, ONE_WAY or ONE_WAY_BACK. On foot there are no one-ways."""
    if vehicle is Vehicle.WALK:
        return BOTH_WAYS
    oneway = tags.get("oneway", "")
    if vehicle is Vehicle.BICYCLE:
        oneway = tags.get("oneway:bicycle", oneway)
        if str(tags.get("cycleway", "")).startswith("opposite"):
            return BOTH_WAYS
    if oneway in ("-1", "reverse"):
        return ONE_WAY_BACK
    is_ring = tags.get("junction") in ("roundabout", "circular")
    implied = is_ring or tags.get("highway") == "motorway"
    if oneway in ("yes", "true", "1") or (implied and oneway != "no"):
        return ONE_WAY
    return BOTH_WAYS


def _limit_kmh(maxspeed: str) -> float:
    """`50`, `30 mph`; what is not a number (`walk`, `signals`, `none`) limits nothing here."""
    number, _, unit = maxspeed.partition(" ")
    if not number.isdecimal() or int(number) == 0:
        return float("inf")
    return int(number) * (_KMH_PER_MPH if unit == "mph" else 1.0)


def _highways(path: Path) -> Iterator[Any]:
    try:
        osmium: Any = import_module("osmium")
    except ImportError as e:
        raise StreetFileError("streets need osmium: pip install o2o-dispatch[streets]") from e
    if not path.exists():
        raise StreetFileError(f"no street file {path}")
    ways = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    try:
        for item in ways.with_filter(osmium.filter.KeyFilter("highway")):
            if item.is_way():
                yield item
    except RuntimeError as e:
        raise StreetFileError(f"{path}: {e}") from e
