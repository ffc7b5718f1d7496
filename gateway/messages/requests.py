"""What clients may ask for: the bodies of `request`. Who may send which is gateway/auth.py's table.

Nobody says who he is in a body: courier, store, service and provider are taken from the token.
"""

from typing import Annotated

from msgspec import Meta

from gateway.messages.settings import SettingsInForce, Units
from gateway.messages.values import (
    Id,
    Line,
    Money,
    Place,
    Proof,
    Quantity,
    Reason,
    Ref,
    Role,
    Sent,
    StopKind,
    Text,
    Time,
    Vehicle,
)

# order services


class RegisterCustomer(Sent, frozen=True):
    """An opaque id; who is behind it stays with you."""

    customer: Id


class RequestQuote(Sent, frozen=True):
    """What would this cost, and when would it be there? Answered by `quote`."""

    quote: Id
    customer: Id
    store: Id
    lines: Annotated[list[Line], Meta(min_length=1, max_length=100)]
    dropoff: Place


class PlaceOrder(Sent, frozen=True):
    """Accept a quote before it expires. Answered by `order_placed`."""

    order: Id
    quote: Id
    provider: Id
    proof: Proof = "none"
    pin: Annotated[str, Meta(pattern=r"^[0-9]{0,8}\Z")] = ""


class CancelOrder(Sent, frozen=True):
    """End it early. The reasons allowed depend on who asks."""

    order: Id
    reason: Reason


class GetOrder(Sent, frozen=True):
    """How it stands now. Answered by `order`."""

    order: Id


class ListStores(Sent, frozen=True):
    """Who sells. Answered by `stores`."""


class ListProducts(Sent, frozen=True):
    """What a store offers now, with prices and stock, by product id. Answered by `products`."""

    store: Id
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class CreateTrackingLink(Sent, frozen=True):
    """A token that shows one order to whoever holds it. Answered by `tracking_link`."""

    order: Id


# stores


class AcceptOrder(Sent, frozen=True):
    """It will be ready by then, at most a day ahead."""

    order: Id
    ready_at: Time


class RejectOrder(Sent, frozen=True):
    order: Id
    reason: Reason


class UpdateReadyTime(Sent, frozen=True):
    """It will be earlier or later than said."""

    order: Id
    ready_at: Time


class ReportReady(Sent, frozen=True):
    """It stands on the counter."""

    order: Id


class ReportMissing(Sent, frozen=True):
    """The shelf had fewer than the books said; the order goes without them."""

    order: Id
    product: Id
    quantity: Quantity


class ReceiveReturn(Sent, frozen=True):
    """What could not be delivered is back; fit to be sold again, or not."""

    delivery: Ref
    sellable: bool


class OpenStore(Sent, frozen=True):
    """Take orders again."""


class CloseStore(Sent, frozen=True):
    """No new orders; what was accepted is still prepared."""


class SetPrice(Sent, frozen=True):
    """From now on, in this store; open quotes keep theirs."""

    product: Id
    price: Money


class ReceiveStock(Sent, frozen=True):
    """Goods arrived."""

    product: Id
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]


class CountStock(Sent, frozen=True):
    """Somebody counted the shelf, what is reserved included."""

    product: Id
    counted: Units


class SetSafetyStock(Sent, frozen=True):
    """So many are never promised online."""

    product: Id
    quantity: Units


class RecordSale(Sent, frozen=True):
    """Sold at the store's own till, from the same shelf."""

    product: Id
    quantity: Quantity


class ListStock(Sent, frozen=True):
    """The store's own shelf, by product id. Answered by `stock`."""

    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


# couriers


class StartShift(Sent, frozen=True):
    """Ready for work until then."""

    ends_at: Time


class TakeBreak(Sent, frozen=True):
    """Nothing new until then; what was accepted comes first. Said again, the last time counts."""

    until: Time


class EndShift(Sent, frozen=True):
    """Takes nothing new, and brings what is on board to its end."""


class AcceptOffer(Sent, frozen=True):
    delivery: Ref


