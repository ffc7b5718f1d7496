"""A day that happened, as a scenario can hold it: its orders, stores and couriers, row by row."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from geo.travel import Vehicle
from simulation.scenarios.areas import Latitude, Longitude
from simulation.scenarios.quantities import Name, NotNegative, Part, Pieces

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,60}\Z")]
Times = Literal["iso", "clock", "minutes", "unix_s", "unix_ms"]


class CsvTable(Part, frozen=True, kw_only=True):
    """A file with a header line; `columns` says what it calls ours, where it does not say so."""

    file: Name
    columns: dict[str, str] = {}


class CsvFiles(Part, frozen=True, kw_only=True):
    """Somebody's own day. Without couriers, the scenario's are on the street.

    `times`: ISO 8601, `clock` for 13:05 or 13:05:30 of the day of `starts_at`, minutes of that
    day, or seconds or milliseconds since 1970. Without a zone, it is that of `starts_at`.
    """

    orders: CsvTable
    stores: CsvTable
    couriers: CsvTable | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    times: Times = "iso"


class Item(Part, frozen=True):
    product: str
    quantity: Pieces


class RecordedOrder(Part, frozen=True):
    id: Id
    placed_at: datetime
    store: Id
    lat: Latitude
    lon: Longitude
    ready_at: datetime | None = None  # None: cooked as the scenario says
    customer: Id | None = None
    items: list[Item] = []  # none: a basket is drawn
    # What follows is not played again, but tells how stores and couriers were (calibration).
    promised_at: datetime | None = None
    accepted_at: datetime | None = None  # by the store
    courier: Id | None = None
    arrived_at: datetime | None = None  # the courier, at the store
    picked_up_at: datetime | None = None
    at_door_at: datetime | None = None
    delivered_at: datetime | None = None


TIMES = ("promised_at", "accepted_at", "arrived_at", "picked_up_at", "at_door_at", "delivered_at")


class RecordedStore(Part, frozen=True):
    id: Id
    lat: Latitude
    lon: Longitude
    name: str = ""
    group: str = ""  # of the scenario; the first, unless told
    preparation_min: NotNegative = 0.0  # half of the orders take less; 0: as the group
    cooks: Annotated[int, Meta(ge=0)] = 0  # 0: as the group


class RecordedCourier(Part, frozen=True):
    id: Id
    starts_at: datetime
    ends_at: datetime
    lat: Latitude | None = None  # None: starts anywhere
    lon: Longitude | None = None
    group: str = ""
    vehicle: Vehicle | None = None
    capacity: Annotated[int, Meta(ge=0)] = 0


class UnreadRow(Part, frozen=True):
    """A row of a file that could not be read, and why."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        return (
            f"{where}, {self.column}: {self.reason}" if self.column else f"{where}: {self.reason}"
        )


class Recorded(Part, frozen=True):
    """What was read, and what was not."""

    orders: list[RecordedOrder]
    stores: list[RecordedStore]
    couriers: list[RecordedCourier]
    rows: dict[str, int]  # by file: how many it has
    unread: list[UnreadRow] = []

    def sources(self) -> list[str]:
        """One line a file: rows read, and not."""
        bad = {name: sum(x.file == name for x in self.unread) for name in self.rows}
        return [
            f"{name}: {count - bad[name]:,} of {count:,} rows read"
            + (f", {bad[name]:,} could not be" if bad[name] else "")
            for name, count in self.rows.items()
        ]
