"""Alipay's ways to pay besides a code: in an app, in a browser, in a mini-program.

For an app and for browsers we sign the question, and the customer's own client brings it to
Alipay; for a mini-program we make the trade, and `my.tradePay` is given its number.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from engine.values import PaymentMethod
from gateway.providers.port import Payer, PayerIncompleteError

APP, WAP, PAGE = "alipay.trade.app.pay", "alipay.trade.wap.pay", "alipay.trade.page.pay"
IN_APP = {"product_code": "QUICK_MSECURITY_PAY"}
_USER_ID = re.compile(r"2088[0-9]{12}\Z", re.ASCII)


def of_mini_program(app_id: str, payer: Payer) -> dict[str, str]:
    """Who may pay it, and in which mini-program. Raises PayerIncompleteError."""
    if not payer.openid:
        raise PayerIncompleteError("openid")
    name = "buyer_id" if _USER_ID.match(payer.openid) else "buyer_open_id"
    return {"product_code": "JSAPI_PAY", "op_app_id": app_id, name: payer.openid}


def in_browser(method: PaymentMethod, payer: Payer) -> tuple[str, dict[str, str]]:
    """On a phone, whoever turns back needs to be led somewhere. Raises PayerIncompleteError."""
    if method is PaymentMethod.WEB:
        return PAGE, {"product_code": "FAST_INSTANT_TRADE_PAY"}
    if not payer.return_url:
        raise PayerIncompleteError("return_url")
    return WAP, {"product_code": "QUICK_WAP_WAY", "quit_url": payer.return_url}


def order_text(fields: Mapping[str, str]) -> str:
    """What the SDK in an app is given: every value encoded, in the order of the names."""
    return urlencode(sorted(fields.items()))


def address(gateway: str, fields: Mapping[str, str]) -> str:
    """Where a browser goes to pay."""
    return f"{gateway}?{urlencode(sorted(fields.items()))}"
