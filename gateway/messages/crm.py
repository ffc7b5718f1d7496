"""What the feed `crm` tells of customers: ids and codes, never a name nor a word."""

from typing import Literal

from gateway.messages.campaigns import Campaign
from gateway.messages.people import Complaint
from gateway.messages.values import Channel, Money, Purpose, Standing, Tag, Told, Topic


class CustomerJoined(Told, frozen=True):
    customer: str
    at: str
    service: str | None = None  # whose customer; none: anybody's


class CustomerOrdered(Told, frozen=True):
    """`amount`: what is owed for it, as far as it has come. `reason`: of an early end."""

    customer: str
    order: str
    store: str
    status: Literal["placed", "fulfilled", "cancelled", "returned"]
    amount: Money
    at: str
    coupons: list[str] = []
    reason: str | None = None


class CustomerMoved(Told, frozen=True):
    """Into other segments than before. Scores of recency, frequency and money are 1 to 5."""

    customer: str
    segments: list[str]
    recency: int
    frequency: int
    monetary: int
    at: str


class CustomerRated(Told, frozen=True):
    customer: str
    order: str
    store: str
    stars: int
    at: str
    courier: str | None = None
    courier_stars: int | None = None
    tags: list[Tag] = []


class ConsentChanged(Told, frozen=True):
    customer: str
    purpose: Purpose
    given: bool
    at: str


class StandingChanged(Told, frozen=True):
    customer: str
    standing: Standing
    at: str


class CustomerSpoke(Told, frozen=True):
    customer: str
    interaction: str
    channel: Channel
    topic: Topic
    at: str


class CustomerGone(Told, frozen=True):
    """Forgotten: what you know of this customer is to be erased, too."""

    customer: str
    at: str


class CouponsGiven(Told, frozen=True):
    """To these customers; to everybody, if to none."""

    coupon: str
    promotion: str
    customers: list[str]
    at: str


class CouponRedeemed(Told, frozen=True):
    """`off`: what it took off the order, delivery included."""

    coupon: str
    promotion: str
    customer: str
    order: str
    off: Money
    at: str


class CrmOpen(Told, frozen=True):
    """Every complaint that is not closed, and every campaign that has not ended."""

    complaints: list[Complaint]
    campaigns: list[Campaign]


CrmNews = (
    CustomerJoined
    | CustomerOrdered
    | CustomerMoved
    | CustomerRated
    | ConsentChanged
    | StandingChanged
    | CustomerSpoke
    | CustomerGone
    | CouponsGiven
    | CouponRedeemed
    | Complaint
    | Campaign
)
