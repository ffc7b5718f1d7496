"""What order services ask for, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.codes import Refusal
from gateway.tokens import Identity
from gateway.translation.goods import lines_of
from gateway.translation.table import Table, service_of
from gateway.wire import minor, point, window_millis
from geo.points import Point

NOWHERE = Point(0, 0)  # of no meaning where nothing is delivered


def _request_quote(b: m.RequestQuote, who: Identity, _: str) -> ExternalCommand:
    if b.dropoff is None and b.fulfillment == "delivery":
        raise Refusal("malformed", "a delivery goes somewhere", {"field": "dropoff"})
    no_window = (v.Millis(0), v.Millis(0))
    window = no_window if b.window is None else window_millis(b.window, "window")
    return c.RequestQuote(
        v.QuoteId(b.quote),
        v.ServiceId(who.subject),
        v.CustomerId(b.customer),
        v.StoreId(b.store),
        lines_of(b.lines),
        NOWHERE if b.dropoff is None else point(b.dropoff, "dropoff"),
        v.Fulfillment(b.fulfillment),
        *window,
        [v.CouponId(x) for x in b.coupons],
        v.GroupId(b.group or ""),
    )


def _place_order(b: m.PlaceOrder, who: Identity, currency: str) -> ExternalCommand:
    return c.PlaceOrder(
        v.OrderId(b.order),
        v.ServiceId(who.subject),
        v.QuoteId(b.quote),
        v.ProviderId(b.provider),
        v.Proof(b.proof),
        b.pin,
        tip_minor=v.Minor(0) if b.tip is None else minor(b.tip, currency, "tip"),
        exchange=v.ChangeId(b.exchange or ""),
        if_missing=[v.Rescue(x) for x in b.if_missing],
        instead=[v.Instead(v.ProductId(x.missing), v.ProductId(x.substitute)) for x in b.instead],
        method=v.PaymentMethod(b.method),
        group=v.GroupId(b.group or ""),
    )


def _cancel(b: m.CancelOrder, who: Identity, _: str) -> ExternalCommand:
    actor = v.Actor.OPERATOR if who.role == "operator" else v.Actor.CUSTOMER
    return c.CancelOrder(v.OrderId(b.order), actor, b.reason, service_of(who))


COMMAND_OF: Table = {
    m.RequestQuote: _request_quote,
    m.PlaceOrder: _place_order,
    m.RenewProof: lambda b, who, _: c.RenewProof(b.order, who.subject, b.pin),
    m.CancelOrder: _cancel,
    m.RequestRedelivery: lambda b, who, _: c.RequestRedelivery(b.order, service_of(who)),
}
