"""Supporting: what customers allow, whether they may buy, and that they are forgotten on demand."""

from dataclasses import dataclass

from engine.commands import ForgetCustomer, RecordInteraction, SetConsent, SetStanding
from engine.events import ConsentSet, CustomerForgotten, InteractionRecorded, StandingSet
from engine.rejections import RejectionReason as Reason
from engine.state.customers import Customer, Customers
from engine.state.orders import ENDED, Orders
from engine.turn import Turn
from engine.values import CustomerId, ServiceId

OPERATOR = ServiceId("")  # speaks for no service


@dataclass(eq=False, slots=True)
class Supporting:
    customers: Customers
    orders: Orders

    # commands

    def set_consent(self, turn: Turn, c: SetConsent) -> None:
        """Saying the same twice changes nothing: since when it holds is what counts."""
        customer = self._own_customer(turn, c.customer, c.service)
        if customer.may_be(c.purpose) is not c.given:
            turn.emit(ConsentSet(c.customer, c.purpose, c.given, turn.at))

    def set_standing(self, turn: Turn, c: SetStanding) -> None:
        if self._own_customer(turn, c.customer).standing is c.standing:
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(StandingSet(c.customer, c.standing, c.reason))

    def record_interaction(self, turn: Turn, c: RecordInteraction) -> None:
        customer = self.customers.get(c.customer)
        if customer and any(x.interaction == c.interaction for x in customer.interactions):
            turn.reject(Reason.ALREADY_EXISTS)
        self._own_customer(turn, c.customer, c.service)
        order = self.orders.get(c.order)
        if c.order and (not order or order.placed.customer != c.customer):
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        turn.emit(
            InteractionRecorded(
                c.interaction, c.customer, c.channel, c.topic, c.order, c.service, turn.at
            )
        )

    def forget_customer(self, turn: Turn, c: ForgetCustomer) -> None:
        """Not while somebody is on the way to his door."""
        self._own_customer(turn, c.customer, c.service)
        for key in reversed(self.orders.of_customer.get(c.customer, [])):
            if self.orders[key].status not in ENDED:
                turn.reject(Reason.ORDER_OPEN, order=key)
        turn.emit(CustomerForgotten(c.customer, turn.at))

    # internals

    def _own_customer(self, turn: Turn, key: CustomerId, service: ServiceId = OPERATOR) -> Customer:
        """Of an operator, who has no service, everybody is."""
        customer = self.customers.get(key)
        if not customer or customer.is_forgotten or service not in ("", customer.service):
            turn.reject(Reason.UNKNOWN, what="customer", id=key)
        return customer
