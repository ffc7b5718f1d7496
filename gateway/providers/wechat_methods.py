"""WeChat Pay's ways to pay besides a code: what each asks for, and what invokes it.

In a mini-program and in an official account JSAPI, in an app APP, in a phone's browser H5. Each
has an app id of its own, by which the payer's openid is known, and which the notice names.
"""

from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from engine.values import PaymentMethod
from gateway.providers.asking import nonce
from gateway.providers.port import Due, Page, Payer, PayerIncompleteError
from gateway.providers.rsa import signed

JSAPI = (PaymentMethod.MINI_PROGRAM, PaymentMethod.OFFICIAL_ACCOUNT)
RESOURCE = {
    PaymentMethod.DEFAULT: "native",
    PaymentMethod.MINI_PROGRAM: "jsapi",
    PaymentMethod.OFFICIAL_ACCOUNT: "jsapi",
    PaymentMethod.APP: "app",
    PaymentMethod.H5: "h5",
}
ANSWER = {"native": "code_url", "jsapi": "prepay_id", "app": "prepay_id", "h5": "h5_url"}
DEVICES = {"wap": "Wap", "ios": "iOS", "android": "Android"}


def about_payer(method: PaymentMethod, payer: Payer) -> dict[str, Any]:
    """What is said of him in the request. Raises PayerIncompleteError."""
    if method in JSAPI:
        if not payer.openid:
            raise PayerIncompleteError("openid")
        return {"payer": {"openid": payer.openid}}
    if method is PaymentMethod.H5:
        if not payer.client_ip:
            raise PayerIncompleteError("client_ip")
        scene = {"type": DEVICES[payer.device]}
        return {"scene_info": {"payer_client_ip": payer.client_ip, "h5_info": scene}}
    return {}


def page_of(
    due: Due, payer: Payer, answer: str, appid: str, mchid: str, key: RSAPrivateKey, now_s: int
) -> Page:
    """What the customer's client is told; signed for this moment, where it has to be."""
    if due.method in JSAPI:
        return Page("wechat_jsapi", answer, _for_jsapi(answer, appid, key, now_s, nonce()))
    if due.method is PaymentMethod.APP:
        return Page("wechat_app", answer, _for_app(answer, appid, mchid, key, now_s, nonce()))
    if due.method is PaymentMethod.H5:
        back = f"&{urlencode({'redirect_url': payer.return_url})}" if payer.return_url else ""
        return Page("redirect", answer + back)
    return Page("qr", answer)


def _for_jsapi(
    prepay_id: str, appid: str, key: RSAPrivateKey, now_s: int, once: str
) -> dict[str, str]:
    """For `wx.requestPayment`, or the bridge of an official account's page."""
    package = f"prepay_id={prepay_id}"
    return {
        "appId": appid,
        "timeStamp": str(now_s),
        "nonceStr": once,
        "package": package,
        "signType": "RSA",
        "paySign": signed(key, four_lines(appid, now_s, once, package)),
    }


def _for_app(
    prepay_id: str, appid: str, mchid: str, key: RSAPrivateKey, now_s: int, once: str
) -> dict[str, str]:
    """For the SDK in an app: the package says nothing, the prepay id itself is signed."""
    return {
        "appid": appid,
        "partnerid": mchid,
        "prepayid": prepay_id,
        "package": "Sign=WXPay",
        "noncestr": once,
        "timestamp": str(now_s),
        "sign": signed(key, four_lines(appid, now_s, once, prepay_id)),
    }


def four_lines(appid: str, now_s: int, once: str, what: str) -> bytes:
    """What is signed to invoke a payment."""
    return f"{appid}\n{now_s}\n{once}\n{what}\n".encode()
