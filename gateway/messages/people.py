"""What is told about customers: figures from the engine, and who they are from the vault."""

from typing import Literal

from gateway.messages.values import (
    Channel,
    ComplaintStatus,
    Money,
    OrderStatus,
    Part,
    Place,
    PricedLine,
    Purpose,
    Segment,
    Standing,
    Told,
)


class ConsentGiven(Part, frozen=True):
    purpose: Purpose
    since: str


class Customer(Told, frozen=True):
    """What is known of a customer besides who it is. Purchases are fulfilled orders;
    `spent` is what was paid for them in money, less what was given back.

    `segments` are what the rule in force said when it last looked: at a purchase, or that day.
    """

    customer: str
    since: str
    standing: Standing
    consents: list[ConsentGiven]
    purchases: int
    spent: Money
    segments: list[str]
    service: str | None = None  # whose customer; none: anybody's
    first_purchase_at: str | None = None
    last_purchase_at: str | None = None


class Purchase(Part, frozen=True):
    """`due` is what is owed for what is left of it. `reason` is `actor/code` of an early end."""

    order: str
    store: str
    order_status: OrderStatus
    lines: list[PricedLine]
    due: Money
    placed_at: str
    ended_at: str | None = None
    reason: str | None = None


class Purchases(Told, frozen=True):
    """`next`, if there is more: pass it as `cursor`."""

    customer: str
    purchases: list[Purchase]
    next: str | None = None


class TimelineEntry(Part, frozen=True):
    """`id`: of the order, complaint, return or interaction, or the purpose of a consent. `what` is
    a status, `actor/code` of an early end, stars, or a channel; of a return, why and how it stands.
    """

    at: str
    kind: Literal[
        "registered",
        "consent",
        "interaction",
        "order",
        "payment",
        "rating",
        "complaint",
        "return",
    ]
    id: str
    what: str
    amount: Money | None = None


class Timeline(Told, frozen=True):
    """`next`, if there is more: pass it as `cursor`."""

    customer: str
    entries: list[TimelineEntry]
    next: str | None = None


class Segmentation(Told, frozen=True):
    """Where the scores 5, 4, 3 and 2 begin, and the size of each segment."""

    recency_days: list[int]
    purchases: list[int]
    spent_minor: list[int]
    sizes: dict[str, int]


class SegmentMember(Part, frozen=True):
    """`marketing`: may be written to. Purchases are fulfilled orders."""

    customer: str
    purchases: int
    spent: Money
    last_purchase_at: str | None
    marketing: bool
    standing: Standing


class SegmentMembers(Told, frozen=True):
    """`size`: how many there are now. `next`, if there may be more: pass it as `cursor`."""

    segment: Segment
    size: int
    members: list[SegmentMember]
    next: str | None = None


# what they say


class Said(Part, frozen=True):
    """`author`: the role and id of who wrote it down."""

    at: str
    author: str
    words: str


class ComplaintMove(Part, frozen=True):
    """`actor` is customer, operator, payment or system."""

    at: str
    actor: str
    what: str


class Complaint(Told, frozen=True):
    """`answer_by`: until when the customer is to be answered; none if nothing is due.

    `words` only in the answer to `get_complaint`.
    """

    complaint: str
    customer: str
    reason: str
    status: ComplaintStatus
    history: list[ComplaintMove]
    order: str | None = None
    answer_by: str | None = None
    escalations: int = 0
    refund: Money | None = None
    outcome: str | None = None
    words: list[Said] = []


class Complaints(Told, frozen=True):
    """`next`, if there is more: pass it as `cursor`."""

    complaints: list[Complaint]
    next: str | None = None


class Ratings(Told, frozen=True):
    """Of a store or courier: how often 1, 2, 3, 4 and 5 stars were given. Of a product: votes."""

    id: str
    stars: list[int] = []
    liked: int = 0
    disliked: int = 0


class Interaction(Part, frozen=True):
    interaction: str
    at: str
    channel: Channel
    topic: str
    order: str | None = None
    words: list[Said] = []


class Interactions(Told, frozen=True):
    """`next`, if there is more: pass it as `cursor`."""

    customer: str
    interactions: list[Interaction]
    next: str | None = None


# from the vault


class Address(Part, frozen=True):
    address: str
    label: str
    text: str
    note: str = ""
    place: Place | None = None


class Profile(Told, frozen=True):
    """`updated_at`: the last time somebody saved it; none if nobody has, only addresses."""

    customer: str
    name: str
    phone: str
    email: str
    language: str
    addresses: list[Address]
    updated_at: str | None = None


class CustomersFound(Told, frozen=True):
    customers: list[str]


class ConsentNoted(Part, frozen=True):
    purpose: Purpose
    given: bool
    at: str
    source: str
    wording: str
    note: str


class Consents(Told, frozen=True):
    """Oldest first."""

    customer: str
    consents: list[ConsentNoted]


class Written(Part, frozen=True):
    """`subject` is `kind:id` of the matter, `author` the role and id of who wrote it down."""

    subject: str
    author: str
    words: str


class Access(Part, frozen=True):
    who: str
    what: str


class PersonalItem(Part, frozen=True):
    """One thing kept about a person, and when it was written: exactly one of the others."""

    at: str
    profile: Profile | None = None
    address: Address | None = None
    consent: ConsentNoted | None = None
    written: Written | None = None
    access: Access | None = None
    customer: Customer | None = None
    purchase: Purchase | None = None


class PersonalData(Told, frozen=True):
    """`next`, if there is more: pass it as `cursor`."""

    customer: str
    items: list[PersonalItem]
    next: str | None = None
