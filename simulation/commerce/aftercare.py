"""After the goods: ratings, tips, complaints and their answers, goods brought back, consents."""

from engine.commands import (
    AddTip,
    AnswerComplaint,
    ApproveRefund,
    CloseComplaint,
    ConfirmChange,
    EndorseRefund,
    HandInCash,
    OpenComplaint,
    PreviewChange,
    RateOrder,
    ReceiveChange,
    RequestRedelivery,
    SetConsent,
)
from engine.events import (
    ChangeConfirmed,
    ComplaintOpened,
    DeliveryFailed,
    OrderFulfilled,
    RefundProposed,
    ShiftEnded,
)
from engine.rules.bookkeeping import cash_of
from engine.state.deliveries import DeliveryStatus
from engine.state.orders import Order
from engine.state.payments import payment_of
from engine.values import (
    MINUTE,
    ChangeId,
    ComplaintId,
    CourierId,
    HandoverId,
    Line,
    Minor,
    OrderId,
    ProductId,
    ProviderId,
    Purpose,
    ReturnedLine,
    ReturnWay,
    ServiceId,
    TipId,
)
from simulation.commerce.parts import Commerce
from simulation.streams import Draws
from simulation.world import World

THINKS_MIN, WAY_MIN = 20.0, 30.0  # on average: about it, and back to the store
COMPLAINTS = ("missing_items", "quality", "damaged")
RETURNS = ("unwanted", "defective", "wrong_item")
PRAISE, BLAME = ("fresh", "well_packed"), ("stale", "badly_packed")
CLERK, SUPERVISOR = "ada", "ben"


