"""Identifiers, time, money and the small words everyone uses. Integers; units in the names."""

from enum import StrEnum
from typing import NewType, Self

from msgspec import Struct

CustomerId = NewType("CustomerId", str)
StoreId = NewType("StoreId", str)
ProductId = NewType("ProductId", str)
QuoteId = NewType("QuoteId", str)
OrderId = NewType("OrderId", str)
PaymentId = NewType("PaymentId", str)
InstructionId = NewType("InstructionId", str)  # to a payment provider: capture, void, refund
DeliveryId = NewType("DeliveryId", str)
CourierId = NewType("CourierId", str)
FleetId = NewType("FleetId", str)  # whose couriers they are; empty: the house's own
ShiftId = NewType("ShiftId", str)  # when a courier is to work; among his own
CourierNumber = NewType("CourierNumber", int)  # dense, from 0: the row in every courier column
ServiceId = NewType("ServiceId", str)  # an order service: who brought an order to us
ProviderId = NewType("ProviderId", str)  # a payment provider
GroupId = NewType("GroupId", str)  # of orders that one courier carries
HandoverId = NewType("HandoverId", str)  # of cash, from a courier to the office
TipId = NewType("TipId", str)
ReconciliationId = NewType("ReconciliationId", str)  # of one provider's bill of one day
CampaignId = NewType("CampaignId", str)
ComplaintId = NewType("ComplaintId", str)
InteractionId = NewType("InteractionId", str)  # of a customer with somebody of ours
ChangeId = NewType("ChangeId", str)  # of an order, after it was fulfilled: a return, an exchange
PlanningRoundId = NewType("PlanningRoundId", int)
CategoryId = NewType("CategoryId", str)
Skill = NewType("Skill", str)  # what some goods ask of whoever carries them: a cold box ...
PromotionId = NewType("PromotionId", str)
CouponId = NewType("CouponId", str)  # the code a customer enters
TransferId = NewType("TransferId", str)  # of goods from one store to another
PurchaseId = NewType("PurchaseId", str)
SupplierId = NewType("SupplierId", str)
StaffId = NewType("StaffId", str)  # who works in stores
DutyId = NewType("DutyId", str)  # when somebody is to work there
TimecardId = NewType("TimecardId", str)  # when somebody did
ReceiptId = NewType("ReceiptId", str)  # of a sale at a store's own till
RequestKey = NewType("RequestKey", str)  # who asked and under which idempotency key

Millis = NewType("Millis", int)  # since the epoch, UTC
Minor = NewType("Minor", int)  # money in the currency's minor unit (fen, cent)

CASH = ProviderId("cash")  # nobody is asked: the courier collects at the door

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Line(Struct, frozen=True, array_like=True):
    """So many of one product."""

    product: ProductId
    quantity: int


class Component(Struct, frozen=True, array_like=True):
    """A part of a bundle: so many pieces of it for the whole line, and their share of what the
    line costs and of its subsidy."""

    product: ProductId
    quantity: int
    share_minor: Minor
    subsidy_minor: Minor


class PricedLine(Struct, frozen=True, array_like=True):
    """So many of one product, at the price frozen by the quote.

    It costs `quantity * price_minor - discount_minor`; of that discount the platform bears
    `subsidy_minor`, the store the rest. The shares of a bundle's parts sum to what it costs.
    """

    product: ProductId
    quantity: int
    price_minor: Minor
    discount_minor: Minor = Minor(0)
    subsidy_minor: Minor = Minor(0)
    components: list[Component] = []  # of a bundle: what is in it


class ReceivedLine(Struct, frozen=True, array_like=True):
    """So many of one product were ordered from a supplier, and so many came."""

    product: ProductId
    ordered: int
    received: int


class Instead(Struct, frozen=True, array_like=True):
    """Should the one be missing, the other will do."""

    missing: ProductId
    substitute: ProductId


class ShortOrder(Struct, frozen=True, array_like=True):
    """An order that has to do without so many of one product."""

    order: OrderId
    quantity: int


class Job(StrEnum):
    """What somebody does in a store."""

    PICKER = "picker"
    CASHIER = "cashier"


class Break(Struct, frozen=True, array_like=True):
    """Of somebody at work; 0: it goes on."""

    started_at: Millis
    ended_at: Millis
    paid: bool


class Tender(StrEnum):
    """How a sale at a till was paid."""

    CASH = "cash"
    CARD = "card"
    WALLET = "wallet"
    OTHER = "other"


