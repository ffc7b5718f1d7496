"""WeChat Pay, API v3: a code to scan, or one of `wechat_methods`. Money is taken when it is paid.

Authorize = paid; capture = nothing to ask; a lesser capture, a void and a refund = a refund;
void of what nobody paid = close. Amounts are whole fen.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha1
from hmac import compare_digest
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from msgspec import Struct

from engine.values import InstructionKind, Millis, PaymentMethod, ProviderId
from gateway.clock import wall_s
from gateway.providers import wechat_signatures as signatures
from gateway.providers.answers import answer_of, field_of
from gateway.providers.asking import Asking, Response, nonce
from gateway.providers.days import BEIJING, day_in
from gateway.providers.keys import public_key_of_certificate
from gateway.providers.port import (
    NOBODY,
    Acknowledgment,
    Billed,
    BillError,
    Carried,
    Doubtful,
    Due,
    Instruction,
    News,
    NoticeRefusedError,
    NotPayableError,
    Outcome,
    Page,
    Paid,
    Payer,
    Standing,
    TryAgainError,
)
from gateway.providers.strict import json_object, part, text, whole
from gateway.providers.wechat_bill import lines_of
from gateway.providers.wechat_methods import ANSWER, RESOURCE, about_payer, page_of

BASE_URL = "https://api.mch.weixin.qq.com"
NEVER = (  # of a refund: asking again will not help
    "INVALID_REQUEST",
    "PARAM_ERROR",
    "RESOURCE_NOT_EXISTS",
    "USER_ACCOUNT_ABNORMAL",
)
UNWANTED = (  # of what makes it payable: the same again would be refused again
    "APPID_MCHID_NOT_MATCH",
    "INVALID_REQUEST",
    "MCH_NOT_EXISTS",
    "NO_AUTH",
    "OPENID_MISMATCH",
    "OUT_TRADE_NO_USED",
    "PARAM_ERROR",
    "RULE_LIMIT",
)
UNPAID = ("NOTPAY", "USERPAYING", "ACCEPT")
SHUT = ("CLOSED", "REVOKED", "PAYERROR")


class Merchant(Struct, frozen=True, kw_only=True):
    """Who we are to WeChat, and whom we believe. `platform`: serial -> public key.

    `appids`: of the ways to pay besides a code.
    """

    mchid: str
    appid: str
    appids: dict[PaymentMethod, str] = {}
    serial: str  # of our certificate
    key: RSAPrivateKey
    api_v3_key: bytes
    platform: dict[str, RSAPublicKey]
    notify_url: str
    base_url: str = BASE_URL
    confirm_above_minor: int = 100_000

    def __repr__(self) -> str:
        return f"Merchant({self.mchid})"  # keys are in no log


class WeChat:
    """The port, for one merchant."""

    name = ProviderId("wechat")
    currencies: tuple[str, ...] = ("CNY",)

    def __init__(self, merchant: Merchant, asking: Asking) -> None:
        self.confirm_above_minor = merchant.confirm_above_minor
        self.methods = (PaymentMethod.DEFAULT, *merchant.appids)
        self._appids = {PaymentMethod.DEFAULT: merchant.appid} | merchant.appids
        self._merchant = merchant
        self._asking = asking
        self._platform = dict(merchant.platform)

    # asking

    async def ask(self, due: Due, payer: Payer = NOBODY) -> Page:
        """A number that is known already is the same trade, if the rest is the same, too."""
        m, appid, resource = self._merchant, self._appids[due.method], RESOURCE[due.method]
        more = about_payer(due.method, payer)
        until = datetime.fromtimestamp(due.expires_at_s, BEIJING).isoformat(timespec="seconds")
        body = {
            "appid": appid,
            "mchid": m.mchid,
            "description": f"Order {due.order}"[:127],
            "out_trade_no": due.number,
            "time_expire": until,
            "attach": due.payment[:128],
            "notify_url": m.notify_url,
            "amount": {"total": due.amount_minor, "currency": due.currency},
            **more,
        }
        found = await self._call("POST", f"/v3/pay/transactions/{resource}", body)
        if found.status != 200:
            code = _code(found)
            raise NotPayableError(code) if code in UNWANTED else TryAgainError(_said(found))
        answer = field_of(answer_of(found), ANSWER[resource])
        return page_of(due, payer, answer, appid, m.mchid, m.key, wall_s())

    async def look(self, due: Due) -> Standing:
        path = f"/v3/pay/transactions/out-trade-no/{quote(due.number)}?mchid={self._merchant.mchid}"
        found = await self._call("GET", path)
        if found.status == 404:
            return Standing("unpaid")  # it was never asked for, or they have not heard yet
        if found.status != 200:
            raise TryAgainError(_said(found))
        trade = answer_of(found)
        about = field_of(trade, "mchid"), field_of(trade, "out_trade_no")
        if about != (self._merchant.mchid, due.number):
            raise TryAgainError("an answer about another trade")
        return self._standing(trade)

    async def close(self, due: Due) -> Standing:
        path = f"/v3/pay/transactions/out-trade-no/{quote(due.number)}/close"
        found = await self._call("POST", path, {"mchid": self._merchant.mchid})
        if found.status == 204 or _code(found) in ("ORDER_CLOSED", "ORDER_NOT_EXIST"):
            return Standing("closed")
        if _code(found) == "ORDERPAID":
            return await self.look(due)
        raise TryAgainError(_said(found))

    async def instruct(self, instruction: Instruction) -> Outcome:
        """A void of what was paid gives all of it back; asking again finds the same refund."""
        if instruction.kind is InstructionKind.CAPTURE:
            return Outcome("done")  # taken already
        body = {
            "out_trade_no": instruction.due.number,
            "out_refund_no": instruction.number,
            "reason": instruction.reason[:80],
            "notify_url": self._merchant.notify_url,
            "amount": {
                "refund": instruction.amount_minor,
                "total": instruction.due.amount_minor,
                "currency": instruction.due.currency,
            },
        }
        found = await self._call("POST", "/v3/refund/domestic/refunds", body)
        if found.status == 200:
            refund = answer_of(found)
            about = field_of(refund, "out_refund_no"), whole(refund, "amount", "refund")
            if about != (instruction.number, instruction.amount_minor):
                raise TryAgainError("an answer about another refund")
            return _outcome(refund)
        if _code(found) in NEVER:
            return Outcome("failed", _code(found))
        raise TryAgainError(_said(found))

    async def rotate(self) -> bool:
        """Platform certificates come sealed with the API v3 key, so a stranger cannot send any."""
        found = await self._asking.send(*self._request("GET", "/v3/certificates", b""))
        if found.status != 200:
            raise TryAgainError(_said(found))
        fresh: dict[str, RSAPublicKey] = {}
        for entry in _listed(json_object(found.body), "data"):
            sealed = part(entry, "encrypt_certificate")
            pem = self._opened(sealed)
            fresh[text(entry, "serial_no")] = public_key_of_certificate(pem)
        signatures.check(found.headers, found.body, {**self._platform, **fresh}, wall_s())
        news = fresh.keys() - self._platform.keys()
        self._platform |= fresh
        return bool(news)

    async def bill(self, day: date) -> bytes:
        """The download itself is not signed: its SHA-1, in the signed answer, vouches for it."""
        path = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL"
        found = await self._call("GET", path)
        if found.status != 200:
            raise TryAgainError(_said(found))
        told = answer_of(found)
        url = text(told, "download_url")
        where = urlsplit(url)
        target = f"{where.path}?{where.query}" if where.query else where.path
        method, _, headers, body = self._request("GET", target, b"")
        file = await self._asking.send(method, url, headers, body)
        if file.status != 200:
            raise TryAgainError(f"the bill: {file.status}")
        digest = sha1(file.body, usedforsecurity=False).hexdigest()
        if text(told, "hash_type") != "SHA1" or not compare_digest(
            digest, text(told, "hash_value")
        ):
            raise BillError("the bill is not the one that was promised")
        return file.body

    # hearing

    def hear(self, headers: Mapping[str, str], body: bytes, now_s: int) -> News | None:
        signatures.check(headers, body, self._platform, now_s)
        envelope = json_object(body)
        notice, kind = text(envelope, "id"), text(envelope, "event_type")
        resource = json_object(self._opened(part(envelope, "resource")))
        if text(resource, "mchid") != self._merchant.mchid:
            raise NoticeRefusedError("another_merchant")
        number = text(resource, "out_trade_no")
        if kind == "TRANSACTION.SUCCESS":
            if text(resource, "appid") not in self._appids.values():
                raise NoticeRefusedError("another_app")
            standing = self._standing(resource)
            return Paid(notice, number, standing) if standing.status == "taken" else None
        if kind in ("REFUND.SUCCESS", "REFUND.CLOSED"):
            status = "done" if text(resource, "refund_status") == "SUCCESS" else "failed"
            moved = _time(resource.get("success_time"))
            outcome = Outcome(status, text(resource, "refund_id"), moved)  # type: ignore[arg-type]
            refund = text(resource, "out_refund_no")
            # A refund notice tells no currency: there is only one.
            return Carried(notice, refund, outcome, whole(resource, "amount", "refund"), "CNY")
        if kind == "REFUND.ABNORMAL":
            return None  # they could not pay it out; it ends as SUCCESS or CLOSED, by hand
        return Doubtful(notice, number)

    def taken(self) -> Acknowledgment:
        return Acknowledgment(204)

    def refused(self, status: int, code: str) -> Acknowledgment:
        body = msgspec.json.encode({"code": "FAIL", "message": code})
        return Acknowledgment(status, body, "application/json")

    # bills

    def bill_lines(self, data: bytes, currency: str) -> list[Billed]:
        return lines_of(data, self._merchant.mchid, currency)

    def period(self, day: date) -> tuple[Millis, Millis]:
        return day_in(BEIJING, day)

    # internals

    def _standing(self, trade: dict[str, Any]) -> Standing:
        state = text(trade, "trade_state")
        if state in UNPAID:
            return Standing("unpaid")
        if state in SHUT:
            return Standing("closed")
        if state not in ("SUCCESS", "REFUND"):
            raise TryAgainError(f"trade_state {state[:20]}")
        return Standing(
            "taken",
            whole(trade, "amount", "total"),
            text(trade, "amount", "currency"),
            text(trade, "transaction_id"),
            _time(trade.get("success_time")),
        )

    def _opened(self, sealed: dict[str, Any]) -> bytes:
        if text(sealed, "algorithm") != signatures.ALGORITHM:
            raise NoticeRefusedError("bad_ciphertext", "another algorithm")
        associated = sealed.get("associated_data") or ""
        if not isinstance(associated, str):
            raise NoticeRefusedError("malformed", "associated_data")
        key = self._merchant.api_v3_key
        return signatures.opened(key, text(sealed, "nonce"), associated, text(sealed, "ciphertext"))

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Response:
        """Of a genuine answer. A success without a good signature is as good as none."""
        data = b"" if body is None else msgspec.json.encode(body)
        found = await self._asking.send(*self._request(method, path, data))
        if 200 <= found.status < 300:
            try:
                signatures.check(found.headers, found.body, self._platform, wall_s())
            except NoticeRefusedError as error:
                if error.code == "unknown_serial":
                    await self.rotate()
                raise TryAgainError(f"an answer that is not theirs: {error}") from None
        return found

    def _request(
        self, method: str, path: str, body: bytes
    ) -> tuple[str, str, dict[str, str], bytes]:
        m, at, once = self._merchant, wall_s(), nonce()
        message = signatures.request_message(method, path, at, once, body)
        headers = {
            "Authorization": signatures.authorization(m.key, m.mchid, m.serial, at, once, message),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "o2o-dispatch",
        }
        return method, m.base_url + path, headers, body


def _outcome(refund: dict[str, Any]) -> Outcome:
    """By the day on which it was accepted: so it is on the bill."""
    state, reference = text(refund, "status"), text(refund, "refund_id")
    moved = _time(refund.get("create_time"))
    if state == "SUCCESS":
        return Outcome("done", reference, moved)
    return Outcome("failed" if state == "CLOSED" else "pending", reference)


def _time(value: Any) -> Millis:
    """RFC 3339 with offset. Raises NoticeRefusedError("malformed")."""
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError("no offset")
        return Millis((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
    except (TypeError, ValueError, OverflowError):
        raise NoticeRefusedError("malformed", "a time") from None


def _listed(found: dict[str, Any], name: str) -> list[Any]:
    value = found.get(name)
    if not isinstance(value, list):
        raise NoticeRefusedError("malformed", name)
    return value


def _code(found: Response) -> str:
    try:
        return text(json_object(found.body), "code")
    except NoticeRefusedError:
        return ""


def _said(found: Response) -> str:
    return f"{found.status} {_code(found)[:60]}"
