"""What is asked for after an order was fulfilled: goods that come back."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Line, Ref, ReturnedLine, ReturnReason, ReturnWay, Sent


class PreviewChange(Sent, frozen=True):
    """What would be given back for these pieces? Answered by `order_change`; nothing is done yet.

    What is in a bundle is named by itself. With `way` "courier" somebody fetches it at the door,
    which whoever just does not want it pays for.
    """

    change: Id
    order: Id
    lines: Annotated[list[Line], Meta(min_length=1, max_length=100)]
    reason: ReturnReason
    way: ReturnWay = "store"


class ConfirmChange(Sent, frozen=True):
    """Agreed. Refused if it has expired, or if other numbers hold by now."""

    change: Id


class WithdrawChange(Sent, frozen=True):
    """The customer keeps the goods; not once a courier has them."""

    change: Id


class FetchReturn(Sent, frozen=True):
    """Send a courier once more, or after all."""

    change: Id


class ReceiveChange(Sent, frozen=True):
    """The goods are back in the store, in this condition. What did not come is not paid for."""

    change: Id
    received: Annotated[list[ReturnedLine], Meta(min_length=1, max_length=100)]


class WaiveReturn(Sent, frozen=True):
    """They need not come back, or were lost on the way: the customer is paid as agreed."""

    change: Id


class GetChange(Sent, frozen=True):
    """How it stands. Answered by `order_change`."""

    change: Id


class ListChanges(Sent, frozen=True):
    """Of one order, agreed on or not. Answered by `order_changes`."""

    order: Ref


class ListExpected(Sent, frozen=True):
    """What is to come back to your store, by the id of the change. Answered by `order_changes`."""

    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=64)] = 64
