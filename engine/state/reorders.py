"""Reorders: when a shelf is to be filled up again, and what its customers usually take."""

from msgspec import Struct

from engine.events import DemandMeasured, ReorderPointSet, ReorderPostponed, StockReviewPlanned
from engine.values import HOUR, Millis, ProductId, StoreId, SupplierId

HOURS = 24
UNSEEN = -1
LEARNING_STEPS = 4  # a new hour counts for one fourth of what is known of that hour of the day
MILLI = 1_000


class Reorder(Struct, array_like=True):
    point: int
    target: int
    lead_h: int
    supplier: SupplierId
    gone: int  # pieces customers had taken when it was last reviewed
    hourly_milli: list[int] = []  # pieces by hour of the day, in UTC; UNSEEN until it was seen
    quiet_until: Millis = Millis(0)


class Reorders(Struct):
    """Invariant: demand is learned only from what was measured.

    For every hour of the day an exponentially smoothed mean, in thousandths of a piece: R. G.
    Brown, "Smoothing, Forecasting and Prediction of Discrete Time Series", 1963, with a season.
    """

    shelves: dict[StoreId, dict[ProductId, Reorder]] = {}
    next_review: dict[StoreId, Millis] = {}

    # queries

    def of_store(self, store: StoreId) -> dict[ProductId, Reorder]:
        return self.shelves.get(store, {})

    def get(self, store: StoreId, product: ProductId) -> Reorder | None:
        return self.shelves.get(store, {}).get(product)

    # events

    def reorder_point_set(self, e: ReorderPointSet) -> None:
        shelves = self.shelves.setdefault(e.store, {})
        if e.target == 0:
            shelves.pop(e.product, None)
            return
        known = shelves.get(e.product)
        gone = known.gone if known else e.gone
        hourly = known.hourly_milli if known else [UNSEEN] * HOURS
        shelves[e.product] = Reorder(e.point, e.target, e.lead_h, e.supplier, gone, hourly)

    def stock_review_planned(self, e: StockReviewPlanned) -> None:
        if e.at:
            self.next_review[e.store] = e.at
        else:
            del self.next_review[e.store]

    def demand_measured(self, e: DemandMeasured) -> None:
        hour = (e.at - 1) // HOUR % HOURS
        shelves = self.shelves[e.store]
        for line in e.pieces:
            reorder = shelves[line.product]
            reorder.gone += line.quantity
            known, seen = reorder.hourly_milli[hour], MILLI * max(0, line.quantity)
            step = seen if known == UNSEEN else known + (seen - known) // LEARNING_STEPS
            reorder.hourly_milli[hour] = step

    def reorder_postponed(self, e: ReorderPostponed) -> None:
        shelves = self.of_store(e.store)
        for product in e.products:
            if product in shelves:
                shelves[product].quiet_until = e.until
