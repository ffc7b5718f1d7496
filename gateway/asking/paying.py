"""Where and how a payment can be made: which ways there are, and what a customer's client needs."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol

from engine.engine import Engine
from engine.values import PaymentId, PaymentMethod, ProviderId
from gateway import messages as m
from gateway.codes import Refusal, unknown
from gateway.tokens import Identity
from gateway.wire import money, time_told


class Office(Protocol):
    """What is needed of the office of payments."""

    def methods(self, provider: ProviderId) -> Sequence[PaymentMethod]: ...

    def page(self, payment: PaymentId) -> m.Page | None: ...

    async def start(self, body: m.StartPayment) -> m.Page | None:
        """Raises Refusal."""
        ...


class Cashier:
    """Asks the office, if there is one: without `payments.toml` nobody pays with us."""

    def __init__(self) -> None:
        self.office: Office | None = None

    def check(self, body: object) -> None:
        """Before an order or a tip is asked of the engine. Raises Refusal("method_unavailable")."""
        if isinstance(body, m.PlaceOrder | m.AddTip | m.PayOtherwise) and body.method != "default":
            self._check_method(body.provider, body.method)

    def payment(self, b: m.GetPayment, who: Identity, engine: Engine) -> m.Payment:
        """Raises Refusal("unknown"), also for what is another service's."""
        page = None if self.office is None else self.office.page(PaymentId(b.payment))
        return _told(b.payment, who, engine, page)

    async def start(self, b: m.StartPayment, who: Identity, engine: Engine) -> m.Payment:
        """Raises Refusal; nothing is asked of a provider that is not asked for all it needs."""
        told = _told(b.payment, who, engine, None)
        self._check_method(told.provider, told.method)
        _check_address(b.client_ip)
        assert self.office is not None
        page = await self.office.start(b) if told.status == "requested" else None
        return _told(b.payment, who, engine, page)

    def _check_method(self, provider: str, method: str) -> None:
        known = self.office.methods(ProviderId(provider)) if self.office else ()
        names = [x.value for x in known]
        if method not in names:
            detail: dict[str, str | int | list[str]] = {"provider": provider, "method": method}
            raise Refusal("method_unavailable", detail=detail | {"methods": names})


def _check_address(client_ip: str) -> None:
    try:
        ip_address(client_ip or "::")
    except ValueError:
        raise Refusal("malformed", detail={"field": "client_ip"}) from None


def _told(name: str, who: Identity, engine: Engine, page: m.Page | None) -> m.Payment:
    s, key = engine.state, PaymentId(name)
    payment = s.payments.get(key)
    order = s.orders.get(payment.order) if payment else None
    if payment is None or order is None or not _may_see(who, order.placed.service):
        raise unknown("payment", name)
    currency = s.settings.current.currency
    return m.Payment(
        name,
        payment.order,
        payment.provider,
        payment.purpose.value,
        payment.status.value,
        money(payment.amount_minor, currency),
        money(payment.captured_minor, currency),
        money(payment.refunded_minor, currency),
        time_told(payment.expires_at),
        page,
        payment.method.value,
    )


def _may_see(who: Identity, service: str) -> bool:
    return who.role == "operator" or who.subject == service
