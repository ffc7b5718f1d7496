"""Ten thousand forgeries of genuine notices: none may be believed."""

import json
from random import Random
from urllib.parse import parse_qs, quote, urlencode

import pytest

from gateway.providers import alipay_signatures, rsa, stripe_signatures, wechat_signatures
from gateway.providers.port import NoticeRefusedError, Paid
from gateway.providers.strict import form
from tests.genuine_notices import (
    GENUINE,
    alipay_notice,
    refused,
    stripe_notice,
    wechat_notice,
    wechat_signed,
)
from tests.provider_keys import NOW_S, SECRETS, alipay, rsa_key, stripe, wechat

FORGERIES = 3_400  # of each provider


def twice(body: bytes) -> bytes:
    """The same name again, for readers who take the last."""
    return body.replace(b'"id":', b'"id": "EV-0", "id":', 1)


def test_a_name_that_comes_twice_is_refused_even_if_well_signed():
    _, body = wechat_notice()
    body = twice(body)
    refused(wechat(), wechat_signed(body), body, "malformed")
    _, body = stripe_notice()
    body = twice(body)
    header = stripe_signatures.header_of(SECRETS, NOW_S, body)
    refused(stripe(), {"Stripe-Signature": header}, body, "malformed")
    _, body = alipay_notice()
    refused(alipay(), {}, body + b"&total_amount=0.01", "malformed")


def flipped(rng: Random, data: bytes) -> bytes:
    """One bit of it."""
    changed, at = bytearray(data), rng.randrange(len(data))
    changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def forged_header(rng: Random, headers: dict[str, str]) -> dict[str, str]:
    name = rng.choice([*headers])
    value = flipped(rng, headers[name].encode()).decode("latin-1")
    return headers | {name: value}


def forged(rng: Random, name: str, headers: dict[str, str], body: bytes):
    """One of the ways to change what somebody else has signed."""
    ways = ["body", "cut", "grown", "encoded again", "header", "no header", "swapped"]
    way = rng.choice(ways if headers else ["body", "cut", "grown"])
    if way == "body":
        return headers, flipped(rng, body)
    if way == "cut":
        return headers, body[: rng.randrange(len(body))]
    if way == "grown":
        return headers, body + bytes([rng.randrange(256)])
    if way == "encoded again":
        return headers, json.dumps(json.loads(body), indent=rng.randrange(1, 4)).encode()
    if way == "header":
        return forged_header(rng, headers), body
    if way == "no header":
        gone = rng.choice([*headers])
        return {k: x for k, x in headers.items() if k != gone}, body
    if name == "wechat":  # another tenant's key; another serial; the merchant's own key
        other = rng.choice(["strange", "platform 2", "merchant"])
        message = wechat_signatures.notice_message(str(NOW_S), "NONCE1234567890", body)
        sign = rsa.signed(rsa_key(other), message)
        return headers | {"Wechatpay-Signature": sign}, body
    return {"Stripe-Signature": stripe_signatures.header_of(["whsec_else"], NOW_S, body)}, body


@pytest.mark.parametrize("name", GENUINE)
def test_no_forgery_is_accepted(name):
    """Bits flipped in body, time, nonce, serial and signature; keys swapped; bodies re-encoded."""
    rng, (make, notice) = Random(name), GENUINE[name]
    provider, (headers, body) = make(), notice()
    genuine = provider.hear(headers, body, NOW_S)
    codes = {}
    for number in range(FORGERIES):
        bad_headers, bad_body = forged(rng, name, headers, body)
        if (bad_headers, bad_body) == (headers, body) or same_form(name, bad_body, body):
            continue
        try:
            news = provider.hear(bad_headers, bad_body, NOW_S)
        except NoticeRefusedError as error:
            codes[error.code] = codes.get(error.code, 0) + 1
            continue
        raise AssertionError(f"forgery {number} was believed: {news} (genuine: {genuine})")
    assert sum(codes.values()) > 0.99 * FORGERIES
    assert set(codes) <= {"bad_signature", "unknown_serial", "stale", "malformed"}


def same_form(name: str, bad: bytes, good: bytes) -> bool:
    """`%2a` for `%2A` says the same."""
    if name != "alipay":
        return False
    return parse_qs(bad.decode("latin-1")) == parse_qs(good.decode("latin-1"))


def test_alipays_signature_of_another_key_or_scheme_is_refused():
    _, body = alipay_notice()
    fields = form(body)
    for key in ("strange", "merchant"):
        sign = rsa.signed(rsa_key(key), alipay_signatures.notice_message(fields))
        refused(alipay(), {}, urlencode(fields | {"sign": sign}).encode(), "bad_signature")
    for scheme in ("RSA", "none", ""):
        refused(alipay(), {}, urlencode(fields | {"sign_type": scheme}).encode(), "bad_signature")
    refused(alipay(platform={"S": rsa_key("platform").public_key()}), {}, body, "unknown_serial")


def test_an_old_notice_with_a_new_time_is_no_new_notice():
    headers, body = wechat_notice(at=NOW_S - 9_000)
    refused(wechat(), headers, body, "stale")
    refused(wechat(), headers | {"Wechatpay-Timestamp": str(NOW_S)}, body, "bad_signature")
    headers, body = stripe_notice(at=NOW_S - 9_000)
    forged_time = headers["Stripe-Signature"].replace(str(NOW_S - 9_000), str(NOW_S))
    refused(stripe(), {"Stripe-Signature": forged_time}, body, "bad_signature")
    more = f"t={NOW_S}," + headers["Stripe-Signature"]
    refused(stripe(), {"Stripe-Signature": more}, body, "bad_signature")


def test_quoting_does_not_matter_to_alipay_and_plus_is_a_blank():
    _, body = alipay_notice()
    fields = form(body)
    again = "&".join(f"{k}={quote(x, safe='')}" for k, x in fields.items()).encode()
    assert again != body
    assert isinstance(alipay().hear({}, again, NOW_S), Paid)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def other_words(signature: str) -> list[str]:
    """Text that decodes to the same bytes: the last digit has bits nobody reads."""
    last = ALPHABET.index(signature[-3])
    return [f"{signature[:-3]}{ALPHABET[last ^ bit]}==" for bit in (1, 2, 4, 8)]


def test_a_signature_in_other_words_is_another_signature():
    headers, body = wechat_notice()
    assert headers["Wechatpay-Signature"].endswith("==")
    for forged_sign in other_words(headers["Wechatpay-Signature"]):
        refused(wechat(), headers | {"Wechatpay-Signature": forged_sign}, body, "bad_signature")
    _, body = alipay_notice()
    fields = form(body)
    for forged_sign in other_words(fields["sign"]):
        sent = urlencode(fields | {"sign": forged_sign}).encode()
        refused(alipay(), {}, sent, "bad_signature")
