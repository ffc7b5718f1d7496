"""Alipay's gateway: one address, a method per question, answers signed as they stand."""

import json
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.clock import wall_ms
from gateway.providers import alipay_signatures as signatures
from gateway.providers import rsa
from gateway.providers.currencies import minor_of, text_of
from gateway.providers.port import NoticeRefusedError
from gateway.providers.sandbox.alipay_freezes import (
    Freezes,
    done,
    freeze_told,
    refused,
    time_text,
)
from gateway.providers.sandbox.bills import alipay_bill
from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.postman import Letter
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import CLOSED, TAKEN, UNPAID, Refund, Trade
from gateway.providers.strict import form

NAME, CURRENCY = "alipay", "CNY"
TAKES_NOT = {"paid": "ACQ.TRADE_HAS_SUCCESS", "closed": "ACQ.TRADE_HAS_CLOSE"}
Fields = dict[str, Any]


class AlipayDesk:
    def __init__(self, identity: Identity, till: Till) -> None:
        self._identity = identity
        self._till = till
        till.tellers[NAME] = self
        self.freezes = Freezes(till, lambda: self._notify_url)
        self._methods = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.create": self._create,
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill_url,
            **self.freezes.methods,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/gateway.do", self._asked),
            web.get("/alipay/bill/{day}/{key}", self._download),
        ]

    async def _asked(self, request: web.Request) -> web.Response:
        fields = form(await request.read())
        method = fields.get("method", "")
        try:
            self.check(fields)
            self._notify_url = fields["notify_url"]
            self._base = f"{request.scheme}://{request.host}"
            told = self._methods[method](json.loads(fields["biz_content"]))
        except NoticeRefusedError:
            told = {
                "code": "40002",
                "msg": "Invalid Arguments",
                "sub_code": "isv.invalid-signature",
            }
        answer = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        sign = rsa.signed(self._identity.platform, answer.encode())
        name = f"{method.replace('.', '_')}_response"
        body = f'{{"{name}":{answer},"sign":"{sign}"}}'
        return web.Response(body=body.encode(), content_type="application/json")

    def check(self, fields: Mapping[str, str]) -> None:
        """Is it the merchant who asks? Raises NoticeRefusedError."""
        key = {"": self._identity.merchant.public_key()}
        message = signatures.request_message(fields)
        signatures.check_message(message, fields.get("sign", ""), "", key)
        if fields.get("app_id") != self._identity.names.app_id:
            raise NoticeRefusedError("another_app")

    def open(self, asked: Fields, notify_url: str, **way: str) -> Trade:
        """Raises RefusedError."""
        until = datetime.fromisoformat(f"{asked['time_expire']}+08:00")
        return self._till.open(
            NAME,
            asked["out_trade_no"],
            minor_of(asked["total_amount"], CURRENCY),
            CURRENCY,
            asked["subject"],
            notify_url,
            int(until.timestamp()),
            kind=way.get("kind", ""),
            payer=way.get("payer", ""),
        )

    # what it is asked

    def _precreate(self, asked: Fields) -> Fields:
        try:
            trade = self.open(asked, self._notify_url)
        except RefusedError as error:
            return refused(TAKES_NOT.get(error.code, "ACQ.CONTEXT_INCONSISTENT"))
        return done(out_trade_no=trade.number, qr_code=f"https://qr.alipay.com/{trade.reference}")

    def _create(self, asked: Fields) -> Fields:
        """Of a mini-program: it can be paid by that one person, in it."""
        payer = asked.get("buyer_id") or asked.get("buyer_open_id") or ""
        ours = asked.get("op_app_id") == self._identity.names.mini_program
        if asked.get("product_code") != "JSAPI_PAY" or not payer or not ours:
            return refused("ACQ.INVALID_PARAMETER")
        try:
            trade = self.open(asked, self._notify_url, kind="JSAPI_PAY", payer=payer)
        except RefusedError as error:
            return refused(TAKES_NOT.get(error.code, "ACQ.CONTEXT_INCONSISTENT"))
        return done(out_trade_no=trade.number, trade_no=trade.reference)

    def _query(self, asked: Fields) -> Fields:
        trade = self._till.trades.get(NAME, asked["out_trade_no"])
        if trade is None or (trade.status == UNPAID and trade.is_past):
            return refused("ACQ.TRADE_NOT_EXIST")
        if trade.holds and trade.status != TAKEN:
            return refused("ACQ.TRADE_NOT_EXIST")
        told = {"trade_status": _status(trade), "total_amount": _total(trade)}
        if trade.status == TAKEN:
            told["send_pay_date"] = time_text(trade.taken_ms)
        return done(out_trade_no=trade.number, trade_no=trade.reference, **told)

    def _close(self, asked: Fields) -> Fields:
        try:
            trade = self._till.shut(NAME, asked["out_trade_no"])
        except RefusedError as error:
            unknown = error.code == "unknown"
            return refused("ACQ.TRADE_NOT_EXIST" if unknown else "ACQ.TRADE_STATUS_ERROR")
        return done(out_trade_no=trade.number, trade_no=trade.reference)

    def _refund(self, asked: Fields) -> Fields:
        """At once; a repeat is told that nothing changed."""
        trade = self._till.trades.get(NAME, asked["out_trade_no"])
        if trade is None:
            return refused("ACQ.TRADE_NOT_EXIST")
        known = asked["out_request_no"] in trade.refunds
        amount = minor_of(asked["refund_amount"], CURRENCY)
        try:
            self._till.give_back(trade, asked["out_request_no"], amount)
        except RefusedError as error:
            differs = error.code == "differs"
            return refused("ACQ.INVALID_PARAMETER" if differs else "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        back = text_of(trade.refunded_minor, CURRENCY)
        change = "N" if known else "Y"
        return done(trade_no=trade.reference, refund_fee=back, fund_change=change)

    def _refund_query(self, asked: Fields) -> Fields:
        trade = self._till.trades.get(NAME, asked["out_trade_no"])
        refund = trade.refunds.get(asked["out_request_no"]) if trade else None
        if trade is None:
            return refused("ACQ.TRADE_NOT_EXIST")
        if refund is None or refund.status != "SUCCESS":
            return done()
        return done(
            trade_no=trade.reference,
            out_request_no=refund.number,
            refund_amount=text_of(refund.amount_minor, CURRENCY),
            refund_status="REFUND_SUCCESS",
            gmt_refund_pay=time_text(refund.done_ms),
        )

    def _bill_url(self, asked: Fields) -> Fields:
        key = self._identity.names.app_id
        return done(bill_download_url=f"{self._base}/alipay/bill/{asked['bill_date']}/{key}")

    async def _download(self, request: web.Request) -> web.Response:
        if request.match_info["key"] != self._identity.names.app_id:
            return web.Response(status=404)
        day = date.fromisoformat(request.match_info["day"])
        trades = self._till.trades.of_provider(NAME)
        return web.Response(body=alipay_bill(trades, day, self._identity.names.seller_id))

    # what it tells

    def tell_paid(self, trade: Trade) -> None:
        if trade.holds:
            self._tell_freeze(trade)
        else:
            self._tell(trade, gmt_payment=time_text(trade.taken_ms))

    def tell_captured(self, trade: Trade) -> None:
        """Of what was frozen; anything else was taken when it was paid."""
        self._tell(trade, gmt_payment=time_text(trade.taken_ms))

    def tell_failed(self, trade: Trade) -> None:
        if trade.status == CLOSED and not trade.holds:
            self._tell(trade, gmt_close=time_text(wall_ms()))
        elif trade.status == CLOSED and trade.paid_ms:
            self._tell_freeze(trade)

    def tell_refunded(self, trade: Trade, refund: Refund) -> None:
        self._tell(
            trade,
            gmt_payment=time_text(trade.taken_ms),
            gmt_refund=time_text(refund.done_ms),
            out_biz_no=refund.number,
            refund_fee=text_of(trade.refunded_minor, CURRENCY),
        )

    def _tell(self, trade: Trade, **more: str) -> None:
        told = {
            "notify_type": "trade_status_sync",
            "seller_id": self._identity.names.seller_id,
            "trade_no": trade.reference,
            "out_trade_no": trade.number,
            "subject": trade.note,
            "trade_status": _status(trade),
            "total_amount": _total(trade),
        }
        self._post(trade, told | more)

    def _tell_freeze(self, trade: Trade) -> None:
        payee = {"payee_user_id": self._identity.names.seller_id}
        self._post(trade, freeze_told(trade) | payee)

    def _post(self, trade: Trade, told: dict[str, str]) -> None:
        fields = {
            "notify_time": time_text(wall_ms()),
            "notify_id": secrets.token_hex(17),
            "charset": "utf-8",
            "version": "1.0",
            "app_id": self._identity.names.app_id,
        } | told
        message = signatures.notice_message(fields)
        fields |= {"sign_type": "RSA2", "sign": rsa.signed(self._identity.platform, message)}
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        letter = Letter(trade.notify_url, headers, urlencode(fields).encode())
        self._till.postman.post(
            lambda: letter, lambda status, body: status == 200 and body == b"success"
        )


def _total(trade: Trade) -> str:
    """Of a trade: of what was frozen, what was taken."""
    amount = trade.taken_minor if trade.status == TAKEN else trade.amount_minor
    return text_of(amount, CURRENCY)


def _status(trade: Trade) -> str:
    all_back = trade.status == TAKEN and trade.refunded_minor == trade.taken_minor
    if trade.status == CLOSED or all_back:
        return "TRADE_CLOSED"
    return "TRADE_SUCCESS" if trade.status == TAKEN else "WAIT_BUYER_PAY"
