"""What customers say afterwards, and what becomes of it. Free words are kept in the vault only."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.messages.values import (
    Channel,
    ComplaintOutcome,
    ComplaintReason,
    Cursor,
    Id,
    Money,
    Sent,
    Tag,
    Topic,
    Words,
)

Stars = Annotated[int, Meta(ge=1, le=5)]


class OpenComplaint(Sent, frozen=True):
    """A customer waits for an answer. `order`: which it is about, for most reasons required."""

    complaint: Id
    customer: Id
    reason: ComplaintReason
    words: Words = ""
    order: Id | None = None


class AnswerComplaint(Sent, frozen=True):
    """From an operator, our answer; from an order service, what the customer says to it."""

    complaint: Id
    words: Words


class ApproveRefund(Sent, frozen=True):
    """So much goes back; the complaint is closed once the payment provider has paid it."""

    complaint: Id
    amount: Money


class CloseComplaint(Sent, frozen=True):
    """The outcomes allowed depend on who asks."""

    complaint: Id
    outcome: ComplaintOutcome


class GetComplaint(Sent, frozen=True):
    """Where it stands, and every word of it. Answered by `complaint`."""

    complaint: Id


class ListComplaints(Sent, frozen=True):
    """Of one customer, all of them; without, all that are open. Oldest first, without words.

    Answered by `complaints`.
    """

    customer: Id | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class RateOrder(Sent, frozen=True):
    """Once, within thirty days of its end. Leave `courier_stars` out to say nothing of him."""

    order: Id
    stars: Stars
    courier_stars: Stars | None = None
    tags: Annotated[list[Tag], Meta(max_length=8)] = []
    liked: Annotated[list[Id], Meta(max_length=100)] = []
    disliked: Annotated[list[Id], Meta(max_length=100)] = []
    words: Words = ""


class GetRatings(Sent, frozen=True):
    """What customers gave a store, a courier or a product. Answered by `ratings`."""

    kind: Literal["store", "courier", "product"]
    id: Id


class RecordInteraction(Sent, frozen=True):
    """Somebody spoke with a customer."""

    interaction: Id
    customer: Id
    channel: Channel
    topic: Topic
    words: Words = ""
    order: Id | None = None


class ListInteractions(Sent, frozen=True):
    """The latest, newest first, with what was said. Answered by `interactions`."""

    customer: Id
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
