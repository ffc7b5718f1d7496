"""What a journal knows of each one: every order, every offer, every shift, by name.

Orders are named as a relived day names them: `o` before the name they had (see `relived`).
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine import commands as c
from engine import events as e
from engine.engine import Record
from engine.state import State
from engine.state.payments import payment_of
from engine.values import (
    Actor,
    CourierId,
    CustomerId,
    DeliveryId,
    Fulfillment,
    Line,
    Millis,
    OrderId,
    PaymentId,
    ProductId,
    QuoteId,
    StopKind,
    StoreId,
)
from geo.points import Point
from simulation.people.conduct import Answer, BankReply, Door, Reply


def relived(order: OrderId) -> OrderId:
    """The order's name on the relived day."""
    return OrderId(f"o{order}")


@dataclass(slots=True)
class Visit:
    """Somebody who asked, and what became of it."""

    at: Millis
    key: str
    customer: CustomerId
    store: StoreId
    home: Point
    lines: list[Line]
    promised_ms: int | None = None  # None: no quote was given
    thought_ms: int | None = None  # None: no order was placed
    pin: str = ""
    changed_mind_ms: int | None = None  # after placing
    patience_ms: int | None = None  # after the promise; exact if `gave_up`, else at least
    gave_up: bool = False


@dataclass(slots=True)
class Shift:
    """From its start to its real end; `announced` is until when it was said to be."""

    starts_at: Millis
    announced: Millis
    ended_at: Millis | None = None
    broken_down: bool = False


@dataclass(slots=True)
class Recorded:
    """All that is known, by name."""

    visits: list[Visit] = field(default_factory=list)
    store_replies: dict[OrderId, Reply] = field(default_factory=dict)
    told_ms: dict[OrderId, int] = field(default_factory=dict)  # at acceptance, of what it takes
    stays_ms: dict[OrderId, int] = field(default_factory=dict)  # from acceptance to ready
    told_late: dict[OrderId, None] = field(default_factory=dict)
    missing: dict[OrderId, ProductId] = field(default_factory=dict)
    handovers_ms: dict[OrderId, int] = field(default_factory=dict)
    offers: dict[tuple[OrderId, CourierId], Reply] = field(default_factory=dict)
    doors: dict[OrderId, Door] = field(default_factory=dict)
    authorizations: dict[PaymentId, BankReply] = field(default_factory=dict)
    shifts: dict[CourierId, list[Shift]] = field(default_factory=lambda: defaultdict(list))


