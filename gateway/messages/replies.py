"""What requests are answered with: the bodies of `reply`. A request not named here has none."""

from gateway.messages.analytics import Analytics, Coverage, HeatMap, StoreAnalytics
from gateway.messages.approaching import Trail, Way
from gateway.messages.attendance import ClockedIn, Roster, Timecards
from gateway.messages.campaigns import Campaign, Campaigns
from gateway.messages.fleets import CourierAdmitted, Delivery, FleetsWorked, Shifts
from gateway.messages.forking import ForkJob
from gateway.messages.merchandise import (
    Categories,
    Coupon,
    Coupons,
    Found,
    PriceHistory,
    Products,
    Promotion,
    Promotions,
    Recommendations,
)
from gateway.messages.orders import (
    FailedInstructions,
    Instruction,
    Order,
    OrderChange,
    OrderChanges,
    OrderEdited,
    OrderPlaced,
    OrdersCounted,
    OrdersFound,
    Quote,
    Refund,
    Refunds,
    Tracking,
    TrackingLink,
)
from gateway.messages.people import (
    Complaint,
    Complaints,
    Consents,
    Customer,
    CustomersFound,
    Interactions,
    PersonalData,
    Profile,
    Purchases,
    Ratings,
    Segmentation,
    SegmentMembers,
    Timeline,
)
from gateway.messages.reconciliations import Differences, Reconciliations
from gateway.messages.settings import SettingsInForce
from gateway.messages.supply import ReorderPoints, Supply
from gateway.messages.terms import Hours, SpecialDay
from gateway.messages.values import (
    Money,
    MultiPolygon,
    PageKind,
    Part,
    Place,
    Told,
)
from gateway.messages.webhooks import DeadLetters, Redriven, Webhook, Webhooks


class TipRequested(Told, frozen=True):
    """`payment` is what the provider is asked for, until `expires_at`."""

    payment: str
    order: str
    amount: Money
    expires_at: str


class OtherPayment(Told, frozen=True):
    """`payment` is what the provider is asked for now, until `expires_at`; in cash, at the door."""

    payment: str
    order: str
    amount: Money
    expires_at: str | None = None


class Page(Part, frozen=True):
    """What to pay with. `qr`: a code to show, or an address to open. `client_secret`: for the
    provider's own form on your page; `publishable_key` is in `parameters` if it is configured.
    `wechat_jsapi`, `wechat_app`: `parameters` are what the client hands to WeChat as they stand;
    `value` is the prepay id. `alipay_app`: the order text for Alipay's SDK. `alipay_trade`: the
    trade number for `my.tradePay`. `redirect`: an address the customer's browser goes to."""

    kind: PageKind
    value: str
    parameters: dict[str, str] = {}


class Payment(Told, frozen=True):
    """`page` comes a moment after the payment was requested, and goes when it is answered. With a
    `method` other than "default" it is in the answer to `start_payment` only."""

    payment: str
    order: str
    provider: str
    purpose: str
    status: str
    amount: Money
    captured: Money
    refunded: Money
    expires_at: str | None = None
    page: Page | None = None
    method: str = "default"


class CashHeld(Part, frozen=True):
    courier: str
    amount: Money


class Cash(Told, frozen=True):
    """Couriers who hold nothing are left out."""

    couriers: list[CashHeld]


class StoreListed(Part, frozen=True):
    store: str
    name: str
    location: Place
    open: bool
    preparation_s: int  # learned from what it needed so far
    busy_permille: int = 1_000  # of that, just now
    opens_at: str | None = None  # if it is closed and that is known
    ratings: int = 0
    stars_permille: int | None = None  # on average: 5,000 at best


class Stores(Told, frozen=True):
    stores: list[StoreListed]


class StoreHours(Told, frozen=True):
    """In local time, `utc_offset_min` east of UTC. No weekly hours: always."""

    store: str
    open: bool
    weekly: list[Hours]
    days: list[SpecialDay]
    utc_offset_min: int
    busy_permille: int
    opens_at: str | None = None


class DeliveryArea(Told, frozen=True):
    """Null: within `radius_m` of the store."""

    store: str
    area: MultiPolygon | None
    radius_m: int


class Shelf(Part, frozen=True):
    """`available` = on hand - reserved - safety. What is damaged is in quarantine, not on hand."""

    product: str
    on_hand: int
    reserved: int
    safety: int
    available: int
    price: Money | None = None
    damaged: int = 0
    incoming: int = 0  # from suppliers and other stores


