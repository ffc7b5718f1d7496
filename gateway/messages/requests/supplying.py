"""What stores and operators ask for about goods on their way to a store."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.settings import Units
from gateway.messages.values import Id, Line, Quantity, Ref, Sent

Lines = Annotated[list[Line], Meta(min_length=1, max_length=200)]
SomeLines = Annotated[list[Line], Meta(max_length=200)]
SupplierName = Annotated[str, Meta(max_length=64)]


class RequestTransfer(Sent, frozen=True):
    """This store would like to have these from another, which has them available."""

    transfer: Id
    source: Id
    lines: Lines


class ArrangeTransfer(Sent, frozen=True):
    """The same by an operator, between any two stores."""

    transfer: Id
    source: Id
    destination: Id
    lines: Lines


class ApproveTransfer(Sent, frozen=True):
    """A draft of the engine's is what the destination wants."""

    transfer: Ref


class DiscardTransfer(Sent, frozen=True):
    """Either side, before it is shipped. A draft thrown away is not made again for a day."""

    transfer: Ref


class ShipTransfer(Sent, frozen=True):
    """It leaves the source: these, or all that was asked for."""

    transfer: Ref
    lines: SomeLines = []


class ReceiveTransfer(Sent, frozen=True):
    """It arrived, but for what was lost."""

    transfer: Ref
    lost: SomeLines = []


class DraftPurchase(Sent, frozen=True):
    """What this store would order from a supplier."""

    purchase: Id
    supplier: SupplierName
    lines: Lines


class OrderPurchase(Sent, frozen=True):
    """The supplier has been asked: from here on it is incoming."""

    purchase: Ref


class DiscardPurchase(Sent, frozen=True):
    """A draft nobody wants. It is not made again for a day."""

    purchase: Ref


class ReceivePurchase(Sent, frozen=True):
    """Some of it came, or more than was ordered. `is_last`: nothing more will."""

    purchase: Ref
    lines: SomeLines
    is_last: bool = False


class SetReorderPoint(Sent, frozen=True):
    """When goods asked for now arrive, at least `point` should be left; then fill up to `target`.

    From then on demand is measured, and drafts are made in time. A target of 0 ends it.
    """

    product: Id
    point: Units
    target: Units
    lead_h: Annotated[int, Meta(ge=1, le=1_440)] = 24
    supplier: SupplierName = ""


class ListSupply(Sent, frozen=True):
    """What is open at this store. Answered by `supply`."""


class InspectSupply(Sent, frozen=True):
    """The same by an operator, for any store. Answered by `supply`."""

    store: Id


class ListReorderPoints(Sent, frozen=True):
    """Of this store, by product id, with what is expected. Answered by `reorder_points`."""

    after: Id | None = None
    limit: Quantity = 100
