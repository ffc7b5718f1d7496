"""What payment providers report, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.translation.table import Table
from gateway.wire import minor


def _report_authorization(b: m.ReportAuthorization, who: str, currency: str) -> ExternalCommand:
    return c.ReportAuthorization(
        v.ProviderId(who),
        v.PaymentId(b.payment),
        b.authorized,
        minor(b.amount, currency, "amount"),
        b.reference,
    )


COMMAND_OF: Table = {
    m.ReportAuthorization: _report_authorization,
    m.ReportInstruction: lambda b, who, _: c.ReportInstruction(
        who, b.instruction, b.succeeded, b.reference
    ),
}
