"""Whom to believe, and what is said: the published golden values, and what is not for us."""

import base64
import json
from hashlib import sha256

import pytest

from gateway.providers import alipay_signatures, stripe_signatures, wechat_signatures
from gateway.providers.port import Carried, Doubtful, NoticeRefusedError, Paid
from gateway.providers.strict import form
from tests.genuine_notices import (
    GENUINE,
    NUMBER,
    alipay_notice,
    refused,
    stripe_notice,
    wechat_notice,
)
from tests.provider_keys import (
    API_V3_KEY,
    NOW_S,
    OTHER_SERIAL,
    SECRETS,
    alipay,
    stripe,
    wechat,
)

BODY = b'{"id":"evt_1","type":"order.paid","data":{"order_id":"o_1"}}'


# golden values


def test_stripes_signature_is_what_stripe_computes():
    assert len(BODY) == 60
    golden = "2dd86e1c1a2a4548beee49f0c6764ff2227d90727d09db08607d135d2f5a53d6"
    assert stripe_signatures.signature_of("whsec_test", NOW_S, BODY) == golden
    header = f"t={NOW_S},v1={golden}"
    stripe_signatures.check(header, BODY, ["whsec_other", "whsec_test"], NOW_S)


def test_wechats_notice_is_signed_over_three_lines():
    message = wechat_signatures.notice_message(str(NOW_S), "NONCE1234567890", BODY)
    golden = "9378fce8dcd654e082bb9042e8120c629d6834a3a085318c5a0da1cd2fb8be52"
    assert sha256(message).hexdigest() == golden


def test_wechats_request_is_signed_over_five_lines():
    message = wechat_signatures.request_message(
        "POST",
        "/v3/refund/domestic/refunds?a=1",
        NOW_S,
        "NONCE1234567890",
        b'{"out_refund_no":"r1"}',
    )
    golden = "5d0fa8d957575d514b2cee4ee409573cec27a42cb8aedda6a32b84889cac96c2"
    assert sha256(message).hexdigest() == golden


def test_alipays_notice_is_signed_over_sorted_decoded_pairs():
    body = (
        b"total_amount=2.00&subject=%E5%A4%A7%E4%B9%90%E9%80%8F2.1&sign_type=RSA2"
        b"&out_trade_no=o_1&trade_status=TRADE_SUCCESS&notify_id=n1&sign=AAAA"
    )
    message = alipay_signatures.notice_message(form(body))
    assert message.decode() == (
        "notify_id=n1&out_trade_no=o_1&subject=大乐透2.1&total_amount=2.00"
        "&trade_status=TRADE_SUCCESS"
    )
    golden = "05c139c19ca1ccd54f9f0b7047c2f1fec46656e4a700aeb67c1675cb2f4f5fbf"
    assert sha256(message).hexdigest() == golden


def test_alipays_request_signs_its_sign_type_and_leaves_out_what_is_empty():
    fields = {"b": "2", "sign_type": "RSA2", "a": "", "sign": "x"}
    assert alipay_signatures.request_message(fields) == b"b=2&sign_type=RSA2"


@pytest.mark.parametrize("name", GENUINE)
def test_a_genuine_notice_is_understood(name):
    make, notice = GENUINE[name]
    headers, body = notice()
    news = make().hear(headers, body, NOW_S)
    assert isinstance(news, Paid)
    assert news.number == NUMBER
    assert (news.standing.amount_minor, news.standing.currency) == (1700, "CNY")
    assert news.standing.status == ("held" if name == "stripe" else "taken")


@pytest.mark.parametrize("name", GENUINE)
@pytest.mark.parametrize("late_s", [-300, -301, -86_400, 300, 301])
def test_neither_the_past_nor_the_future_is_believed(name, late_s):
    """Alipay repeats a notice with its old time for 25 hours; there only the id can tell."""
    make, notice = GENUINE[name]
    headers, body = notice()
    if name == "alipay" and late_s > 0:
        late_s = 26 * 3600
    with pytest.raises(NoticeRefusedError, match="stale"):
        make().hear(headers, body, NOW_S + late_s)
    make().hear(headers, body, NOW_S + (299 if late_s > 0 else -299))


def test_both_of_two_platform_keys_and_both_of_two_secrets_are_believed():
    headers, body = wechat_notice(serial=OTHER_SERIAL)
    assert isinstance(wechat().hear(headers, body, NOW_S), Paid)
    _, body = stripe_notice()
    for secret in SECRETS:
        header = stripe_signatures.header_of([secret, "whsec_strange"], NOW_S, body)
        assert isinstance(stripe().hear({"Stripe-Signature": header}, body, NOW_S), Paid)


