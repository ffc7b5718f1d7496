"""Records told as rows: what a journal says of a day, as somebody's CSV files would.

A simulated day that is told in the rows of a real one can be laid beside it.
"""

from csv import writer
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine import events as e
from engine.engine import Engine, Record
from engine.values import Fulfillment, Millis, OrderId, StopKind
from simulation.scenarios.recorded import (
    TIMES,
    Item,
    Recorded,
    RecordedCourier,
    RecordedOrder,
    RecordedStore,
)
from simulation.scenarios.scenario import Scenario

ORDER_COLUMNS = ("id", "placed_at", "store", "lat", "lon", "customer", "ready_at", "courier")


class Teller:
    """Give it every record, in order. Who collects himself or orders for later is left out."""

    def __init__(self, scenario: Scenario) -> None:
        """`scenario`: whose products and groups of stores these are."""
        self._engine = Engine()
        self._scenario = scenario
        self._zone = scenario.starts_at.tzinfo or UTC
        self._orders: dict[OrderId, RecordedOrder] = {}
        self._stores: dict[str, RecordedStore] = {}
        self._couriers: dict[str, RecordedCourier] = {}
        self._sells: dict[str, dict[str, None]] = {}

    def see(self, record: Record) -> None:
        self._engine.apply(record)
        for event in record.events:
            self._hear(event, self._time(e.happened_at(event, record.at)))

    def told(self) -> Recorded:
        stores = [replace(x, group=self._group(x.id)) for x in self._stores.values()]
        return Recorded([*self._orders.values()], stores, [*self._couriers.values()], {})

    # internals

    def _time(self, at: Millis) -> datetime:
        return datetime.fromtimestamp(at / 1_000, self._zone)

    def _group(self, store: str) -> str:
        """By what it sells: records do not know of groups."""
        category = {x.id: x.category for x in self._scenario.products}
        sold = sorted({category[x] for x in self._sells.get(store, ()) if x in category})
        found = (x.name for x in self._scenario.stores if sorted({*x.sells}) == sold)
        return next(found, "")

    def _hear(self, x: e.Event, at: datetime) -> None:
        match x:
            case e.StoreRegistered() | e.StoreChanged():
                place = x.location
                self._stores[x.store] = RecordedStore(x.store, place.lat_deg, place.lon_deg, x.name)
            case e.PriceSet():
                self._sells.setdefault(x.store, {})[x.product] = None
            case e.ShiftStarted() if x.courier not in self._couriers:
                known = self._engine.state.couriers[x.courier]
                self._couriers[x.courier] = RecordedCourier(
                    x.courier,
                    at,
                    self._time(x.ends_at),
                    vehicle=known.vehicle,
                    capacity=known.capacity,
                )
            case e.OrderPlaced() if x.fulfillment is Fulfillment.DELIVERY and not x.window_from_at:
                self._place(x, at)
            case e.OrderAccepted():
                self._tell(x.order, accepted_at=at)
            case e.OrderReady():
                self._tell(x.order, ready_at=at)
            case e.CourierArrived() if x.stop is StopKind.PICKUP:
                order = self._engine.state.deliveries[x.delivery].order
                self._tell(order, arrived_at=at)
            case e.CourierArrived() if x.stop is StopKind.DROPOFF:
                order = self._engine.state.deliveries[x.delivery].order
                self._tell(order, at_door_at=at)
            case e.DeliveryPickedUp():
                self._tell(x.order, picked_up_at=at, courier=x.courier)
            case e.DeliveryCompleted():
                self._tell(x.order, delivered_at=at)

    def _place(self, x: e.OrderPlaced, at: datetime) -> None:
        self._orders[x.order] = RecordedOrder(
            x.order,
            at,
            x.store,
            x.dropoff.lat_deg,
            x.dropoff.lon_deg,
            customer=x.customer,
            items=[Item(line.product, line.quantity) for line in x.lines],
            promised_at=self._time(x.promised_at),
        )

    def _tell(self, order: OrderId, **known: Any) -> None:
        if order in self._orders:
            self._orders[order] = replace(self._orders[order], **known)


def write_csv(folder: Path, day: Recorded) -> None:
    """`orders.csv`, `stores.csv` and `couriers.csv`, a row of orders for every line of one."""
    columns = (*ORDER_COLUMNS, *TIMES)
    rows = [
        {**_cells(order, columns), "product": item.product, "quantity": str(item.quantity)}
        for order in day.orders
        for item in order.items or [Item("", 1)]
    ]
    _write(folder / "orders.csv", (*columns, "product", "quantity"), rows)
    stores = ("id", "lat", "lon", "name", "group")
    _write(folder / "stores.csv", stores, [_cells(x, stores) for x in day.stores])
    couriers = ("id", "starts_at", "ends_at", "vehicle", "capacity")
    _write(folder / "couriers.csv", couriers, [_cells(x, couriers) for x in day.couriers])


def _cells(row: Any, columns: tuple[str, ...]) -> dict[str, str]:
    values = {x: getattr(row, x) for x in columns}
    return {
        key: x.isoformat() if isinstance(x, datetime) else "" if x is None else str(x)
        for key, x in values.items()
    }


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = writer(file)
        lines.writerow(columns)
        lines.writerows([x[key] for key in columns] for x in rows)
