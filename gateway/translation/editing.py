"""Second thoughts about an order, as commands and as told."""

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from engine.engine import Record
from engine.state.orders import Order
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.goods import lines_of
from gateway.translation.table import Table
from gateway.wire import money, point, time_text


def _edit_lines(b: m.EditLines, who: Identity, _: str) -> ExternalCommand:
    lines = lines_of(b.lines)
    return c.EditLines(v.OrderId(b.order), v.ServiceId(who.subject), lines)


def _edit_dropoff(b: m.EditDropoff, who: Identity, _: str) -> ExternalCommand:
    place = point(b.dropoff, "dropoff")
    return c.EditDropoff(v.OrderId(b.order), v.ServiceId(who.subject), place)


def _propose(b: m.ProposeSubstitute, who: Identity, _: str) -> ExternalCommand:
    return c.ProposeSubstitute(
        v.StoreId(who.subject),
        v.OrderId(b.order),
        v.ProductId(b.missing),
        b.quantity,
        v.ProductId(b.substitute),
        b.pieces,
    )


COMMAND_OF: Table = {
    m.EditLines: _edit_lines,
    m.EditDropoff: _edit_dropoff,
    m.AcceptSubstitute: lambda b, who, _: c.AcceptSubstitute(b.order, who.subject, b.missing),
    m.DeclineSubstitute: lambda b, who, _: c.DeclineSubstitute(b.order, who.subject, b.missing),
    m.ProposeSubstitute: _propose,
}


def edited_told(record: Record, currency: str) -> m.OrderEdited | None:
    """What it costs then, and what has to be paid before, if anything."""
    due = next((x for x in record.events if isinstance(x, e.PaymentRequested)), None)
    for event in record.events:
        if isinstance(event, e.OrderEdited | e.EditRequested):
            total = money(event.amendment.total_minor, currency)
            done = any(isinstance(x, e.OrderEdited) for x in record.events)
            if due is None or done:
                return m.OrderEdited(event.order, total)
            return m.OrderEdited(event.order, total, due.payment, time_text(due.expires_at))
    return None


def substitutes_told(order: Order, currency: str) -> list[m.SubstituteOffered]:
    return [
        m.SubstituteOffered(
            missing,
            x.quantity,
            m.PricedLine(x.line.product, x.line.quantity, money(x.line.price_minor, currency)),
            time_text(x.expires_at),
        )
        for missing, x in order.substitutes.items()
    ]
