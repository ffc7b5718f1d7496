"""What goes back, as commands and as told."""

from engine import commands as c
from engine import events as e
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.table import Table
from gateway.wire import minor, money


def _refund_order(b: m.RefundOrder, who: Identity, currency: str) -> ExternalCommand:
    return c.RefundOrder(
        v.InstructionId(f"{b.order}/refund/{b.refund}"),
        v.OrderId(b.order),
        minor(b.amount, currency, "amount"),
        b.reason,
        who.subject,
    )


COMMAND_OF: Table = {
    m.RefundOrder: _refund_order,
    m.EndorseRefund: lambda b, who, _: c.EndorseRefund(b.instruction, who.subject),
    m.InstructAgain: lambda b, who, _: c.InstructAgain(b.instruction, who.subject),
    m.DeclineRefund: lambda b, who, _: c.DeclineRefund(b.instruction, who.subject, b.reason),
}


def refund_told(x: e.RefundProposed, currency: str) -> m.Refund:
    amount = money(x.amount_minor, currency)
    return m.Refund(x.instruction, x.order, amount, x.reason, x.by, x.needs_approval)


def again_told(x: e.InstructionIssued, currency: str) -> m.Instruction:
    amount = money(x.amount_minor, currency)
    return m.Instruction(x.instruction, x.payment, x.kind.value, amount)
