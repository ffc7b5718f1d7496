"""What courier apps ask for, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.table import Table
from gateway.wire import millis

NOW = v.Millis(0)
Report = m.ReportArrival | m.ReportPickup | m.ReportDropoff | m.ReportFailure


def _report_dropoff(b: m.ReportDropoff, who: Identity, _: str) -> ExternalCommand:
    return c.ReportDropoff(
        v.CourierId(who.subject),
        v.DeliveryId(b.delivery),
        v.Proof(b.proof),
        b.evidence,
        _occurred_at(b),
        b.age_checked,
    )


def _occurred_at(b: Report) -> v.Millis:
    return millis(b.occurred_at, "occurred_at") if b.occurred_at else NOW


COMMAND_OF: Table = {
    m.StartShift: lambda b, who, _: c.StartShift(who.subject, millis(b.ends_at, "ends_at")),
    m.TakeBreak: lambda b, who, _: c.TakeBreak(who.subject, millis(b.until, "until")),
    m.EndShift: lambda _, who, __: c.EndShift(who.subject),
    m.AcceptOffer: lambda b, who, _: c.AcceptOffer(who.subject, b.delivery),
    m.DeclineOffer: lambda b, who, _: c.DeclineOffer(who.subject, b.delivery, b.reason),
    m.ReportArrival: lambda b, who, _: c.ReportArrival(
        who.subject, b.delivery, v.StopKind(b.stop), _occurred_at(b)
    ),
    m.ReportPickup: lambda b, who, _: c.ReportPickup(
        who.subject, b.delivery, b.scanned, _occurred_at(b)
    ),
    m.ReportDropoff: _report_dropoff,
    m.ReportFailure: lambda b, who, _: c.ReportFailure(
        who.subject, b.delivery, b.reason, _occurred_at(b)
    ),
    m.ReportBreakdown: lambda _, who, __: c.ReportBreakdown(who.subject),
}
