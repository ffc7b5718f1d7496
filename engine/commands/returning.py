"""What becomes of an order after it was fulfilled: goods that come back."""

from engine.commands.command import Command
from engine.values import (
    ChangeId,
    Line,
    OrderId,
    ReturnedLine,
    ReturnWay,
    ServiceId,
    StoreId,
)


class PreviewChange(Command, frozen=True):
    """What would be given back for these? `service` is empty if an operator asks."""

    change: ChangeId
    order: OrderId
    lines: list[Line]  # of single products: what is in a bundle is named by itself
    reason: str
    way: ReturnWay
    service: ServiceId = ServiceId("")


class ConfirmChange(Command, frozen=True):
    """Agreed, if the numbers still hold."""

    change: ChangeId
    service: ServiceId = ServiceId("")


class WithdrawChange(Command, frozen=True):
    """The customer keeps the goods."""

    change: ChangeId
    service: ServiceId = ServiceId("")


class FetchReturn(Command, frozen=True):
    """Send a courier once more, or after all."""

    change: ChangeId
    service: ServiceId = ServiceId("")


class ReceiveChange(Command, frozen=True):
    """The goods are back, in this condition."""

    store: StoreId
    change: ChangeId
    received: list[ReturnedLine]


class WaiveReturn(Command, frozen=True):
    """The goods need not come back, or were lost on the way: the customer is paid anyway."""

    change: ChangeId
    by: str


class ExpirePreview(Command, frozen=True):
    """Nobody agreed to it."""

    change: ChangeId


class ExpireChange(Command, frozen=True):
    """It was agreed on long ago, and nothing came."""

    change: ChangeId
