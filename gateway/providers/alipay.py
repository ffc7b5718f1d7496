"""Alipay: a code to scan (precreate), or one of `alipay_methods`. Money is taken when it is paid.

Authorize = paid; capture = nothing to ask; a lesser capture, a void and a refund = a refund;
void of what nobody paid = close. Amounts are yuan in text. Every answer comes with status 200.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from msgspec import Raw, Struct

from engine.values import InstructionKind, Millis, PaymentMethod, ProviderId
from gateway.clock import wall_s
from gateway.providers import alipay_methods as methods
from gateway.providers import alipay_signatures as signatures
from gateway.providers import rsa
from gateway.providers.alipay_bill import lines_of
from gateway.providers.answers import field_of
from gateway.providers.asking import Asking
from gateway.providers.currencies import AmountError, minor_of, text_of
from gateway.providers.days import BEIJING, clock_text, day_in
from gateway.providers.port import (
    NOBODY,
    NOTICE_LIFE_S,
    TOLERANCE_S,
    Acknowledgment,
    Billed,
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
from gateway.providers.strict import form, json_object, text

GATEWAY = "https://openapi.alipay.com/gateway.do"
OK = "10000"
NEVER = (  # of a refund: asking again will not help
    "ACQ.INVALID_PARAMETER",
    "ACQ.REASON_TRADE_BEEN_FREEZEN",
    "ACQ.REASON_TRADE_REFUND_FEE_ERR",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    "ACQ.TRADE_HAS_FINISHED",
    "ACQ.TRADE_NOT_EXIST",
    "ACQ.TRADE_STATUS_ERROR",
)
REFUSED = ("40001", "40002", "40004", "40006")  # what was asked, or who asked
PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
CURRENCY = "CNY"
GRACE_S = 60  # after the time we gave: then a code that nobody scanned is dead


class Merchant(Struct, frozen=True, kw_only=True):
    """Who we are to Alipay, and whom we believe: serial -> key; "" where serials are not used.

    `methods`: besides a code. `mini_program`: the app id of ours, if one of them is in there.
    """

    app_id: str
    methods: tuple[PaymentMethod, ...] = ()
    mini_program: str = ""
    seller_id: str
    key: RSAPrivateKey
    platform: dict[str, RSAPublicKey]
    notify_url: str
    gateway: str = GATEWAY
    confirm_above_minor: int = 100_000

    def __repr__(self) -> str:
        return f"Merchant({self.app_id})"  # keys are in no log


class Alipay:
    """The port, for one merchant."""

    name = ProviderId("alipay")
    currencies: tuple[str, ...] = (CURRENCY,)

    def __init__(self, merchant: Merchant, asking: Asking) -> None:
        self.confirm_above_minor = merchant.confirm_above_minor
        self.methods = (PaymentMethod.DEFAULT, *merchant.methods)
        self._merchant = merchant
        self._asking = asking

    # asking

    async def ask(self, due: Due, payer: Payer = NOBODY) -> Page:
        """A number that is known already is the same trade, if the rest is the same, too."""
        m, content = self._merchant, self._trade(due)
        match due.method:
            case PaymentMethod.DEFAULT:
                asked = content | {"seller_id": m.seller_id}
                found = await self._created("alipay.trade.precreate", asked)
                return Page("qr", field_of(found, "qr_code"))
            case PaymentMethod.MINI_PROGRAM:
                asked = content | {"seller_id": m.seller_id}
                asked |= methods.of_mini_program(m.mini_program, payer)
                found = await self._created("alipay.trade.create", asked)
                return Page("alipay_trade", field_of(found, "trade_no"))
            case PaymentMethod.APP:
                fields = self._signed(methods.APP, content | methods.IN_APP)
                return Page("alipay_app", methods.order_text(fields))
        # Nothing is asked here: the customer's browser brings our signed question there.
        method, more = methods.in_browser(due.method, payer)
        fields = self._signed(method, content | more, return_url=payer.return_url)
        return Page("redirect", methods.address(m.gateway, fields))

    def _trade(self, due: Due) -> dict[str, str]:
        return {
            "out_trade_no": due.number,
            "total_amount": text_of(due.amount_minor, CURRENCY),
            "subject": f"Order {due.order}"[:256],
            "time_expire": clock_text(due.expires_at_s),
        }

    async def _created(self, method: str, content: dict[str, str]) -> dict[str, Any]:
        found = await self._call(method, content)
        if found.get("code") == OK:
            return found
        sub_code = str(found.get("sub_code"))
        if found.get("code") in REFUSED and not sub_code.endswith("SYSTEM_ERROR"):
            raise NotPayableError(sub_code[:60])
        raise TryAgainError(said(found))

    async def look(self, due: Due) -> Standing:
        found = await self._call("alipay.trade.query", {"out_trade_no": due.number})
        if found.get("sub_code") == "ACQ.TRADE_NOT_EXIST":  # nobody has scanned it; until when?
            dead = wall_s() > due.expires_at_s + GRACE_S
            return Standing("closed" if dead else "unpaid")
        if found.get("code") != OK:
            raise TryAgainError(said(found))
        if field_of(found, "out_trade_no") != due.number:
            raise TryAgainError("an answer about another trade")
        status = field_of(found, "trade_status")
        if status == "WAIT_BUYER_PAY":
            return Standing("unpaid")
        # Closed means that nobody paid in time, or that all was given back: only then it was paid.
        if status == "TRADE_CLOSED" and not found.get("send_pay_date"):
            return Standing("closed")
        if status not in (*PAID, "TRADE_CLOSED"):
            raise TryAgainError(f"trade_status {status[:20]}")
        amount = amount_of(field_of(found, "total_amount"))
        paid_at = time_of(field_of(found, "send_pay_date"))
        return Standing("taken", amount, CURRENCY, field_of(found, "trade_no"), paid_at)

    async def close(self, due: Due) -> Standing:
        """A code that nobody has scanned cannot be closed: it dies at the time it was given."""
        found = await self._call("alipay.trade.close", {"out_trade_no": due.number})
        if found.get("code") == OK:
            return Standing("closed")
        if found.get("sub_code") in ("ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_STATUS_ERROR"):
            return await self.look(due)
        raise TryAgainError(said(found))

    async def instruct(self, instruction: Instruction) -> Outcome:
        """A void of what was paid gives all of it back; asking again finds the same refund."""
        if instruction.kind is InstructionKind.CAPTURE:
            return Outcome("done")  # taken already
        asked = {
            "out_trade_no": instruction.due.number,
            "out_request_no": instruction.number,
            "refund_amount": text_of(instruction.amount_minor, CURRENCY),
            "refund_reason": instruction.reason[:256],
        }
        found = await self._call("alipay.trade.refund", asked)
        if found.get("code") == OK:
            return await self._refunded(instruction)
        if found.get("sub_code") in NEVER:
            again = await self._refunded(instruction)  # was it an earlier try that did it?
            return again if again.status == "done" else Outcome("failed", str(found["sub_code"]))
        raise TryAgainError(said(found))

    async def _refunded(self, instruction: Instruction) -> Outcome:
        """The answer to a refund may say "no change" to a repeat; this says what there is."""
        asked = {
            "out_trade_no": instruction.due.number,
            "out_request_no": instruction.number,
            "query_options": ["gmt_refund_pay"],
        }
        found = await self._call("alipay.trade.fastpay.refund.query", asked)
        if found.get("code") != OK:
            if found.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
                return Outcome("pending")
            raise TryAgainError(said(found))
        if found.get("refund_status") != "REFUND_SUCCESS":
            return Outcome("pending")
        if amount_of(field_of(found, "refund_amount")) != instruction.amount_minor:
            raise TryAgainError("a refund of another amount has this number")
        moved_at = time_of(field_of(found, "gmt_refund_pay"))
        return Outcome("done", field_of(found, "trade_no"), moved_at)

    async def rotate(self) -> bool:
        """Alipay's keys are put into the configuration by hand."""
        return False

    async def bill(self, day: date) -> bytes:
        """A zip. Its address lives for half a minute."""
        asked = {"bill_type": "trade", "bill_date": day.isoformat()}
        found = await self._call("alipay.data.dataservice.bill.downloadurl.query", asked)
        if found.get("code") != OK:
            raise TryAgainError(said(found))
        file = await self._asking.send("GET", field_of(found, "bill_download_url"), {}, b"")
        if file.status != 200:
            raise TryAgainError(f"the bill: {file.status}")
        return file.body

    # hearing

    def hear(self, headers: Mapping[str, str], body: bytes, now_s: int) -> News | None:
        return self._of_trade(self._genuine_notice(body, now_s))

    def _genuine_notice(self, body: bytes, now_s: int) -> dict[str, str]:
        """A repeat may come a day later with its old time: it is known by its id."""
        fields = form(body)
        signatures.check(fields, self._merchant.platform)
        sent_s = time_of(text(fields, "notify_time")) // 1_000
        if not -TOLERANCE_S < now_s - sent_s < NOTICE_LIFE_S - TOLERANCE_S:
            raise NoticeRefusedError("stale")
        if fields.get("app_id") != self._merchant.app_id:
            raise NoticeRefusedError("another_app")
        return fields

    def _of_trade(self, fields: dict[str, str]) -> Paid | Doubtful:
        if fields.get("seller_id") != self._merchant.seller_id:
            raise NoticeRefusedError("another_merchant")
        notice, number = text(fields, "notify_id"), text(fields, "out_trade_no")
        if text(fields, "trade_status") not in PAID or fields.get("refund_fee"):
            return Doubtful(notice, number)
        amount = told_minor(text(fields, "total_amount"))
        paid_at = time_of(text(fields, "gmt_payment"))
        standing = Standing("taken", amount, CURRENCY, text(fields, "trade_no"), paid_at)
        return Paid(notice, number, standing)

    def taken(self) -> Acknowledgment:
        return Acknowledgment(200, b"success")

    def refused(self, status: int, code: str) -> Acknowledgment:
        return Acknowledgment(status, b"fail")

    # bills

    def bill_lines(self, data: bytes, currency: str) -> list[Billed]:
        return lines_of(data, currency)

    def period(self, day: date) -> tuple[Millis, Millis]:
        return day_in(BEIJING, day)

    # internals

    async def _call(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        """Of a genuine answer."""
        fields = self._signed(method, content)
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        body = urlencode(fields).encode()
        found = await self._asking.send("POST", self._merchant.gateway, headers, body)
        if found.status != 200:
            raise TryAgainError(f"status {found.status}")
        return self._genuine(method, found.body)

    def _signed(self, method: str, content: dict[str, Any], **more: str) -> dict[str, str]:
        """A question, whoever brings it there. What is empty is left out."""
        m = self._merchant
        fields = {
            "app_id": m.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": signatures.SCHEME,
            "timestamp": clock_text(wall_s()),
            "version": "1.0",
            "notify_url": m.notify_url,
            "biz_content": msgspec.json.encode(content).decode(),
        } | {k: x for k, x in more.items() if x}
        sign = rsa.signed(m.key, signatures.request_message(fields))
        return fields | {"sign": sign}

    def _genuine(self, method: str, body: bytes) -> dict[str, Any]:
        """The bytes of the answer within the envelope are what is signed."""
        try:
            json_object(body)  # readable in one way only
            envelope = msgspec.json.decode(body, type=dict[str, Raw])
            answer = envelope[f"{method.replace('.', '_')}_response"]
            signature = msgspec.json.decode(envelope["sign"], type=str)
            serial = msgspec.json.decode(envelope.get(signatures.SERIAL, Raw(b'""')), type=str)
            keys = self._merchant.platform
            signatures.check_message(bytes(answer), signature, serial, keys)
            return json_object(bytes(answer))
        except (NoticeRefusedError, msgspec.MsgspecError, KeyError) as error:
            raise TryAgainError(f"an answer that is not theirs: {error}") from None


def amount_of(amount: str) -> int:
    """In an answer. Raises TryAgainError."""
    try:
        return minor_of(amount, CURRENCY)
    except AmountError as error:
        raise TryAgainError(str(error)) from None


def told_minor(amount: str) -> int:
    """In a notice. Raises NoticeRefusedError("malformed")."""
    try:
        return minor_of(amount, CURRENCY)
    except AmountError as error:
        raise NoticeRefusedError("malformed", str(error)) from None


def time_of(value: str) -> Millis:
    """Beijing's, without saying so. Raises NoticeRefusedError("malformed")."""
    try:
        local = datetime.strptime(value[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        return Millis((local - datetime.fromtimestamp(0, BEIJING)) // timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        raise NoticeRefusedError("malformed", "a time") from None


def said(found: dict[str, Any]) -> str:
    return f"{str(found.get('code'))[:10]} {str(found.get('sub_code'))[:60]}"
