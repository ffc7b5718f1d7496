"""Facts about customers: what they bought and allow, and what kind that makes them."""

from engine.events.event import Event
from engine.settings import Segmentation
from engine.values import (
    Channel,
    CustomerId,
    InteractionId,
    Millis,
    Minor,
    OrderId,
    Purpose,
    ServiceId,
    Standing,
)


class CustomerPurchased(Event, frozen=True):
    """An order was fulfilled: so much was owed for it."""

    customer: CustomerId
    order: OrderId
    amount_minor: Minor
    at: Millis


class CustomerSegmented(Event, frozen=True):
    """Another kind of customer than before. Scores are 1 to 5."""

    customer: CustomerId
    segments: list[str]
    recency: int
    frequency: int
    monetary: int


class SegmentationSet(Event, frozen=True):
    segmentation: Segmentation


class CustomersReviewed(Event, frozen=True):
    """The customers numbered from `first` up to, but without, `end` were judged by this rule."""

    rule: int
    first: int
    end: int


class ReviewPlanned(Event, frozen=True):
    """Without another purchase, a score falls then; 0: none can fall any more."""

    customer: CustomerId
    at: Millis


class ConsentSet(Event, frozen=True):
    customer: CustomerId
    purpose: Purpose
    given: bool
    at: Millis


class CustomerRefunded(Event, frozen=True):
    """So much of what was paid for an order is the customer's again."""

    customer: CustomerId
    order: OrderId
    amount_minor: Minor
    at: Millis


class StandingSet(Event, frozen=True):
    customer: CustomerId
    standing: Standing
    reason: str


class InteractionRecorded(Event, frozen=True):
    interaction: InteractionId
    customer: CustomerId
    channel: Channel
    topic: str
    order: OrderId
    service: ServiceId
    at: Millis


class CustomerForgotten(Event, frozen=True):
    """The id is spent: no figures, no consent, no further order."""

    customer: CustomerId
    at: Millis
