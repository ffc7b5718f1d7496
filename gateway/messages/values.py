"""The words every message is made of: ids, places, money, times. Public shapes, not the engine's.

What clients send is refused if it has an unknown field; what we send may grow new fields, and
clients ignore those they do not know.
"""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:-]{1,64}\Z",
        description="Chosen by a client: 1 to 64 of A-Z a-z 0-9 . _ : -",
    ),
]
Ref = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:/-]{1,200}\Z",
        description="An id we gave; may contain slashes",
    ),
]
Time = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z",
        description="RFC 3339 with offset; from us always UTC with Z and milliseconds",
    ),
]
Text = Annotated[str, Meta(max_length=200)]
Skill = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}\Z")]
Skills = Annotated[list[Skill], Meta(max_length=20)]  # each once
WORDS_MAX = 2_000  # may have lines; all else that is typed is one
Words = Annotated[str, Meta(max_length=WORDS_MAX)]
Reason = Annotated[str, Meta(min_length=1, max_length=64)]
Quantity = Annotated[int, Meta(ge=1, le=10_000)]
Cursor = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:/-]{1,200}\Z",
        description="The `next` of the page before, and nothing else",
    ),
]
Seq = Annotated[int, Meta(ge=0, le=2**62, description="Counts from 1; 0 is before the first")]

Role = Literal[
    "courier",
    "tracker",
    "monitor",
    "fleet",
    "order_service",
    "store",
    "payment_provider",
    "customer",
    "operator",
    "crm",
]
PayingBy = Literal["default", "mini_program", "official_account", "app", "h5", "web"]
PageKind = Literal[
    "qr",
    "client_secret",
    "wechat_jsapi",
    "wechat_app",
    "alipay_app",
    "alipay_trade",
    "redirect",
]
Purpose = Literal["marketing", "personalization"]
Channel = Literal["phone", "chat", "email", "store", "door"]
ComplaintReason = Literal[
    "food_safety",
    "courier_conduct",
    "not_received",
    "missing_items",
    "wrong_items",
    "damaged",
    "quality",
    "late",
    "payment",
    "question",
    "other",
]
ComplaintOutcome = Literal[
    "resolved",
    "compensated",
    "rejected",
    "duplicate",
    "satisfied",
    "withdrawn",
]
Tag = Literal[
    "tasty",
    "fresh",
    "well_packed",
    "good_value",
    "cold",
    "stale",
    "incomplete",
    "badly_packed",
    "on_time",
    "friendly",
    "careful",
    "late",
    "unfriendly",
    "careless",
]
Topic = Literal[
    "order",
    "delivery",
    "product",
    "payment",
    "account",
    "feedback",
    "other",
]
Segment = Literal[
    "champions",
    "potential_loyalist",
    "loyal_customers",
    "promising",
    "new_customers",
    "cannot_lose",
    "at_risk",
    "need_attention",
    "about_to_sleep",
    "lost",
    "others",
]
StandingReason = Literal[
    "fraud",
    "chargebacks",
    "abuse",
    "no_shows",
    "settled",
    "other",
]
ComplaintStatus = Literal["open", "answered", "refunding", "closed"]
Standing = Literal["good", "blocked"]
Vehicle = Literal["walk", "bicycle", "scooter", "car"]
Fulfillment = Literal["delivery", "collection"]
ReturnWay = Literal["courier", "store"]
ReturnReason = Literal["unwanted", "defective", "damaged", "wrong_item", "late"]
ChangeStatus = Literal["previewed", "confirmed", "received", "closed"]
Proof = Literal["none", "photo", "signature", "pin"]
Rescue = Literal["substitute", "other_store", "cancel", "go_without"]
Tender = Literal["cash", "card", "wallet", "other"]
StopKind = Literal["pickup", "dropoff", "return"]
InstructionKind = Literal["capture", "void", "refund"]
OrderStatus = Literal[
    "placed",
    "scheduled",
    "confirmed",
    "accepted",
    "ready",
    "handed_over",
    "fulfilled",
    "cancelled",
    "returned",
]
DeliveryStatus = Literal[
    "created",
    "offered",
    "assigned",
    "enroute_to_pickup",
    "arrived_at_pickup",
    "picked_up",
    "enroute_to_dropoff",
    "arrived_at_dropoff",
    "delivered",
    "returning",
    "returned",
    "cancelled",
]
Datum = Literal["wgs84", "gcj02", "bd09"]
Permission = Literal["always", "in_use", "denied"]
DeviceProblem = Literal[
    "airplane_mode",
    "location_off",
    "permission_denied",
    "low_battery",
    "power_saving",
    "no_network",
    "tracking_stopped",
]
CourierStatus = Literal["off_shift", "idle", "to_pickup", "delivering"]


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Sent(
    Struct,
    frozen=True,
    tag=snake_case,
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What clients send. `type` says which."""


class Told(Struct, frozen=True, tag=snake_case, tag_field="type", omit_defaults=True):
    """What the server sends. `type` says which."""


class Asked(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of what clients send."""


Degrees = Annotated[float, Meta(ge=-180, le=180)]
Position = tuple[Degrees, Degrees]  # longitude, then latitude
LinearRing = Annotated[list[Position], Meta(min_length=4, max_length=1_001)]


class MultiPolygon(Asked, frozen=True):
    """A GeoJSON geometry (RFC 7946, 3.1.7): of each polygon the outer ring, and then its holes."""

    coordinates: Annotated[
        list[Annotated[list[LinearRing], Meta(min_length=1, max_length=50)]],
        Meta(min_length=1, max_length=50),
    ]
    type: Literal["MultiPolygon"] = "MultiPolygon"


class Part(Struct, frozen=True, omit_defaults=True):
    """A part of what the server sends."""


class Place(Asked, frozen=True):
    """Degrees. Out of range is refused, with a hint if swapped. From us always WGS-84.

    Maps of China show `gcj02` (AMap, Tencent) or `bd09` (Baidu): say so, and it is converted.
    """

    lat: float
    lon: float
    datum: Datum = "wgs84"


class Money(Asked, frozen=True):
    """Whole minor units (fen, cent) and an ISO 4217 code."""

    amount: Annotated[int, Meta(ge=0, le=10**12)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]


class Window(Asked, frozen=True):
    """Not before, and not after: at the door, or at the counter."""

    from_at: Time
    to_at: Time


class Line(Asked, frozen=True):
    """So many of one product."""

    product: Id
    quantity: Quantity


class ReturnedLine(Asked, frozen=True):
    """What came back of one product: fit to be sold again, and not."""

    product: Id
    sellable: Annotated[int, Meta(ge=0, le=10_000)] = 0
    damaged: Annotated[int, Meta(ge=0, le=10_000)] = 0


class PricedLine(Part, frozen=True):
    """So many of one product, at the price of one; `discount` is off the whole line."""

    product: str
    quantity: int
    price: Money
    discount: Money | None = None
    components: list[Line] = []  # of a bundle: all the pieces that are in it


class Fix(Asked, frozen=True):
    """One GPS measurement. Radius of accuracy in meters, course in degrees from north."""

    lat: float
    lon: float
    fix_time: Time
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    speed_mps: Annotated[float, Meta(ge=0, le=200)] | None = None
    heading_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    datum: Datum = "wgs84"


class Error(Part, frozen=True):
    """Why not. `code` is for programs, `message` for people, `detail` depends on the code.

    Of a list of more than twenty the first twenty are told, and `..._count` says how many it has.
    """

    code: str
    message: str
    detail: dict[str, str | int | list[str]] = {}
    retryable: bool = False
    retry_after_s: float | None = None
