"""What a store does with an order, and with goods that come back."""

from engine.commands.command import Command
from engine.values import DeliveryId, Millis, OrderId, ProductId, StoreId


class AcceptOrder(Command, frozen=True):
    """The store will have it ready by then."""

    store: StoreId
    order: OrderId
    ready_at: Millis


class RejectOrder(Command, frozen=True):
    store: StoreId
    order: OrderId
    reason: str


class UpdateReadyTime(Command, frozen=True):
    """It will be earlier or later than said."""

    store: StoreId
    order: OrderId
    ready_at: Millis


class ReportReady(Command, frozen=True):
    """It stands on the counter."""

    store: StoreId
    order: OrderId


class LabelOrder(Command, frozen=True):
    """What stands on its bags: whoever fetches them reads all of it. Said again, it counts anew."""

    store: StoreId
    order: OrderId
    labels: list[str]  # none: nothing is to be read any more


class ReportMissing(Command, frozen=True):
    """The shelf had fewer than the books said; the order goes without them."""

    store: StoreId
    order: OrderId
    product: ProductId
    quantity: int


class ReceiveReturn(Command, frozen=True):
    """What could not be delivered is back; fit to be sold again, or not."""

    store: StoreId
    delivery: DeliveryId
    sellable: bool


class ExpireAcceptance(Command, frozen=True):
    """The store has had long enough. `moves`: how often the order had gone to another before."""

    order: OrderId
    moves: int = 0
