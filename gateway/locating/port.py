"""Where trackers report by HTTP that speak no websocket: one address, on a port of its own.

The token comes in `Authorization`: as Bearer, or as the password of Basic. 202 says that it was
read; whether it is believed is decided with the next batch.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from ssl import SSLContext

import msgspec
from aiohttp import web

from gateway.codes import Refusal
from gateway.listening import Listening, json_answer
from gateway.locating import dialects
from gateway.locating.devices import Devices
from gateway.locating.fixes import Fixes
from gateway.metrics import Counters
from gateway.tokens import Identity

BODY_MAX_BYTES = 64 * 1024
READ_S = 5.0
PATHS = ("/", "/positions")
STATUSES = {"unauthenticated": 401, "token_expired": 401, "forbidden": 403, "rate_limited": 429}

WhoIs = Callable[[str], Identity]  # raises Refusal
WaitS = Callable[[Identity], float]


class PositionsPort(Listening):
    """`async with PositionsPort(...) as port`: listening; `port.port` says where."""

    def __init__(
        self,
        fixes: Fixes,
        devices: Devices,
        who_is: WhoIs,
        wait_s: WaitS,
        counters: Counters,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: SSLContext | None = None,
    ) -> None:
        self._fixes = fixes
        self._devices = devices
        self._who_is = who_is
        self._wait_s = wait_s
        self._counters = counters
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        for path in PATHS:
            app.router.add_get(path, self._report)
            app.router.add_post(path, self._report)
        super().__init__(app, host, port, tls=tls)

    async def _report(self, request: web.Request) -> web.Response:
        try:
            who = self._who_is(token_of(request.headers.get("Authorization", "")))
            if who.role not in ("courier", "tracker"):
                raise Refusal("forbidden")
            wait_s = self._wait_s(who)
            if wait_s:
                raise Refusal("rate_limited", retry_after_s=round(wait_s, 3))
            async with asyncio.timeout(READ_S):
                body = await request.read()
            report = dialects.read(request.query, body, request.content_type)
            taken = self._take(who.subject, report)
        except Refusal as refusal:
            return _refused(refusal)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        except TimeoutError:
            return web.Response(status=408)
        if report.is_owntracks:
            return json_answer(200, [])
        return json_answer(202, {"taken": taken})

    def _take(self, courier: str, report: dialects.Report) -> int:
        """Raises Refusal for the first that nobody can read; those before it are taken."""
        for fix in report.fixes:
            try:
                self._fixes.take(courier, fix, _unheard)
            except Refusal:
                self._counters.fixes_refused += 1
                raise
        if report.device is not None:
            self._devices.note(courier, report.device)
        return len(report.fixes)


def token_of(authorization: str) -> str:
    """Empty if there is none: then nobody is known by it."""
    scheme, _, said = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(said, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""


def _unheard(_: Refusal) -> None:
    """A tracker does not ask what became of a fix; it is counted all the same."""


def _refused(refusal: Refusal) -> web.Response:
    error = refusal.error
    status = STATUSES.get(error.code, 503 if error.retryable else 400)
    headers = {"WWW-Authenticate": 'Basic realm="positions"'} if status == 401 else {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return web.Response(
        status=status,
        body=msgspec.json.encode(error),
        content_type="application/problem+json",
        headers=headers,
    )
