"""One POST of a webhook: to where it may go, patient for a while, following nobody elsewhere."""

import socket
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from gateway.hooks.addresses import Networks, literal_of, may_call
from gateway.hooks.postman import HttpAnswer

TIMEOUT_S = 10.0
CONNECT_S = 5.0
AT_ONCE, AT_ONCE_PER_HOST = 256, 64
USER_AGENT = "o2o-dispatch-webhooks/1"


class ForbiddenAddressError(OSError):
    """The name leads to nowhere a webhook may go."""


class GuardedResolver(AbstractResolver):
    """Resolves names, and leaves out every address nobody may be sent to."""

    def __init__(self, allowed: Networks) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        public = [x for x in found if may_call(ip_address(x["host"]), self._allowed)]
        if not public:
            raise ForbiddenAddressError("address_not_allowed")
        return public

    async def close(self) -> None:
        await self._resolver.close()


class HttpSender:
    """`async with HttpSender(networks) as sender`. What is answered is not read."""

    def __init__(self, allowed: Networks) -> None:
        self._allowed = allowed
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=AT_ONCE,
            limit_per_host=AT_ONCE_PER_HOST,
            resolver=GuardedResolver(self._allowed),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Does not raise: status 0 if there was no answer."""
        assert self._session is not None
        literal = literal_of(urlsplit(url).hostname or "")
        if literal is not None and not may_call(literal, self._allowed):
            return HttpAnswer(0, "address_not_allowed")  # what is allowed may have become less
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return HttpAnswer(answer.status)
        except TimeoutError:
            return HttpAnswer(0, "timeout")
        except aiohttp.ClientConnectorError as error:
            forbidden = isinstance(error.os_error, ForbiddenAddressError)
            return HttpAnswer(0, "address_not_allowed" if forbidden else "unreachable")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return HttpAnswer(0, type(error).__name__)
