"""What is counted while a run goes by: folded from events alone, so a journal gives the same.

The delivery clock is that of engine/projections/clocks.py: one meaning, live, here and in reports.
"""

from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from engine import events as e
from engine.commands import AdoptPlan
from engine.engine import Record
from engine.projections.clocks import Clock, Clocks
from engine.projections.punctuality import CLOCK
from engine.rules.bookkeeping import COURIER_COST, FEES, of_store
from engine.values import CourierId, Millis, StoreId

TO_THE_COUNTER = ("ready_to_pickup", "in_store_to_pickup")
STORES = of_store(StoreId(""))  # how their accounts begin
Fold = Callable[[Millis, Any], None]


class Tally:
    """Counts and durations in milliseconds, money in minor units. Never looks at state."""

    def __init__(self) -> None:
        self.placed = 0
        self.cancelled: Counter[str] = Counter()  # by "actor/reason"
        self.returned: Counter[str] = Counter()  # by reason
        self.worked_ms: Counter[CourierId] = Counter()
        self.on_shift_since: dict[CourierId, Millis] = {}
        self.courier_pay_minor = 0
        self.delivery_fees_minor = 0  # earned, less what was given back
        self.stores_earned_minor = 0  # by orders, less what was given back
        self.rounds = 0
        self.answers = 0  # plans that came in time
        self.skipped: Counter[str] = Counter()  # routes of plans, by reason
        self.offers = 0
        self.accepted_offers = 0
        self.unassigned: Counter[str] = Counter()  # by reason
        self.breakdowns = 0
        self.rescues = 0  # deliveries that had to be
        self.short_orders = 0
        self._collected = 0
        self._expected = self._by_expected = 0  # by the time half of such come, if it was told
        self.late_payments = 0
        self._durations_ms: dict[str, list[int]] = {x: [] for x in CLOCK}
        self._to_door = [(attrgetter(f"{x}_ms"), y) for x, y in self._durations_ms.items()]
        self._to_counter = [(attrgetter(f"{x}_ms"), self._durations_ms[x]) for x in TO_THE_COUNTER]
        self._clocks = Clocks()
        self.folds = self._tables()

    def _tables(self) -> dict[type[Any], tuple[Fold, ...]]:
        clocks = self._clocks
        return {
            e.OrderPlaced: (clocks.placed, self._order_placed),
            e.OrderReady: (clocks.ready,),
            e.OrderReduced: (self._order_reduced,),
            e.OrderFulfilled: (clocks.over,),
            e.OrderCancelled: (clocks.over, self._order_cancelled),
            e.OrderReturned: (clocks.over, self._order_returned),
            e.OrderWrittenOff: (clocks.over, self._order_cancelled),
            e.PaymentAuthorized: (self._payment_authorized,),
            e.LedgerPosted: (self._ledger_posted,),
            e.ShiftStarted: (self._shift_started,),
            e.ShiftEnded: (self._shift_ended,),
            e.PlanningRoundOpened: (self._round_opened,),
            e.RouteSkipped: (self._route_skipped,),
            e.DeliveryCreated: (clocks.created,),
            e.DeliveryOffered: (self._delivery_offered,),
            e.OfferAccepted: (clocks.taken, self._offer_accepted),
            e.DeliveryUnassigned: (clocks.given_back, self._delivery_unassigned),
            e.CourierArrived: (clocks.arrived,),
            e.DeliveryPickedUp: (clocks.picked_up,),
            e.DeliveryStranded: (self._delivery_stranded,),
        }

    def see(self, record: Record) -> None:
        """What a record's events do not say by themselves."""
        if type(record.command) is AdoptPlan and record.rejection is None:
            self.answers += 1

    @property
    def durations_ms(self) -> dict[str, list[int]]:
        """Of all that were fetched and have ended."""
        self._close()
        return self._durations_ms

    @property
    def collected(self) -> int:
        """By customers who came."""
        self._close()
        return self._collected

    @property
    def by_expected_share(self) -> float | None:
        """Of those brought to the door, by the time half of them should be; None: none was told."""
        self._close()
        return self._by_expected / self._expected if self._expected else None

    @property
    def delivered(self) -> int:
        return len(self.durations_ms["click_to_door"])

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
        self._close()  # what ended in records before this one

    def _close(self) -> None:
        if self._clocks.ended:
            for clock in self._clocks.forget_ended().values():
                self._order_over(clock)

    def _order_reduced(self, _: Millis, __: e.OrderReduced) -> None:
        self.short_orders += 1

    def _order_over(self, clock: Clock) -> None:
        """A way to the counter is one, whatever came of it; to the door only what came there."""
        if clock.is_collection:
            self._collected += clock.is_fulfilled
            return
        if clock.is_fulfilled and clock.sooner_ms:
            self._expected += 1
            self._by_expected += clock.door_at <= clock.expected_at
        for lasted_ms_of, found in self._to_door if clock.is_fulfilled else self._to_counter:
            lasted_ms = lasted_ms_of(clock)
            if lasted_ms is not None:
                found.append(lasted_ms)

    def _order_cancelled(self, _: Millis, x: e.OrderCancelled | e.OrderWrittenOff) -> None:
        self.cancelled[f"{x.actor}/{x.reason}"] += 1

    def _order_returned(self, _: Millis, x: e.OrderReturned) -> None:
        self.returned[x.reason] += 1

    # money

    def _payment_authorized(self, _: Millis, x: e.PaymentAuthorized) -> None:
        self.late_payments += x.late

    def _ledger_posted(self, _: Millis, x: e.LedgerPosted) -> None:
        for posting in x.postings:
            if posting.account == COURIER_COST:
                self.courier_pay_minor += posting.amount_minor
            elif posting.account == FEES:  # income is on the right side: negative
                self.delivery_fees_minor -= posting.amount_minor
            elif posting.account.startswith(STORES):
                self.stores_earned_minor -= posting.amount_minor

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

    def _delivery_stranded(self, _: Millis, __: e.DeliveryStranded) -> None:
        self.rescues += 1
