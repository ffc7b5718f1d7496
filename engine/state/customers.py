"""Customers: opaque ids. Who they are is in a vault outside the engine."""

from msgspec import Struct

from engine.events import CustomerRegistered
from engine.values import CustomerId, Millis


class Customer(Struct):
    since: Millis


class Customers(Struct):
    """Invariant: a customer is registered once."""

    customers: dict[CustomerId, Customer] = {}

    # queries

    def get(self, customer: CustomerId) -> Customer | None:
        return self.customers.get(customer)

    # events

    def customer_registered(self, e: CustomerRegistered) -> None:
        assert e.customer not in self.customers
        self.customers[e.customer] = Customer(e.at)
