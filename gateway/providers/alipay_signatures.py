"""Alipay: RSA2, that is SHA-256 with PKCS#1 v1.5, over sorted `name=value` pairs.

Of a notice, `sign` and `sign_type` are left out; of a request, only `sign`. Of an answer, the
bytes of the answer itself are signed, as they stand between the braces of the envelope.
"""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.providers import rsa
from gateway.providers.port import NoticeRefusedError

SCHEME = "RSA2"
SERIAL = "alipay_cert_sn"  # absent where plain public keys are used


def notice_message(fields: Mapping[str, str]) -> bytes:
    """What is signed of a notice."""
    return _pairs({k: x for k, x in fields.items() if k not in ("sign", "sign_type")})


def request_message(fields: Mapping[str, str]) -> bytes:
    """What is signed of a request; what is empty is not sent."""
    return _pairs({k: x for k, x in fields.items() if k != "sign" and x})


def check(fields: Mapping[str, str], keys: Mapping[str, RSAPublicKey]) -> None:
    """Of a notice. Raises NoticeRefusedError: `bad_signature` or `unknown_serial`."""
    if fields.get("sign_type") != SCHEME:
        raise NoticeRefusedError("bad_signature", "another scheme")
    check_message(notice_message(fields), fields.get("sign", ""), fields.get(SERIAL, ""), keys)


def check_message(
    message: bytes, signature: str, serial: str, keys: Mapping[str, RSAPublicKey]
) -> None:
    """Raises NoticeRefusedError: `bad_signature` or `unknown_serial`."""
    key = keys.get(serial)
    if key is None:
        raise NoticeRefusedError("unknown_serial")
    rsa.check(key, message, signature)


def _pairs(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{k}={fields[k]}" for k in sorted(fields)).encode()
