"""A customer's phone, or browser: what is invoked on it, and whether the provider lets it be paid.

What a merchant's client hands over is checked as the providers' own programs do: it is for this
merchant, signed by him, and can still be paid. Then its customer pays, as the conduct says.
"""

import json
from html import escape

from aiohttp import web

from gateway.clock import wall_ms, wall_s
from gateway.providers import rsa
from gateway.providers.currencies import AmountError
from gateway.providers.port import NoticeRefusedError
from gateway.providers.sandbox.alipay_desk import AlipayDesk
from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import Trade
from gateway.providers.sandbox.wechat_desk import LIFE_MS
from gateway.providers.strict import form

SIGNED_WITHIN_S = 300
FREEZE = "alipay.fund.auth.order.app.freeze"
PRODUCTS = {
    FREEZE: "PREAUTH_PAY",
    "alipay.trade.app.pay": "QUICK_MSECURITY_PAY",
    "alipay.trade.wap.pay": "QUICK_WAP_WAY",
    "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
}
SEEN = "<!doctype html><title>Sandbox</title><p>{}: it is paid in a moment.\n"


class Phone:
    """`POST /sandbox/invoke` takes a `page` as the gateway tells it; a redirect is just opened."""

    def __init__(self, identity: Identity, till: Till, alipay: AlipayDesk) -> None:
        self._identity = identity
        self._till = till
        self._alipay = alipay

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sandbox/invoke", self._invoke),
            web.get("/wechat/h5", self._h5),
            web.get("/gateway.do", self._browse),
        ]

    async def _invoke(self, request: web.Request) -> web.Response:
        try:
            page = json.loads(await request.read())
            kind, value, parameters = page["kind"], page["value"], page.get("parameters", {})
            trade = self._invoked(kind, value, parameters)
            self._till.invoke(trade)
        except RefusedError as error:
            return web.Response(status=409, text=error.code)
        except (KeyError, TypeError, ValueError) as error:
            return web.Response(status=400, text=f"malformed: {error}"[:200])
        return web.Response(status=204)

    def _invoked(self, kind: str, value: str, given: dict[str, str]) -> Trade:
        """Raises RefusedError, KeyError, ValueError."""
        if kind == "wechat_jsapi":
            return self._of_jsapi(given)
        if kind == "wechat_app":
            return self._of_app(given)
        if kind == "alipay_app":
            return self._of_order_text(value)
        if kind == "alipay_trade":
            return _known(self._till.trades.of_reference(value), "JSAPI_PAY")
        raise ValueError("that kind is not invoked on a phone")

    # WeChat's

    def _of_jsapi(self, given: dict[str, str]) -> Trade:
        name, _, prepay_id = given["package"].partition("=")
        trade = self._prepaid(prepay_id if name == "prepay_id" else "", "JSAPI")
        if given["appId"] != trade.appid or given["signType"] != "RSA":
            raise RefusedError("wrong_app")
        signed = (given["appId"], given["timeStamp"], given["nonceStr"], given["package"])
        self._check(signed, given["timeStamp"], given["paySign"])
        return trade

    def _of_app(self, given: dict[str, str]) -> Trade:
        trade = self._prepaid(given["prepayid"], "APP")
        ours = (trade.appid, self._identity.names.mchid, "Sign=WXPay")
        if (given["appid"], given["partnerid"], given["package"]) != ours:
            raise RefusedError("wrong_app")
        signed = (given["appid"], given["timestamp"], given["noncestr"], given["prepayid"])
        self._check(signed, given["timestamp"], given["sign"])
        return trade

    def _prepaid(self, prepay_id: str, kind: str) -> Trade:
        trade = _known(self._till.trades.of_prepay_id(prepay_id), kind)
        if prepay_id != trade.prepay_id or wall_ms() - trade.prepaid_ms >= LIFE_MS[kind]:
            raise RefusedError("prepay_id_expired")
        return trade

    def _check(self, lines: tuple[str, ...], at_s: str, signature: str) -> None:
        """Four lines, each with its end, under the merchant's key."""
        if abs(wall_s() - int(at_s)) >= SIGNED_WITHIN_S:
            raise RefusedError("stale")
        message = "".join(f"{x}\n" for x in lines).encode()
        try:
            rsa.check(self._identity.merchant.public_key(), message, signature)
        except NoticeRefusedError:
            raise RefusedError("bad_signature") from None

    async def _h5(self, request: web.Request) -> web.Response:
        try:
            trade = self._prepaid(request.query.get("prepay_id", ""), "MWEB")
            self._till.invoke(trade)
        except RefusedError as error:
            return web.Response(status=409, text=error.code)
        return _seen("WeChat Pay", request.query.get("redirect_url", ""))

    # Alipay's

    def _of_order_text(self, text: str) -> Trade:
        return self._brought(text.encode(), ("alipay.trade.app.pay", FREEZE))

    async def _browse(self, request: web.Request) -> web.Response:
        try:
            browsed = ("alipay.trade.wap.pay", "alipay.trade.page.pay")
            trade = self._brought(request.query_string.encode(), browsed)
            self._till.invoke(trade)
        except RefusedError as error:
            return web.Response(status=409, text=error.code)
        except (KeyError, ValueError) as error:
            return web.Response(status=400, text=f"malformed: {error}"[:200])
        return _seen("Alipay", request.query.get("return_url", ""))

    def _brought(self, question: bytes, methods: tuple[str, ...]) -> Trade:
        """The merchant's signed question: with it, the trade begins. Raises RefusedError."""
        try:
            fields = form(question)
            self._alipay.check(fields)
        except NoticeRefusedError as error:
            raise RefusedError(error.code) from None
        method, asked = fields.get("method", ""), json.loads(fields["biz_content"])
        if method not in methods or asked.get("product_code") != PRODUCTS[method]:
            raise RefusedError("wrong_product")
        if method == "alipay.trade.wap.pay" and not asked.get("quit_url"):
            raise RefusedError("quit_url")
        try:
            if method == FREEZE:
                return self._alipay.freezes.open(asked, fields["notify_url"], PRODUCTS[method])
            return self._alipay.open(asked, fields["notify_url"], kind=PRODUCTS[method])
        except AmountError:
            raise RefusedError("amount") from None


def _known(trade: Trade | None, kind: str) -> Trade:
    if trade is None or trade.kind != kind:
        raise RefusedError("unknown")
    return trade


def _seen(by: str, back: str) -> web.Response:
    """And the way back, where the merchant said one."""
    way = f'<p><a href="{escape(back)}">Back</a>\n' if back else ""
    return web.Response(text=SEEN.format(by) + way, content_type="text/html")