class DeclineOffer(Sent, frozen=True):
    """Also after accepting, as long as the goods are not on board."""

    delivery: Ref
    reason: Reason


class ReportArrival(Sent, frozen=True):
    """At the stop of this delivery."""

    delivery: Ref
    stop: StopKind


class ReportPickup(Sent, frozen=True):
    """The goods are on board."""

    delivery: Ref


class ReportDropoff(Sent, frozen=True):
    """The goods were handed over, with the proof the order asks for."""

    delivery: Ref
    proof: Proof = "none"
    evidence: Text = ""


class ReportFailure(Sent, frozen=True):
    """Nobody there, or refused: the goods go back to the store."""

    delivery: Ref
    reason: Reason


class ReportBreakdown(Sent, frozen=True):
    """Cannot go on; goods on board wait to be rescued."""


# payment providers


class ReportAuthorization(Sent, frozen=True):
    """The money is held, or it is not. The amount must be the one requested."""

    payment: Ref
    authorized: bool
    amount: Money
    reference: Text = ""


class ReportInstruction(Sent, frozen=True):
    """A capture, void or refund was carried out, or could not be."""

    instruction: Ref
    succeeded: bool
    reference: Text = ""


# operators


class RegisterStore(Sent, frozen=True):
    """A store joins; it is open until it says otherwise."""

    store: Id
    name: Text
    location: Place
    preparation_s: Annotated[int, Meta(ge=0, le=86_400)]


class ListProduct(Sent, frozen=True):
    """It may be sold in every store that has a price and stock for it."""

    product: Id
    name: Text
    category: Text
    load: Annotated[int, Meta(ge=1, le=1_000)] = 1


class DelistProduct(Sent, frozen=True):
    product: Id


class RegisterCourier(Sent, frozen=True):
    """`capacity` in units of load on board at once."""

    courier: Id
    vehicle: Vehicle
    capacity: Annotated[int, Meta(ge=1, le=10_000)]


class AssignDelivery(Sent, frozen=True):
    """Overrule the planner: this courier takes it, last on the route."""

    courier: Id
    delivery: Ref
    reason: Reason


class RefundOrder(Sent, frozen=True):
    """Give back part or all of what was captured. `refund` is the id you choose for it."""

    refund: Id
    order: Id
    amount: Money
    reason: Reason


class ChangeSettings(Sent, frozen=True):
    """All of them at once: ask for those in force, change some, send them back."""

    settings: SettingsInForce


class GetSettings(Sent, frozen=True):
    """Answered by `settings`."""


class RevokeAccess(Sent, frozen=True):
    """A lost phone, a leaked token: this party's connections end, its tokens are refused.

    Only tokens minted later are accepted. For a tracking link the subject is the order.
    """

    role: Role
    subject: Ref


class ExplainOrder(Sent, frozen=True):
    """Why it goes with whom it goes, or with nobody. Answered by `explanation`."""

    order: Id
    top: Annotated[int, Meta(ge=1, le=20)] = 5


# customers, by a tracking link


class Track(Sent, frozen=True):
    """The order the link is for. Answered by `tracking`."""


RequestBody = (
    RegisterCustomer
    | RequestQuote
    | PlaceOrder
    | CancelOrder
    | GetOrder
    | ListStores
    | ListProducts
    | CreateTrackingLink
    | AcceptOrder
    | RejectOrder
    | UpdateReadyTime
    | ReportReady
    | ReportMissing
    | ReceiveReturn
    | OpenStore
    | CloseStore
    | SetPrice
    | ReceiveStock
    | CountStock
    | SetSafetyStock
    | RecordSale
    | ListStock
    | StartShift
    | TakeBreak
    | EndShift
    | AcceptOffer
    | DeclineOffer
    | ReportArrival
    | ReportPickup
    | ReportDropoff
    | ReportFailure
    | ReportBreakdown
    | ReportAuthorization
    | ReportInstruction
    | RegisterStore
    | ListProduct
    | DelistProduct
    | RegisterCourier
    | AssignDelivery
    | RefundOrder
    | ChangeSettings
    | GetSettings
    | ExplainOrder
    | RevokeAccess
    | Track
)
