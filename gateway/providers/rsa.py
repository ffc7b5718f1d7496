"""RSA over SHA-256 with PKCS#1 v1.5, in base64: how WeChat and Alipay sign, and we to them."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.providers.port import NoticeRefusedError


def signed(key: RSAPrivateKey, message: bytes) -> str:
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def check(key: RSAPublicKey, message: bytes, signature: str) -> None:
    """Raises NoticeRefusedError("bad_signature")."""
    try:
        raw = base64.b64decode(signature, validate=True)
        if base64.b64encode(raw).decode() != signature:
            raise NoticeRefusedError("bad_signature", "not the shortest base64")
        key.verify(raw, message, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        raise NoticeRefusedError("bad_signature") from None
