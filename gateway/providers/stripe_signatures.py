"""Stripe: HMAC-SHA256 over the time, a point and the body. Any of several signatures may match.

Stripe's own library refuses the past only; so much of the future is refused here as well.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256

from gateway.providers.port import TOLERANCE_S, NoticeRefusedError

HEADER = "Stripe-Signature"
HEADER_MAX, SIGNATURES_MAX = 2_000, 20


def signature_of(secret: str, timestamp: int, body: bytes) -> str:
    """`v1`, in hexadecimal. The secret counts as text, with its prefix."""
    return hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, sha256).hex()


def header_of(secrets: Sequence[str], timestamp: int, body: bytes) -> str:
    """What Stripe sends: one signature for every secret in force."""
    given = [f"v1={signature_of(x, timestamp, body)}" for x in secrets]
    return ",".join([f"t={timestamp}", *given])


def check(header: str, body: bytes, secrets: Sequence[str], now_s: int) -> None:
    """Raises NoticeRefusedError: `bad_signature` or `stale`."""
    if not 0 < len(header) <= HEADER_MAX or not header.isascii():
        raise NoticeRefusedError("bad_signature", f"no {HEADER}")
    pairs = [x.partition("=") for x in header.split(",")]
    times = [x for name, _, x in pairs if name == "t"]
    given = [x for name, _, x in pairs if name == "v1"][:SIGNATURES_MAX]
    if len(times) != 1 or not times[0].isdigit() or len(times[0]) > 12:
        raise NoticeRefusedError("bad_signature", "no time")
    timestamp = int(times[0])
    if str(timestamp) != times[0]:
        raise NoticeRefusedError("bad_signature", "no time")
    expected = [signature_of(x, timestamp, body).encode() for x in secrets]
    # Every pair is compared, each in constant time: nothing is learned from how long it takes.
    matches = [hmac.compare_digest(x, y.encode()) for x in expected for y in given]
    if not any(matches):
        raise NoticeRefusedError("bad_signature")
    if abs(now_s - timestamp) >= TOLERANCE_S:
        raise NoticeRefusedError("stale")
