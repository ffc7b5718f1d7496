"""What payment providers report and what is asked about money, as commands."""

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from engine.engine import Record
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.table import Table
from gateway.wire import minor, money, time_told


def _report_authorization(
    b: m.ReportAuthorization, who: Identity, currency: str
) -> ExternalCommand:
    return c.ReportAuthorization(
        v.ProviderId(who.subject),
        v.PaymentId(b.payment),
        b.authorized,
        minor(b.amount, currency, "amount"),
        b.reference,
        b.taken,
    )


def _add_tip(b: m.AddTip, who: Identity, currency: str) -> ExternalCommand:
    return c.AddTip(
        v.TipId(b.tip),
        v.OrderId(b.order),
        v.ServiceId(who.subject),
        minor(b.amount, currency, "amount"),
        v.ProviderId(b.provider),
        v.PaymentMethod(b.method),
    )


def _hand_in_cash(b: m.HandInCash, _: Identity, currency: str) -> ExternalCommand:
    amount = minor(b.amount, currency, "amount")
    return c.HandInCash(v.HandoverId(b.handover), v.CourierId(b.courier), amount)


COMMAND_OF: Table = {
    m.ResolveDifference: lambda b, _, __: c.ResolveDifference(
        b.reconciliation, b.index, b.note, b.booked
    ),
    m.AddTip: _add_tip,
    m.PayOtherwise: lambda b, who, _: c.PayOtherwise(
        b.order, who.subject, b.provider, v.PaymentMethod(b.method)
    ),
    m.HandInCash: _hand_in_cash,
    m.ReportAuthorization: _report_authorization,
    m.ReportInstruction: lambda b, who, _: c.ReportInstruction(
        who.subject, b.instruction, b.succeeded, b.reference
    ),
}


def other_payment(record: Record, currency: str) -> m.OtherPayment | None:
    asked = next((x for x in record.events if isinstance(x, e.PaymentRequested)), None)
    if asked is None:
        return None
    amount, until = money(asked.amount_minor, currency), time_told(asked.expires_at)
    return m.OtherPayment(asked.payment, asked.order, amount, until)
