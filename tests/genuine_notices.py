"""Notices as each provider sends them, signed with its test key; and what it takes to refuse one."""

import json
from urllib.parse import urlencode

import pytest

from gateway.providers import alipay_signatures, rsa, stripe_signatures, wechat_signatures
from gateway.providers.port import NoticeRefusedError, number_of
from tests.provider_keys import API_V3_KEY, NOW_S, SECRETS, SERIAL, alipay, rsa_key, stripe, wechat

NUMBER = number_of("o/1")


def wechat_notice(plain=None, *, at=NOW_S, kind="TRANSACTION.SUCCESS", serial=SERIAL, **resource):
    """As WeChat sends one: headers and body."""
    plain = plain or {
        "mchid": "1900000109",
        "appid": "wx8888",
        "out_trade_no": NUMBER,
        "transaction_id": "4200001",
        "trade_state": "SUCCESS",
        "success_time": "2023-11-15T06:13:20+08:00",
        "amount": {"total": 1700, "currency": "CNY"},
    }
    nonce, associated = "0123456789ab", "transaction"
    sealed = wechat_signatures.sealed(API_V3_KEY, nonce, associated, json.dumps(plain).encode())
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": sealed,
        "associated_data": associated,
        "nonce": nonce,
        "original_type": "transaction",
    } | resource
    envelope = {
        "id": "EV-1",
        "create_time": "2023-11-15T06:13:20+08:00",
        "event_type": kind,
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": resource,
    }
    body = json.dumps(envelope, ensure_ascii=False).encode()
    return wechat_signed(body, at, serial), body


def wechat_signed(body: bytes, at: int = NOW_S, serial: str = SERIAL) -> dict[str, str]:
    key = rsa_key("platform" if serial == SERIAL else "platform 2")
    message = wechat_signatures.notice_message(str(at), "NONCE1234567890", body)
    return {
        "Wechatpay-Timestamp": str(at),
        "Wechatpay-Nonce": "NONCE1234567890",
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": rsa.signed(key, message),
    }


def alipay_notice(at: str = "2023-11-15 06:13:20", **changed):
    fields = {
        "notify_id": "n-1",
        "notify_type": "trade_status_sync",
        "notify_time": at,
        "app_id": "2021000001",
        "seller_id": "2088000001",
        "out_trade_no": NUMBER,
        "trade_no": "2023",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "17.00",
        "gmt_payment": "2023-11-15 06:13:19",
        "subject": "面 & 汤 +1",
        "charset": "utf-8",
    } | changed
    fields = {k: x for k, x in fields.items() if x is not None}
    sign = rsa.signed(rsa_key("platform"), alipay_signatures.notice_message(fields))
    return {}, urlencode(fields | {"sign_type": "RSA2", "sign": sign}).encode()


def stripe_notice(kind="payment_intent.amount_capturable_updated", at=NOW_S, **about):
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "requires_capture",
        "amount_capturable": 1700,
        "amount_received": 0,
        "currency": "cny",
        "metadata": {"number": NUMBER},
    } | about
    event = {
        "id": "evt_1",
        "type": kind,
        "livemode": False,
        "created": at,
        "data": {"object": intent},
    }
    body = json.dumps(event).encode()
    return {"Stripe-Signature": stripe_signatures.header_of([SECRETS[1]], at, body)}, body


GENUINE = {
    "wechat": (wechat, wechat_notice),
    "alipay": (alipay, alipay_notice),
    "stripe": (stripe, stripe_notice),
}


def refused(provider, headers, body, code=None, now_s=NOW_S):
    with pytest.raises(NoticeRefusedError) as info:
        provider.hear(headers, body, now_s)
    assert code is None or info.value.code == code, info.value
    return info.value.code
