"""What a store's tills ask for."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Asked, Id, Line, Money, Quantity, Sent, Tender, Time

Lines = Annotated[list["SoldLine"], Meta(min_length=1, max_length=200)]


class SoldLine(Asked, frozen=True):
    """So many of one product, at the price of one."""

    product: Id
    quantity: Quantity
    price: Money


class SoldReceipt(Asked, frozen=True):
    """A sale that has happened. `receipt` is the till's own id for it, unique in its store."""

    receipt: Id
    sold_at: Time
    lines: Lines
    tender: Tender
    cashier: Id | None = None


class RecordReceipt(Sent, frozen=True):
    """A till asks before it sells: all lines, from what no order holds, or none."""

    till: Id
    receipt: Id
    lines: Lines
    tender: Tender
    cashier: Id | None = None


class ReconcileTill(Sent, frozen=True):
    """A till that could not ask tells what it sold. Answered by `till_reconciled`.

    Receipts known already are passed over, so it may be repeated. What is sold is sold: where an
    order is left without, it goes on without, or ends.
    """

    till: Id
    receipts: Annotated[list[SoldReceipt], Meta(min_length=1, max_length=500)]


class RefundReceipt(Sent, frozen=True):
    """Goods are back at the till. Answered by `receipt_refunded`: what to give back for them."""

    receipt: Id
    refund: Id
    lines: Annotated[list[Line], Meta(min_length=1, max_length=200)]
    sellable: bool = True
