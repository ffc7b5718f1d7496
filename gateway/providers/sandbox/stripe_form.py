"""Stripe's own form, as far as a server sees it: a card is confirmed, and its bank may ask back.

What is typed stays between customer and Stripe: a form knows the publishable key and the secret
of one intent, and names a payment method. The names are those of Stripe's own test cards.
"""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.stripe_desk import StripeDesk, error_told, intent_told, json_told
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import UNPAID, Trade

GOOD, ASKS, DECLINED = "pm_card_visa", "pm_card_threeDSecure2Required", "pm_card_chargeDeclined"
WALLET = "tok_visa"  # of Apple Pay and Google Pay: a card their phone has vouched for
ASKED = """<!doctype html><title>Sandbox</title><p>Your bank asks: is it you?
<p><a href="?outcome=pass">Yes</a> · <a href="?outcome=fail">No</a>
"""


class StripeForm:
    def __init__(self, identity: Identity, till: Till, desk: StripeDesk) -> None:
        self._identity = identity
        self._till = till
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/payment_intents/{id}/confirm", self._confirm),
            web.get("/stripe/authenticate/{id}", self._authenticate),
        ]

    async def _confirm(self, request: web.Request) -> web.Response:
        asked = dict(parse_qsl((await request.read()).decode()))
        key = request.headers.get("Authorization", f"Bearer {asked.get('key', '')}")
        if not compare_digest(key, f"Bearer {self._identity.names.stripe_publishable}"):
            return json_told(*error_told(401, ""))
        trade = self._till.trades.of_reference(request.match_info["id"])
        secret = asked.get("client_secret", "")
        if trade is None or not compare_digest(secret, intent_told(trade)["client_secret"]):
            return json_told(*error_told(404, "resource_missing"))
        if trade.status != UNPAID:
            return json_told(*error_told(400, "payment_intent_unexpected_state"))
        return json_told(*self._confirmed(trade, asked, f"{request.scheme}://{request.host}"))

    def _confirmed(
        self, trade: Trade, asked: Mapping[str, str], base: str
    ) -> tuple[int, dict[str, Any]]:
        method = asked.get("payment_method", "")
        if asked.get("payment_method_data[type]") == "card":
            method = asked.get("payment_method_data[card][token]", "")
        if method == DECLINED:
            self._give_up(trade)
            return error_told(402, "card_declined")
        if method == ASKS:
            if not asked.get("return_url"):
                return error_told(400, "parameter_missing")
            trade.challenge = f"{base}/stripe/authenticate/{trade.reference}"
            trade.return_url = asked["return_url"]
            self._till.trades.keep(trade)
            self._desk.tell_action(trade)
        elif method in (GOOD, WALLET):
            trade.challenge = ""
            self._till.pay(trade)
        else:
            return error_told(400, "resource_missing")
        return 200, intent_told(trade)

    async def _authenticate(self, request: web.Request) -> web.Response:
        """The page of the customer's bank; from there he is led back."""
        trade = self._till.trades.of_reference(request.match_info["id"])
        outcome = request.query.get("outcome")
        if trade is None or not trade.challenge:
            return web.Response(status=404)
        if outcome not in ("pass", "fail"):
            return web.Response(text=ASKED, content_type="text/html")
        try:
            if outcome == "pass":
                trade.challenge = ""
                self._till.pay(trade)
            else:
                self._give_up(trade)
        except RefusedError as error:
            return web.Response(status=409, text=error.code)
        told = intent_told(trade)
        back = {
            "payment_intent": trade.reference,
            "payment_intent_client_secret": told["client_secret"],
            "redirect_status": "succeeded" if outcome == "pass" else "failed",
        }
        return web.Response(
            status=303, headers={"Location": f"{trade.return_url}?{urlencode(back)}"}
        )

    def _give_up(self, trade: Trade) -> None:
        """With this card; another one may do."""
        trade.challenge = ""
        self._till.trades.keep(trade)
        self._desk.tell_failed(trade)
