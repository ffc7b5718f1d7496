"""What a provider answers is believed as little as a notice: unsigned, forged or another's, it is
no answer, nothing is settled by it, and it is asked again."""

import asyncio
import json
from random import Random

import pytest

from engine.values import InstructionId, InstructionKind, OrderId, PaymentId
from gateway.clock import wall_s
from gateway.providers import rsa
from gateway.providers.asking import Response
from gateway.providers.days import clock_text
from gateway.providers.port import Due, Instruction, TryAgainError
from tests.genuine_notices import wechat_signed
from tests.payments.test_provider_forgeries import flipped, forged_header
from tests.provider_keys import alipay, rsa_key, wechat

DUE = Due(PaymentId("o/1"), OrderId("o"), 1_700, "CNY", wall_s() + 900)
REFUND = Instruction(InstructionId("o/1/r"), InstructionKind.REFUND, 500, "cold", DUE, True)
PAID_AT = "2023-11-15T06:13:20+08:00"


class Told:
    """A provider that answers what the test says."""

    def __init__(self, status, headers, body):
        self.answer = Response(status, headers, body)
        self.asked = []

    async def send(self, method, url, headers, body):
        self.asked.append(url)
        return self.answer


# by provider: what is asked, and what it answers


def trade(**changed):
    return {
        "mchid": "1900000109",
        "out_trade_no": DUE.number,
        "transaction_id": "4200001",
        "trade_state": "SUCCESS",
        "success_time": PAID_AT,
        "amount": {"total": 1_700, "currency": "CNY"},
    } | changed


def refund(**changed):
    return {
        "refund_id": "5000001",
        "out_refund_no": REFUND.number,
        "out_trade_no": DUE.number,
        "status": "SUCCESS",
        "create_time": PAID_AT,
        "amount": {"refund": 500, "total": 1_700, "currency": "CNY"},
    } | changed


WECHAT = {
    "ask": (lambda x: x.ask(DUE), {"code_url": "weixin://wxpay/x"}),
    "look": (lambda x: x.look(DUE), trade()),
    "instruct": (lambda x: x.instruct(REFUND), refund()),
}
ALIPAY = {
    "ask": (
        lambda x: x.ask(DUE),
        "alipay_trade_precreate_response",
        {"code": "10000", "out_trade_no": DUE.number, "qr_code": "https://qr.alipay.com/x"},
    ),
    "look": (
        lambda x: x.look(DUE),
        "alipay_trade_query_response",
        {
            "code": "10000",
            "out_trade_no": DUE.number,
            "trade_no": "2023",
            "trade_status": "TRADE_SUCCESS",
            "total_amount": "17.00",
            "send_pay_date": clock_text(wall_s()),
        },
    ),
    "close": (
        lambda x: x.close(DUE),
        "alipay_trade_close_response",
        {"code": "10000", "out_trade_no": DUE.number},
    ),
}


def wechat_answer(told):
    body = json.dumps(told).encode()
    return wechat_signed(body, wall_s()), body


def alipay_answer(name, told, key="platform", **more):
    answer = json.dumps(told)
    sign = rsa.signed(rsa_key(key), answer.encode())
    rest = "".join(f', "{k}": "{x}"' for k, x in ({"sign": sign} | more).items())
    return f'{{"{name}": {answer}{rest}}}'.encode()


def of_wechat(call, headers, body, status=200):
    return asyncio.run(call(wechat(Told(status, headers, body))))


def of_alipay(call, body, **changed):
    return asyncio.run(call(alipay(Told(200, {}, body), **changed)))


def refused_by_wechat(call, headers, body):
    with pytest.raises(TryAgainError, match="not theirs") as info:
        of_wechat(call, headers, body)
    return info.value


def refused_by_alipay(call, body):
    with pytest.raises(TryAgainError, match="not theirs"):
        of_alipay(call, body)


# WeChat


@pytest.mark.parametrize("name", WECHAT)
def test_an_answer_that_wechat_did_not_sign_is_none(name):
    call, told = WECHAT[name]
    headers, body = wechat_answer(told)
    assert of_wechat(call, headers, body)  # the genuine one is believed
    refused_by_wechat(call, {}, body)
    for gone in headers:
        refused_by_wechat(call, {k: x for k, x in headers.items() if k != gone}, body)
    other = rsa.signed(rsa_key("strange"), b"x")
    refused_by_wechat(call, headers | {"Wechatpay-Signature": other}, body)
    refused_by_wechat(call, wechat_signed(body, wall_s() - 300), body)  # said long ago
    rng = Random(name)
    for _ in range(100):
        refused_by_wechat(call, headers, flipped(rng, body))
        bad = forged_header(rng, headers)
        if bad["Wechatpay-Serial"] == headers["Wechatpay-Serial"]:  # else they ask for its key
            refused_by_wechat(call, bad, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_whatever_success_it_says(status):
    with pytest.raises(TryAgainError, match="not theirs"):
        of_wechat(lambda x: x.close(DUE), {}, b"", status)


def test_a_close_that_wechat_signed_is_believed():
    told = of_wechat(lambda x: x.close(DUE), wechat_signed(b"", wall_s()), b"", 204)
    assert told.status == "closed"


@pytest.mark.parametrize("changed", [{"out_trade_no": "another"}, {"mchid": "1900000110"}])
def test_what_wechat_said_of_another_trade_is_not_said_of_this_one(changed):
    with pytest.raises(TryAgainError, match="another"):
        of_wechat(lambda x: x.look(DUE), *wechat_answer(trade(**changed)))


@pytest.mark.parametrize(
    "changed", [{"out_refund_no": "another"}, {"amount": {"refund": 499, "currency": "CNY"}}]
)
def test_what_wechat_said_of_another_refund_is_not_said_of_this_one(changed):
    with pytest.raises(TryAgainError, match="another"):
        of_wechat(lambda x: x.instruct(REFUND), *wechat_answer(refund(**changed)))


# Alipay


@pytest.mark.parametrize("name", ALIPAY)
def test_an_answer_that_alipay_did_not_sign_is_none(name):
    call, envelope, told = ALIPAY[name]
    good = alipay_answer(envelope, told)
    assert of_alipay(call, good)
    answer = json.dumps(told)
    refused_by_alipay(call, f'{{"{envelope}": {answer}}}'.encode())
    refused_by_alipay(call, f'{{"{envelope}": {answer}, "sign": ""}}'.encode())
    refused_by_alipay(call, f'{{"{envelope}": {answer}, "sign": null}}'.encode())
    refused_by_alipay(call, alipay_answer(envelope, told, "strange"))
    refused_by_alipay(call, alipay_answer(envelope, told, alipay_cert_sn="stranger"))
    refused_by_alipay(call, alipay_answer("alipay_trade_refund_response", told))
    refused_by_alipay(call, good.replace(answer.encode(), json.dumps(told, indent=1).encode()))
    twice = good.replace(b'{"alipay', f'{{"{envelope}": {{"code": "10000"}}, "alipay'.encode(), 1)
    refused_by_alipay(call, twice)
    at, rng = good.index(answer.encode()), Random(name)
    for _ in range(100):  # the answer itself: that the envelope is not signed harms nobody
        changed = flipped(rng, answer.encode())
        refused_by_alipay(call, good[:at] + changed + good[at + len(answer) :])


def test_what_alipay_said_of_another_trade_is_not_said_of_this_one():
    call, envelope, told = ALIPAY["look"]
    with pytest.raises(TryAgainError, match="another"):
        of_alipay(call, alipay_answer(envelope, told | {"out_trade_no": "another"}))
