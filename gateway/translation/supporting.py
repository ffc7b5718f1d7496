"""What is asked about customers, as commands. An operator speaks for no service."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from engine.settings import Segmentation
from gateway import messages as m
from gateway.auth import Identity
from gateway.translation.table import Table, TableByRole


def service_of(who: Identity) -> v.ServiceId:
    return v.ServiceId(who.subject if who.role == "order_service" else "")


def _set_segmentation(b: m.SetSegmentation, _: str, __: str) -> ExternalCommand:
    rows = [tuple(x) for x in (b.recency_days, b.purchases, b.spent_minor)]
    return c.SetSegmentation(Segmentation(*rows))  # type: ignore[arg-type]


COMMAND_OF: Table = {
    m.SetSegmentation: _set_segmentation,
    m.SetStanding: lambda b, _, __: c.SetStanding(b.customer, v.Standing(b.standing), b.reason),
}
COMMAND_BY: TableByRole = {
    m.RegisterCustomer: lambda b, who: c.RegisterCustomer(b.customer, service_of(who)),
    m.SetConsent: lambda b, who: c.SetConsent(
        b.customer, v.Purpose(b.purpose), b.given, service_of(who)
    ),
    m.ForgetCustomer: lambda b, who: c.ForgetCustomer(b.customer, service_of(who)),
}
