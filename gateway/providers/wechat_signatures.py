"""WeChat Pay API v3: RSA over lines that end in a newline each, and AES-256-GCM inside.

Notices and answers are signed by the platform, chosen by its serial; requests by the merchant.
"""

import base64
import binascii
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.providers import rsa
from gateway.providers.port import TOLERANCE_S, NoticeRefusedError

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"  # they sign wrongly on purpose, to see whether anybody looks
ALGORITHM = "AEAD_AES_256_GCM"
KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
HEADER_MAX = 2_000


def request_message(method: str, url: str, timestamp: int, nonce: str, body: bytes) -> bytes:
    """What a merchant signs; `url` is path and query."""
    return f"{method}\n{url}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def notice_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What the platform signs, in notices and in answers."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def authorization(
    key: RSAPrivateKey, merchant: str, serial: str, timestamp: int, nonce: str, message: bytes
) -> str:
    """The Authorization header of a request."""
    return (
        f'{SCHEME} mchid="{merchant}",nonce_str="{nonce}",timestamp="{timestamp}",'
        f'serial_no="{serial}",signature="{rsa.signed(key, message)}"'
    )


def check(
    headers: Mapping[str, str], body: bytes, keys: Mapping[str, RSAPublicKey], now_s: int
) -> None:
    """Raises NoticeRefusedError: `bad_signature`, `unknown_serial` or `stale`."""
    timestamp, nonce = _header(headers, "Timestamp"), _header(headers, "Nonce")
    signature, serial = _header(headers, "Signature"), _header(headers, "Serial")
    if headers.get("Wechatpay-Signature-Type", SCHEME) != SCHEME:
        raise NoticeRefusedError("bad_signature", "another scheme")
    if signature.startswith(PROBE):
        raise NoticeRefusedError("bad_signature", "a probe")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise NoticeRefusedError("stale", "no time")
    if abs(now_s - int(timestamp)) >= TOLERANCE_S:
        raise NoticeRefusedError("stale")
    key = keys.get(serial)
    if key is None:
        raise NoticeRefusedError("unknown_serial")
    rsa.check(key, notice_message(timestamp, nonce, body), signature)


def opened(key: bytes, nonce: str, associated: str, ciphertext: str) -> bytes:
    """What is inside a resource. Raises NoticeRefusedError("bad_ciphertext")."""
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        if len(nonce.encode()) != NONCE_BYTES or len(sealed) < TAG_BYTES:
            raise NoticeRefusedError("bad_ciphertext")
        return AESGCM(key).decrypt(nonce.encode(), sealed, associated.encode() or None)
    except (InvalidTag, binascii.Error, ValueError):
        raise NoticeRefusedError("bad_ciphertext") from None


def sealed(key: bytes, nonce: str, associated: str, plain: bytes) -> str:
    """The platform's half of `opened`."""
    found = AESGCM(key).encrypt(nonce.encode(), plain, associated.encode() or None)
    return base64.b64encode(found).decode()


def _header(headers: Mapping[str, str], name: str) -> str:
    found = headers.get(f"Wechatpay-{name}", "")
    if not 0 < len(found) <= HEADER_MAX or not found.isascii():
        raise NoticeRefusedError("bad_signature", f"no Wechatpay-{name}")
    return found
