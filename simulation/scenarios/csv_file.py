"""Reading somebody's own day from CSV files. A row that cannot be read is listed, never dropped.

What makes a file useless (it is not there, a column is missing, no row is good) is a flaw of the
scenario; what makes a row useless goes on a list with its line number.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from engine.values import HOUR
from geo.points import Point, distance_m
from simulation.scenarios.flaws import Flaw, FlawCode, ScenarioError, did_you_mean
from simulation.scenarios.quantities import Pieces
from simulation.scenarios.recorded import (
    TIMES,
    CsvFiles,
    CsvTable,
    Item,
    Recorded,
    RecordedCourier,
    RecordedOrder,
    RecordedStore,
    UnreadRow,
)
from simulation.scenarios.scenario import Scenario

R = TypeVar("R", bound=Struct)
TOWN_M = 50_000.0
ON_THE_WAY = ("arrived_at", "picked_up_at", "at_door_at", "delivered_at")  # in this order
NEEDED = {
    "orders": ("placed_at", "store", "lat", "lon"),
    "stores": ("id", "lat", "lon"),
    "couriers": ("id", "starts_at", "ends_at"),
}
OPTIONAL = {
    "orders": (
        *("id", "ready_at", "preparation_min", "customer", "product", "quantity"),
        *("courier", *TIMES),
    ),
    "stores": ("name", "group", "preparation_min", "cooks"),
    "couriers": ("lat", "lon", "group", "vehicle", "capacity"),
}


class Row(NamedTuple):
    """A line of a file, by our names; empty cells are not there."""

    line: int
    cells: dict[str, str]


class UnreadableError(ValueError):
    """This row cannot be read: which column, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


