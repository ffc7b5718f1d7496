"""One HTTP client for all providers: short patience, bounded answers, and no body in any log."""

import secrets
from collections.abc import Mapping
from typing import Self

import aiohttp
from msgspec import Struct

from gateway.providers.port import TryAgainError

TIMEOUT_S = 10.0
BODY_MAX_BYTES = 64 * 1024 * 1024  # bills are long
AT_ONCE = 32


class Response(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Asking:
    """`async with Asking() as asking`."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Response:
        """Raises TryAgainError if there was no answer, or a bad moment on their side (5xx, 429)."""
        assert self._session is not None
        try:
            async with self._session.request(
                method, url, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                data = await answer.content.read(BODY_MAX_BYTES + 1)
                while len(data) <= BODY_MAX_BYTES and not answer.content.at_eof():
                    data += await answer.content.read(BODY_MAX_BYTES + 1 - len(data))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise TryAgainError(type(error).__name__) from None
        if len(data) > BODY_MAX_BYTES:
            raise TryAgainError("an answer without end")
        if answer.status >= 500 or answer.status == 429:
            raise TryAgainError(f"status {answer.status}")
        return Response(answer.status, answer.headers, data)


def nonce() -> str:
    return secrets.token_hex(16)
