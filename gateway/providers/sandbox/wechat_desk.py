"""WeChat Pay's side of API v3: checks the merchant's signature, signs what it answers and tells."""

import json
import re
import secrets
from datetime import date, datetime
from hashlib import sha1
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from gateway.clock import wall_ms, wall_s
from gateway.providers import rsa
from gateway.providers import wechat_signatures as signatures
from gateway.providers.days import BEIJING
from gateway.providers.port import NoticeRefusedError
from gateway.providers.sandbox.bills import wechat_bill
from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.postman import Letter
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import CLOSED, TAKEN, UNPAID, Refund, Trade

NAME = "wechat"
_PARTS = re.compile(r'(\w+)="([^"]*)"')
_NUMBER = re.compile(r"[0-9A-Za-z_|*-]{6,32}\Z", re.ASCII)
_OPENID = re.compile(r"o[0-9A-Za-z_-]{27}\Z", re.ASCII)
KINDS = {"native": "", "jsapi": "JSAPI", "app": "APP", "h5": "MWEB"}
LIFE_MS = {"JSAPI": 2 * 3_600_000, "APP": 2 * 3_600_000, "MWEB": 5 * 60_000}  # of a prepay id
STATES = {UNPAID: "NOTPAY", TAKEN: "SUCCESS", CLOSED: "CLOSED"}


class WeChatDesk:
    def __init__(self, identity: Identity, till: Till) -> None:
        self._identity = identity
        self._till = till
        till.tellers[NAME] = self

    def routes(self) -> list[web.RouteDef]:
        number = "/v3/pay/transactions/out-trade-no/{number}"
        return [
            web.post("/v3/pay/transactions/{resource:native|jsapi|app|h5}", self._prepay),
            web.get(number, self._query),
            web.post(number + "/close", self._close),
            web.post("/v3/refund/domestic/refunds", self._refund),
            web.get("/v3/certificates", self._certificates),
            web.get("/v3/bill/tradebill", self._bill),
            web.get("/v3/billdownload/file", self._download),
        ]

    # what it is asked

    async def _prepay(self, request: web.Request) -> web.Response:
        body, refused = await self._asked(request)
        if refused is not None:
            return refused
        resource = request.match_info["resource"]
        try:
            wanted = _wanted(resource, body)
        except (KeyError, TypeError, ValueError):
            return self._refused(400, "PARAM_ERROR")
        n = self._identity.names
        if body["mchid"] != n.mchid or body["appid"] not in n.appids_of(resource):
            return self._refused(400, "APPID_MCHID_NOT_MATCH")
        try:
            trade = self._till.open(
                NAME,
                *wanted,
                kind=KINDS[resource],
                appid=body["appid"],
                payer=body.get("payer", {}).get("openid", ""),
            )
        except RefusedError as error:
            codes = {"paid": "ORDERPAID", "closed": "ORDER_CLOSED"}
            return self._refused(400, codes.get(error.code, "INVALID_REQUEST"))
        if resource == "native":
            url = f"weixin://wxpay/bizpayurl?pr={trade.reference}"
            return self._answer(200, {"code_url": url})
        prepay_id = self._prepay_id(trade)
        if resource == "h5":
            where = f"{request.scheme}://{request.host}/wechat/h5?prepay_id={prepay_id}"
            return self._answer(200, {"h5_url": where})
        return self._answer(200, {"prepay_id": prepay_id})

    def _prepay_id(self, trade: Trade) -> str:
        """The same as before, while it has half of its life before it."""
        if wall_ms() - trade.prepaid_ms >= LIFE_MS[trade.kind] // 2:
            trade.prepaid_ms = wall_ms()
            at = datetime.fromtimestamp(trade.prepaid_ms // 1_000, BEIJING)
            trade.prepay_id = f"wx{at:%d%H%M%S}{secrets.token_hex(12)}"
            self._till.trades.keep(trade)
        return trade.prepay_id

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
            "appid": trade.appid or n.appid,
            "out_trade_no": trade.number,
            "attach": trade.note,
            "trade_type": trade.kind or "NATIVE",
            "trade_state": "REFUND" if trade.refunds else STATES[trade.status],
        }
        if trade.status == TAKEN:
            told |= {
                "transaction_id": trade.reference,
                "success_time": _time(trade.paid_ms),
                "payer": {"openid": trade.payer or f"o{trade.reference[3:]:0<27.27}"},
                "amount": {"total": trade.amount_minor, "currency": trade.currency},
            }
        return told

    async def _asked(self, request: web.Request) -> tuple[dict[str, Any], web.Response | None]:
        """The body, or why there is no answer to it."""
        raw, n = await request.read(), self._identity.names
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        given = dict(_PARTS.findall(rest))
        named = (given.get("mchid"), given.get("serial_no")) == (n.mchid, n.merchant_serial)
        timely = abs(wall_s() - int(given.get("timestamp") or 0)) < 300
        if scheme != signatures.SCHEME or not named or not timely:
            return {}, self._refused(401, "SIGN_ERROR")
        message = signatures.request_message(
            request.method, request.path_qs, int(given["timestamp"]), given["nonce_str"], raw
        )
        try:
            rsa.check(self._identity.merchant.public_key(), message, given["signature"])
            return (json.loads(raw) if raw else {}), None
        except (NoticeRefusedError, ValueError):
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
        at, once = str(wall_s()), secrets.token_hex(16)
        message = signatures.notice_message(at, once, body)
        return {
            "Wechatpay-Timestamp": at,
            "Wechatpay-Nonce": once,
            "Wechatpay-Serial": self._identity.names.platform_serial,
            "Wechatpay-Signature": rsa.signed(self._identity.platform, message),
        }


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1_000, BEIJING).isoformat(timespec="seconds")


def _wanted(resource: str, body: dict[str, Any]) -> tuple[str, int, str, str, str, int]:
    """What a till is told. Raises KeyError, TypeError, ValueError for what WeChat would refuse."""
    total, until = body["amount"]["total"], datetime.fromisoformat(body["time_expire"])
    if type(total) is not int or total < 1 or until.timestamp() * 1_000 <= wall_ms():
        raise ValueError("the amount, or the time it is to expire at")
    if not _NUMBER.match(body["out_trade_no"]) or not 0 < len(body["description"]) <= 127:
        raise ValueError("the number, or the description")
    if not body["notify_url"].startswith("http") or "?" in body["notify_url"]:
        raise ValueError("the address for notices")
    if resource == "jsapi" and not _OPENID.match(body["payer"]["openid"]):
        raise ValueError("the openid")
    if resource == "h5":
        ip_address(body["scene_info"]["payer_client_ip"])
        if body["scene_info"]["h5_info"]["type"] not in ("Wap", "iOS", "Android"):
            raise ValueError("the type of device")
    note, currency = body.get("attach", ""), body["amount"].get("currency", "CNY")
    expires_s = int(until.timestamp())
    return body["out_trade_no"], total, currency, note, body["notify_url"], expires_s
