"""Alipay's desk for pre-authorizations: money is frozen, and paid or let go of later."""

from collections.abc import Callable
from typing import Any

from gateway.clock import wall_ms, wall_s
from gateway.providers.currencies import minor_of, text_of
from gateway.providers.days import clock_text
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import CLOSED, HELD, TAKEN, UNPAID, Trade

NAME, CURRENCY = "alipay", "CNY"
Fields = dict[str, Any]


class Freezes:
    """`notify_url` of the question that is being answered."""

    def __init__(self, till: Till, notify_url: Callable[[], str]) -> None:
        self._till = till
        self._notify_url = notify_url
        self.methods: dict[str, Callable[[Fields], Fields]] = {
            "alipay.fund.auth.order.voucher.create": self._create,
            "alipay.fund.auth.operation.detail.query": self._query,
            "alipay.fund.auth.operation.cancel": self._cancel,
            "alipay.fund.auth.order.unfreeze": self._unfreeze,
            "alipay.trade.pay": self._pay,
        }

    def _create(self, asked: Fields) -> Fields:
        try:
            trade = self.open(asked, self._notify_url())
        except RefusedError as error:
            return refused("REQUEST_AMOUNT_EXCEED" if error.code == "differs" else "ORDER_CLOSED")
        code = f"https://qr.alipay.com/{trade.reference}"
        names = {"out_order_no": trade.number, "out_request_no": asked["out_request_no"]}
        return done(**names, code_type="barcode", code_value=code)

    def open(self, asked: Fields, notify_url: str, kind: str = "") -> Trade:
        """What is frozen once it is paid. Raises RefusedError."""
        minutes = int(asked["pay_timeout"].removesuffix("m"))
        return self._till.open(
            NAME,
            asked["out_order_no"],
            minor_of(asked["amount"], CURRENCY),
            CURRENCY,
            asked["order_title"],
            notify_url,
            wall_s() + 60 * minutes,
            holds=True,
            kind=kind,
        )

    def _query(self, asked: Fields) -> Fields:
        trade = self._till.trades.get(NAME, asked["out_order_no"])
        if trade is None or not trade.holds:
            return refused("AUTH_ORDER_NOT_EXIST")
        return done(**_told(trade))

    def _cancel(self, asked: Fields) -> Fields:
        held = self._till.trades.get(NAME, asked["out_order_no"])
        action = "unfreeze" if held is not None and held.status == HELD else "close"
        try:
            trade = self._till.shut(NAME, asked["out_order_no"])
        except RefusedError as error:
            known = error.code == "paid"
            return refused("AUTH_ORDER_HAS_PAID" if known else "AUTH_ORDER_NOT_EXIST")
        return done(auth_no=trade.reference, out_order_no=trade.number, action=action)

    def _unfreeze(self, asked: Fields) -> Fields:
        trade = self._till.trades.of_reference(asked["auth_no"])
        if trade is None or trade.status != HELD:
            return refused("ORDER_ALREADY_CLOSED" if trade else "AUTH_ORDER_NOT_EXIST")
        if minor_of(asked["amount"], CURRENCY) != trade.amount_minor:
            return refused("REQUEST_AMOUNT_EXCEED")
        self._till.shut(NAME, trade.number)
        return done(auth_no=trade.reference, status="SUCCESS", gmt_trans=time_text(wall_ms()))

    def _pay(self, asked: Fields) -> Fields:
        trade = self._till.trades.of_reference(asked["auth_no"])
        if trade is None or trade.number != asked["out_trade_no"]:
            return refused("ACQ.INVALID_PARAMETER")
        if trade.status == TAKEN:
            return refused("ACQ.TRADE_HAS_SUCCESS")
        amount = minor_of(asked["total_amount"], CURRENCY)
        try:
            self._till.capture(trade, amount)
        except RefusedError:
            return refused("ACQ.TRADE_HAS_CLOSE")
        total = text_of(amount, CURRENCY)
        return done(out_trade_no=trade.number, trade_no=trade.reference, total_amount=total)


def freeze_told(trade: Trade) -> Fields:
    """In a notice, when something came of it."""
    frozen = trade.status == HELD
    return {
        "notify_type": "fund_auth_freeze" if frozen else "fund_auth_unfreeze",
        "operation_type": "FREEZE" if frozen else "UNFREEZE",
        "status": "SUCCESS",
        "auth_no": trade.reference,
        "out_order_no": trade.number,
        "out_request_no": trade.number,
        "amount": text_of(trade.amount_minor, CURRENCY),
        "gmt_trans": time_text(trade.paid_ms or wall_ms()),
    }


def _told(trade: Trade) -> Fields:
    dead = trade.status == CLOSED or (trade.status == UNPAID and trade.is_past)
    orders = {UNPAID: "INIT", HELD: "AUTHORIZED", TAKEN: "FINISH"}
    waits = "CLOSED" if dead else "INIT"
    return {
        "auth_no": trade.reference,
        "out_order_no": trade.number,
        "out_request_no": trade.number,
        "operation_type": "FREEZE",
        "amount": text_of(trade.amount_minor, CURRENCY),
        "status": "SUCCESS" if trade.paid_ms else waits,
        "order_status": "CLOSED" if dead else orders[trade.status],
    }


def done(**told: str) -> Fields:
    return {"code": "10000", "msg": "Success"} | told


def refused(sub_code: str) -> Fields:
    return {"code": "40004", "msg": "Business Failed", "sub_code": sub_code}


def time_text(at_ms: int) -> str:
    return clock_text(at_ms // 1_000)
