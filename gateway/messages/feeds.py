"""What subscriptions tell: the bodies of `snapshot` and `delta`, one pair per feed.

*Logs* (`orders`, `tickets`, `payments`, `stock`, `staff`, `crm`) number every change: nothing is
skipped, and a subscription resumes where it was cut. *Views* (`route`, `fleet`, `tracking`,
`city`) tell the newest state; each subscription numbers its own messages, and after a cut it starts
with a fresh snapshot.
"""

from typing import Any, Literal, get_args

from gateway.messages.approaching import (
    CourierCrossed,
    CourierNear,
    DelayPredicted,
    Signal,
    StopDoubted,
)
from gateway.messages.attendance import Duty, StaffPresent, Timecard
from gateway.messages.crm import CrmNews, CrmOpen
from gateway.messages.fleets import FleetChanges, FleetWhole
from gateway.messages.orders import (
    GroupDissolved,
    Order,
    OrderChange,
    QuoteUnavailable,
    ShortageRemedied,
    Tracking,
)
from gateway.messages.replies import StockMoved
from gateway.messages.routes import Route
from gateway.messages.supply import SupplierPurchase, Transfer
from gateway.messages.values import (
    CourierStatus,
    DeliveryStatus,
    DeviceProblem,
    Fulfillment,
    InstructionKind,
    Money,
    OrderStatus,
    Part,
    Permission,
    PricedLine,
    StopKind,
    Told,
    Vehicle,
    Window,
)

Feed = Literal[
    "orders", "tickets", "payments", "stock", "staff", "crm", "route", "fleet", "tracking", "city"
]
LOGS: tuple[Feed, ...] = ("orders", "tickets", "payments", "stock", "staff", "crm")

# orders: an order service's own. A delta is an `order`, one per change of either status


class OrdersOpen(Told, frozen=True):
    """Every order of this service that has not ended."""

    orders: list[Order]


# tickets: a store's work


class Ticket(Told, frozen=True):
    """An order to accept, prepare or hand over."""

    order: str
    order_status: OrderStatus
    delivery_status: DeliveryStatus
    lines: list[PricedLine]
    placed_at: str
    promised_at: str
    ready_at: str | None = None
    courier: str | None = None  # who has accepted to fetch it
    delivery: str | None = None
    fulfillment: Fulfillment = "delivery"
    window: Window | None = None
    labels: list[str] = []  # on its bags, as `label_order` said


class TicketClosed(Told, frozen=True):
    """Handed over, ended early, or asked of another store (`reason` is "moved"): nothing is left to
    do for it here."""

    order: str
    order_status: OrderStatus
    reason: str | None = None


class ReturnDue(Told, frozen=True):
    """A courier is bringing back what could not be delivered."""

    delivery: str
    order: str
    courier: str
    reason: str


class ReturnClosed(Told, frozen=True):
    """It is back, or its courier broke down and another return will be announced.

    `next_delivery`: it is to go out again, and stands ready for that.
    """

    delivery: str
    next_delivery: str | None = None


class Tickets(Told, frozen=True):
    tickets: list[Ticket]
    returns: list[ReturnDue]
    expected: list[OrderChange] = []  # what customers are to bring, or couriers to fetch


# payments: what a provider has to do


class PaymentDue(Told, frozen=True):
    """Hold this amount, and report the authorization."""

    payment: str
    order: str
    amount: Money


class PaymentClosed(Told, frozen=True):
    """No longer wanted (`failed`: we gave up), or answered. A late authorization is voided."""

    payment: str
    status: Literal["authorized", "failed"]


class InstructionDue(Told, frozen=True):
    """Carry this out, and report it."""

    instruction: str
    payment: str
    kind: InstructionKind
    amount: Money


class InstructionClosed(Told, frozen=True):
    instruction: str
    succeeded: bool


class PaymentsDue(Told, frozen=True):
    """Everything not yet answered: a provider that was away finds all of it here."""

    payments: list[PaymentDue]
    instructions: list[InstructionDue]


# stock: a store's shelves; an operator hears of every store's


class StockFollowed(Told, frozen=True):
    """From here on every change of a shelf is told, and every step of a transfer or a purchase.

    Levels are asked for: `list_stock`, `inspect_stock`.

    What is told after it has a higher `record` than the reply's `seq`, or is in the reply already.
    """

    record: int


# city: the operator's live map


class CityStore(Part, frozen=True):
    id: str
    name: str
    lat: float
    lon: float
    open: bool
    orders: int  # open ones


