"""Requests to commands, and records to replies. Who asks is taken from the token, never a body.

A reply is a function of its record alone, so that a repeat is answered byte for byte alike.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from engine.engine import Record
from engine.rejections import Detail
from engine.settings import Settings
from engine.state.payments import payment_of
from gateway import messages as m
from gateway.auth import Identity
from gateway.codes import CODES
from gateway.messages import ReplyBody, RequestBody
from gateway.submissions import SubmissionError
from gateway.wire import millis, minor, point, time_text
from geo.travel import TravelModel, Vehicle

Translate = Callable[[Any, Any, str], ExternalCommand]  # body, subject, currency


def command_of(body: RequestBody, who: Identity, currency: str) -> ExternalCommand:
    """Raises Refusal if a value cannot be: a swapped place, a foreign currency, no such day."""
    if isinstance(body, m.CancelOrder):
        return _cancel(body, who)
    return COMMAND_OF[type(body)](body, who.subject, currency)


def reply_of(record: Record, currency: str) -> ReplyBody | None:
    """What else the one who asked should know; None where the acceptance says all."""
    for event in record.events:
        match event:
            case e.QuoteOffered():
                return _quote(event, currency)
            case e.OrderPlaced():
                return _order_placed(event, currency)
    return None


def rejection_error(rejected: e.CommandRejected) -> m.Error:
    """What the engine answered. It is final for its request id: trying again takes a new one."""
    known = CODES[rejected.reason]
    detail: Detail = {k: x for k, x in rejected.detail.items() if k != "retry_after_s"}
    expired_at = detail.get("expired_at")
    if isinstance(expired_at, int):
        detail["expired_at"] = time_text(expired_at)
    after = rejected.detail.get("retry_after_s")
    retry_after_s = float(after) if isinstance(after, int) else None
    return m.Error(str(rejected.reason), known.message, detail, known.retryable, retry_after_s)


def submission_error(error: SubmissionError) -> m.Error:
    """Why there is no record; the same request id may be tried again."""
    known = CODES[error.code]
    return m.Error(error.code, known.message, {}, known.retryable, error.retry_after_s)


def money(amount: int, currency: str) -> m.Money:
    return m.Money(amount, currency)


def priced(lines: list[v.PricedLine], currency: str) -> list[m.PricedLine]:
    return [m.PricedLine(x.product, x.quantity, money(x.price_minor, currency)) for x in lines]


def settings_told(settings: Settings) -> m.SettingsInForce:
    return msgspec.convert(msgspec.to_builtins(settings), m.SettingsInForce)


# requests


def _request_quote(b: m.RequestQuote, who: str, _: str) -> ExternalCommand:
    return c.RequestQuote(
        v.QuoteId(b.quote),
        v.ServiceId(who),
        v.CustomerId(b.customer),
        v.StoreId(b.store),
        [v.Line(v.ProductId(x.product), x.quantity) for x in b.lines],
        point(b.dropoff, "dropoff"),
    )


def _place_order(b: m.PlaceOrder, who: str, _: str) -> ExternalCommand:
    return c.PlaceOrder(
        v.OrderId(b.order),
        v.ServiceId(who),
        v.QuoteId(b.quote),
        v.ProviderId(b.provider),
        v.Proof(b.proof),
        b.pin,
    )


def _cancel(b: m.CancelOrder, who: Identity) -> ExternalCommand:
    order = v.OrderId(b.order)
    if who.role == "operator":
        return c.CancelOrder(order, v.Actor.OPERATOR, b.reason)
    return c.CancelOrder(order, v.Actor.CUSTOMER, b.reason, v.ServiceId(who.subject))


def _report_missing(b: m.ReportMissing, who: str, _: str) -> ExternalCommand:
    return c.ReportMissing(v.StoreId(who), v.OrderId(b.order), v.ProductId(b.product), b.quantity)


def _report_dropoff(b: m.ReportDropoff, who: str, _: str) -> ExternalCommand:
    return c.ReportDropoff(v.CourierId(who), v.DeliveryId(b.delivery), v.Proof(b.proof), b.evidence)


def _report_authorization(b: m.ReportAuthorization, who: str, currency: str) -> ExternalCommand:
    return c.ReportAuthorization(
        v.ProviderId(who),
        v.PaymentId(b.payment),
        b.authorized,
        minor(b.amount, currency, "amount"),
        b.reference,
    )


def _register_store(b: m.RegisterStore, _: str, __: str) -> ExternalCommand:
    location = point(b.location, "location")
    return c.RegisterStore(v.StoreId(b.store), b.name, location, b.preparation_s * v.SECOND)


def _refund_order(b: m.RefundOrder, _: str, currency: str) -> ExternalCommand:
    return c.RefundOrder(
        v.InstructionId(f"{b.order}/refund/{b.refund}"),
        v.OrderId(b.order),
        minor(b.amount, currency, "amount"),
        b.reason,
    )


def _change_settings(b: m.ChangeSettings, _: str, __: str) -> ExternalCommand:
    given = msgspec.structs.asdict(b.settings)
    travel = TravelModel(**msgspec.structs.asdict(given.pop("travel")))
    return c.ChangeSettings(Settings(**given, travel=travel))


COMMAND_OF: dict[type, Translate] = {
    m.RegisterCustomer: lambda b, _, __: c.RegisterCustomer(b.customer),
    m.RequestQuote: _request_quote,
    m.PlaceOrder: _place_order,
    m.AcceptOrder: lambda b, who, _: c.AcceptOrder(who, b.order, millis(b.ready_at, "ready_at")),
    m.RejectOrder: lambda b, who, _: c.RejectOrder(who, b.order, b.reason),
    m.UpdateReadyTime: lambda b, who, _: c.UpdateReadyTime(
        who, b.order, millis(b.ready_at, "ready_at")
    ),
    m.ReportReady: lambda b, who, _: c.ReportReady(who, b.order),
    m.ReportMissing: _report_missing,
    m.ReceiveReturn: lambda b, who, _: c.ReceiveReturn(who, b.delivery, b.sellable),
    m.OpenStore: lambda _, who, __: c.OpenStore(who),
    m.CloseStore: lambda _, who, __: c.CloseStore(who),
    m.SetPrice: lambda b, who, cur: c.SetPrice(who, b.product, minor(b.price, cur, "price")),
    m.ReceiveStock: lambda b, who, _: c.ReceiveStock(who, b.product, b.quantity),
    m.CountStock: lambda b, who, _: c.CountStock(who, b.product, b.counted),
    m.SetSafetyStock: lambda b, who, _: c.SetSafetyStock(who, b.product, b.quantity),
    m.RecordSale: lambda b, who, _: c.RecordSale(who, b.product, b.quantity),
    m.StartShift: lambda b, who, _: c.StartShift(who, millis(b.ends_at, "ends_at")),
    m.TakeBreak: lambda b, who, _: c.TakeBreak(who, millis(b.until, "until")),
    m.EndShift: lambda _, who, __: c.EndShift(who),
    m.AcceptOffer: lambda b, who, _: c.AcceptOffer(who, b.delivery),
    m.DeclineOffer: lambda b, who, _: c.DeclineOffer(who, b.delivery, b.reason),
    m.ReportArrival: lambda b, who, _: c.ReportArrival(who, b.delivery, v.StopKind(b.stop)),
    m.ReportPickup: lambda b, who, _: c.ReportPickup(who, b.delivery),
    m.ReportDropoff: _report_dropoff,
    m.ReportFailure: lambda b, who, _: c.ReportFailure(who, b.delivery, b.reason),
    m.ReportBreakdown: lambda _, who, __: c.ReportBreakdown(who),
    m.ReportAuthorization: _report_authorization,
    m.ReportInstruction: lambda b, who, _: c.ReportInstruction(
        who, b.instruction, b.succeeded, b.reference
    ),
    m.RegisterStore: _register_store,
    m.ListProduct: lambda b, _, __: c.ListProduct(b.product, b.name, b.category, b.load),
    m.DelistProduct: lambda b, _, __: c.DelistProduct(b.product),
    m.RegisterCourier: lambda b, _, __: c.RegisterCourier(
        b.courier, Vehicle(b.vehicle), b.capacity
    ),
    m.AssignDelivery: lambda b, _, __: c.AssignDelivery(b.courier, b.delivery, b.reason),
    m.RefundOrder: _refund_order,
    m.ChangeSettings: _change_settings,
}

# replies


def _quote(q: e.QuoteOffered, currency: str) -> m.Quote:
    return m.Quote(
        q.quote,
        priced(q.lines, currency),
        money(q.delivery_fee_minor, currency),
        money(q.total_minor, currency),
        q.promised_ms // v.SECOND,
        time_text(q.expires_at),
        q.load,
    )


def _order_placed(o: e.OrderPlaced, currency: str) -> m.OrderPlaced:
    return m.OrderPlaced(
        o.order,
        money(o.total_minor, currency),
        time_text(o.placed_at),
        time_text(o.promised_at),
        payment_of(o.order) if o.total_minor else None,
    )
