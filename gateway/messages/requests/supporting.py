"""What is asked about customers: what they allow, what they bought, what kind they are."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import (
    Cursor,
    Id,
    Purpose,
    Segment,
    Sent,
    Standing,
    StandingReason,
    Text,
    Words,
)

Thresholds = Annotated[
    list[Annotated[int, Meta(ge=0, le=10**12)]], Meta(min_length=4, max_length=4)
]


class SetConsent(Sent, frozen=True):
    """Given or withdrawn: what may be done with what is known of a customer.

    How it was said is kept as evidence, apart from the journal: `source`, where it was asked;
    `wording`, which text was agreed to; `note`, anything else.
    """

    customer: Id
    purpose: Purpose
    given: bool
    source: Text = ""
    wording: Text = ""
    note: Words = ""


class SetStanding(Sent, frozen=True):
    """Who is `blocked` gets no quotes; what was ordered before is still brought."""

    customer: Id
    standing: Standing
    reason: StandingReason


class ForgetCustomer(Sent, frozen=True):
    """Erase who it is, for good. The id is spent: no figures, no consent, no further order.

    Not while an order is open.
    """

    customer: Id


class GetCustomer(Sent, frozen=True):
    """Figures, consents and segments of one customer. Answered by `customer`."""

    customer: Id


class ListPurchases(Sent, frozen=True):
    """The orders of one customer, newest first; an order service sees those it placed.

    Answered by `purchases`.
    """

    customer: Id
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class GetTimeline(Sent, frozen=True):
    """What a customer did and had done to him, newest first. Answered by `timeline`."""

    customer: Id
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class SetSegmentation(Sent, frozen=True):
    """Where the scores 5, 4, 3 and 2 begin: days since the last purchase, ascending; purchases
    and minor units spent, descending. Everybody is judged again, a few hundred a second."""

    recency_days: Thresholds
    purchases: Thresholds
    spent_minor: Thresholds


class GetSegmentation(Sent, frozen=True):
    """The thresholds in force, and how many customers are in each segment.

    Answered by `segmentation`.
    """


class ListSegmentMembers(Sent, frozen=True):
    """Who is in a segment, in the order they came. Answered by `segment_members`.

    Few of many are looked for in parts: a page may be short, or empty, and still have a cursor.
    """

    segment: Segment
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


SupportingRequest = (
    SetConsent
    | SetStanding
    | ForgetCustomer
    | GetCustomer
    | ListPurchases
    | SetSegmentation
    | GetSegmentation
    | ListSegmentMembers
    | GetTimeline
)
