"""What vouches for a webhook: HMAC-SHA256, said twice, so that a receiver needs nothing of ours.

`webhook-id`, `-timestamp` and `-signature` are those of Standard Webhooks (over id, time and
body); `o2o-signature` is made like Stripe's (over time and body).
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256

from gateway.providers.stripe_signatures import header_of

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(keys: Sequence[str], event: str, now_s: int, body: bytes) -> dict[str, str]:
    """With a signature for every key in force: two, while one takes over from the other."""
    return {
        "webhook-id": event,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(standard(x, event, now_s, body) for x in keys),
        "o2o-signature": header_of(keys, now_s, body),
    }


def standard(key: str, event: str, now_s: int, body: bytes) -> str:
    """`v1,` and the signature in base64. The secret counts as the bytes behind its prefix."""
    signed = f"{event}.{now_s}.".encode() + body
    mac = hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), signed, sha256)
    return "v1," + base64.b64encode(mac).decode()
