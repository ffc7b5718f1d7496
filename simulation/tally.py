"""What is counted while a run goes by: folded from records alone, so a journal gives the same."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from engine import events as e
from engine.commands import AdoptPlan
from engine.engine import Record
from engine.rules.bookkeeping import COURIER_COST
from engine.values import CourierId, Millis, OrderId

Fold = Callable[[Millis, Any], None]


class Tally:
    """Counts and durations in milliseconds, money in minor units. Never looks at state."""

    def __init__(self) -> None:
        self.records = 0
        self.promised: dict[OrderId, tuple[Millis, Millis]] = {}  # open orders: placed, promised
        self.placed = 0
        self.cancelled: Counter[str] = Counter()  # by "actor/reason"
        self.returned: Counter[str] = Counter()  # by reason
        self.click_to_door_ms: list[int] = []
        self.lateness_ms: list[int] = []  # of every delivered order; 0 if on time
        self.ready_to_pickup_ms: list[int] = []
        self.worked_ms: Counter[CourierId] = Counter()
        self.on_shift_since: dict[CourierId, Millis] = {}
        self.courier_pay_minor = 0
        self.rounds = 0
        self.answers = 0  # plans that came in time
        self.skipped: Counter[str] = Counter()  # routes of plans, by reason
        self.offers = 0
        self.accepted_offers = 0
        self.unassigned: Counter[str] = Counter()  # by reason
        self.breakdowns = 0
        self.rescues = 0  # deliveries that had to be
        self.short_orders = 0
        self.late_payments = 0
        self._ready_at: dict[OrderId, Millis] = {}
        self._folds: dict[type[Any], Fold] = {
            e.OrderPlaced: self._order_placed,
            e.OrderReady: self._order_ready,
            e.OrderReduced: self._order_reduced,
            e.OrderFulfilled: self._order_fulfilled,
            e.OrderCancelled: self._order_cancelled,
            e.OrderReturned: self._order_returned,
            e.PaymentAuthorized: self._payment_authorized,
            e.LedgerPosted: self._ledger_posted,
            e.ShiftStarted: self._shift_started,
            e.ShiftEnded: self._shift_ended,
            e.PlanningRoundOpened: self._round_opened,
            e.RouteSkipped: self._route_skipped,
            e.DeliveryOffered: self._delivery_offered,
            e.OfferAccepted: self._offer_accepted,
            e.DeliveryUnassigned: self._delivery_unassigned,
            e.DeliveryPickedUp: self._delivery_picked_up,
            e.DeliveryStranded: self._delivery_stranded,
        }

    def see(self, record: Record) -> None:
        """One more record, in order."""
        self.records += 1
        if type(record.command) is AdoptPlan and record.rejection is None:
            self.answers += 1
        folds = self._folds
        for event in record.events:
            fold = folds.get(type(event))
            if fold is not None:
                fold(record.at, event)

    @property
    def delivered(self) -> int:
        return len(self.click_to_door_ms)

    def worked_until(self, now: Millis) -> int:
        """Time on shift of all couriers, shifts that are still going on included."""
        going_on = sum(now - since for since in self.on_shift_since.values())
        return sum(self.worked_ms.values()) + going_on

    def worked_by(self, courier: CourierId, now: Millis) -> int:
        """Time on shift of one of them, until now."""
        since = self.on_shift_since.get(courier, now)
        return self.worked_ms[courier] + now - since

    # orders

    def _order_placed(self, _: Millis, x: e.OrderPlaced) -> None:
        self.placed += 1
        self.promised[x.order] = x.placed_at, x.promised_at

    def _order_ready(self, at: Millis, x: e.OrderReady) -> None:
        self._ready_at[x.order] = at

    def _order_reduced(self, _: Millis, __: e.OrderReduced) -> None:
        self.short_orders += 1

    def _order_fulfilled(self, at: Millis, x: e.OrderFulfilled) -> None:
        placed_at, promised_at = self.promised.pop(x.order)
        self.click_to_door_ms.append(at - placed_at)
        self.lateness_ms.append(max(0, at - promised_at))

    def _order_cancelled(self, _: Millis, x: e.OrderCancelled) -> None:
        del self.promised[x.order]
        self._ready_at.pop(x.order, None)
        self.cancelled[f"{x.actor}/{x.reason}"] += 1

    def _order_returned(self, _: Millis, x: e.OrderReturned) -> None:
        del self.promised[x.order]
        self.returned[x.reason] += 1

    # money

    def _payment_authorized(self, _: Millis, x: e.PaymentAuthorized) -> None:
        self.late_payments += x.late

    def _ledger_posted(self, _: Millis, x: e.LedgerPosted) -> None:
        for posting in x.postings:
            if posting.account == COURIER_COST:
                self.courier_pay_minor += posting.amount_minor

    # couriers

    def _shift_started(self, at: Millis, x: e.ShiftStarted) -> None:
        self.on_shift_since[x.courier] = at

    def _shift_ended(self, at: Millis, x: e.ShiftEnded) -> None:
        self.worked_ms[x.courier] += at - self.on_shift_since.pop(x.courier)
        self.breakdowns += x.broken_down

    # planning

    def _round_opened(self, _: Millis, __: e.PlanningRoundOpened) -> None:
        self.rounds += 1

    def _route_skipped(self, _: Millis, x: e.RouteSkipped) -> None:
        self.skipped[x.reason] += 1

    # deliveries

    def _delivery_offered(self, _: Millis, __: e.DeliveryOffered) -> None:
        self.offers += 1

    def _offer_accepted(self, _: Millis, __: e.OfferAccepted) -> None:
        self.accepted_offers += 1

    def _delivery_unassigned(self, _: Millis, x: e.DeliveryUnassigned) -> None:
        self.unassigned[x.reason] += 1

    def _delivery_picked_up(self, at: Millis, x: e.DeliveryPickedUp) -> None:
        ready_at = self._ready_at.pop(x.order, None)  # a rescue is not a wait at the counter
        if ready_at is not None:
            self.ready_to_pickup_ms.append(at - ready_at)

    def _delivery_stranded(self, _: Millis, __: e.DeliveryStranded) -> None:
        self.rescues += 1
