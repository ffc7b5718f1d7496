"""Alipay's gateway: one address, a method per question, answers signed as they stand."""

import json
import secrets
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.clock import wall_ms
from gateway.providers import alipay_signatures as signatures
from gateway.providers.currencies import minor_of, text_of
from gateway.providers.port import NoticeRefusedError
from gateway.providers.sandbox.bills import alipay_bill
from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.postman import Letter
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import CLOSED, TAKEN, UNPAID, Refund, Trade
from gateway.providers.strict import form
from gateway.providers.wechat import BEIJING

NAME, CURRENCY = "alipay", "CNY"
Answer = dict[str, Any]


class AlipayDesk:
    def __init__(self, identity: Identity, till: Till) -> None:
        self._identity = identity
        self._till = till
        till.tellers[NAME] = self
        self._methods = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill_url,
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
            key = {"": self._identity.merchant.public_key()}
            signatures.check_message(
                signatures.request_message(fields), fields.get("sign", ""), "", key
            )
            if fields.get("app_id") != self._identity.names.app_id:
                raise NoticeRefusedError("another_app")
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
        sign = signatures.signed(self._identity.platform, answer.encode())
        name = f"{method.replace('.', '_')}_response"
        body = f'{{"{name}":{answer},"sign":"{sign}"}}'
        return web.Response(body=body.encode(), content_type="application/json")

    # what it is asked

    def _precreate(self, asked: Answer) -> Answer:
        until = datetime.fromisoformat(f"{asked['time_expire']}+08:00")
        try:
            trade = self._till.open(
                NAME,
                asked["out_trade_no"],
                minor_of(asked["total_amount"], CURRENCY),
                CURRENCY,
                asked["subject"],
                self._notify_url,
                int(until.timestamp()),
            )
        except RefusedError as error:
            code = {"paid": "ACQ.TRADE_HAS_SUCCESS", "closed": "ACQ.TRADE_HAS_CLOSE"}
            return _refused(code.get(error.code, "ACQ.CONTEXT_INCONSISTENT"))
        return _done(out_trade_no=trade.number, qr_code=f"https://qr.alipay.com/{trade.reference}")

    def _query(self, asked: Answer) -> Answer:
        trade = self._till.trades.get(NAME, asked["out_trade_no"])
        if trade is None or (trade.status == UNPAID and trade.is_past):
            return _refused("ACQ.TRADE_NOT_EXIST")
        told = {
            "trade_status": _status(trade),
            "total_amount": text_of(trade.amount_minor, CURRENCY),
        }
        if trade.status == TAKEN:
            told["send_pay_date"] = _time(trade.paid_ms)
        return _done(out_trade_no=trade.number, trade_no=trade.reference, **told)

    def _close(self, asked: Answer) -> Answer:
        try:
            trade = self._till.shut(NAME, asked["out_trade_no"])
        except RefusedError as error:
            unknown = error.code == "unknown"
            return _refused("ACQ.TRADE_NOT_EXIST" if unknown else "ACQ.TRADE_STATUS_ERROR")
        return _done(out_trade_no=trade.number, trade_no=trade.reference)

    def _refund(self, asked: Answer) -> Answer:
        """At once; a repeat is told that nothing changed."""
        trade = self._till.trades.get(NAME, asked["out_trade_no"])
        if trade is None:
            return _refused("ACQ.TRADE_NOT_EXIST")
        known = asked["out_request_no"] in trade.refunds
        amount = minor_of(asked["refund_amount"], CURRENCY)
        try:
            self._till.give_back(trade, asked["out_request_no"], amount)
        except RefusedError as error:
            differs = error.code == "differs"
            return _refused(
                "ACQ.INVALID_PARAMETER" if differs else "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
            )
        back = text_of(trade.refunded_minor, CURRENCY)
        change = "N" if known else "Y"
        return _done(trade_no=trade.reference, refund_fee=back, fund_change=change)

    def _refund_query(self, asked: Answer) -> Answer:
        trade = self._till.trades.get(NAME, asked["out_trade_no"])
        refund = trade.refunds.get(asked["out_request_no"]) if trade else None
        if trade is None:
            return _refused("ACQ.TRADE_NOT_EXIST")
        if refund is None or refund.status != "SUCCESS":
            return _done()
        return _done(
            trade_no=trade.reference,
            out_request_no=refund.number,
            refund_amount=text_of(refund.amount_minor, CURRENCY),
            refund_status="REFUND_SUCCESS",
            gmt_refund_pay=_time(refund.done_ms),
        )

    def _bill_url(self, asked: Answer) -> Answer:
        key = self._identity.names.app_id
        return _done(bill_download_url=f"{self._base}/alipay/bill/{asked['bill_date']}/{key}")

    async def _download(self, request: web.Request) -> web.Response:
        if request.match_info["key"] != self._identity.names.app_id:
            return web.Response(status=404)
        day = date.fromisoformat(request.match_info["day"])
        trades = self._till.trades.of_provider(NAME)
        return web.Response(body=alipay_bill(trades, day, self._identity.names.seller_id))

    # what it tells

    def tell_paid(self, trade: Trade) -> None:
        self._tell(trade, gmt_payment=_time(trade.paid_ms))

    def tell_captured(self, trade: Trade) -> None:
        """Nothing is: it was taken when it was paid."""

    def tell_failed(self, trade: Trade) -> None:
        if trade.status == CLOSED:
            self._tell(trade, gmt_close=_time(wall_ms()))

    def tell_refunded(self, trade: Trade, refund: Refund) -> None:
        self._tell(
            trade,
            gmt_payment=_time(trade.paid_ms),
            gmt_refund=_time(refund.done_ms),
            out_biz_no=refund.number,
            refund_fee=text_of(trade.refunded_minor, CURRENCY),
        )

    def _tell(self, trade: Trade, **more: str) -> None:
        fields = {
            "notify_time": _time(wall_ms()),
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(17),
            "charset": "utf-8",
            "version": "1.0",
            "app_id": self._identity.names.app_id,
            "seller_id": self._identity.names.seller_id,
            "trade_no": trade.reference,
            "out_trade_no": trade.number,
            "subject": trade.note,
            "trade_status": _status(trade),
            "total_amount": text_of(trade.amount_minor, CURRENCY),
        } | more
        message = signatures.notice_message(fields)
        fields |= {"sign_type": "RSA2", "sign": signatures.signed(self._identity.platform, message)}
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        letter = Letter(trade.notify_url, headers, urlencode(fields).encode())
        self._till.postman.post(
            lambda: letter, lambda status, body: status == 200 and body == b"success"
        )


def _status(trade: Trade) -> str:
    all_back = trade.status == TAKEN and trade.refunded_minor == trade.amount_minor
    if trade.status == CLOSED or all_back:
        return "TRADE_CLOSED"
    return "TRADE_SUCCESS" if trade.status == TAKEN else "WAIT_BUYER_PAY"


def _done(**told: str) -> Answer:
    return {"code": "10000", "msg": "Success"} | told


def _refused(sub_code: str) -> Answer:
    return {"code": "40004", "msg": "Business Failed", "sub_code": sub_code}


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1_000, BEIJING):%Y-%m-%d %H:%M:%S}"
