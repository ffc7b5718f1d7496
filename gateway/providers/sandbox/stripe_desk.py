"""Stripe's API, as far as it is used: intents with manual capture, refunds, a report."""

import json
import secrets
from datetime import UTC, date, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.clock import wall_s
from gateway.providers import stripe_signatures as signatures
from gateway.providers.currencies import of_stripes, stripes_of
from gateway.providers.sandbox.bills import stripe_bill
from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.postman import Letter
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import CLOSED, HELD, TAKEN, UNPAID, Refund, Trade

NAME = "stripe"
STATUS = {
    UNPAID: "requires_payment_method",
    HELD: "requires_capture",
    TAKEN: "succeeded",
    CLOSED: "canceled",
}
Fields = dict[str, str]


class StripeDesk:
    """`webhook`: where this account's events go; Stripe is told that in its dashboard."""

    def __init__(self, identity: Identity, till: Till, webhook: str) -> None:
        self.webhook = webhook
        self._identity = identity
        self._till = till
        self._answered: dict[str, tuple[str, int, dict[str, Any]]] = {}
        till.tellers[NAME] = self

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/payment_intents", self._create),
            web.get("/v1/payment_intents/{id}", self._read),
            web.post("/v1/payment_intents/{id}/{verb:capture|cancel}", self._act),
            web.post("/v1/refunds", self._refund),
            web.get("/v1/refunds", self._list_refunds),
            web.post("/v1/reporting/report_runs", self._run),
            web.get("/v1/reporting/report_runs/{id}", self._read_run),
            web.get("/v1/files/{day}/contents", self._file),
        ]

    # what it is asked

    async def _create(self, request: web.Request) -> web.Response:
        return await self._once(request, self._created)

    def _created(self, request: web.Request, asked: Fields) -> tuple[int, dict[str, Any]]:
        number, currency = asked["metadata[number]"], asked["currency"].upper()
        known = self._till.trades.get(NAME, number)
        if known is not None:
            return 200, intent_told(known)
        if asked["capture_method"] != "manual":
            return error_told(400, "parameter_invalid")
        amount = of_stripes(int(asked["amount"]), currency)
        trade = self._till.open(NAME, number, amount, currency, asked["description"], self.webhook)
        return 200, intent_told(trade)

    async def _read(self, request: web.Request) -> web.Response:
        if not self._is_ours(request):
            return json_told(*error_told(401, ""))
        trade = self._till.trades.of_reference(request.match_info["id"])
        return json_told(
            *(error_told(404, "resource_missing") if trade is None else (200, intent_told(trade)))
        )

    async def _act(self, request: web.Request) -> web.Response:
        return await self._once(request, self._acted)

    def _acted(self, request: web.Request, asked: Fields) -> tuple[int, dict[str, Any]]:
        trade = self._till.trades.of_reference(request.match_info["id"])
        if trade is None:
            return error_told(404, "resource_missing")
        try:
            if request.match_info["verb"] == "capture":
                amount = of_stripes(int(asked["amount_to_capture"]), trade.currency)
                if trade.status == HELD and amount > trade.amount_minor:
                    return error_told(400, "amount_too_large")
                self._till.capture(trade, amount)
            elif trade.status == CLOSED:
                raise RefusedError("closed")
            else:
                self._till.shut(NAME, trade.number)
        except RefusedError:
            return error_told(400, "payment_intent_unexpected_state")
        return 200, intent_told(trade)

    async def _refund(self, request: web.Request) -> web.Response:
        return await self._once(request, self._refunded)

    def _refunded(self, request: web.Request, asked: Fields) -> tuple[int, dict[str, Any]]:
        trade = self._till.trades.of_reference(asked["payment_intent"])
        if trade is None:
            return error_told(404, "resource_missing")
        amount = of_stripes(int(asked["amount"]), trade.currency)
        try:
            refund = self._till.give_back(trade, asked["metadata[number]"], amount)
        except RefusedError:
            return error_told(400, "charge_already_refunded")
        return 200, _refund(trade, refund)

    async def _list_refunds(self, request: web.Request) -> web.Response:
        if not self._is_ours(request):
            return json_told(*error_told(401, ""))
        trade = self._till.trades.of_reference(request.query.get("payment_intent", ""))
        if trade is None:
            return json_told(*error_told(404, "resource_missing"))
        told = [_refund(trade, x) for x in trade.refunds.values()]
        return json_told(200, {"object": "list", "data": told, "has_more": False})

    async def _run(self, request: web.Request) -> web.Response:
        return await self._once(request, self._ran)

    def _ran(self, request: web.Request, asked: Fields) -> tuple[int, dict[str, Any]]:
        start = datetime.fromtimestamp(int(asked["parameters[interval_start]"]), UTC)
        return 200, {"id": f"frr_{start:%Y-%m-%d}", "status": "pending"}

    async def _read_run(self, request: web.Request) -> web.Response:
        if not self._is_ours(request):
            return json_told(*error_told(401, ""))
        run = request.match_info["id"]
        base = f"{request.scheme}://{request.host}"
        url = f"{base}/v1/files/{run.removeprefix('frr_')}/contents"
        return json_told(200, {"id": run, "status": "succeeded", "result": {"url": url}})

    async def _file(self, request: web.Request) -> web.Response:
        if not self._is_ours(request):
            return json_told(*error_told(401, ""))
        day = date.fromisoformat(request.match_info["day"])
        return web.Response(body=stripe_bill(self._till.trades.of_provider(NAME), day))

    # what it tells

    def tell_paid(self, trade: Trade) -> None:
        self._tell("payment_intent.amount_capturable_updated", intent_told(trade))

    def tell_captured(self, trade: Trade) -> None:
        self._tell("payment_intent.succeeded", intent_told(trade))

    def tell_failed(self, trade: Trade) -> None:
        kind = "canceled" if trade.status == CLOSED else "payment_failed"
        self._tell(f"payment_intent.{kind}", intent_told(trade))

    def tell_action(self, trade: Trade) -> None:
        self._tell("payment_intent.requires_action", intent_told(trade))

    def tell_refunded(self, trade: Trade, refund: Refund) -> None:
        kind = "updated" if refund.status == "SUCCESS" else "failed"
        self._tell(f"refund.{kind}", _refund(trade, refund))

    def _tell(self, kind: str, about: dict[str, Any]) -> None:
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": kind,
            "created": wall_s(),
            "livemode": False,
            "data": {"object": about},
        }
        body = json.dumps(event).encode()
        secret = [self._identity.names.stripe_secret]

        def write() -> Letter:
            header = signatures.header_of(secret, wall_s(), body)
            return Letter(self.webhook, {signatures.HEADER: header}, body)

        self._till.postman.post(write, lambda status, _: 200 <= status < 300)

    # internals

    async def _once(self, request: web.Request, act: Any) -> web.Response:
        """A key that was used gives the first answer; with other parameters, an error."""
        if not self._is_ours(request):
            return json_told(*error_told(401, ""))
        raw = await request.read()
        key = request.headers.get("Idempotency-Key", "")
        print_ = sha256(request.path.encode() + raw).hexdigest()
        if key and key in self._answered:
            before, status, told = self._answered[key]
            if before != print_:
                return json_told(*error_told(400, "idempotency_key_in_use_with_other_parameters"))
            return json_told(status, told)
        status, told = act(request, dict(parse_qsl(raw.decode())))
        if key and status < 500:
            self._answered[key] = print_, status, told
        return json_told(status, told)

    def _is_ours(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        return compare_digest(given, f"Bearer {self._identity.names.stripe_key}")


def intent_told(trade: Trade) -> dict[str, Any]:
    """As anybody is told who may ask; a challenge is what the customer has to answer first."""
    held = stripes_of(trade.amount_minor, trade.currency) if trade.status == HELD else 0
    challenged = trade.status == UNPAID and trade.challenge
    where = {"url": trade.challenge, "return_url": trade.return_url}
    action = {"type": "redirect_to_url", "redirect_to_url": where}
    return {
        "id": trade.reference,
        "object": "payment_intent",
        "status": "requires_action" if challenged else STATUS[trade.status],
        "next_action": action if challenged else None,
        "amount": stripes_of(trade.amount_minor, trade.currency),
        "amount_capturable": held,
        "amount_received": stripes_of(trade.taken_minor, trade.currency),
        "currency": trade.currency.lower(),
        "client_secret": f"{trade.reference}_secret_sandbox",
        "metadata": {"number": trade.number},
    }


def _refund(trade: Trade, refund: Refund) -> dict[str, Any]:
    status = {"PROCESSING": "pending", "SUCCESS": "succeeded", "CLOSED": "failed"}[refund.status]
    return {
        "id": refund.reference,
        "object": "refund",
        "status": status,
        "amount": stripes_of(refund.amount_minor, trade.currency),
        "currency": trade.currency.lower(),
        "payment_intent": trade.reference,
        "created": refund.created_ms // 1_000,
        "metadata": {"number": refund.number},
    }


def error_told(status: int, code: str) -> tuple[int, dict[str, Any]]:
    kinds = {401: "authentication_error", 402: "card_error"}
    kind = kinds.get(status, "invalid_request_error")
    return status, {"error": {"type": kind, "code": code}}


def json_told(status: int, told: Any) -> web.Response:
    body = json.dumps(told).encode()
    return web.Response(status=status, body=body, content_type="application/json")
