"""Requests to commands, and records to replies. Who asks is taken from the token, never a body.

A reply is a function of its record alone, so that a repeat is answered byte for byte alike.
"""

import msgspec
from msgspec.structs import replace

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from engine.engine import Record
from engine.rejections import Detail
from engine.settings import Settings
from engine.state.payments import payment_of
from gateway import messages as m
from gateway.codes import CODES
from gateway.messages import ReplyBody, RequestBody
from gateway.submissions import SubmissionError
from gateway.tokens import Identity
from gateway.translation import (
    carrying,
    dispatching,
    editing,
    opening,
    operating,
    ordering,
    paying,
    promoting,
    refunding,
    returning,
    selling,
    staffing,
    stocking,
    storekeeping,
    supplying,
    supporting,
)
from gateway.translation.goods import priced
from gateway.translation.table import Table
from gateway.wire import expected_told, money, time_text, window_told

COMMAND_OF: Table = {
    **carrying.COMMAND_OF,
    **dispatching.COMMAND_OF,
    **editing.COMMAND_OF,
    **opening.COMMAND_OF,
    **operating.COMMAND_OF,
    **ordering.COMMAND_OF,
    **paying.COMMAND_OF,
    **promoting.COMMAND_OF,
    **refunding.COMMAND_OF,
    **returning.COMMAND_OF,
    **selling.COMMAND_OF,
    **staffing.COMMAND_OF,
    **stocking.COMMAND_OF,
    **storekeeping.COMMAND_OF,
    **supplying.COMMAND_OF,
    **supporting.COMMAND_OF,
}


def command_of(body: RequestBody, who: Identity, currency: str) -> ExternalCommand:
    """Raises Refusal if a value cannot be: a swapped place, a foreign currency, no such day."""
    return COMMAND_OF[type(body)](body, who, currency)


def reply_of(record: Record, currency: str) -> ReplyBody | None:
    """What else the one who asked should know; None where the acceptance says all."""
    if isinstance(record.command, c.ReconcileTill):
        return selling.till_reconciled(record.command, record)
    if isinstance(record.command, c.EditLines | c.EditDropoff):
        return editing.edited_told(record, currency)
    if isinstance(record.command, c.PayOtherwise):
        return paying.other_payment(record, currency)
    for event in record.events:
        match event:
            case e.QuoteOffered():
                return _quote(event, record.at, currency)
            case e.OrderPlaced():
                return _order_placed(event, currency)
            case e.ChangePreviewed():
                return returning.previewed_told(event, currency)
            case e.InstructionIssued(again_of=failed) if failed:
                return refunding.again_told(event, currency)
            case e.SettingsProposed():
                return m.SettingsProposed(settings_told(event.settings), event.by, event.why)
            case e.RefundProposed():
                return refunding.refund_told(event, currency)
            case e.TimecardOpened() | e.TimecardRecorded():
                return m.ClockedIn(event.timecard)
            case e.ReceiptRefunded():
                return selling.receipt_refunded(event, currency)
            case e.PaymentRequested(purpose=v.PaymentPurpose.TIP):
                return _tip_requested(event, currency)
    return None


def rejection_error(rejected: e.CommandRejected) -> m.Error:
    """What the engine answered. It is final for its request id: trying again takes a new one."""
    known = CODES[rejected.reason]
    detail: Detail = {k: x for k, x in rejected.detail.items() if k != "retry_after_s"}
    for name, value in detail.items():
        if name.endswith("_at") and isinstance(value, int):
            detail[name] = time_text(value)
    after = rejected.detail.get("retry_after_s")
    retry_after_s = float(after) if isinstance(after, int) else None
    return m.Error(str(rejected.reason), known.message, detail, known.retryable, retry_after_s)


def submission_error(error: SubmissionError) -> m.Error:
    """Why there is no record; the same request id may be tried again."""
    known = CODES[error.code]
    return m.Error(error.code, known.message, {}, known.retryable, error.retry_after_s)


def settings_told(settings: Settings) -> m.SettingsInForce:
    """Without the streets, which a file makes, and the travel time index, which is measured."""
    told = msgspec.to_builtins(replace(settings, travel=replace(settings.travel, streets=None)))
    del told["travel"]["streets"], told["travel"]["index_permille"]
    return msgspec.convert(told, m.SettingsInForce)


# replies


def _quote(q: e.QuoteOffered, at: v.Millis, currency: str) -> m.Quote:
    return m.Quote(
        q.quote,
        priced(q.lines, currency),
        money(q.delivery_fee_minor, currency),
        money(q.total_minor, currency),
        (q.window_to_at - at if q.window_to_at else q.promised_ms) // v.SECOND,
        time_text(q.expires_at),
        q.load,
        q.fulfillment.value,
        window_told(q.window_from_at, q.window_to_at),
        promoting.discounts_told(q.discounts, currency),
        (q.promised_ms - q.sooner_ms) // v.SECOND if q.sooner_ms else None,
    )


def _order_placed(o: e.OrderPlaced, currency: str) -> m.OrderPlaced:
    return m.OrderPlaced(
        o.order,
        money(o.total_minor, currency),
        time_text(o.placed_at),
        time_text(o.promised_at),
        payment_of(o.order) if o.total_minor + o.tip_minor > o.credit_minor else None,
        money(o.tip_minor, currency) if o.tip_minor else None,
        money(o.credit_minor, currency) if o.credit_minor else None,
        expected_told(o.promised_at, o.sooner_ms),
    )


def _tip_requested(p: e.PaymentRequested, currency: str) -> m.TipRequested:
    amount = money(p.amount_minor, currency)
    return m.TipRequested(p.payment, p.order, amount, time_text(p.expires_at))
