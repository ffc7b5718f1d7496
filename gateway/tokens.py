"""Who somebody is: what a token says, signed one way only, and for how long."""

import base64
import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from gateway.codes import Refusal
from gateway.messages import Role
from gateway.secret_files import SECRET_BYTES, kept_secret

VERSION = "o2o1"
CODE_VERSION = "o2ocode1"
AUDIENCE = "o2o-gateway"
SECRET_ENV = "O2O_SECRET"
CODE_LIFE_S = 15 * 60  # of a link into the console
LEEWAY_S = 5  # between our clock and that of another machine that mints

T = TypeVar("T")
MINUTE_S, HOUR_S = 60, 3600
LIFE_MAX_S: dict[Role, int] = {
    "courier": 15 * MINUTE_S,
    "tracker": 30 * 24 * HOUR_S,  # a device that can only say where it is
    "fleet": 12 * HOUR_S,  # a shift of who dispatches a partner's couriers
    "order_service": 15 * MINUTE_S,
    "store": 15 * MINUTE_S,
    "payment_provider": 15 * MINUTE_S,
    "operator": 12 * HOUR_S,  # a shift in front of the console
    "monitor": 30 * 24 * HOUR_S,  # what reads /metrics, and nothing else
    "customer": 24 * HOUR_S,  # a tracking link
    "crm": 12 * HOUR_S,  # people who care for customers, and what they work with
}


class Identity(Struct, frozen=True):
    """Who speaks on a connection, until when (seconds since the epoch)."""

    role: Role
    subject: str
    expires_at_s: int
    issued_at_s: int = 0

    @property
    def name(self) -> str:
        """The same for every token of the same party: what limits and request keys go by."""
        return f"{self.role}:{self.subject}"


class Claims(Struct, frozen=True, forbid_unknown_fields=True):
    aud: str
    role: Role
    sub: str
    iat: int
    exp: int


class CodeClaims(Struct, frozen=True, array_like=True):
    """Of an operator's; `lot` makes any two differ."""

    sub: str
    iat: int
    exp: int
    lot: str


_claims = msgspec.json.Decoder(Claims).decode
_code_claims = msgspec.json.Decoder(CodeClaims).decode


class Tokens:
    """Mints and reads tokens: version.claims.signature, HMAC-SHA256 over the first two.

    The algorithm is no part of a token, so a token cannot choose it.
    """

    def __init__(self, secret: bytes, audience: str = AUDIENCE) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"a secret has at least {SECRET_BYTES} bytes")
        self._secret = secret
        self._audience = audience

    def mint(self, role: Role, subject: str, ttl_s: int, now_s: int) -> str:
        """A token for `subject`, from now on. Raises ValueError if it would live too long, or be
        nobody's."""
        if not subject:
            raise ValueError("a token is somebody's")
        if not 0 < ttl_s <= LIFE_MAX_S[role]:
            raise ValueError(f"a token for a {role} lives at most {LIFE_MAX_S[role]} s")
        claims = Claims(self._audience, role, subject, now_s, now_s + ttl_s)
        return self._signed(VERSION, claims)

    def mint_code(self, subject: str, now_s: int) -> str:
        """For a link: to be exchanged for an operator's token once, soon. It is no token."""
        lot = secrets.token_urlsafe(9)
        return self._signed(CODE_VERSION, CodeClaims(subject, now_s, now_s + CODE_LIFE_S, lot))

    def read(self, token: str, now_s: int) -> Identity:
        """Raises Refusal: `unauthenticated`, or `token_expired` if it was once valid."""
        claims = _read(self._body(VERSION, token), _claims)
        life = claims.exp - claims.iat
        fresh = claims.iat <= now_s + LEEWAY_S and 0 < life <= LIFE_MAX_S[claims.role]
        if claims.aud != self._audience or not claims.sub or not fresh:
            raise Refusal("unauthenticated")
        if now_s >= claims.exp:
            raise Refusal("token_expired")
        return Identity(claims.role, claims.sub, claims.exp, claims.iat)

    def read_code(self, code: str, now_s: int) -> Identity:
        """Raises Refusal: `unauthenticated`, or `token_expired`. Who reads it sees to the once."""
        claims = _read(self._body(CODE_VERSION, code), _code_claims)
        if claims.iat > now_s + LEEWAY_S or claims.exp - claims.iat > CODE_LIFE_S:
            raise Refusal("unauthenticated")
        if now_s >= claims.exp:
            raise Refusal("token_expired")
        return Identity("operator", claims.sub, claims.exp, claims.iat)

    def _signed(self, version: str, claims: Struct) -> str:
        signed = f"{version}.{_base64(msgspec.json.encode(claims))}"
        return f"{signed}.{_base64(self._signature(signed))}"

    def _body(self, version: str, said: str) -> str:
        """Raises Refusal: `unauthenticated`."""
        signed, _, signature = said.rpartition(".")
        found, _, body = signed.partition(".")
        expected = _base64(self._signature(signed))
        # Compared as text: base64 that decodes to the same bytes is another token.
        genuine = hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))
        if not genuine or found != version:
            raise Refusal("unauthenticated")
        return body

    def _signature(self, signed: str) -> bytes:
        return hmac.digest(self._secret, signed.encode(errors="replace"), sha256)


def console_link(address: str, code: str) -> str:
    """Browsers send what is behind the # nowhere; the console takes it out of its address bar."""
    return f"{address.rstrip('/')}/#code={code}"


def load_secret(folder: Path) -> bytes:
    """From the environment, or from a file only its owner can read, made at the first start.

    Raises PermissionError if others could read it.
    """
    return kept_secret(folder / "secret", SECRET_ENV)


def _read(body: str, claims: Callable[[bytes], T]) -> T:
    """Even what is signed may be of another shape: by an older or a careless minter."""
    try:
        return claims(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (msgspec.MsgspecError, ValueError):
        raise Refusal("unauthenticated") from None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
