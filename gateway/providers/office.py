"""The payment office: providers, errands, bills and webhooks of one gateway, started together."""

import logging
from contextlib import AsyncExitStack
from pathlib import Path
from ssl import SSLContext
from typing import Self

from msgspec.structs import asdict

from engine.values import PaymentId, PaymentMethod, ProviderId
from gateway import messages as m
from gateway.clock import wall_s
from gateway.codes import Refusal
from gateway.loop import EngineLoop
from gateway.metrics import Metric, gauges
from gateway.providers.asking import Asking
from gateway.providers.bookkeeper import Bookkeeper
from gateway.providers.configuration import Payments, providers
from gateway.providers.currencies import AmountError
from gateway.providers.errands import Errands
from gateway.providers.notices import Notices
from gateway.providers.port import (
    NoticeRefusedError,
    NotPayableError,
    Page,
    Payer,
    PayerIncompleteError,
    TryAgainError,
)
from gateway.providers.reports import Reports
from gateway.providers.webhooks import Webhooks
from gateway.revocations import Revocations
from gateway.submissions import SubmissionError
from gateway.tokens import Identity, Tokens

log = logging.getLogger("o2o.payments")


class PaymentOffice:
    """`async with PaymentOffice(...) as office`: everything that was pending goes on."""

    def __init__(
        self,
        loop: EngineLoop,
        payments: Payments,
        folder: Path,
        tokens: Tokens,
        revocations: Revocations,
        tls: SSLContext | None = None,
    ) -> None:
        self._loop = loop
        self._payments = payments
        self._folder = folder
        self._tokens = tokens
        self._revocations = revocations
        self._tls = tls
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        listening = self._payments.webhooks
        asking = Asking()
        self.providers = providers(self._payments, self._folder, asking)
        await self._stack.enter_async_context(asking)
        self.reports = Reports(self._loop)
        self.errands = Errands(self._loop, self.providers, self.reports)
        self._stack.push_async_callback(self.errands.close)
        self.bookkeeper = Bookkeeper(self._loop)
        self.webhooks = Webhooks(
            self.providers,
            Notices(self._loop.engine.state, self.errands, self.reports),
            self.reports.tally,
            self.bookkeeper,
            self._must_be_operator,
            listening.host,
            listening.port,
            self._tls,
        )
        try:
            await self._stack.enter_async_context(self.webhooks)
        except BaseException:
            await self._stack.aclose()
            raise
        self.errands.resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def page(self, payment: PaymentId) -> m.Page | None:
        """Where it can be paid, once its provider has said."""
        found = self.errands.page(payment)
        return None if found is None else _told(found)

    def methods(self, provider: ProviderId) -> tuple[PaymentMethod, ...]:
        """How it can be paid; nothing if it is none of ours."""
        found = self.providers.get(provider)
        return () if found is None else found.methods

    async def start(self, body: m.StartPayment) -> m.Page | None:
        """What the customer's client pays with; None if it waits for nobody. Raises Refusal."""
        payer = Payer(body.openid, body.client_ip, body.device, body.return_url)
        try:
            found = await self.errands.start(PaymentId(body.payment), payer)
        except PayerIncompleteError as error:
            raise Refusal("payer_incomplete", detail={"field": error.field}) from None
        except NotPayableError as error:
            raise Refusal("payment_refused", detail={"provider_code": error.code}) from None
        except (TryAgainError, NoticeRefusedError, AmountError) as error:
            log.warning("%s: %s", body.payment, error)
            raise Refusal("provider_silent") from None
        except SubmissionError as error:
            raise Refusal(error.code) from None
        return None if found is None else _told(found)

    def metrics(self) -> list[Metric]:
        told = [
            Metric(f"o2o_payments_{name}_total", "counter", f"{name.replace('_', ' ')}", value)
            for name, value in asdict(self.reports.tally).items()
        ]
        waiting = "payments and instructions not yet answered"
        return [*told, *gauges({"o2o_payments_under_way": (waiting, self.errands.under_way)})]

    def _must_be_operator(self, token: str) -> None:
        """Raises Refusal."""
        who: Identity = self._tokens.read(token, wall_s())
        self._revocations.check(who)
        if who.role != "operator":
            raise Refusal("forbidden")


def _told(page: Page) -> m.Page:
    return m.Page(page.kind, page.value, page.parameters)
