"""The websocket server: one port for `/ws`, the console and health; and what guards it.

Two things the library leaves open are closed here (seen with websockets 17.4): pongs are written
without flow control, and keepalive waits behind the same full buffer, so that a peer that never
reads is never timed out. Whoever leaves too much unread for too long is cut off.
"""

import asyncio
import logging
from http import HTTPStatus
from os import dup
from socket import socket
from ssl import SSLContext
from typing import Any, Self

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import NegotiationError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from gateway.clock import stopwatch_s
from gateway.connections.desk import Desk
from gateway.connections.gradually import AT_ONCE
from gateway.connections.guarding import Guarded, Secured, guarded
from gateway.connections.http import Site, origin_of
from gateway.connections.sessions import Session
from gateway.messages import SUBPROTOCOLS, ServerHeartbeat
from gateway.metrics import Metric, gauges
from gateway.running import cancelled
from gateway.wire import CODECS, time_text

CLOSE_RESTART = 1012
WATCH_S = 1.0
ENDPOINT = "/ws"
ACCEPTED_AT_ONCE = 2 * AT_ONCE  # in one round of the loop; the others wait in their own sockets
log = logging.getLogger("o2o.gateway")


class Server:
    """`async with Server(...)`: serving within, everybody told to come back after."""

    def __init__(
        self,
        desk: Desk,
        site: Site,
        host: str = "127.0.0.1",
        port: int = 8080,
        origins: tuple[str, ...] = (),
        tls: SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port  # if 0, the one it was given is here once it serves
        self._desk = desk
        self._site = site
        self._origins = {origin_of(x) for x in origins}
        self._tls = tls
        limits = desk.limits
        self._guarded = guarded(limits.write_hard_bytes, limits.mute, limits.sockets)
        self._server: WebSocketServer | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        limits = self._desk.limits
        self._server = await serve(
            self._converse,
            self.host,
            self.port,
            process_request=self._process_request,
            subprotocols=[Subprotocol(x) for x in SUBPROTOCOLS],
            select_subprotocol=_select_subprotocol,
            compression=None,
            server_header=None,
            max_size=limits.message_bytes,
            max_queue=limits.queued_messages,
            write_limit=limits.write_soft_bytes,
            open_timeout=limits.open_s,
            ping_interval=limits.ping_s,
            ping_timeout=limits.ping_s,
            close_timeout=limits.close_s,
            create_connection=self._connection,  # type: ignore[arg-type]
            logger=_quiet_logger(),
            backlog=ACCEPTED_AT_ONCE,
        )
        for each in self._server.sockets:  # asyncio takes as many in a round as may wait
            with socket(fileno=dup(each.fileno())) as listening:
                listening.listen(limits.backlog)
        self.port = self._server.sockets[0].getsockname()[1]
        beat, watch = self._beat_forever(), self._watch_forever()
        self._tasks = [asyncio.create_task(beat), asyncio.create_task(watch)]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        await cancelled(*self._tasks)
        self._guarded.shut()
        self._server.close(code=CLOSE_RESTART, reason="restarting")
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://{self.host}:{self.port}{ENDPOINT}"

    @property
    def console_url(self) -> str:
        return f"{self._scheme}://{self.host}:{self.port}/"

    @property
    def connections(self) -> int:
        """Every one that TCP has opened, whether or not it ever says a word."""
        return len(self._server.handler_tasks) if self._server else 0

    def metrics(self) -> list[Metric]:
        return gauges(
            {
                "o2o_connections": ("open connections", self.connections),
                "o2o_sessions": ("parties that said hello", self._desk.roll.count),
            }
        )

    @property
    def mutes(self) -> int:
        """Of these, who has not said a byte yet."""
        return len(self._guarded.mutes)

    @property
    def strangers(self) -> int:
        """These, and who has not said who he is."""
        return len(self._guarded.strangers)

    async def _converse(self, ws: ServerConnection) -> None:
        assert isinstance(ws, Guarded)
        self._desk.counters.connections += 1
        await Session(ws, self._desk).run()

    @property
    def _scheme(self) -> str:
        return "https" if self._tls else "http"

    def _connection(self, *args: Any, **kwargs: Any) -> Any:
        """One that nobody has said a word on, within TLS if there is a certificate."""
        made, limits = self._guarded(*args, **kwargs), self._desk.limits
        if self._tls is None:
            return made
        return Secured(made, self._tls, limits.open_s, limits.close_s)

    # opening

    def _process_request(self, ws: ServerConnection, request: Request) -> Response | None:
        """None lets the websocket handshake go on; all else is answered as HTTP."""
        path = request.path.partition("?")[0]
        if path != ENDPOINT:
            self._desk.counters.http_requests += 1
            return self._site.response(request, (ws.remote_address or ("",))[0])
        if not self._is_welcome_from(request.headers):
            return _plain(HTTPStatus.FORBIDDEN, "this origin is not allowed")
        return None

    def _is_welcome_from(self, headers: Headers) -> bool:
        """Browsers say where a page is from; it must be one of ours. Programs say nothing."""
        given = headers.get_all("Origin")
        if not given:
            return True
        names = (self.host, "localhost", "127.0.0.1")
        own = {origin_of(f"{self._scheme}://{name}:{self.port}") for name in names}
        return len(given) == 1 and origin_of(given[0]) in own | self._origins

    # while it lasts

    async def _beat_forever(self) -> None:
        desk = self._desk
        while True:
            await asyncio.sleep(desk.limits.heartbeat_s)
            beat = ServerHeartbeat(desk.loop.durable_seq, time_text(desk.loop.clock.now()))
            encoded = {name: codec.encode(beat) for name, codec in CODECS.items()}
            for session in desk.roll.all():
                if session.backlog_bytes < desk.limits.write_soft_bytes:
                    session.send_bytes(encoded[session.codec.name])

    async def _watch_forever(self) -> None:
        """Cut whoever has left more than the soft limit unread for `stuck_s`, or has no token."""
        limits = self._desk.limits
        stuck_since_s: dict[ServerConnection, float] = {}
        while True:
            await asyncio.sleep(WATCH_S)
            assert self._server is not None
            for session in self._desk.roll.all():
                session.end_if_over(self._desk.wall_ms() // 1_000)
            now_s = stopwatch_s()
            stuck = {
                ws: stuck_since_s.get(ws, now_s)
                for ws in self._server.all_connections
                if ws.transport.get_write_buffer_size() > limits.write_soft_bytes
            }
            for ws, since_s in stuck.items():
                if now_s - since_s > limits.stuck_s:
                    self._desk.counters.slow_consumers += 1
                    ws.transport.abort()
            stuck_since_s = stuck


def _select_subprotocol(_: ServerConnection, offered: object) -> Subprotocol | None:
    """The client's first that we speak; who offers none is taken to speak MessagePack."""
    assert isinstance(offered, list | tuple)
    for name in offered:
        if name in SUBPROTOCOLS:
            return Subprotocol(name)
    if offered:
        raise NegotiationError(f"we speak {', '.join(SUBPROTOCOLS)}")
    return None


def _plain(status: HTTPStatus, text: str) -> Response:
    body = f"{text}\n".encode()
    headers = Headers(
        [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    )
    headers["Connection"] = "close"
    return Response(status.value, status.phrase, headers, body)


def _quiet_logger() -> logging.Logger:
    """What peers do wrong is counted, not logged: a log is no place for what strangers send."""
    logger = logging.getLogger("o2o.gateway.websockets")
    logger.setLevel(logging.CRITICAL)
    return logger
