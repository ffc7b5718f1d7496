"""What stores and operators ask for about goods on shelves, besides the daily business."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.messages.values import Id, Quantity, Sent, Seq, Text

Adjustment = Literal["damage", "theft", "expiry", "correction"]
Page = Annotated[int, Meta(ge=1, le=200)]
Difference = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]


class AdjustStock(Sent, frozen=True):
    """A loss (negative), or a correction of either sign. Promised orders may become short."""

    product: Id
    difference: Difference
    reason: Adjustment
    note: Text = ""


class RepairStock(Sent, frozen=True):
    """The same by an operator, for any store. It is recorded as the operator's."""

    store: Id
    product: Id
    difference: Difference
    reason: Adjustment
    note: Text = ""


class QuarantineStock(Sent, frozen=True):
    """Off the shelf and not for sale, still in the store: damaged, or to be looked at."""

    product: Id
    quantity: Quantity


class RestoreStock(Sent, frozen=True):
    """From quarantine back to the shelf."""

    product: Id
    quantity: Quantity


class DiscardStock(Sent, frozen=True):
    """From quarantine into the bin."""

    product: Id
    quantity: Quantity


class ListMovements(Sent, frozen=True):
    """Why a shelf of this store is as it is: the latest changes. Answered by `stock_movements`."""

    product: Id
    before: Seq | None = None
    limit: Page = 50


class InspectMovements(Sent, frozen=True):
    """The same by an operator, for any store. Answered by `stock_movements`."""

    store: Id
    product: Id
    before: Seq | None = None
    limit: Page = 50


class InspectStock(Sent, frozen=True):
    """The shelves of any store, by product id. Answered by `stock`."""

    store: Id
    after: Id | None = None
    limit: Page = 100
