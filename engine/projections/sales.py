"""Sales by store, hour, category and product, online and at the till; and what the books say.

An order counts where it ends: what was charged for it is what was captured at the door.
"""

from typing import TypeVar

from msgspec import Struct

from engine import events as e
from engine.projections.clocks import Clocks
from engine.projections.hours import DAY_H, Hour, count, hour_of, row_at
from engine.values import Millis, ProductId, StoreId

DAYS_KEPT = 2
Key = TypeVar("Key", bound=str)


class Sold(Struct, array_like=True):
    units: int = 0
    minor: int = 0

    def add(self, units: int, minor: int) -> None:
        self.units += units
        self.minor += minor


class StoreSales(Struct, array_like=True):
    """One store in one hour; `charged` = goods + fees, of the fulfilled."""

    placed: int = 0
    fulfilled: int = 0
    cancelled: int = 0
    returned: int = 0  # or lost on the way
    goods_minor: int = 0
    fees_minor: int = 0
    charged_minor: int = 0
    till_units: int = 0

    def add(self, other: "StoreSales") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class SalesHour(Struct, array_like=True):
    stores: dict[StoreId, StoreSales] = {}
    categories: dict[str, Sold] = {}
    early_ends: dict[str, int] = {}  # by "actor/reason"
    books: dict[str, int] = {}  # debits less credits, by kind of account

    def store(self, key: StoreId) -> StoreSales:
        found = self.stores.get(key)
        if found is None:
            found = self.stores[key] = StoreSales()
        return found


class Sales(Struct):
    hours: dict[Hour, SalesHour] = {}
    days: dict[int, dict[ProductId, Sold]] = {}  # fewer rows than products by hour
    categories: dict[ProductId, str] = {}  # of the catalog
    fulfilled_total: int = 0  # since the first record
    ended_early: int = 0

    # events

    def listed(self, _: Millis, x: e.ProductListed) -> None:
        self.categories[x.product] = x.category

    def placed(self, at: Millis, x: e.OrderPlaced) -> None:
        row_at(self.hours, at, SalesHour).store(x.store).placed += 1

    def fulfilled(self, at: Millis, x: e.OrderFulfilled, clocks: Clocks) -> None:
        self.fulfilled_total += 1
        clock = clocks.get(x.order)
        if clock is None:
            return
        hour = row_at(self.hours, at, SalesHour)
        goods = 0
        for line in clock.lines:
            minor = line.quantity * line.price_minor
            goods += minor
            category = self.categories.get(line.product, "")
            _sold(hour.categories, category).add(line.quantity, minor)
            _sold(self._day(at), line.product).add(line.quantity, minor)
        store = hour.store(clock.store)
        store.fulfilled += 1
        store.goods_minor += goods
        store.fees_minor += clock.due_minor - goods
        store.charged_minor += clock.due_minor

    def ended(
        self,
        at: Millis,
        x: e.OrderCancelled | e.OrderReturned | e.OrderWrittenOff,
        clocks: Clocks,
    ) -> None:
        self.ended_early += 1
        hour = row_at(self.hours, at, SalesHour)
        count(hour.early_ends, f"{x.actor}/{x.reason}")
        clock = clocks.get(x.order)
        if clock is not None and isinstance(x, e.OrderCancelled):
            hour.store(clock.store).cancelled += 1
        elif clock is not None:
            hour.store(clock.store).returned += 1

    def posted(self, at: Millis, x: e.LedgerPosted) -> None:
        books = row_at(self.hours, at, SalesHour).books
        for posting in x.postings:
            count(books, kind_of(posting.account), posting.amount_minor)

    def sold_at_till(self, at: Millis, x: e.StockSold) -> None:
        row_at(self.hours, at, SalesHour).store(x.store).till_units += x.quantity

    # internals

    def _day(self, at: Millis) -> dict[ProductId, Sold]:
        day = hour_of(at) // DAY_H
        found = self.days.get(day)
        if found is None:
            found = self.days[day] = {}
            for old in [x for x in self.days if x <= day - DAYS_KEPT]:
                del self.days[old]
        return found


def kind_of(account: str) -> str:
    """The platform's own accounts by name, everybody else's by what he is."""
    return account if account.startswith("platform:") else account.partition(":")[0]


def _sold(of: dict[Key, Sold], key: Key) -> Sold:
    found = of.get(key)
    if found is None:
        found = of[key] = Sold()
    return found
