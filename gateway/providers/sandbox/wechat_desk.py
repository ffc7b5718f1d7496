"""WeChat Pay's side of API v3: checks the merchant's signature, signs what it answers and tells."""

import base64
import json
import re
import secrets
from datetime import date, datetime
from hashlib import sha1
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.clock import wall_ms
from gateway.providers import wechat_signatures as signatures
from gateway.providers.sandbox.bills import wechat_bill
from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.postman import Letter
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import CLOSED, TAKEN, UNPAID, Refund, Trade
from gateway.providers.wechat import BEIJING

NAME = "wechat"
_PARTS = re.compile(r'(\w+)="([^"]*)"')
STATES = {UNPAID: "NOTPAY", TAKEN: "SUCCESS", CLOSED: "CLOSED"}


class WeChatDesk:
    def __init__(self, identity: Identity, till: Till) -> None:
        self._identity = identity
        self._till = till
        till.tellers[NAME] = self

    def routes(self) -> list[web.RouteDef]:
        number = "/v3/pay/transactions/out-trade-no/{number}"
        return [
            web.post("/v3/pay/transactions/native", self._native),
            web.get(number, self._query),
            web.post(number + "/close", self._close),
            web.post("/v3/refund/domestic/refunds", self._refund),
            web.get("/v3/certificates", self._certificates),
            web.get("/v3/bill/tradebill", self._bill),
            web.get("/v3/billdownload/file", self._download),
        ]

    # what it is asked

    async def _native(self, request: web.Request) -> web.Response:
        body, refused = await self._asked(request)
        if refused is not None:
            return refused
        n = self._identity.names
        if (body["mchid"], body["appid"]) != (n.mchid, n.appid):
            return self._refused(400, "PARAM_ERROR")
        until = datetime.fromisoformat(body["time_expire"]).timestamp()
        try:
            trade = self._till.open(
                NAME,
                body["out_trade_no"],
                body["amount"]["total"],
                body["amount"]["currency"],
                body.get("attach", ""),
                body["notify_url"],
                int(until),
            )
        except RefusedError as error:
            code = {"paid": "ORDERPAID", "closed": "ORDER_CLOSED"}.get(error.code, "PARAM_ERROR")
            return self._refused(400, code)
        return self._answer(200, {"code_url": f"weixin://wxpay/bizpayurl?pr={trade.reference}"})

    async def _query(self, request: web.Request) -> web.Response:
        _, refused = await self._asked(request)
        trade = self._till.trades.get(NAME, request.match_info["number"])
        if refused is not None:
            return refused
        if trade is None:
            return self._refused(404, "ORDER_NOT_EXIST")
        return self._answer(200, self._told(trade))

    async def _close(self, request: web.Request) -> web.Response:
        _, refused = await self._asked(request)
        if refused is not None:
            return refused
        try:
            self._till.shut(NAME, request.match_info["number"])
        except RefusedError as error:
            codes = {"unknown": (404, "ORDER_NOT_EXIST"), "paid": (400, "ORDERPAID")}
            return self._refused(*codes[error.code])
        return self._answer(204, None)

    async def _refund(self, request: web.Request) -> web.Response:
        body, refused = await self._asked(request)
        if refused is not None:
            return refused
        amount = body["amount"]
        trade = self._till.trades.get(NAME, body["out_trade_no"])
        if trade is None:
            return self._refused(404, "RESOURCE_NOT_EXISTS")
        if amount["total"] != trade.amount_minor:
            return self._refused(400, "INVALID_REQUEST")
        try:
            refund = self._till.give_back(trade, body["out_refund_no"], amount["refund"])
        except RefusedError:
            return self._refused(400, "INVALID_REQUEST")
        told = {
            "refund_id": refund.reference,
            "out_refund_no": refund.number,
            "transaction_id": trade.reference,
            "out_trade_no": trade.number,
            "channel": "ORIGINAL",
            "create_time": _time(refund.created_ms),
            "status": refund.status,
            "amount": {
                "total": trade.amount_minor,
                "refund": refund.amount_minor,
                "currency": trade.currency,
            },
        }
        return self._answer(200, told)

    async def _certificates(self, request: web.Request) -> web.Response:
        _, refused = await self._asked(request)
        if refused is not None:
            return refused
        nonce = secrets.token_hex(6)
        n = self._identity.names
        sealed = {
            "algorithm": signatures.ALGORITHM,
            "nonce": nonce,
            "associated_data": "certificate",
            "ciphertext": signatures.sealed(
                n.api_v3_key.encode(), nonce, "certificate", self._identity.certificate()
            ),
        }
        entry = {"serial_no": n.platform_serial, "encrypt_certificate": sealed}
        return self._answer(200, {"data": [entry]})

    async def _bill(self, request: web.Request) -> web.Response:
        _, refused = await self._asked(request)
        if refused is not None:
            return refused
        data = self._bill_of(request)
        where = f"/v3/billdownload/file?{request.query_string}"
        told = {
            "hash_type": "SHA1",
            "hash_value": sha1(data, usedforsecurity=False).hexdigest(),
            "download_url": f"{request.scheme}://{request.host}{where}",
        }
        return self._answer(200, told)

    async def _download(self, request: web.Request) -> web.Response:
        """The one answer that is not signed."""
        _, refused = await self._asked(request)
        return refused or web.Response(body=self._bill_of(request))

    def _bill_of(self, request: web.Request) -> bytes:
        day, n = date.fromisoformat(request.query["bill_date"]), self._identity.names
        return wechat_bill(self._till.trades.of_provider(NAME), day, n.mchid, n.appid)

    # what it tells

    def tell_paid(self, trade: Trade) -> None:
        self._tell(trade, "TRANSACTION.SUCCESS", "transaction", self._told(trade))

    def tell_captured(self, trade: Trade) -> None:
        """Nothing is: it was taken when it was paid."""

    def tell_failed(self, trade: Trade) -> None:
        """WeChat says nothing of what did not work."""

    def tell_refunded(self, trade: Trade, refund: Refund) -> None:
        told = {
            "mchid": self._identity.names.mchid,
            "out_trade_no": trade.number,
            "transaction_id": trade.reference,
            "out_refund_no": refund.number,
            "refund_id": refund.reference,
            "refund_status": refund.status,
            "success_time": _time(refund.done_ms),
            "amount": {"total": trade.amount_minor, "refund": refund.amount_minor},
        }
        self._tell(trade, f"REFUND.{refund.status}", "refund", told)

    def _tell(self, trade: Trade, kind: str, about: str, told: dict[str, Any]) -> None:
        envelope = {
            "id": secrets.token_hex(16),
            "create_time": _time(wall_ms()),
            "event_type": kind,
            "resource_type": "encrypt-resource",
            "summary": kind,
        }
        nonce = secrets.token_hex(6)
        plain = json.dumps(told, ensure_ascii=False).encode()
        key = self._identity.names.api_v3_key.encode()
        envelope["resource"] = {  # type: ignore[assignment]
            "algorithm": signatures.ALGORITHM,
            "original_type": about,
            "nonce": nonce,
            "associated_data": about,
            "ciphertext": signatures.sealed(key, nonce, about, plain),
        }
        body = json.dumps(envelope, ensure_ascii=False).encode()
        self._till.postman.post(
            lambda: Letter(trade.notify_url, self._signed(body), body),
            lambda status, _: status in (200, 204),
        )

    # internals

    def _told(self, trade: Trade) -> dict[str, Any]:
        n = self._identity.names
        told: dict[str, Any] = {
            "mchid": n.mchid,
            "appid": n.appid,
            "out_trade_no": trade.number,
            "attach": trade.note,
            "trade_type": "NATIVE",
            "trade_state": "REFUND" if trade.refunds else STATES[trade.status],
        }
        if trade.status == TAKEN:
            told |= {
                "transaction_id": trade.reference,
                "success_time": _time(trade.paid_ms),
                "amount": {"total": trade.amount_minor, "currency": trade.currency},
            }
        return told

    async def _asked(self, request: web.Request) -> tuple[dict[str, Any], web.Response | None]:
        """The body, or why there is no answer to it."""
        raw, n = await request.read(), self._identity.names
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        given = dict(_PARTS.findall(rest))
        named = (given.get("mchid"), given.get("serial_no")) == (n.mchid, n.merchant_serial)
        timely = abs(wall_ms() // 1_000 - int(given.get("timestamp") or 0)) < 300
        if scheme != signatures.SCHEME or not named or not timely:
            return {}, self._refused(401, "SIGN_ERROR")
        message = signatures.request_message(
            request.method, request.path_qs, int(given["timestamp"]), given["nonce_str"], raw
        )
        try:
            signature = base64.b64decode(given["signature"])
            key = self._identity.merchant.public_key()
            key.verify(signature, message, PKCS1v15(), SHA256())
            return (json.loads(raw) if raw else {}), None
        except (InvalidSignature, ValueError):
            return {}, self._refused(401, "SIGN_ERROR")

    def _refused(self, status: int, code: str) -> web.Response:
        return self._answer(status, {"code": code, "message": code.lower()})

    def _answer(self, status: int, told: Any) -> web.Response:
        body = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
        return web.Response(
            status=status,
            body=body,
            headers=self._signed(body),
            content_type="application/json",
        )

    def _signed(self, body: bytes) -> dict[str, str]:
        at, once = str(wall_ms() // 1_000), secrets.token_hex(16)
        message = signatures.notice_message(at, once, body)
        return {
            "Wechatpay-Timestamp": at,
            "Wechatpay-Nonce": once,
            "Wechatpay-Serial": self._identity.names.platform_serial,
            "Wechatpay-Signature": signatures.signed(self._identity.platform, message),
        }


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1_000, BEIJING).isoformat(timespec="seconds")