class CityStop(Part, frozen=True):
    kind: StopKind
    delivery: str
    lat: float
    lon: float


class DeviceTold(Part, frozen=True):
    """What his phone said last. `mock`: it says itself that its places are made up."""

    battery_pct: int | None = None
    charging: bool | None = None
    mock: bool | None = None
    permission: Permission | None = None
    problem: DeviceProblem | None = None


class CityCourier(Part, frozen=True):
    id: str
    vehicle: Vehicle
    status: CourierStatus
    route: list[CityStop]
    lat: float | None = None
    lon: float | None = None
    signal: Signal = "unseen"  # on shift, by the age of the last position
    device: DeviceTold | None = None
    doubted: int = 0  # how often his phone was elsewhere when he said that he was at a stop
    skills: list[str] = []
    fleet: str = ""  # whose he is; empty: the house's own
    age_s: int | None = None  # of his last position, when this was told; of nobody seen: none


class CityOrder(Part, frozen=True):
    id: str
    store: str
    lat: float  # of the drop-off
    lon: float
    order_status: OrderStatus
    delivery_status: DeliveryStatus
    placed_at: str
    promised_at: str
    courier: str | None = None
    at_risk: Literal["", "courier_stale", "courier_lost", "late"] = ""
    fulfillment: Fulfillment = "delivery"
    waits_for_customer: bool = False  # packed for who comes for it: it is not late any more
    group: str = ""  # which of them one courier is to carry; empty: it goes by itself


class CityRemoved(Part, frozen=True):
    orders: list[str] = []
    couriers: list[str] = []


class Kpis(Part, frozen=True):
    """Since the engine was opened, unless the name says otherwise; empty until measured. The
    travel time index is what rides take now, of what they take as a rule; the offset is that of
    the city's clock, east of UTC."""

    orders_open: int
    delivered: int
    cancelled: int
    couriers_on_shift: int
    couriers_busy: int
    on_time_permille: int | None = None
    p99_order_to_plan_ms: int | None = None
    loop_lag_p99_ms: float | None = None
    figures: dict[str, float] = {}
    orders_at_risk: int = 0
    travel_time_index_permille: int = 1_000
    utc_offset_min: int = 0


class CityWhole(Told, frozen=True):
    at: str
    stores: list[CityStore]
    couriers: list[CityCourier]
    orders: list[CityOrder]
    kpis: Kpis


class CityChanges(Told, frozen=True):
    """Whole objects that changed; positions as (courier, lat, lon), and how old each is."""

    at: str
    stores: list[CityStore] = []
    couriers: list[CityCourier] = []
    orders: list[CityOrder] = []
    removed: CityRemoved | None = None
    positions: list[tuple[str, float, float]] = []
    kpis: Kpis | None = None
    ages_s: list[int] = []  # of the positions, one by one


SnapshotBody = (
    OrdersOpen
    | Tickets
    | PaymentsDue
    | StockFollowed
    | StaffPresent
    | CrmOpen
    | Route
    | FleetWhole
    | Tracking
    | CityWhole
)
DeltaBody = (
    Order
    | OrderChange
    | ShortageRemedied
    | GroupDissolved
    | QuoteUnavailable
    | CourierNear
    | CourierCrossed
    | DelayPredicted
    | StopDoubted
    | Ticket
    | TicketClosed
    | ReturnDue
    | ReturnClosed
    | PaymentDue
    | PaymentClosed
    | InstructionDue
    | InstructionClosed
    | StockMoved
    | Transfer
    | SupplierPurchase
    | Timecard
    | Duty
    | CrmNews
    | Route
    | FleetChanges
    | Tracking
    | CityChanges
)

DELTAS: dict[Feed, tuple[Any, ...]] = {
    "orders": (
        Order,
        OrderChange,
        ShortageRemedied,
        GroupDissolved,
        QuoteUnavailable,
        CourierNear,
        CourierCrossed,
        DelayPredicted,
        StopDoubted,
    ),
    "tickets": (
        Ticket,
        TicketClosed,
        ReturnDue,
        ReturnClosed,
        OrderChange,
        CourierNear,
        CourierCrossed,
        StopDoubted,
    ),
    "payments": (PaymentDue, PaymentClosed, InstructionDue, InstructionClosed),
    "stock": (StockMoved, Transfer, SupplierPurchase),
    "staff": (Timecard, Duty),
    "crm": get_args(CrmNews),
    "route": (Route,),
    "fleet": (FleetChanges,),
    "tracking": (Tracking,),
    "city": (CityChanges,),
}
