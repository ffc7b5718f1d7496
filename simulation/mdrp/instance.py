"""Reading a Grubhub meal-delivery instance: four tab-separated files, checked line by line.

Times are minutes of the day, places meters on a plane.
"""

from collections.abc import Callable, Iterator
from csv import DictReader
from math import ceil, isfinite, sqrt
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

FILES = {
    "instance_parameters.txt": (
        "meters_per_minute",
        "pickup service minutes",
        "dropoff service minutes",
        "target click-to-door",
        "maximum click-to-door",
        "pay per order",
        "guaranteed pay per hour",
    ),
    "restaurants.txt": ("restaurant", "x", "y"),
    "couriers.txt": ("courier", "x", "y", "on_time", "off_time"),
    "orders.txt": ("order", "x", "y", "placement_time", "restaurant", "ready_time"),
}


class InstanceError(ValueError):
    """The instance cannot be read. The message names the file, the line and the cause."""


class Spot(NamedTuple):
    """A place, in meters."""

    x_m: float
    y_m: float


class Terms(Struct, frozen=True):
    """What the instance says about riding, handing over and paying. Minutes, and dollars."""

    meters_per_minute: float
    pickup_service_min: float
    dropoff_service_min: float
    target_click_to_door_min: float
    max_click_to_door_min: float
    pay_per_order: float
    guaranteed_pay_per_hour: float

    def ride_min(self, a: Spot, b: Spot) -> float:
        """Whole minutes from a to b: the public scorer's own expression."""
        return float(ceil(sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) / self.meters_per_minute))


class Restaurant(Struct, frozen=True):
    id: str
    spot: Spot


class Courier(Struct, frozen=True):
    """Takes food over between `on_min` and `off_min`; may bring it to the door later."""

    id: str
    spot: Spot
    on_min: float
    off_min: float


class MealOrder(Struct, frozen=True):
    id: str
    spot: Spot  # the customer's door
    placed_min: float
    restaurant: str
    ready_min: float


class Instance(Struct, frozen=True):
    """One day. Ids are unique; every order names a known restaurant."""

    name: str
    terms: Terms
    restaurants: list[Restaurant]
    couriers: list[Courier]
    orders: list[MealOrder]


def read_instance(folder: Path) -> Instance:
    """The instance in a folder. Raises InstanceError."""
    if not folder.is_dir():
        raise InstanceError(f"{folder}: no such folder")
    rows = {name: list(_rows(folder / name, columns)) for name, columns in FILES.items()}
    parameters = rows["instance_parameters.txt"]
    if len(parameters) != 1:
        raise InstanceError(f"{folder / 'instance_parameters.txt'}: expected one line of values")
    restaurants = [Restaurant(x.id, x.spot()) for x in rows["restaurants.txt"]]
    couriers = [_courier(x) for x in rows["couriers.txt"]]
    orders = [_order(x) for x in rows["orders.txt"]]
    _check_unique(folder, rows)
    known = {x.id for x in restaurants}
    for order, row in zip(orders, rows["orders.txt"], strict=True):
        if order.restaurant not in known:
            raise row.wrong("restaurant", f"unknown restaurant {order.restaurant!r}")
    name = folder.resolve().name
    return Instance(name, _terms(parameters[0]), restaurants, couriers, orders)


class _Row(NamedTuple):
    path: Path
    line: int
    values: dict[str, str]

    @property
    def id(self) -> str:
        column = FILES[self.path.name][0]
        text = self.values[column].strip()
        if not text:
            raise self.wrong(column, "empty")
        return text

    def number(self, column: str, allowed: Callable[[float], bool], rule: str) -> float:
        text = self.values[column]
        try:
            value = float(text)
        except ValueError:
            raise self.wrong(column, f"{text!r} is not a number") from None
        if not isfinite(value) or not allowed(value):
            raise self.wrong(column, f"{text} is not {rule}")
        return value

    def minutes(self, column: str) -> float:
        return self.number(column, lambda v: v >= 0, "a number of minutes, 0 or more")

    def spot(self) -> Spot:
        return Spot(
            *(self.number(axis, lambda v: abs(v) <= 100_000, "within 100 km") for axis in "xy")
        )

    def wrong(self, column: str, why: str) -> InstanceError:
        return InstanceError(f"{self.path}, line {self.line}, column {column!r}: {why}")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[_Row]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = DictReader(file, delimiter="\t")
            missing = [x for x in columns if x not in (table.fieldnames or ())]
            if missing:
                raise InstanceError(f"{path}: no column {missing[0]!r}")
            for row in table:
                if any(row[x] is None for x in columns):
                    raise InstanceError(f"{path}, line {table.line_num}: too few columns")
                if None in row:
                    raise InstanceError(f"{path}, line {table.line_num}: too many columns")
                yield _Row(path, table.line_num, row)
    except FileNotFoundError:
        raise InstanceError(f"{path}: no such file") from None
    except UnicodeDecodeError as e:
        raise InstanceError(f"{path}: not text (byte {e.start})") from None


def _terms(row: _Row) -> Terms:
    speed = row.number("meters_per_minute", lambda v: v > 0, "positive")
    others = FILES["instance_parameters.txt"][1:]
    return Terms(speed, *(row.number(x, lambda v: v >= 0, "0 or more") for x in others))


def _courier(row: _Row) -> Courier:
    on, off = row.minutes("on_time"), row.minutes("off_time")
    if off <= on:
        raise row.wrong("off_time", f"{off:g} is not after on_time {on:g}")
    return Courier(row.id, row.spot(), on, off)


def _order(row: _Row) -> MealOrder:
    placed, ready = row.minutes("placement_time"), row.minutes("ready_time")
    if ready < placed:
        raise row.wrong("ready_time", f"{ready:g} is before placement_time {placed:g}")
    return MealOrder(row.id, row.spot(), placed, row.values["restaurant"].strip(), ready)


def _check_unique(folder: Path, rows: dict[str, list[_Row]]) -> None:
    """Also across kinds: a place is called by the id of whoever is there."""
    seen: dict[str, tuple[str, int]] = {}
    for name in ("restaurants.txt", "couriers.txt", "orders.txt"):
        for number, row in enumerate(rows[name], 1):
            other, where = seen.setdefault(row.id, (name, number))
            if other != name:
                raise InstanceError(f"{folder}: {row.id!r} is both in {other} and {name}")
            if where != number:
                raise InstanceError(
                    f"{folder / name}: {row.id!r} twice, in rows {where} and {number}"
                )
