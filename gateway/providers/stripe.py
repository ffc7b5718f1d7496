"""Stripe: card payments with manual capture. The card is typed into Stripe's own form, never ours.

Authorize, capture (of less, too) and void are Stripe's own; a refund follows a capture. Amounts
are whole numbers, of what Stripe takes for the smallest unit.
"""

from collections.abc import Mapping
from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from engine.values import InstructionKind, Millis, PaymentMethod, ProviderId
from gateway.clock import wall_ms
from gateway.providers import stripe_signatures as signatures
from gateway.providers.answers import answer_of, field_of
from gateway.providers.asking import Asking, Response
from gateway.providers.currencies import AmountError, of_stripes, stripes_of
from gateway.providers.days import day_in
from gateway.providers.port import (
    NOBODY,
    Acknowledgment,
    Billed,
    Carried,
    Doubtful,
    Due,
    Instruction,
    News,
    NoticeRefusedError,
    Outcome,
    Page,
    Paid,
    Payer,
    Standing,
    TryAgainError,
)
from gateway.providers.strict import json_object, part, text, whole
from gateway.providers.stripe_bill import lines_of

BASE_URL = "https://api.stripe.com"
VERSION = "2025-04-30.basil"
NEVER = (  # of a capture or refund: asking again will not help
    "amount_too_large",
    "amount_too_small",
    "card_declined",
    "charge_already_refunded",
    "charge_expired_for_capture",
    "expired_card",
    "idempotency_key_in_use_with_other_parameters",
    "payment_intent_authentication_failure",
    "resource_missing",
)
UNPAID = ("requires_payment_method", "requires_confirmation", "requires_action", "processing")
REPORT = "balance_change_from_activity.itemized.3"
REPORT_COLUMNS = (
    "balance_transaction_id",
    "created_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
    "payment_intent_id",
    "payment_metadata[number]",
    "refund_metadata[number]",
)


class Account(Struct, frozen=True, kw_only=True):
    """Who we are to Stripe; `webhook_secrets`: of the endpoint, two while they are rotated."""

    secret_key: str
    publishable_key: str = ""
    webhook_secrets: tuple[str, ...]
    base_url: str = BASE_URL
    account: str = ""  # of a connected account, if the notices are to name one
    livemode: bool = True  # what is played in their sandbox is not money
    confirm_above_minor: int = 100_000

    def __repr__(self) -> str:
        return f"Account({self.base_url})"  # keys are in no log