class TillReceipt(Struct, frozen=True, array_like=True):
    """A sale that has happened at a till."""

    receipt: ReceiptId
    sold_at: Millis
    lines: list[PricedLine]
    tender: Tender
    cashier: str = ""


class Actor(StrEnum):
    """Who may end an order early, or be the cause of it."""

    CUSTOMER = "customer"
    STORE = "store"
    COURIER = "courier"
    PAYMENT = "payment"
    OPERATOR = "operator"
    SYSTEM = "system"


class Proof(StrEnum):
    """What must be shown at the door before an order counts as delivered."""

    NONE = "none"
    PHOTO = "photo"
    SIGNATURE = "signature"
    PIN = "pin"


class Fulfillment(StrEnum):
    """How the goods get to whoever bought them."""

    DELIVERY = "delivery"
    COLLECTION = "collection"  # by the customer, at the counter, against a code


class Rescue(StrEnum):
    """What is done when something is missing, as who ordered it wished; in the end, the last."""

    SUBSTITUTE = "substitute"  # of the same store, as named beforehand
    OTHER_STORE = "other_store"  # all of it, from wherever it is to be had
    CANCEL = "cancel"  # rather nothing at all
    GO_WITHOUT = "go_without"  # the rest comes, for less


class ReturnWay(StrEnum):
    """How goods come back to the store."""

    COURIER = "courier"  # who fetches them at the door
    STORE = "store"  # the customer brings them to the counter


class ReturnedLine(Struct, frozen=True, array_like=True):
    """What came back of one product: fit to be sold again, and not."""

    product: ProductId
    sellable: int
    damaged: int


class Purpose(StrEnum):
    """What a customer may allow us to do with what we know of him; nothing is allowed unasked."""

    MARKETING = "marketing"  # campaigns may reach him
    PERSONALIZATION = "personalization"  # what he bought may shape what he is shown


class Channel(StrEnum):
    """How a customer and somebody of ours spoke."""

    PHONE = "phone"
    CHAT = "chat"
    EMAIL = "email"
    STORE = "store"
    DOOR = "door"


class Standing(StrEnum):
    """Whether a customer may buy."""

    GOOD = "good"
    BLOCKED = "blocked"


class StopKind(StrEnum):
    PICKUP = "pickup"
    DROPOFF = "dropoff"
    RETURN = "return"  # back to the store with what could not be delivered


class Stop(Struct, frozen=True, array_like=True):
    """A place on a courier's route: one thing to do for one delivery."""

    kind: StopKind
    delivery: DeliveryId


class InstructionKind(StrEnum):
    """What we tell a payment provider to do with an authorized payment."""

    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class PaymentPurpose(StrEnum):
    """What a payment is for. An order has one of its own at a time, and any number of tips."""

    ORDER = "order"
    EDIT = "edit"  # of what the order costs once it is edited; then it is the order's own
    TIP = "tip"


class PaymentMethod(StrEnum):
    """Where the customer is when he pays: what has to be asked of the provider depends on it."""

    DEFAULT = "default"  # the provider's own: a code to scan, or a form
    MINI_PROGRAM = "mini_program"
    OFFICIAL_ACCOUNT = "official_account"
    APP = "app"
    H5 = "h5"  # a browser on a phone
    WEB = "web"  # a browser on a desk

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Journals from before it had a name say nothing."""
        return cls.DEFAULT if value == "" else None


class Posting(Struct, frozen=True, array_like=True):
    """One side of a ledger entry: positive debits the account, negative credits it."""

    account: str
    amount_minor: int


class MovementKind(StrEnum):
    """Which way money went at a provider."""

    PAYMENT = "payment"  # to us
    REFUND = "refund"  # back to the customer


def movement_name(kind: MovementKind, key: str) -> str:
    """`key` is a payment, or the instruction that sent it back."""
    return f"{kind}:{key}"


class BillLine(Struct, frozen=True, array_like=True):
    """One line of a provider's bill. `key` is empty if nothing of ours has its number.

    `moved`: whether the money has, by the state the line says; not `final`: it was under way.
    """

    kind: MovementKind
    key: str
    number: str
    amount_minor: int
    fee_minor: int
    moved: bool
    state: str
    final: bool = True


class DifferenceKind(StrEnum):
    """How a bill and our books may disagree about one movement."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT_DIFFERS = "amount_differs"
    STATE_DIFFERS = "state_differs"