class Recorder:
    """Folds records; `state` is the state each has left (somebody else applies them)."""

    def __init__(self, state: State) -> None:
        self.known = Recorded()
        self._state, self._at = state, Millis(0)
        self._quoted: dict[QuoteId, Visit] = {}
        self._visit_of: dict[OrderId, Visit] = {}
        self._since: dict[tuple[str, str], Millis] = {}  # (what, whose): when it began
        self._see: dict[type[Any], Callable[[Any], None]] = {
            e.QuoteAccepted: self._accepted_quote,
            e.OrderPlaced: self._placed,
            e.OrderConfirmed: lambda x: self._begin("store", x.order),
            e.OrderAccepted: self._accepted,
            e.ReadyTimeChanged: lambda x: self.known.told_late.setdefault(relived(x.order)),
            e.OrderReady: self._ready,
            e.OrderCancelled: self._cancelled,
            e.OrderFulfilled: self._fulfilled,
            e.DeliveryOffered: lambda x: self._begin("offer", x.delivery, x.courier),
            e.OfferAccepted: lambda x: self._answered(x.delivery, x.courier, Answer.YES, ""),
            e.DeliveryUnassigned: self._unassigned,
            e.CourierArrived: self._arrived,
            e.DeliveryPickedUp: self._picked_up,
            e.DeliveryCompleted: lambda x: self._left_door(x.delivery, ""),
            e.DeliveryFailed: lambda x: self._left_door(x.delivery, x.reason),
            e.PaymentRequested: lambda x: self._begin("bank", x.payment),
            e.PaymentAuthorized: lambda x: self._bank(x.payment, Answer.YES, ""),
            e.PaymentFailed: self._payment_failed,
            e.ShiftStarted: self._started,
            e.ShiftEnded: self._ended,
        }

    def see(self, record: Record) -> None:
        self._at = record.at
        if isinstance(record.command, c.RequestQuote):
            self._visit(record.command, record.events[0])
        elif isinstance(record.command, c.ReportMissing) and record.rejection is None:
            self.known.missing[relived(record.command.order)] = record.command.product
        for event in record.events:
            watcher = self._see.get(type(event))
            if watcher is not None:
                self._at = e.happened_at(event, record.at)
                watcher(event)

    # customers

    def _visit(self, x: c.RequestQuote, first: Any) -> None:
        if not is_walk_in_wish(x):
            return
        key = f"visit-{len(self.known.visits)}"
        visit = Visit(self._at, key, x.customer, x.store, x.dropoff, x.lines)
        self.known.visits.append(visit)
        if isinstance(first, e.QuoteOffered):
            visit.promised_ms = first.promised_ms
            self._quoted[x.quote] = visit

    def _accepted_quote(self, x: e.QuoteAccepted) -> None:
        visit = self._quoted.pop(x.quote, None)
        if visit is not None:
            visit.key, visit.thought_ms = x.order, self._at - visit.at
            self._visit_of[x.order] = visit

    def _placed(self, x: e.OrderPlaced) -> None:
        if x.order in self._visit_of:
            self._visit_of[x.order].pin = x.pin

    def _cancelled(self, x: e.OrderCancelled) -> None:
        visit, order = self._visit_of.get(x.order), self._state.orders[x.order]
        if visit is not None and x.actor is Actor.CUSTOMER:
            if x.reason == "too_slow":
                visit.patience_ms = max(1, self._at - order.placed.promised_at)
                visit.gave_up = True
            else:
                visit.changed_mind_ms = self._at - order.placed.placed_at
        began = self._since.pop(("store", x.order), None)
        if began is not None and x.actor is Actor.STORE:
            reply = Reply(Answer.NO, self._at - began, x.reason)
            self.known.store_replies[relived(x.order)] = reply
        elif began is not None and x.reason == "store_silent":
            self.known.store_replies[relived(x.order)] = Reply(Answer.SILENCE, 0)

    def _fulfilled(self, x: e.OrderFulfilled) -> None:
        visit, order = self._visit_of.get(x.order), self._state.orders[x.order]
        if visit is not None:
            visit.patience_ms = max(0, self._at - order.placed.promised_at)

    # stores

    def _accepted(self, x: e.OrderAccepted) -> None:
        began, order = self._since.pop(("store", x.order), None), relived(x.order)
        if began is not None:
            self.known.store_replies[order] = Reply(Answer.YES, self._at - began)
        self.known.told_ms[order] = x.ready_at - self._at
        self._begin("kitchen", x.order)

    def _ready(self, x: e.OrderReady) -> None:
        began = self._since.pop(("kitchen", x.order), None)
        if began is not None:
            self.known.stays_ms[relived(x.order)] = self._at - began

    # couriers

    def _answered(
        self, delivery: DeliveryId, courier: CourierId, answer: Answer, reason: str
    ) -> None:
        began = self._since.pop(("offer", f"{delivery}/{courier}"), None)
        if began is not None:
            key = relived(self._state.deliveries[delivery].order), courier
            self.known.offers.setdefault(key, Reply(answer, self._at - began, reason))

    def _unassigned(self, x: e.DeliveryUnassigned) -> None:
        if x.reason == "declined":
            self._answered(x.delivery, x.courier, Answer.NO, x.note or "too_far")
        elif x.reason == "lapsed":
            self._answered(x.delivery, x.courier, Answer.SILENCE, "")
        self._since.pop(("offer", f"{x.delivery}/{x.courier}"), None)

    def _arrived(self, x: e.CourierArrived) -> None:
        if x.stop is not StopKind.RETURN:
            self._begin("stop", x.delivery)

    def _picked_up(self, x: e.DeliveryPickedUp) -> None:
        began, order = self._since.pop(("stop", x.delivery), None), self._state.orders[x.order]
        if began is not None and order.ready_at:
            waited = max(0, self._at - max(began, order.ready_at))
            self.known.handovers_ms.setdefault(relived(x.order), waited)

    def _left_door(self, delivery: DeliveryId, reason: str) -> None:
        began = self._since.pop(("stop", delivery), None)
        if began is not None:
            order = relived(self._state.deliveries[delivery].order)
            self.known.doors.setdefault(order, Door(max(0, self._at - began), reason))

    def _started(self, x: e.ShiftStarted) -> None:
        self.known.shifts[x.courier].append(Shift(self._at, x.ends_at))

    def _ended(self, x: e.ShiftEnded) -> None:
        shifts = self.known.shifts[x.courier]
        if shifts:
            shifts[-1].ended_at, shifts[-1].broken_down = self._at, x.broken_down

    # the payment provider

    def _bank(self, payment: PaymentId, answer: Answer, reason: str) -> None:
        began = self._since.pop(("bank", payment), None)
        if began is not None:
            order = self._state.payments[payment].order
            reply = BankReply(answer, self._at - began, reason)
            self.known.authorizations[payment_of(relived(order))] = reply

    def _payment_failed(self, x: e.PaymentFailed) -> None:
        if x.reason == "payment_declined":
            self._bank(x.payment, Answer.NO, "declined")
        elif x.reason == "payment_timeout":
            self._bank(x.payment, Answer.SILENCE, "")

    # internals

    def _begin(self, what: str, *whose: str) -> None:
        self._since[what, "/".join(whose)] = self._at


def is_walk_in_wish(x: c.RequestQuote) -> bool:
    """To be brought as soon as possible: what simulated customers ask for."""
    return x.fulfillment is Fulfillment.DELIVERY and not x.window_from_at
