"""What may never be made or lost: pieces on shelves, money, orders. Counted at every event.

From the records alone, not from the engine's state: whoever checks shares no code with whom he
checks but the events.
"""

from msgspec import Struct

from engine import events as e
from engine.engine import Record
from engine.projections.movements import Buckets, Movements
from engine.values import InstructionKind, OrderId, PaymentId

ENDS = (e.OrderFulfilled, e.OrderCancelled, e.OrderReturned, e.OrderWrittenOff)


class Counts(Struct):
    """What there was, and how often it did not add up: those of the second half have to be 0."""

    movements: int = 0
    units_in: int = 0  # pieces that came onto shelves
    units_out: int = 0  # and left them
    ledger_entries: int = 0
    ledger_minor: int = 0  # moved, in all
    refunded_minor: int = 0
    orders_placed: int = 0
    orders_ended: int = 0

    oversold: int = 0  # events after which a shelf had promised more than it had, or less than none
    unbalanced: int = 0  # entries of the ledger that did not sum to 0
    over_refunded: int = 0  # refunds beyond what the payment was for
    miscounted_orders: int = 0  # that ended twice, or were never placed

    @property
    def is_sound(self) -> bool:
        wrong = self.oversold, self.unbalanced, self.over_refunded, self.miscounted_orders
        return not any(wrong)


class Conservation:
    """`fold` every record from the first, in order; `counts` is what was found so far."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._movements = Movements()
        self._open: dict[OrderId, None] = {}
        self._left: dict[PaymentId, int] = {}  # what may still be given back
        self._refunds: dict[str, tuple[PaymentId, int]] = {}  # under way

    @property
    def orders_open(self) -> int:
        return len(self._open)

    def fold(self, record: Record) -> None:
        for x in self._movements.fold(record):
            self._moved(x.by, x.left)
        for event in record.events:
            match event:
                case e.LedgerPosted():
                    self._posted(event)
                case e.OrderPlaced(order=order):
                    self.counts.orders_placed += 1
                    self._open[order] = None
                case e.PaymentRequested():
                    self._left[event.payment] = event.amount_minor
                case e.InstructionIssued(kind=InstructionKind.REFUND):
                    self._refunds[event.instruction] = event.payment, event.amount_minor
                case e.InstructionSettled(instruction=name) if name in self._refunds:
                    self._refunded(*self._refunds.pop(name))
                case _ if isinstance(event, ENDS):
                    self._ended(event.order)

    # internals

    def _moved(self, by: Buckets, left: Buckets) -> None:
        counts = self.counts
        counts.movements += 1
        counts.units_in += max(0, by.on_hand)
        counts.units_out += max(0, -by.on_hand)
        counts.oversold += not 0 <= left.reserved <= left.on_hand

    def _posted(self, x: e.LedgerPosted) -> None:
        amounts = [posting.amount_minor for posting in x.postings]
        self.counts.ledger_entries += 1
        self.counts.ledger_minor += sum(max(0, amount) for amount in amounts)
        self.counts.unbalanced += sum(amounts) != 0

    def _refunded(self, payment: PaymentId, amount_minor: int) -> None:
        self.counts.refunded_minor += amount_minor
        self._left[payment] = self._left.get(payment, 0) - amount_minor
        self.counts.over_refunded += self._left[payment] < 0

    def _ended(self, order: OrderId) -> None:
        self.counts.orders_ended += 1
        self.counts.miscounted_orders += order not in self._open
        self._open.pop(order, None)
