"""Which orders there are, in columns: to find them by whose they are, how they stand and when.

A row for each, in the order they were placed, kept by every event: asking costs no walk through
the orders themselves.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine import events as e
from engine.events import AnyEvent
from engine.queries.open_work import ORDER_BECOMES
from engine.state import State
from engine.state.orders import Order, OrderStatus
from engine.values import (
    DAY,
    HOUR,
    MINUTE,
    CustomerId,
    Fulfillment,
    Millis,
    OrderId,
    ServiceId,
    StoreId,
)

STATUSES = list(OrderStatus)
CODE_OF = {status: code for code, status in enumerate(STATUSES)}
WAYS = list(Fulfillment)
INDEXED = dict.fromkeys((*ORDER_BECOMES, e.OrderReduced))
BLOCK = 16_384  # rows that are looked at in one go
COLUMNS = ("placed_at", "due", "store", "service", "customer", "status", "way")
By = Literal["hour", "day", "store", "service"]

Place = tuple[Millis, OrderId]  # in the order of time: when it was placed, and which
Rows = NDArray[np.intp]
Numbers = NDArray[np.int64]


class Wanted(Struct, frozen=True):
    """What is asked for; None asks for nothing. Times: from, up to but without."""

    store: StoreId | None = None
    service: ServiceId | None = None
    customer: CustomerId | None = None
    statuses: tuple[OrderStatus, ...] = ()
    fulfillment: Fulfillment | None = None
    placed_from: Millis | None = None
    placed_to: Millis | None = None


class Counted(Struct, frozen=True):
    """Of one hour, day, store or service: how many orders stand how, and what is owed for those
    that were fulfilled. `key` is a time or an id."""

    key: Millis | str
    statuses: dict[OrderStatus, int]
    fulfilled_minor: int


class OrderIndex:
    """The same state gives the same index, whether it was folded or drawn up at once."""

    def __init__(self, s: State) -> None:
        self._keys: list[OrderId] = []
        self._row_of: dict[OrderId, int] = {}
        self._names: dict[str, dict[str, int]] = {"store": {}, "service": {}, "customer": {}}
        self._columns: dict[str, Numbers] = {x: np.zeros(256, np.int64) for x in COLUMNS}
        for _, facts in sorted((x.number, _facts(key, x)) for key, x in s.orders.everything()):
            self._append(*facts)

    def __len__(self) -> int:
        return len(self._keys)

    def fold(self, event: AnyEvent, s: State) -> None:
        """Follow one event; `s` is the state after its whole turn."""
        kind = type(event)
        if isinstance(event, e.OrderPlaced):
            self._append(*_facts(event.order, s.orders[event.order]))
        elif kind in ORDER_BECOMES:
            row = self._row_of[event.order]  # type: ignore[union-attr]
            self._columns["status"][row] = CODE_OF[ORDER_BECOMES[kind]]
            if isinstance(event, e.OrderMoved):
                self._columns["store"][row] = self._number("store", event.store)
        elif kind is e.OrderReduced:
            row = self._row_of[event.order]  # type: ignore[union-attr]
            self._columns["due"][row] = s.orders[event.order].due_minor  # type: ignore[union-attr]

    # questions

    def find(
        self, wanted: Wanted, limit: int, before: Place | None = None
    ) -> tuple[list[OrderId], Place | None]:
        """The newest first, older than `before`; and before what the next page is, if there is one.

        What is placed between two pages is on neither, and nothing is told twice.
        """
        low, high = self._range(wanted)
        high = high if before is None else min(high, self._row_at(before))
        found: list[int] = []
        while high > low and len(found) <= limit:
            block = max(low, high - BLOCK)
            found += self._matching(wanted, block, high)[::-1].tolist()
            high = block
        page = found[:limit]
        more = self._place_of(page[-1]) if len(found) > limit else None
        return [self._keys[x] for x in page], more

    def count(self, wanted: Wanted, by: By, utc_offset_min: int) -> list[Counted]:
        """Hours and days in order of time; stores and services in the order they first sold."""
        rows = self._matching(wanted, *self._range(wanted))
        keys = self._keys_of(rows, by, utc_offset_min)
        groups, of_group = np.unique(keys, return_inverse=True)
        size = len(groups) * len(STATUSES)
        statuses = np.bincount(
            of_group * len(STATUSES) + self._columns["status"][rows], minlength=size
        ).reshape(len(groups), len(STATUSES))
        is_done = self._columns["status"][rows] == CODE_OF[OrderStatus.FULFILLED]
        owed = np.zeros(len(groups), np.int64)
        np.add.at(owed, of_group[is_done], self._columns["due"][rows[is_done]])
        return [
            Counted(name, _named(counts), int(sum_minor))
            for name, counts, sum_minor in zip(
                self._names_of(groups, by, utc_offset_min), statuses, owed, strict=True
            )
        ]

    # internals

    def _append(self, key: OrderId, *facts: int | str) -> None:
        row = len(self._keys)
        if row == len(self._columns["due"]):
            for name, column in self._columns.items():
                self._columns[name] = np.concatenate((column, np.zeros_like(column)))
        self._keys.append(key)
        self._row_of[key] = row
        for name, fact in zip(COLUMNS, facts, strict=True):
            value = self._number(name, fact) if isinstance(fact, str) else fact
            self._columns[name][row] = value

    def _place_of(self, row: int) -> Place:
        return Millis(int(self._columns["placed_at"][row])), self._keys[row]

    def _row_at(self, place: Place) -> int:
        """If the order itself is not known any more, its time tells."""
        placed_at, key = place
        placed = self._columns["placed_at"][: len(self._keys)]
        return self._row_of.get(key, int(np.searchsorted(placed, placed_at)))

    def _number(self, column: str, name: str) -> int:
        known = self._names[column]
        return known.setdefault(name, len(known))

    def _range(self, wanted: Wanted) -> tuple[int, int]:
        """Rows are in order of time."""
        placed_at = self._columns["placed_at"][: len(self._keys)]
        low, high = 0, len(placed_at)
        if wanted.placed_from is not None:
            low = int(np.searchsorted(placed_at, wanted.placed_from))
        if wanted.placed_to is not None:
            high = int(np.searchsorted(placed_at, wanted.placed_to))
        return low, high

    def _matching(self, wanted: Wanted, low: int, high: int) -> Rows:
        holds = np.ones(max(0, high - low), np.bool_)
        for name in ("store", "service", "customer"):
            value = getattr(wanted, name)
            if value is not None:
                number = self._names[name].get(value, -1)
                holds &= self._columns[name][low:high] == number
        if wanted.fulfillment is not None:
            holds &= self._columns["way"][low:high] == WAYS.index(wanted.fulfillment)
        if wanted.statuses:
            codes = [CODE_OF[x] for x in wanted.statuses]
            holds &= np.isin(self._columns["status"][low:high], codes)
        rows: Rows = np.flatnonzero(holds) + low
        return rows

    def _keys_of(self, rows: Rows, by: By, utc_offset_min: int) -> Numbers:
        if by == "store" or by == "service":
            return self._columns[by][rows]
        length = HOUR if by == "hour" else DAY
        keys: Numbers = (self._columns["placed_at"][rows] + utc_offset_min * MINUTE) // length
        return keys

    def _names_of(self, groups: Numbers, by: By, utc_offset_min: int) -> Iterator[Millis | str]:
        if by == "store" or by == "service":
            names = list(self._names[by])
            return (names[x] for x in groups)
        length = HOUR if by == "hour" else DAY
        return (Millis(int(x) * length - utc_offset_min * MINUTE) for x in groups)


def _facts(key: OrderId, order: Order) -> tuple[OrderId, int, int, str, str, str, int, int]:
    """Whose row it is, and what stands in COLUMNS."""
    placed = order.placed
    return (
        key,
        placed.placed_at,
        order.due_minor,
        placed.store,
        placed.service,
        placed.customer,
        CODE_OF[order.status],
        WAYS.index(placed.fulfillment),
    )


def _named(counts: Iterable[np.int64]) -> dict[OrderStatus, int]:
    return {status: int(x) for status, x in zip(STATUSES, counts, strict=True) if x}
