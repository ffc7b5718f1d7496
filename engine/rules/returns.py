"""What may come back, and what is given back for it."""

from collections.abc import Iterable

from msgspec import Struct

from engine.rules.lines import cut, goods_total, pieces_of, subsidy_total
from engine.settings import Settings
from engine.state.order_changes import OrderChange, OrderChanges
from engine.state.orders import Order
from engine.state.payments import Payments
from engine.state.refunds import Refunds
from engine.values import Line, Minor, OrderId, Posting, PricedLine, ReturnWay

UNWANTED = "unwanted"  # the customer's own affair: he pays for the way back
REASONS = (UNWANTED, "defective", "damaged", "wrong_item", "late")


class Terms(Struct, frozen=True):
    """What is given back: for the goods and of the delivery fee, less what fetching costs."""

    goods_minor: Minor
    delivery_minor: Minor
    fee_minor: Minor
    subsidy_minor: int  # what the platform had added for these goods, and takes back

    @property
    def refund_minor(self) -> int:
        return self.goods_minor + self.delivery_minor - self.fee_minor


def kept(order: Order, changes: Iterable[OrderChange]) -> list[PricedLine]:
    """What the customer has of an order, at what it cost, once these changes are carried out."""
    lines = order.lines
    for change in changes:
        lines = without(lines, change.gone)
    return lines


def without(lines: list[PricedLine], gone: Iterable[Line]) -> list[PricedLine]:
    for line in gone:
        if line.quantity:
            lines, _ = cut(lines, line.product, line.quantity)
    return lines


def shortage(lines: list[PricedLine], wanted: Iterable[Line]) -> Line | None:
    """The first product of which fewer are there, and how many are."""
    for line in wanted:
        pieces = pieces_of(lines, line.product)
        if pieces < line.quantity:
            return Line(line.product, pieces)
    return None


def terms(
    settings: Settings,
    order: Order,
    has: list[PricedLine],
    back: list[Line],
    reason: str,
    way: ReturnWay,
) -> Terms:
    """For `back`, out of what the customer `has`.

    Whoever sends back everything because of us gets the delivery fee, too; whoever just does
    not want it pays the courier who fetches it, out of what the goods cost.
    """
    left = without(has, back)
    goods = Minor(goods_total(has) - goods_total(left))
    subsidy = subsidy_total(has) - subsidy_total(left)
    is_ours = reason != UNWANTED
    delivery = min(order.placed.delivery_fee_minor, order.due_minor) if is_ours and not left else 0
    fetched = way is ReturnWay.COURIER and not is_ours
    fee = min(settings.return_fee_minor, goods) if fetched else 0
    return Terms(goods, Minor(delivery), Minor(fee), subsidy)


def refundable_minor(
    payments: Payments, refunds: Refunds, changes: OrderChanges, order: OrderId
) -> int:
    """What may still be promised: captured, not given back, and not promised to anybody."""
    key = payments.current(order)
    payment = payments.get(key)
    left = payment.captured_minor - payment.refunded_minor if payment else 0
    spoken_for = refunds.pending_minor(key) + changes.expected_minor(order)
    return left - spoken_for - changes.credited_minor(order)


def divided(charged: list[Posting], amount: int) -> tuple[list[Posting], list[Posting]]:
    """Who bears the first `amount`, and who the rest; what is taken back goes with the rest."""
    first: list[Posting] = []
    rest: list[Posting] = []
    for x in sorted(charged, key=lambda x: x.amount_minor < 0):
        part = min(amount, x.amount_minor) if x.amount_minor > 0 else 0
        amount -= part
        first.append(Posting(x.account, part))
        rest.append(Posting(x.account, x.amount_minor - part))
    return [x for x in first if x.amount_minor], [x for x in rest if x.amount_minor]
