"""Sales by store, hour, category and product, online and at the till; and what the books say.

An order counts where it ends. Goods, after discounts, and what was owed for them are told by the
orders; what became of the money is told by the ledger. Tills are not in the platform's ledger.
"""

from typing import TypeVar

from msgspec import Struct, field

from engine import events as e
from engine.projections.clocks import Clocks
from engine.projections.hours import Hour, day_of, row_at, tally
from engine.rules.lines import cost, goods_total
from engine.values import Millis, PricedLine, ProductId, StoreId

DAYS_KEPT = 2
Key = TypeVar("Key", bound=str)


class Sold(Struct, array_like=True):
    units: int = 0
    minor: int = 0

    def count(self, units: int, minor: int) -> None:
        self.units += units
        self.minor += minor

    def add(self, other: "Sold") -> None:
        self.count(other.units, other.minor)


class StoreSales(Struct, array_like=True):
    """One store in one hour; `charged` = goods + fees, of the fulfilled, after discounts.

    `credited` is what the ledger gave the store: for orders nobody came for, too.
    """

    placed: int = 0
    fulfilled: int = 0
    cancelled: int = 0
    returned: int = 0  # or lost on the way
    goods_minor: int = 0
    fees_minor: int = 0
    charged_minor: int = 0
    till_units: int = 0
    credited_minor: int = 0
    discounts_minor: int = 0  # off the goods
    receipts: int = 0
    till_minor: int = 0
    till_refunded_minor: int = 0

    def add(self, other: "StoreSales") -> None:
        """Spelled out: a report adds up thousands."""
        self.placed += other.placed
        self.fulfilled += other.fulfilled
        self.cancelled += other.cancelled
        self.returned += other.returned
        self.goods_minor += other.goods_minor
        self.fees_minor += other.fees_minor
        self.charged_minor += other.charged_minor
        self.till_units += other.till_units
        self.credited_minor += other.credited_minor
        self.discounts_minor += other.discounts_minor
        self.receipts += other.receipts
        self.till_minor += other.till_minor
        self.till_refunded_minor += other.till_refunded_minor


class SalesHour(Struct, array_like=True):
    all: StoreSales = field(default_factory=StoreSales)  # the stores' sum
    stores: dict[StoreId, StoreSales] = {}
    categories: dict[str, Sold] = {}  # online
    till_categories: dict[str, Sold] = {}
    early_ends: dict[str, int] = {}  # by "actor/reason"
    books: dict[str, int] = {}  # debits less credits, by kind of account
    tenders: dict[str, int] = {}  # of receipts, by how they were paid

    def store(self, key: StoreId) -> tuple[StoreSales, StoreSales]:
        """The store's, and everybody's: whatever counts, counts in both."""
        found = self.stores.get(key)
        if found is None:
            found = self.stores[key] = StoreSales()
        return found, self.all


class Sales(Struct):
    hours: dict[Hour, SalesHour] = {}
    days: dict[int, dict[ProductId, Sold]] = {}  # fewer rows than products by hour
    categories: dict[ProductId, str] = {}  # of the catalog
    fulfilled_total: int = 0  # since the first record
    ended_early: int = 0
    utc_offset_ms: int = 0

    # queries

    def today(self, now: Millis) -> dict[ProductId, Sold]:
        """By the city's clock."""
        return self.days.get(day_of(now, self.utc_offset_ms), {})

    # events

    def listed(self, _: Millis, x: e.ProductListed) -> None:
        self.categories[x.product] = x.category

    def placed(self, at: Millis, x: e.OrderPlaced) -> None:
        for sales in row_at(self.hours, at, SalesHour).store(x.store):
            sales.placed += 1

    def fulfilled(self, at: Millis, x: e.OrderFulfilled, clocks: Clocks) -> None:
        self.fulfilled_total += 1
        clock = clocks.get(x.order)
        if clock is None:
            return
        hour = row_at(self.hours, at, SalesHour)
        goods, discounts = goods_total(clock.lines), sum(x.discount_minor for x in clock.lines)
        self._count(at, hour.categories, clock.lines)
        for sales in hour.store(clock.store):
            sales.fulfilled += 1
            sales.goods_minor += goods
            sales.discounts_minor += discounts
            sales.fees_minor += clock.due_minor - goods
            sales.charged_minor += clock.due_minor

    def ended(
        self,
        at: Millis,
        x: e.OrderCancelled | e.OrderReturned | e.OrderWrittenOff,
        clocks: Clocks,
    ) -> None:
        self.ended_early += 1
        hour = row_at(self.hours, at, SalesHour)
        tally(hour.early_ends, f"{x.actor}/{x.reason}")
        clock = clocks.get(x.order)
        if clock is None:
            return
        for sales in hour.store(clock.store):
            sales.cancelled += isinstance(x, e.OrderCancelled)
            sales.returned += not isinstance(x, e.OrderCancelled)

    def posted(self, at: Millis, x: e.LedgerPosted) -> None:
        hour = row_at(self.hours, at, SalesHour)
        for posting in x.postings:
            account, amount = posting.account, posting.amount_minor
            kind = kind_of(account)
            tally(hour.books, kind, amount)
            if kind == "store":
                for sales in hour.store(StoreId(account.partition(":")[2])):
                    sales.credited_minor -= amount

    def sold_at_till(self, at: Millis, x: e.StockSold) -> None:
        for sales in row_at(self.hours, at, SalesHour).store(x.store):
            sales.till_units += x.quantity

    def receipt(self, at: Millis, x: e.ReceiptRecorded) -> None:
        """When it was told: of a till that was down, later than it was sold."""
        hour = row_at(self.hours, at, SalesHour)
        self._count(at, hour.till_categories, x.lines)
        tally(hour.tenders, x.tender, x.total_minor)
        for sales in hour.store(x.store):
            sales.receipts += 1
            sales.till_minor += x.total_minor

    def receipt_refunded(self, at: Millis, x: e.ReceiptRefunded) -> None:
        for sales in row_at(self.hours, at, SalesHour).store(x.store):
            sales.till_refunded_minor += x.amount_minor

    # internals

    def _count(self, at: Millis, categories: dict[str, Sold], lines: list[PricedLine]) -> None:
        today = self._day(at)
        for line in lines:
            minor = cost(line)
            category = self.categories.get(line.product, "")
            _sold(categories, category).count(line.quantity, minor)
            _sold(today, line.product).count(line.quantity, minor)

    def _day(self, at: Millis) -> dict[ProductId, Sold]:
        day = day_of(at, self.utc_offset_ms)
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