class Stripe:
    """The port, for one account."""

    name = ProviderId("stripe")
    currencies: tuple[str, ...] = ()
    methods: tuple[PaymentMethod, ...] = (PaymentMethod.DEFAULT,)

    def __init__(self, account: Account, asking: Asking) -> None:
        self.confirm_above_minor = account.confirm_above_minor
        self._account = account
        self._asking = asking

    # asking

    async def ask(self, due: Due, payer: Payer = NOBODY) -> Page:
        """The form confirms it, asks for 3-D Secure where the bank wants it, and shows wallets."""
        intent, key = await self._intent(due), self._account.publishable_key
        parameters = {"publishable_key": key} if key else {}
        return Page("client_secret", field_of(intent, "client_secret"), parameters)

    async def look(self, due: Due) -> Standing:
        reference = due.reference or field_of(await self._intent(due), "id")
        found = await self._call("GET", f"/v1/payment_intents/{reference}")
        if found.status != 200:
            raise TryAgainError(_said(found))
        return _standing(answer_of(found), due.currency)

    async def close(self, due: Due) -> Standing:
        standing = await self.look(due)
        if standing.status != "unpaid":
            return standing
        reference = due.reference or field_of(await self._intent(due), "id")
        path, key = f"/v1/payment_intents/{reference}/cancel", f"{due.number}-close"
        found = await self._call("POST", path, {"cancellation_reason": "abandoned"}, key)
        if found.status == 200:
            return _standing(answer_of(found), due.currency)
        if _code(found) == "payment_intent_unexpected_state":
            return await self.look(due)
        raise TryAgainError(_said(found))

    async def instruct(self, instruction: Instruction) -> Outcome:
        if instruction.kind is InstructionKind.REFUND:
            return await self._refund(instruction)
        if instruction.kind is InstructionKind.CAPTURE:
            amount = stripes_of(instruction.amount_minor, instruction.due.currency)
            verb, fields = "capture", {"amount_to_capture": str(amount)}
        elif instruction.taken:  # somebody captured it over there: it can only be given back
            return await self._refund(instruction)
        else:
            verb, fields = "cancel", {"cancellation_reason": "requested_by_customer"}
        path = f"/v1/payment_intents/{instruction.due.reference}/{verb}"
        found = await self._call("POST", path, fields, instruction.number)
        if found.status == 200:
            return _carried(answer_of(found), instruction)
        if _code(found) == "payment_intent_unexpected_state":  # by an earlier try, or by hand
            path = f"/v1/payment_intents/{instruction.due.reference}"
            return _carried(answer_of(await self._call("GET", path)), instruction)
        if _code(found) in NEVER:
            return Outcome("failed", _code(found))
        raise TryAgainError(_said(found))

    async def _refund(self, instruction: Instruction) -> Outcome:
        """Stripe forgets keys after a day; a refund that was made before is found by its number."""
        due = instruction.due
        path = f"/v1/refunds?{urlencode({'payment_intent': due.reference, 'limit': '100'})}"
        known = answer_of(await self._call("GET", path)).get("data")
        for refund in known if isinstance(known, list) else ():
            if (refund.get("metadata") or {}).get("number") == instruction.number:
                return _refunded(refund)
        fields = {
            "payment_intent": due.reference,
            "amount": str(stripes_of(instruction.amount_minor, due.currency)),
            "metadata[number]": instruction.number,
        }
        found = await self._call("POST", "/v1/refunds", fields, instruction.number)
        if found.status == 200:
            return _refunded(answer_of(found))
        if _code(found) in NEVER:
            return Outcome("failed", _code(found))
        raise TryAgainError(_said(found))

    async def rotate(self) -> bool:
        """Secrets are put into the configuration by hand."""
        return False

    async def bill(self, day: date) -> bytes:
        """A report that Stripe may still be writing: then try again."""
        from_ms, to_ms = self.period(day)
        fields = {
            "report_type": REPORT,
            "parameters[interval_start]": str(from_ms // 1_000),
            "parameters[interval_end]": str(to_ms // 1_000),
            "parameters[timezone]": "Etc/UTC",
        }
        columns = [("parameters[columns][]", x) for x in REPORT_COLUMNS]
        body = urlencode([*fields.items(), *columns]).encode()
        found = await self._send("POST", "/v1/reporting/report_runs", body, f"bill-{day}")
        run = field_of(answer_of(found), "id")
        found = await self._call("GET", f"/v1/reporting/report_runs/{run}")
        told = answer_of(found)
        if field_of(told, "status") != "succeeded":
            raise TryAgainError(f"the report is {field_of(told, 'status')[:20]}")
        url, key = field_of(told, "result", "url"), self._account.secret_key
        headers = {"Authorization": f"Bearer {key}"}
        if not url.startswith(("https://files.stripe.com/", f"{self._account.base_url}/")):
            raise TryAgainError("a report somewhere else")  # our key is not for others
        file = await self._asking.send("GET", url, headers, b"")
        if file.status != 200:
            raise TryAgainError(f"the bill: {file.status}")
        return file.body

    # hearing

    def hear(self, headers: Mapping[str, str], body: bytes, now_s: int) -> News | None:
        header, secrets = headers.get(signatures.HEADER, ""), self._account.webhook_secrets
        signatures.check(header, body, secrets, now_s)
        event = json_object(body)
        if event.get("account", "") != self._account.account:
            raise NoticeRefusedError("another_merchant")
        if event.get("livemode") is not self._account.livemode:
            raise NoticeRefusedError("another_mode")
        notice, kind = text(event, "id"), text(event, "type")
        about = part(event, "data", "object")
        number = (about.get("metadata") or {}).get("number")
        if not isinstance(number, str):
            return None  # not of our making
        if kind == "payment_intent.amount_capturable_updated":
            return Paid(notice, number, _heard(about))
        if kind == "payment_intent.succeeded":
            standing = _heard(about)
            done = Outcome("done", standing.reference, Millis(whole(event, "created") * 1_000))
            amount = standing.amount_minor
            return Carried(notice, number, done, amount, standing.currency)
        if kind in ("refund.created", "refund.updated", "refund.failed"):
            currency = text(about, "currency").upper()
            amount = _minor(whole(about, "amount"), currency)
            return Carried(notice, number, _refunded(about), amount, currency)
        if kind.startswith("payment_intent."):
            return Doubtful(notice, number)
        return None

    def taken(self) -> Acknowledgment:
        return Acknowledgment(200, b"{}", "application/json")

    def refused(self, status: int, code: str) -> Acknowledgment:
        return Acknowledgment(status, b'{"error":"%s"}' % code.encode(), "application/json")

    # bills

    def bill_lines(self, data: bytes, currency: str) -> list[Billed]:
        return lines_of(data, currency)

    def period(self, day: date) -> tuple[Millis, Millis]:
        return day_in(UTC, day)

    # internals

    async def _intent(self, due: Due) -> dict[str, Any]:
        """The same key gives the same intent, for a day at least: longer than anybody may pay."""
        fields = {
            "amount": str(stripes_of(due.amount_minor, due.currency)),
            "currency": due.currency.lower(),
            "capture_method": "manual",
            "payment_method_types[]": "card",
            "description": f"Order {due.order}"[:200],
            "metadata[number]": due.number,
            "metadata[payment]": due.payment[:500],
        }
        found = await self._call("POST", "/v1/payment_intents", fields, due.number)
        if found.status != 200:
            raise TryAgainError(_said(found))
        return answer_of(found)

    async def _call(
        self, method: str, path: str, fields: dict[str, str] | None = None, key: str = ""
    ) -> Response:
        return await self._send(method, path, urlencode(fields or {}).encode(), key)

    async def _send(self, method: str, path: str, body: bytes, key: str) -> Response:
        headers = {
            "Authorization": f"Bearer {self._account.secret_key}",
            "Stripe-Version": VERSION,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if key:
            headers["Idempotency-Key"] = key
        found = await self._asking.send(method, self._account.base_url + path, headers, body)
        if found.status in (401, 403, 409):
            raise TryAgainError(_said(found))
        return found


def _standing(intent: dict[str, Any], currency: str) -> Standing:
    status, reference = field_of(intent, "status"), field_of(intent, "id")
    if status in UNPAID:
        return Standing("unpaid", reference=reference)
    if status == "canceled":
        return Standing("closed", reference=reference)
    amount = intent.get("amount_capturable" if status == "requires_capture" else "amount_received")
    if status not in ("requires_capture", "succeeded") or not isinstance(amount, int):
        raise TryAgainError(f"an intent in state {status[:30]}")
    told = field_of(intent, "currency").upper()
    minor = _minor(amount, told)
    if status == "requires_capture":
        return Standing("held", minor, told, reference)
    return Standing("taken", minor, told, reference, Millis(wall_ms()))


def _heard(intent: dict[str, Any]) -> Standing:
    try:
        return _standing(intent, "")
    except TryAgainError as error:
        raise NoticeRefusedError("malformed", str(error)) from None


def _carried(intent: dict[str, Any], instruction: Instruction) -> Outcome:
    """What a capture or a cancellation came to."""
    status, reference = field_of(intent, "status"), field_of(intent, "id")
    if instruction.kind is InstructionKind.VOID:
        return Outcome("done" if status == "canceled" else "failed", reference)
    wanted = stripes_of(instruction.amount_minor, instruction.due.currency)
    if status == "succeeded" and intent.get("amount_received") == wanted:
        return Outcome("done", reference, Millis(wall_ms()))
    return Outcome("failed", f"{reference} is {status}"[:200])


def _refunded(refund: dict[str, Any]) -> Outcome:
    status, reference = field_of(refund, "status"), field_of(refund, "id")
    if status in ("failed", "canceled"):
        return Outcome("failed", reference)
    if status != "succeeded":
        return Outcome("pending", reference)
    created = refund.get("created")
    return Outcome("done", reference, Millis(created * 1_000 if isinstance(created, int) else 0))


def _minor(amount: int, currency: str) -> int:
    try:
        return of_stripes(amount, currency)
    except AmountError as error:
        raise NoticeRefusedError("malformed", str(error)) from None


def _code(found: Response) -> str:
    error = answer_of(found).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""


def _said(found: Response) -> str:
    return f"{found.status} {_code(found)[:60]}"