class Reader:
    """Reads one day. `flaws` make it useless, `unread` are rows that had to be left out."""

    def __init__(self, files: CsvFiles, scenario: Scenario) -> None:
        self._files, self._starts_at = files, scenario.starts_at
        self._groups: dict[str, list[Any]] = {
            "stores": scenario.stores,
            "couriers": scenario.couriers,
        }
        self._products, self._shift_max_ms = scenario.products, scenario.engine.shift_max_ms
        self._line_of: dict[tuple[str, str], int] = {}  # by table and id
        self._couriers: dict[str, None] = {}
        self.flaws: list[Flaw] = []
        self.unread: list[UnreadRow] = []
        self.rows: dict[str, int] = {}

    def read(self) -> Recorded:
        """Raises ScenarioError."""
        files = self._files
        stores = self._unique("stores", files.stores, self._store)
        stores = self._in_town("stores", files.stores, stores, stores)
        couriers = self._unique("couriers", files.couriers, self._courier)
        couriers = self._in_town("couriers", files.couriers, couriers, stores)
        self._couriers = dict.fromkeys(x.id for x in couriers)
        orders = self._orders(files.orders, {x.id: x for x in stores})
        orders = self._in_town("orders", files.orders, orders, stores)
        if not self.flaws:
            self._check_any("orders", files.orders, orders, "no_demand")
            self._check_any("stores", files.stores, stores, "no_store")
            self._check_any("couriers", files.couriers, couriers, "no_courier")
        if self.flaws:
            raise ScenarioError(self.flaws)
        unread = sorted(self.unread, key=lambda x: (list(self.rows).index(x.file), x.line))
        return Recorded(orders, stores, couriers, self.rows, unread)

    def _check_any(
        self, name: str, table: CsvTable | None, found: Sequence[Any], code: FlawCode
    ) -> None:
        if table is not None and not found:
            file = Path(table.file).name
            first = next((f": {x}" for x in self.unread if x.file == file), "")
            detail = f"none of {self.rows[file]} rows could be read{first}"
            self.flaws.append(Flaw(code, f"csv.{name}", detail))

    def _in_town(
        self, name: str, table: CsvTable | None, found: list[R], stores: Sequence[RecordedStore]
    ) -> list[R]:
        """Who is in another town has usually swapped two columns, or a sign."""
        if table is None or not stores:
            return found
        middle, kept = middle_of(stores), []
        for one in found:
            lat, lon = getattr(one, "lat", None), getattr(one, "lon", None)
            away_m = 0.0 if lat is None or lon is None else _away_m(middle, lat, lon)
            if away_m <= TOWN_M:
                kept.append(one)
                continue
            key: str = getattr(one, "id")  # noqa: B009
            row = Row(self._line_of[name, key], {})
            detail = f"{away_m / 1_000:,.0f} km from the middle of the stores"
            self._leave_out(table, row, UnreadableError("lat", detail))
        return kept

    # tables

    def _unique(
        self, name: str, table: CsvTable | None, read: Callable[[dict[str, str]], R]
    ) -> list[R]:
        """One thing a row, each with an id of its own."""
        found: dict[str, R] = {}
        for row in self._rows(name, table):
            try:
                one = read(row.cells)
                key: str = getattr(one, "id")  # noqa: B009
                if key in found:
                    raise UnreadableError("id", f'"{key}" is there already')
                found[key] = one
                self._line_of[name, key] = row.line
            except UnreadableError as error:
                self._leave_out(table, row, error)
        return list(found.values())

    def _orders(self, table: CsvTable, stores: dict[str, RecordedStore]) -> list[RecordedOrder]:
        """A row is an order, or with the id of an order before it, one more line of that order."""
        found: dict[str, RecordedOrder] = {}
        for row in self._rows("orders", table):
            try:
                key = row.cells.setdefault("id", f"line-{row.line}")
                if key in found:
                    item = self._item(row.cells, stores[found[key].store])
                    if item is None or not found[key].items:
                        raise UnreadableError("id", f'"{key}" is there already')
                    found[key].items.append(item)
                else:
                    found[key] = self._order(row.cells, stores)
                    self._line_of["orders", key] = row.line
            except UnreadableError as error:
                self._leave_out(table, row, error)
        return sorted(found.values(), key=lambda x: (x.placed_at, x.id))

    def _rows(self, name: str, table: CsvTable | None) -> Iterator[Row]:
        if table is None:
            return
        self.rows[Path(table.file).name] = 0
        ours = (*NEEDED[name], *OPTIONAL[name])
        for key in table.columns:
            if key not in ours:
                detail = f"no such column of {name}{did_you_mean(key, ours)}"
                self.flaws.append(Flaw("unknown_key", f"csv.{name}.columns.{key}", detail))
        theirs = {x: table.columns.get(x, x) for x in ours}
        try:
            with Path(table.file).open(newline="", encoding="utf-8-sig") as file:
                yield from self._lines(name, table, file, theirs)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = f"{Path(table.file).name}: {getattr(error, 'strerror', None) or error}"
            self.flaws.append(Flaw("unreadable", f"csv.{name}.file", reason))

    def _lines(
        self, name: str, table: CsvTable, file: Any, theirs: dict[str, str]
    ) -> Iterator[Row]:
        lines = csv.DictReader(file, delimiter=self._files.delimiter, strict=True)
        header = [x.strip() for x in lines.fieldnames or ()]
        lines.fieldnames = header
        asked_for = {*NEEDED[name], *table.columns}
        missing = [x for x in theirs if x in asked_for and theirs[x] not in header]
        for key in missing:
            called = f'"{theirs[key]}"{did_you_mean(theirs[key], header)}'
            detail = f"{Path(table.file).name} has no column {called}"
            self.flaws.append(Flaw("missing_key", f"csv.{name}.columns.{key}", detail))
        if missing:
            return
        for cells in lines:
            self.rows[Path(table.file).name] += 1
            if None in cells or None in cells.values():
                count = "few" if None in cells.values() else "many"
                error = UnreadableError("", f"too {count} columns")
                self._leave_out(table, Row(lines.line_num, {}), error)
                continue
            mine = {key: cells.get(x, "").strip() for key, x in theirs.items()}
            yield Row(lines.line_num, {key: x for key, x in mine.items() if x})

    def _leave_out(self, table: CsvTable | None, row: Row, error: UnreadableError) -> None:
        assert table is not None
        column = table.columns.get(error.column, error.column)
        self.unread.append(UnreadRow(Path(table.file).name, row.line, column, str(error)))

    # rows

    def _store(self, cells: dict[str, str]) -> RecordedStore:
        return self._of_group("stores", _made(RecordedStore, cells))

    def _courier(self, cells: dict[str, str]) -> RecordedCourier:
        times = {x: self._time(x, cells) for x in ("starts_at", "ends_at")}
        courier = _made(RecordedCourier, cells, **times)
        if courier.ends_at <= courier.starts_at:
            raise UnreadableError("ends_at", "is not after the start")
        if courier.ends_at - courier.starts_at > timedelta(milliseconds=self._shift_max_ms):
            most = f"{self._shift_max_ms / HOUR:g} h"
            raise UnreadableError("ends_at", f"is more than engine.shift_max_ms, {most}, later")
        if (courier.lat is None) != (courier.lon is None):
            raise UnreadableError("lat" if courier.lat is None else "lon", "is empty")
        return self._of_group("couriers", courier)

    def _of_group(self, name: str, one: R) -> R:
        group: str = getattr(one, "group")  # noqa: B009
        known = [x.name for x in self._groups[name]]
        if group and group not in known:
            raise UnreadableError("group", f'"{group}" is none{did_you_mean(group, known)}')
        return one

    def _order(self, cells: dict[str, str], stores: dict[str, RecordedStore]) -> RecordedOrder:
        placed_at, ready_at = self._time("placed_at", cells), None
        if "ready_at" in cells:
            ready_at = self._time("ready_at", cells)
        elif "preparation_min" in cells:
            ready_at = placed_at + timedelta(minutes=_number("preparation_min", cells))
        if ready_at is not None and ready_at < placed_at:
            raise UnreadableError("ready_at", "is before the order was placed")
        times = self._times(placed_at, cells)
        order = _made(
            RecordedOrder, cells, placed_at=placed_at, ready_at=ready_at, items=[], **times
        )
        if order.store not in stores:
            raise UnreadableError("store", f'no store is called "{order.store}"')
        if self._files.couriers and order.courier and order.courier not in self._couriers:
            raise UnreadableError("courier", f'no courier is called "{order.courier}"')
        item = self._item(cells, stores[order.store])
        return order if item is None else msgspec.structs.replace(order, items=[item])

    def _times(self, placed_at: datetime, cells: dict[str, str]) -> dict[str, datetime | None]:
        """What is told of the way to the door. Nothing of it is before the order, or another."""
        times = {x: self._time(x, cells) if x in cells else None for x in TIMES}
        last, after = placed_at, ""
        for name in TIMES:
            at = times[name]
            if at is None:
                continue
            if at < placed_at:
                raise UnreadableError(name, "is before the order was placed")
            if name in ON_THE_WAY:
                if at < last:
                    raise UnreadableError(name, f"is before {after}")
                last, after = at, name
        return times

    def _item(self, cells: dict[str, str], store: RecordedStore) -> Item | None:
        if "product" not in cells:
            return None
        named = [x for x in self._groups["stores"] if x.name == store.group]
        sells = (named or self._groups["stores"])[0].sells
        sold = [x.id for x in self._products if x.category in sells]
        if cells["product"] not in sold:
            near = did_you_mean(cells["product"], sold)
            raise UnreadableError("product", f'"{cells["product"]}" is not sold there{near}')
        quantity = cells.get("quantity", "1")
        try:
            return Item(cells["product"], msgspec.convert(quantity, Pieces, strict=False))
        except msgspec.ValidationError as error:
            raise UnreadableError("quantity", f'"{quantity}" is no number of pieces') from error

    def _time(self, column: str, cells: dict[str, str]) -> datetime:
        if column not in cells:
            raise UnreadableError(column, "is empty")
        try:
            return _moment(cells[column], self._files.times, self._starts_at)
        except (ValueError, OverflowError, OSError) as error:
            detail = f'"{cells[column]}" is no time ({self._files.times})'
            raise UnreadableError(column, detail) from error