def test_wechats_probes_are_refused():
    headers, body = wechat_notice()
    probe = headers | {
        "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
    }
    refused(wechat(), probe, body, "bad_signature")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"mchid": "1900000110"}, "another_merchant"),
        ({"appid": "wx9999"}, "another_app"),
        ({"amount": {"total": "1700", "currency": "CNY"}}, "malformed"),
        ({"amount": {"total": True, "currency": "CNY"}}, "malformed"),
        ({"amount": {"total": 17.5, "currency": "CNY"}}, "malformed"),
    ],
)
def test_wechats_notice_must_be_for_us_and_in_whole_fen(changed, code):
    _, body = wechat_notice()
    resource = json.loads(body)["resource"]
    plain = json.loads(
        wechat_signatures.opened(
            API_V3_KEY, resource["nonce"], resource["associated_data"], resource["ciphertext"]
        )
    )
    refused(wechat(), *wechat_notice(plain | changed), code)


@pytest.mark.parametrize(
    "changed",
    [
        {"algorithm": "AEAD_AES_128_GCM"},
        {"algorithm": "none"},
        {"nonce": "0123456789aB"},
        {"nonce": "0123456789"},
        {"nonce": ""},
        {"associated_data": "refund"},
        {"associated_data": ""},
        {"ciphertext": ""},
        {"ciphertext": "AAAA"},
        {"ciphertext": "not base64!"},
    ],
)
def test_what_was_sealed_otherwise_is_not_opened_even_if_well_signed(changed):
    refused(wechat(), *wechat_notice(**changed), "bad_ciphertext")


def test_a_tag_that_is_cut_short_or_wrong_opens_nothing():
    _, body = wechat_notice()
    envelope = json.loads(body)
    sealed = base64.b64decode(envelope["resource"]["ciphertext"])
    for forged in (sealed[:-4], sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[1:]):
        text = base64.b64encode(forged).decode()
        refused(wechat(), *wechat_notice(ciphertext=text), "bad_ciphertext")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"app_id": "2021000002"}, "another_app"),
        ({"app_id": None}, "another_app"),
        ({"seller_id": "2088000002"}, "another_merchant"),
        ({"total_amount": "17.001"}, "malformed"),
        ({"total_amount": "1e3"}, "malformed"),
        ({"total_amount": "\uff11\uff17.00"}, "malformed"),
        ({"notify_id": None}, "malformed"),
        ({"gmt_payment": None}, "malformed"),
    ],
)
def test_alipays_notice_must_be_for_us_and_in_yuan(changed, code):
    refused(alipay(), *alipay_notice(**changed), code)


@pytest.mark.parametrize("status", ["WAIT_BUYER_PAY", "TRADE_CLOSED"])
def test_only_two_of_alipays_states_mean_paid(status):
    news = alipay().hear(*alipay_notice(trade_status=status), NOW_S)
    assert news == Doubtful("n-1", NUMBER)
    finished = alipay().hear(*alipay_notice(trade_status="TRADE_FINISHED"), NOW_S)
    assert isinstance(finished, Paid)


def test_an_alipay_notice_of_a_refund_is_no_payment():
    news = alipay().hear(*alipay_notice(refund_fee="3.00"), NOW_S)
    assert news == Doubtful("n-1", NUMBER)


def test_stripes_test_mode_and_other_accounts_are_not_ours():
    headers, body = stripe_notice()
    refused(stripe(livemode=True), headers, body, "another_mode")
    refused(stripe(account="acct_1"), headers, body, "another_merchant")


def test_a_failed_try_of_the_customer_settles_nothing():
    news = stripe().hear(*stripe_notice("payment_intent.payment_failed"), NOW_S)
    assert news == Doubtful("evt_1", NUMBER)


def test_stripes_refunds_and_captures_are_told_apart():
    captured = {"status": "succeeded", "amount_received": 1500, "amount_capturable": 0}
    news = stripe().hear(*stripe_notice("payment_intent.succeeded", **captured), NOW_S)
    assert isinstance(news, Carried)
    assert (news.amount_minor, news.outcome.status) == (1500, "done")
    refund = {"id": "re_1", "status": "failed", "amount": 300, "metadata": {"number": "r"}}
    news = stripe().hear(*stripe_notice("refund.failed", **refund), NOW_S)
    assert (news.number, news.amount_minor, news.outcome.status) == ("r", 300, "failed")
    unknown = stripe().hear(*stripe_notice("charge.dispute.created", metadata={}), NOW_S)
    assert unknown is None
