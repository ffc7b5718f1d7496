"""An HTTP application on a port of its own: for trackers, for providers, and as the sandbox."""

from ssl import SSLContext
from typing import Self

import msgspec
from aiohttp import web

BACKLOG = 1_024  # who may wait to be let in: all of a provider's, or a fleet's after a cut


class Listening:
    """`async with Listening(app, host, port) as listening`; `port` says where, if 0 was asked."""

    def __init__(
        self,
        app: web.Application,
        host: str,
        port: int,
        *,
        keepalive_s: float = 75.0,
        shutdown_s: float = 1.0,
        tls: SSLContext | None = None,
    ) -> None:
        self.host, self.port = host, port
        self._tls = tls
        self._runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=keepalive_s, shutdown_timeout=shutdown_s
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        where = (self.host, self.port)
        site = web.TCPSite(self._runner, *where, backlog=BACKLOG, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


def json_answer(status: int, body: object) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type="application/json"
    )