def _moment(text: str, times: str, day: datetime) -> datetime:
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    match times:
        case "clock":
            hours, minutes, *seconds = (int(x) for x in text.split(":"))
            if not (0 <= minutes < 60 and hours >= 0 and all(0 <= x < 60 for x in seconds)):
                raise ValueError(text)
            return midnight + timedelta(hours=hours, minutes=minutes, seconds=sum(seconds[:1]))
        case "minutes":
            return midnight + timedelta(minutes=float(text))
        case "unix_s":
            return datetime.fromtimestamp(float(text), UTC)
        case "unix_ms":
            return datetime.fromtimestamp(float(text) / 1_000, UTC)
        case _:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=day.tzinfo)


def _made(kind: type[R], cells: dict[str, str], **known: Any) -> R:
    """The struct, each field from the cell of its name. Raises UnreadableError for the first."""
    values = dict(known)
    for field in msgspec.structs.fields(kind):
        if field.name in known:
            continue
        if field.name not in cells:
            if field.required:
                raise UnreadableError(field.name, "is empty")
            continue
        try:
            values[field.name] = msgspec.convert(cells[field.name], field.type, strict=False)
        except msgspec.ValidationError as error:
            reason = f'"{cells[field.name]}": {str(error)[0].lower()}{str(error)[1:]}'
            raise UnreadableError(field.name, reason) from error
    return kind(**values)


def middle_of(stores: Sequence[RecordedStore]) -> Point:
    """Half of the stores are north of it, and half are east: a few wrong ones do not move it."""
    lat, lon = (sorted(getattr(x, name) for x in stores) for name in ("lat", "lon"))
    return Point.of_degrees(lat[len(lat) // 2], lon[len(lon) // 2])


def _away_m(middle: Point, lat: float, lon: float) -> float:
    return float(distance_m(middle, Point.of_degrees(lat, lon)))


def _number(column: str, cells: dict[str, str]) -> float:
    try:
        return float(cells[column])
    except ValueError as error:
        raise UnreadableError(column, f'"{cells[column]}" is no number') from error
