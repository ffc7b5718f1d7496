"""After the goods: ratings, tips, complaints and their answers, goods brought back, consents."""

from engine.commands import (
    AddTip,
    AnswerComplaint,
    ApproveRefund,
    CloseComplaint,
    ConfirmChange,
    EndorseRefund,
    FetchReturn,
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
    ReturnMissed,
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
from simulation.commerce import conduct
from simulation.commerce.conduct import Act
from simulation.commerce.parts import Commerce
from simulation.streams import Draws
from simulation.world import World

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
        world.subscribe(ReturnMissed, self._send_again)
        world.subscribe(ShiftEnded, self._await_cash)

    # customers

    def _think(self, e: OrderFulfilled) -> None:
        habits, order = self._commerce.shoppers, self._world.state.orders[e.order]
        act = {
            Act.TIP: self._tip,
            Act.RATE: self._rate,
            Act.COMPLAIN: self._complain,
            Act.GIVE_BACK: self._give_back,
            Act.WITHDRAW: self._withdraw,
        }
        for x in conduct.thoughts(self._world.streams, habits, e.order):
            self._world.surely(x.after_ms, act[x.act], e.order, order, x.draws)

    def _tip(self, key: OrderId, order: Order, _: Draws) -> None:
        """Later, for a courier who was in time."""
        if not order.is_collection and order.ended_at <= order.placed.promised_at:
            amount = Minor(self._commerce.shoppers.tip_minor)
            self._world.submit(AddTip(TipId("tip"), key, self._service, amount, self._bank))

    def _rate(self, key: OrderId, order: Order, draws: Draws) -> None:
        """What was bought, and who brought it."""
        said = conduct.rating(_late_ms(order), draws)
        products = [order.placed.lines[0].product]
        liked, disliked = (products, []) if said.likes else ([], products)
        delivery = self._world.state.deliveries.of_order.get(key)
        brought = delivery is not None and (
            self._world.state.deliveries[delivery].status is DeliveryStatus.DELIVERED
        )
        courier = said.courier_stars if brought else 0
        rate = RateOrder(key, self._service, said.stars, courier, [said.tag], liked, disliked)
        self._world.submit(rate)

    def _complain(self, key: OrderId, order: Order, draws: Draws) -> None:
        customer, reason = order.placed.customer, conduct.complaint(_late_ms(order), draws)
        name = ComplaintId(f"c-{key}")
        self._world.submit(OpenComplaint(name, customer, reason, key, self._service))

    def _give_back(self, key: OrderId, order: Order, draws: Draws) -> None:
        """A piece, if the refund that is shown will do."""
        how = conduct.given_back(self._commerce.shoppers, order.is_collection, draws)
        line = order.lines[0]
        product: ProductId = line.components[0].product if line.components else line.product
        change, back = ChangeId(f"r-{key}"), [Line(product, 1)]
        ask = PreviewChange(change, key, back, how.reason, how.way, self._service)
        if self._world.submit(ask).rejection is None:
            self._world.submit(ConfirmChange(change, self._service))

    def _bring_back(self, e: ChangeConfirmed) -> None:
        """Unless a courier comes for it."""
        change = self._world.state.order_changes[e.change]
        if change.way is not ReturnWay.STORE:
            return
        fit = conduct.is_fit(change.reason)
        received = [
            ReturnedLine(x.product, x.quantity * fit, x.quantity * (not fit)) for x in change.lines
        ]
        after_ms = conduct.brings_back_ms(self._world.streams, e.change)
        self._world.after(after_ms, ReceiveChange(change.store, e.change, received))

    def _withdraw(self, _: OrderId, order: Order, __: Draws) -> None:
        customer = order.placed.customer
        if self._world.state.customers[customer].may_be(Purpose.MARKETING):
            self._world.submit(SetConsent(customer, Purpose.MARKETING, False, self._service))

    def _ask_again(self, e: DeliveryFailed) -> None:
        """Somebody was not there, and is now."""
        streams, habits = self._world.streams, self._commerce.shoppers
        delivery = self._world.state.deliveries[e.delivery]
        if e.reason == "customer_absent" and conduct.asks_again(streams, habits, delivery.order):
            self._world.after(MINUTE, RequestRedelivery(delivery.order, self._service))

    def _send_again(self, e: ReturnMissed) -> None:
        """The same for what was to be fetched."""
        change, habits = self._world.state.order_changes[e.change], self._commerce.shoppers
        if conduct.asks_again(self._world.streams, habits, f"{e.change}/{change.fetches}"):
            self._world.after(MINUTE, FetchReturn(e.change, self._service))

    # the office

    def _hear(self, e: ComplaintOpened) -> None:
        after_ms = conduct.answers_ms(self._world.streams, self._commerce, e.complaint)
        self._world.surely(after_ms, self._answer, e.complaint, e.order)

    def _answer(self, complaint: ComplaintId, key: OrderId) -> None:
        """With words, and with money or none."""
        state, streams = self._world.state, self._world.streams
        self._world.submit(AnswerComplaint(complaint))
        payment = payment_of(key)
        left = state.payments.refundable_minor(payment) - state.refunds.pending_minor(payment)
        left -= state.order_changes.expected_minor(key)
        due = state.orders[key].due_minor
        amount = conduct.compensation_minor(streams, self._commerce, complaint, due, left)
        if amount:
            self._world.submit(ApproveRefund(complaint, Minor(amount), CLERK))
        else:
            self._world.submit(CloseComplaint(complaint, "resolved"))

    def _look_over(self, e: RefundProposed) -> None:
        """A second person agrees to what the first may not decide alone."""
        if e.needs_approval:
            self._world.after(
                conduct.LOOKS_OVER_MIN * MINUTE, EndorseRefund(e.instruction, SUPERVISOR)
            )

    def _await_cash(self, e: ShiftEnded) -> None:
        self._world.surely(conduct.TAKES_CASH_MIN * MINUTE, self._take_cash, e.courier)

    def _take_cash(self, courier: CourierId) -> None:
        """All that was collected at doors."""
        held = self._world.state.ledger.balance(cash_of(courier))
        if held > 0:
            self._handed_in += 1
            key = HandoverId(f"cash-{self._handed_in}")
            self._world.submit(HandInCash(key, courier, Minor(held)))


def _late_ms(order: Order) -> int:
    """Who collects comes when it suits: that is never late."""
    return 0 if order.is_collection else order.ended_at - order.placed.promised_at
