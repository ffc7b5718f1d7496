"""Alipay's pre-authorization: a customer's money is frozen first, and paid out of what is frozen.

Authorize = frozen; capture = a trade paid by the authorization, of as much as is owed, which lets
go of the rest (`auth_confirm_mode` COMPLETE); void = unfrozen. From there on it is a trade like any
other: refunds, bills and their notices are those of trades.
"""

from collections.abc import Mapping
from typing import Any

from engine.values import InstructionKind, PaymentMethod
from gateway.clock import wall_s
from gateway.providers.alipay import (
    CURRENCY,
    GRACE_S,
    OK,
    Alipay,
    amount_of,
    said,
    time_of,
    told_minor,
)
from gateway.providers.alipay_methods import order_text
from gateway.providers.answers import field_of
from gateway.providers.currencies import text_of
from gateway.providers.port import (
    NOBODY,
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
from gateway.providers.strict import text

FREEZE_IN_APP = "alipay.fund.auth.order.app.freeze"
UNKNOWN = ("AUTH_ORDER_NOT_EXIST", "AUTH_OPERATION_NOT_EXIST")
OVER = ("CLOSED", "FINISH")


class AlipayHolds(Alipay):
    """The port, for a merchant whose customers' money is held until it is earned."""

    async def ask(self, due: Due, payer: Payer = NOBODY) -> Page:
        """A code that freezes, or what does it in an app. It lives for whole minutes."""
        minutes = max(1, -(-(due.expires_at_s - wall_s()) // 60))
        asked = {
            **_names(due),
            "order_title": f"Order {due.order}"[:100],
            "amount": text_of(due.amount_minor, CURRENCY),
            "payee_user_id": self._merchant.seller_id,
            "pay_timeout": f"{minutes}m",
        }
        if due.method is PaymentMethod.APP:
            fields = self._signed(FREEZE_IN_APP, asked | {"product_code": "PREAUTH_PAY"})
            return Page("alipay_app", order_text(fields))
        method, product = "alipay.fund.auth.order.voucher.create", {"product_code": "PRE_AUTH"}
        found = await self._call(method, asked | product)
        if found.get("code") != OK:
            raise TryAgainError(said(found))
        return Page("qr", field_of(found, "code_value"))

    async def look(self, due: Due) -> Standing:
        found = await self._frozen(due)
        if found is None:
            dead = wall_s() > due.expires_at_s + GRACE_S
            return Standing("closed" if dead else "unpaid")
        status = field_of(found, "status")
        if status == "INIT":
            return Standing("unpaid")
        if status == "CLOSED" or found.get("order_status") == "CLOSED":  # let go of meanwhile
            return Standing("closed")
        if status != "SUCCESS":
            raise TryAgainError(f"status {status[:20]}")
        amount, authorization = amount_of(field_of(found, "amount")), field_of(found, "auth_no")
        return Standing("held", amount, CURRENCY, authorization)

    async def close(self, due: Due) -> Standing:
        """What is frozen already is told: it is for a void to let go of it, once."""
        standing = await self.look(due)
        if standing.status != "unpaid":
            return standing
        asked = {**_names(due), "remark": "not wanted any more"}
        found = await self._call("alipay.fund.auth.operation.cancel", asked)
        if found.get("code") == OK:
            return Standing("closed")
        if found.get("sub_code") in UNKNOWN:
            return await self.look(due)
        raise TryAgainError(said(found))

    async def instruct(self, instruction: Instruction) -> Outcome:
        match instruction.kind:
            case InstructionKind.CAPTURE:
                return await self._pay(instruction)
            case InstructionKind.VOID:
                return await self._unfreeze(instruction)
            case InstructionKind.REFUND:
                return await super().instruct(instruction)

    def hear(self, headers: Mapping[str, str], body: bytes, now_s: int) -> News | None:
        fields = self._genuine_notice(body, now_s)
        if not fields.get("notify_type", "").startswith("fund_auth_"):
            return _carried(self._of_trade(fields))
        if fields.get("payee_user_id") != self._merchant.seller_id:
            raise NoticeRefusedError("another_merchant")
        notice, number = text(fields, "notify_id"), text(fields, "out_order_no")
        if (text(fields, "operation_type"), text(fields, "status")) != ("FREEZE", "SUCCESS"):
            return Doubtful(notice, number)
        amount, authorization = told_minor(text(fields, "amount")), text(fields, "auth_no")
        return Paid(notice, number, Standing("held", amount, CURRENCY, authorization))

    # internals

    async def _pay(self, instruction: Instruction) -> Outcome:
        """Asking again finds the same trade: its number is the payment's."""
        due = instruction.due
        found = await self._call(
            "alipay.trade.pay",
            {
                "out_trade_no": due.number,
                "auth_no": due.reference,
                "product_code": "PREAUTH_PAY",
                "auth_confirm_mode": "COMPLETE",
                "seller_id": self._merchant.seller_id,
                "subject": f"Order {due.order}"[:256],
                "total_amount": text_of(instruction.amount_minor, CURRENCY),
            },
        )
        trade = await super().look(due)
        if trade.status == "taken":
            if trade.amount_minor != instruction.amount_minor:
                raise TryAgainError("a trade of another amount has this number")
            return Outcome("done", trade.reference, trade.moved_at)
        if found.get("code") in (OK, "10003"):  # the latter: it is being paid
            return Outcome("pending")
        if await self._is_over(due):
            return Outcome("failed", str(found.get("sub_code")))
        raise TryAgainError(said(found))

    async def _unfreeze(self, instruction: Instruction) -> Outcome:
        due = instruction.due
        found = await self._call(
            "alipay.fund.auth.order.unfreeze",
            {
                "auth_no": due.reference,
                "out_request_no": instruction.number,
                "amount": text_of(instruction.amount_minor, CURRENCY),
                "remark": instruction.reason[:100],
            },
        )
        if found.get("code") == OK:
            return Outcome("done", due.reference, time_of(field_of(found, "gmt_trans")))
        if await self._is_over(due):  # by an earlier try, or by itself
            return Outcome("done", due.reference)
        raise TryAgainError(said(found))

    async def _is_over(self, due: Due) -> bool:
        found = await self._frozen(due)
        return found is not None and found.get("order_status") in OVER

    async def _frozen(self, due: Due) -> dict[str, Any] | None:
        """What Alipay knows of the authorization; None if nothing yet."""
        found = await self._call("alipay.fund.auth.operation.detail.query", {**_names(due)})
        if found.get("sub_code") in UNKNOWN:
            return None
        if found.get("code") != OK:
            raise TryAgainError(said(found))
        return found


def _names(due: Due) -> dict[str, str]:
    """One authorization, and the one thing that is done to make it."""
    return {"out_order_no": due.number, "out_request_no": due.number}


def _carried(news: Paid | Doubtful) -> News:
    """A trade is how a capture ends: nobody pays one by himself."""
    if isinstance(news, Doubtful):
        return news
    x = news.standing
    outcome = Outcome("done", x.reference, x.moved_at)
    return Carried(news.notice, news.number, outcome, x.amount_minor, x.currency)