class Aftercare:
    """Customers afterwards, and the office that answers them."""

    def __init__(
        self, world: World, commerce: Commerce, service: ServiceId, bank: ProviderId
    ) -> None:
        self._world, self._commerce = world, commerce
        self._service, self._bank = service, bank
        self._handed_in = 0
        world.subscribe(OrderFulfilled, self._think)
        world.subscribe(ComplaintOpened, self._hear)
        world.subscribe(RefundProposed, self._look_over)
        world.subscribe(ChangeConfirmed, self._bring_back)
        world.subscribe(DeliveryFailed, self._ask_again)
        world.subscribe(ShiftEnded, self._await_cash)

    # customers

    def _think(self, e: OrderFulfilled) -> None:
        habits, order = self._commerce.shoppers, self._world.state.orders[e.order]
        for share, act in (
            (habits.tips_after, self._tip),
            (habits.rates, self._rate),
            (habits.complains, self._complain),
            (habits.gives_back, self._give_back),
            (habits.withdraws_consent, self._withdraw),
        ):
            draws = self._world.streams.named("aftercare", act.__name__, e.order)
            after_ms = round(draws.exponential(THINKS_MIN) * MINUTE)
            if draws.chance(share):
                self._world.surely(after_ms, act, e.order, order, draws)

    def _tip(self, key: OrderId, order: Order, _: Draws) -> None:
        """Later, for a courier who was in time."""
        if not order.is_collection and order.ended_at <= order.placed.promised_at:
            amount = Minor(self._commerce.shoppers.tip_minor)
            self._world.submit(AddTip(TipId("tip"), key, self._service, amount, self._bank))

    def _rate(self, key: OrderId, order: Order, draws: Draws) -> None:
        """Five stars, less one or more if it was late."""
        late_min = max(0, order.ended_at - order.placed.promised_at) / MINUTE
        late_min *= not order.is_collection
        stars = max(1, 5 - draws.below(2) - round(late_min / 10))
        about = PRAISE if stars > 3 else BLAME
        products = [order.placed.lines[0].product]
        liked, disliked = (products, []) if stars > 3 else ([], products)
        delivery = self._world.state.deliveries.of_order.get(key)
        brought = delivery is not None and (
            self._world.state.deliveries[delivery].status is DeliveryStatus.DELIVERED
        )
        courier = stars if brought else 0
        tags = [about[draws.below(len(about))]]
        rate = RateOrder(key, self._service, stars, courier, tags, liked, disliked)
        self._world.submit(rate)

    def _complain(self, key: OrderId, order: Order, draws: Draws) -> None:
        customer, reason = order.placed.customer, COMPLAINTS[draws.below(len(COMPLAINTS))]
        name = ComplaintId(f"c-{key}")
        self._world.submit(OpenComplaint(name, customer, reason, key, self._service))

    def _give_back(self, key: OrderId, order: Order, draws: Draws) -> None:
        """A piece, if the refund that is shown will do."""
        line = order.lines[0]
        product: ProductId = line.components[0].product if line.components else line.product
        reason, change = RETURNS[draws.below(len(RETURNS))], ChangeId(f"r-{key}")
        ask = PreviewChange(change, key, [Line(product, 1)], reason, ReturnWay.STORE, self._service)
        if self._world.submit(ask).rejection is None:
            self._world.submit(ConfirmChange(change, self._service))

    def _bring_back(self, e: ChangeConfirmed) -> None:
        change = self._world.state.order_changes[e.change]
        if change.way is not ReturnWay.STORE:
            return
        draws = self._world.streams.named("bring back", e.change)
        damaged = change.reason == "defective"
        received = [
            ReturnedLine(x.product, x.quantity * (not damaged), x.quantity * damaged)
            for x in change.lines
        ]
        after_ms = round(draws.exponential(WAY_MIN) * MINUTE)
        self._world.after(after_ms, ReceiveChange(change.store, e.change, received))

    def _withdraw(self, _: OrderId, order: Order, __: Draws) -> None:
        customer = order.placed.customer
        if self._world.state.customers[customer].may_be(Purpose.MARKETING):
            self._world.submit(SetConsent(customer, Purpose.MARKETING, False, self._service))

    def _ask_again(self, e: DeliveryFailed) -> None:
        """Somebody was not there, and is now."""
        order = self._world.state.deliveries[e.delivery].order
        draws = self._world.streams.named("redelivery", order)
        if e.reason == "customer_absent" and draws.chance(self._commerce.shoppers.wants_redelivery):
            self._world.after(MINUTE, RequestRedelivery(order, self._service))

    # the office

    def _hear(self, e: ComplaintOpened) -> None:
        draws = self._world.streams.named("answer", e.complaint)
        after_ms = round(self._commerce.answers_min.draw(draws) * MINUTE)
        self._world.surely(after_ms, self._answer, e.complaint, e.order, draws)

    def _answer(self, complaint: ComplaintId, key: OrderId, draws: Draws) -> None:
        """Half of what was paid, as far as it can be given back; or good words."""
        state = self._world.state
        self._world.submit(AnswerComplaint(complaint))
        payment = payment_of(key)
        left = state.payments.refundable_minor(payment) - state.refunds.pending_minor(payment)
        left -= state.order_changes.expected_minor(key)
        amount = min(left, state.orders[key].due_minor // 2)
        if draws.chance(self._commerce.refunds) and amount > 0:
            self._world.submit(ApproveRefund(complaint, Minor(amount), CLERK))
        else:
            self._world.submit(CloseComplaint(complaint, "resolved"))

    def _look_over(self, e: RefundProposed) -> None:
        """A second person agrees to what the first may not decide alone."""
        if e.needs_approval:
            self._world.after(5 * MINUTE, EndorseRefund(e.instruction, SUPERVISOR))

    def _await_cash(self, e: ShiftEnded) -> None:
        self._world.surely(10 * MINUTE, self._take_cash, e.courier)

    def _take_cash(self, courier: CourierId) -> None:
        """All that was collected at doors."""
        held = self._world.state.ledger.balance(cash_of(courier))
        if held > 0:
            self._handed_in += 1
            key = HandoverId(f"cash-{self._handed_in}")
            self._world.submit(HandInCash(key, courier, Minor(held)))