class Stock(Told, frozen=True):
    """`next`, if there is more: pass it as `after`."""

    products: list[Shelf]
    next: str | None = None


class StockMoved(Told, frozen=True):
    """One change of one shelf: what it left, and by how much each number changed.

    `cause` is what happened: `received`, `reserved`, `issued`, `cancelled`, `sold`, `counted`, ...;
    `actor` who did it, `reason` why in his words, `order` for whom.
    """

    store: str
    product: str
    at: str
    record: int
    cause: str
    actor: str
    on_hand: int
    reserved: int
    safety: int
    damaged: int
    incoming: int
    available: int
    on_hand_by: int = 0
    reserved_by: int = 0
    safety_by: int = 0
    damaged_by: int = 0
    incoming_by: int = 0
    order: str = ""
    reason: str = ""
    reference: str = ""  # a till's receipt, a transfer or a purchase


class StockMovements(Told, frozen=True):
    """Newest first. `next`, if older ones are kept: pass it as `before`."""

    store: str
    product: str
    movements: list[StockMoved]
    next: int | None = None


class WentShort(Part, frozen=True):
    """So many were sold or promised and not there; these orders go on without, or end."""

    product: str
    quantity: int
    orders: list[str]


class TillReconciled(Told, frozen=True):
    """How many receipts were new, and how many were known already."""

    recorded: int
    known: int
    short: list[WentShort] = []


class ReceiptRefunded(Told, frozen=True):
    """What the till has to give back."""

    receipt: str
    refund: str
    amount: Money


class SettingsProposed(Told, frozen=True):
    """They hold once an operator who is not `by` asks for the same."""

    settings: SettingsInForce
    by: str
    why: str = ""


class Settings(Told, frozen=True):
    """`travel_time_index_permille`: what rides take now, of what the settings say; as measured."""

    settings: SettingsInForce
    travel_time_index_permille: int = 1_000
    proposed: SettingsProposed | None = None


class Alternative(Part, frozen=True):
    """One courier's cheapest way to take it. `cost` is the sum of the terms, in the planner's
    units; times are arrivals."""

    courier: str
    cost: float
    terms: dict[str, float]
    at_store: str
    at_door: str


class Remedy(Part, frozen=True):
    """What keeps everybody from taking it (`binding`), and the least that places it."""

    binding: list[str]
    courier: str | None = None
    extend_shift_s: float = 0.0
    add_capacity: int = 0
    unserved_cost: float | None = None
    skills: list[str] = []  # that this courier would need, and has not


class Explanation(Told, frozen=True):
    """`settled`: on board or ended, nobody else comes into question. Cheapest courier first."""

    order: str
    settled: bool
    alternatives: list[Alternative]
    delivery: str | None = None
    courier: str | None = None
    remedy: Remedy | None = None


ReplyBody = (
    Explanation
    | ForkJob
    | Quote
    | OrderPlaced
    | TipRequested
    | OtherPayment
    | Payment
    | Cash
    | Reconciliations
    | Differences
    | Order
    | Stores
    | StoreHours
    | DeliveryArea
    | Products
    | PriceHistory
    | Found
    | Categories
    | Stock
    | StockMovements
    | Supply
    | Timecards
    | Roster
    | ClockedIn
    | CourierAdmitted
    | Shifts
    | FleetsWorked
    | Delivery
    | ReorderPoints
    | TillReconciled
    | ReceiptRefunded
    | TrackingLink
    | OrderEdited
    | OrdersFound
    | OrdersCounted
    | OrderChange
    | OrderChanges
    | Refund
    | Refunds
    | Instruction
    | FailedInstructions
    | Settings
    | SettingsProposed
    | Analytics
    | StoreAnalytics
    | Coverage
    | HeatMap
    | Tracking
    | Customer
    | Purchases
    | Segmentation
    | SegmentMembers
    | Promotion
    | Promotions
    | Coupon
    | Coupons
    | Profile
    | CustomersFound
    | Consents
    | PersonalData
    | Complaint
    | Complaints
    | Ratings
    | Interactions
    | Campaign
    | Campaigns
    | Recommendations
    | Timeline
    | Trail
    | Way
    | Webhook
    | Webhooks
    | DeadLetters
    | Redriven
)
