"""What order services ask for."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import (
    Asked,
    Fulfillment,
    Id,
    Line,
    Money,
    PayingBy,
    Place,
    Proof,
    Reason,
    Rescue,
    Sent,
    Window,
)


class RegisterCustomer(Sent, frozen=True):
    """An opaque id; who is behind it stays with you."""

    customer: Id


class RequestQuote(Sent, frozen=True):
    """What would this cost, and when would it be there? Answered by `quote`.

    Without a `window` it comes as soon as possible. A `dropoff` is asked of deliveries only:
    what is collected waits at the counter. A coupon that cannot be used is refused, and says
    why; ask again without it.

    With a `group` the promise is for going with the others of it, whose promises stay as they are.
    """

    quote: Id
    customer: Id
    store: Id
    lines: Annotated[list[Line], Meta(min_length=1, max_length=100)]
    dropoff: Place | None = None
    fulfillment: Fulfillment = "delivery"
    window: Window | None = None
    coupons: Annotated[list[Id], Meta(max_length=10)] = []
    group: Id | None = None


class Instead(Asked, frozen=True):
    """Should the one be missing, the other will do: for no more than the missing one costs."""

    missing: Id
    substitute: Id


class PlaceOrder(Sent, frozen=True):
    """Accept a quote before it expires. Answered by `order_placed`.

    A collection needs `proof` "pin" and a `pin` of at least six digits, drawn by chance: whoever
    says it at the counter gets the goods. Wrong ones are counted, at the door as well.

    With `exchange` it is paid with what a confirmed change brings back: only the difference is
    asked for, and the store begins once the goods are back.
    `provider` is `cash` if the courier is to collect it at the door. `tip` is for the courier, on
    top of the total. `method` is where its customer pays: "default" is the provider's own, a code
    to scan or a form; for any other, ask `start_payment` for what invokes it. What a provider
    is not configured for is `method_unavailable`, and the quote stays good.

    `if_missing` says what to do if the store turns out not to have all of it, tried in this order:
    "substitute", what `instead` names for it; "other_store", all of it from another store that has
    it for no more, also if the store rejects the order or does not answer; "cancel", rather
    nothing at all. If nothing else is left the order goes without, and less is owed. What was done
    is told once, as `shortage_remedied`.

    All orders with the same `group`, said here or when it was quoted, are carried by one courier:
    two of one customer from two stores, a catering in parts. Where that would break a promise, or
    cannot be, the order is refused as `not_together`; if it turns out later, `group_dissolved` is
    told, and each goes on by itself.
    """

    order: Id
    quote: Id
    provider: Id
    proof: Proof = "none"
    pin: Annotated[str, Meta(pattern=r"^[0-9]{0,8}\Z")] = ""
    tip: Money | None = None
    exchange: Id | None = None
    if_missing: Annotated[list[Rescue], Meta(max_length=4)] = []
    instead: Annotated[list[Instead], Meta(max_length=100)] = []
    method: PayingBy = "default"
    group: Id | None = None


class RenewProof(Sent, frozen=True):
    """The code is lost, or was tried too often: this one counts from now on."""

    order: Id
    pin: Annotated[str, Meta(pattern=r"^[0-9]{1,8}\Z")]


class CancelOrder(Sent, frozen=True):
    """End it early. The reasons allowed depend on who asks.

    On its way to the door it is not cancelled but recalled: the courier brings it back.
    """

    order: Id
    reason: Reason


class RequestRedelivery(Sent, frozen=True):
    """While it is on its way back: bring it once more, with a new promise."""

    order: Id


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
