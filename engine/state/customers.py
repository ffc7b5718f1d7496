"""Customers: opaque ids, what they bought and allow. Who they are is in a vault elsewhere."""

from msgspec import Struct, field

from engine.events import (
    ConsentSet,
    CustomerForgotten,
    CustomerPurchased,
    CustomerRefunded,
    CustomerRegistered,
    CustomerSegmented,
    CustomersReviewed,
    InteractionRecorded,
    ReviewPlanned,
    SegmentationSet,
    StandingSet,
)
from engine.settings import Segmentation
from engine.values import (
    Channel,
    CustomerId,
    InteractionId,
    Millis,
    OrderId,
    Purpose,
    ServiceId,
    Standing,
)

INTERACTIONS_KEPT = 100  # older ones are in the journal only
SPENT_MAX_MINOR = 10**12  # no book has room for more


class Interaction(Struct, frozen=True, array_like=True):
    """Somebody spoke with the customer; what was said is in the vault."""

    interaction: InteractionId
    at: Millis
    channel: Channel
    topic: str
    order: OrderId


class Customer(Struct, array_like=True):
    since: Millis
    number: int = 0  # in the order they came, from 0
    service: ServiceId = ServiceId("")  # whose customer; empty: anybody's
    standing: Standing = Standing.GOOD
    consents: dict[Purpose, Millis] = {}  # given and not withdrawn, since when
    purchases: int = 0  # fulfilled orders
    spent_minor: int = 0  # on them, less what was given back
    first_at: Millis = Millis(0)  # of the purchases; 0: none
    last_at: Millis = Millis(0)
    review_at: Millis = Millis(0)  # when a score may fall; 0: none can
    judged_by: int = 0  # which rule gave the segments
    interactions: list[Interaction] = []  # the latest, oldest first
    is_forgotten: bool = False
    segments: list[str] = []  # a rule's result, never typed in

    def belongs_to(self, service: ServiceId) -> bool:
        return self.service in ("", service)

    def may_be(self, purpose: Purpose) -> bool:
        return purpose in self.consents


class Customers(Struct, dict=True):
    """Invariant: a customer is registered once; segments are what the rule says now."""

    customers: dict[CustomerId, Customer] = {}
    segmentation: Segmentation = field(default_factory=Segmentation)
    rule: int = 1  # which one this is: counts

    def __post_init__(self) -> None:
        # Derived, hence not fields: snapshots neither write nor read them.
        self.ids: list[CustomerId] = list(self.customers)
        self.sizes: dict[str, int] = {}  # of the segments
        for customer in self.customers.values():
            self._count(customer.segments, 1)

    # queries

    def __getitem__(self, customer: CustomerId) -> Customer:
        return self.customers[customer]

    def get(self, customer: CustomerId) -> Customer | None:
        return self.customers.get(customer)

    # events

    def customer_registered(self, e: CustomerRegistered) -> None:
        assert e.customer not in self.customers
        self.customers[e.customer] = Customer(e.at, len(self.ids), e.service)
        self.ids.append(e.customer)

    def customer_purchased(self, e: CustomerPurchased) -> None:
        customer = self.customers[e.customer]
        assert not customer.is_forgotten
        assert e.at >= customer.last_at
        customer.purchases += 1
        customer.spent_minor = min(customer.spent_minor + e.amount_minor, SPENT_MAX_MINOR)
        customer.first_at = customer.first_at or e.at
        customer.last_at = e.at
        customer.judged_by = self.rule

    def customer_refunded(self, e: CustomerRefunded) -> None:
        customer = self.customers[e.customer]
        assert not customer.is_forgotten
        customer.spent_minor = max(0, customer.spent_minor - e.amount_minor)
        customer.judged_by = self.rule

    def customer_segmented(self, e: CustomerSegmented) -> None:
        customer = self.customers[e.customer]
        assert customer.segments != e.segments
        self._count(customer.segments, -1)
        customer.segments = e.segments
        self._count(e.segments, 1)

    def segmentation_set(self, e: SegmentationSet) -> None:
        self.segmentation = e.segmentation
        self.rule += 1

    def review_planned(self, e: ReviewPlanned) -> None:
        self.customers[e.customer].review_at = e.at

    def customers_reviewed(self, e: CustomersReviewed) -> None:
        assert e.rule == self.rule
        for key in self.ids[e.first : e.end]:
            self.customers[key].judged_by = e.rule

    def consent_set(self, e: ConsentSet) -> None:
        customer = self.customers[e.customer]
        assert customer.may_be(e.purpose) is not e.given
        if e.given:
            customer.consents[e.purpose] = e.at
        else:
            del customer.consents[e.purpose]

    def standing_set(self, e: StandingSet) -> None:
        self.customers[e.customer].standing = e.standing

    def interaction_recorded(self, e: InteractionRecorded) -> None:
        kept = self.customers[e.customer].interactions
        kept.append(Interaction(e.interaction, e.at, e.channel, e.topic, e.order))
        del kept[:-INTERACTIONS_KEPT]

    def customer_forgotten(self, e: CustomerForgotten) -> None:
        old = self.customers[e.customer]
        assert not old.is_forgotten
        self._count(old.segments, -1)
        forgotten = Customer(old.since, old.number, old.service, old.standing, is_forgotten=True)
        self.customers[e.customer] = forgotten

    # internals

    def _count(self, segments: list[str], change: int) -> None:
        for segment in segments:
            self.sizes[segment] = self.sizes.get(segment, 0) + change
