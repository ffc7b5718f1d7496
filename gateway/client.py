"""An async client of the gateway that reconnects and resumes by itself.

A request is repeated under the same id until it is answered, whatever happens to connections;
a subscription goes on where it was cut.
"""

import asyncio
import random
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from inspect import isawaitable
from ssl import SSLCertVerificationError, SSLContext
from typing import Any, Literal, NamedTuple, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from gateway import messages as m
from gateway.messages import MSGPACK, Feed
from gateway.wire import CODECS

TokenSource = Callable[[], str | Awaitable[str]]
MESSAGE_BYTES_MAX = 64 * 1024 * 1024  # of what the server sends: a city's snapshot is large
BACKOFF_MIN_S, BACKOFF_MAX_S = 0.1, 5.0
RENEW_BEFORE_S = 60.0
NOT_NOW = ("rate_limited", "overloaded", "stopping", "storage_full", "unsettled")
GONE = (OSError, WebSocketException, TimeoutError, EOFError, msgspec.MsgspecError)


class RequestRefusedError(Exception):
    """The server said no. `error.code` is stable; `error.detail` says what would have to differ."""

    def __init__(self, error: m.Error) -> None:
        super().__init__(f"{error.code}: {error.message} {error.detail or ''}".rstrip())
        self.error = error

    @property
    def code(self) -> str:
        return self.error.code


class GivenUpError(Exception):
    """The server does not want this client: its token is refused, or another took its place."""


class Update(NamedTuple):
    """`kind`: `snapshot` replaces everything known (`reset` or not), `delta` changes it."""

    kind: Literal["snapshot", "delta"]
    seq: int
    body: Any


class Subscription:
    """Iterate it: `async for kind, seq, body in subscription`. Or give `subscribe` a callback."""

    def __init__(self, feed: Feed, callback: Callable[[Update], None] | None) -> None:
        self.feed = feed
        self.seq: int | None = None  # the last one seen
        self._callback = callback
        self._updates: deque[Update | None] = deque()
        self._news = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        while not self._updates:
            self._news.clear()
            await self._news.wait()
        update = self._updates.popleft()
        if update is None:
            self._updates.append(None)
            raise StopAsyncIteration
        return update

    def _told(self, update: Update) -> None:
        self.seq = update.seq
        if self._callback is not None:
            self._callback(update)
            return
        self._updates.append(update)
        self._news.set()

    def _end(self) -> None:
        self._updates.append(None)
        self._news.set()


class _Waiting(NamedTuple):
    frame: bytes | str
    answer: asyncio.Future[m.Reply]


class Client:
    """`async with Client(url, token_source) as client:`. One party's end of the protocol.

    `token_source` gives a fresh token, whenever one is needed. `on_error` hears what the server
    found wrong with frames other than requests (positions, subscriptions). `tls` says whom to trust
    at a `wss:` address, if not whom this machine does (`gateway.tls.trusting`).
    """

    def __init__(
        self,
        url: str,
        token_source: TokenSource,
        subprotocol: str = MSGPACK,
        name: str = "",
        on_error: Callable[[m.Refused], None] | None = None,
        backoff_s: tuple[float, float] = (BACKOFF_MIN_S, BACKOFF_MAX_S),
        headers: Mapping[str, str] | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        self.url = url
        self.welcome: m.Welcome | None = None
        self.heartbeat: m.ServerHeartbeat | None = None
        self.connections = 0  # how often it was welcomed
        self._codec = CODECS[subprotocol]
        self._token_source = token_source
        self._name = name
        self._on_error = on_error
        self._backoff_s = backoff_s
        self._headers = headers or {}
        self._trust: dict[str, Any] = {} if tls is None else {"ssl": tls}
        self._prefix = secrets.token_hex(6)
        self._count = 0
        self._chance = random.Random(self._prefix)
        self._waiting: dict[str, _Waiting] = {}
        self._subscriptions: dict[Feed, Subscription] = {}
        self._ws: ClientConnection | None = None
        self._welcomed = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._failure: GivenUpError | None = None
        self._later_s = 0.0  # what the server asked for when it did not let us in

    async def __aenter__(self) -> Self:
        """Returns once the server has said welcome. Raises GivenUpError if it refuses the token."""
        self.start()
        await self.ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def start(self) -> None:
        """Begin connecting, without waiting for it."""
        self._life = asyncio.create_task(self._live())

    async def ready(self) -> None:
        """Wait until connected and welcome."""
        assert self._life is not None
        waiter = asyncio.create_task(self._welcomed.wait())
        await asyncio.wait((waiter, self._life), return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        self._give_up(GivenUpError("the client was closed"))

    @property
    def is_connected(self) -> bool:
        return self._ws is not None and self._welcomed.is_set()

    # asking

    def new_id(self) -> str:
        """A request id nobody else uses."""
        self._count += 1
        return f"{self._prefix}-{self._count}"

    async def request(
        self, body: m.RequestBody, id: str | None = None, timeout_s: float | None = 30.0
    ) -> Any:
        """The reply's body. Raises RequestRefusedError, TimeoutError, GivenUpError.

        After TimeoutError nobody knows; asking again with the same id finds out. Answers that
        only say "not now" (`rate_limited`, `overloaded`, `stopping`, ...) are waited out.
        """
        reply = await self.ask(body, id, timeout_s)
        if reply.error is not None:
            raise RequestRefusedError(reply.error)
        return reply.body

    async def ask(
        self, body: m.RequestBody, id: str | None = None, timeout_s: float | None = 30.0
    ) -> m.Reply:
        """The whole reply, its error included."""
        key = id or self.new_id()
        async with asyncio.timeout(timeout_s):
            while True:
                reply = await self._ask_once(key, body)
                if reply.error is None or reply.error.code not in NOT_NOW:
                    return reply
                wait_s = reply.error.retry_after_s or BACKOFF_MIN_S
                await asyncio.sleep(wait_s * (1 + self._chance.random()))

    def report(self, fixes: list[m.Fix]) -> None:
        """Send positions. While not connected they are dropped: newer ones will come."""
        self._send_soon(m.Positions(fixes))

    def report_device(self, state: m.DeviceState) -> None:
        """Say how the phone is doing, when that changes. While not connected it is dropped."""
        self._send_soon(state)

    async def _ask_once(self, id: str, body: m.RequestBody) -> m.Reply:
        if self._failure is not None:
            raise GivenUpError(str(self._failure))  # a fresh one: else its traceback grows
        if id in self._waiting:
            raise ValueError(f"request {id} is waiting for its answer")
        frame = self._codec.message(m.Request(id, body))
        answer: asyncio.Future[m.Reply] = asyncio.get_running_loop().create_future()
        self._waiting[id] = _Waiting(frame, answer)
        try:
            if self._ws is not None and self._welcomed.is_set():
                with suppress(ConnectionClosed):  # it is sent again after the reconnect
                    await self._ws.send(frame)
            return await answer
        finally:
            del self._waiting[id]

    # listening

    def subscribe(
        self, feed: Feed, callback: Callable[[Update], None] | None = None
    ) -> Subscription:
        """At once if connected, else after the welcome; and again after every cut."""
        if feed in self._subscriptions:
            raise ValueError(f"{feed} is subscribed already")
        subscription = self._subscriptions[feed] = Subscription(feed, callback)
        if self.is_connected:
            self._send_soon(m.Subscribe(feed))
        return subscription

    def unsubscribe(self, feed: Feed) -> None:
        self._subscriptions.pop(feed)._end()
        if self.is_connected:
            self._send_soon(m.Unsubscribe(feed))

    # the connection's life

    async def _live(self) -> None:
        attempts = 0
        while True:
            try:
                before = self.connections
                await self._connected()
            except SSLCertVerificationError as error:
                if not self.connections:  # who was here before may come back with a good one
                    said = f"the server's certificate is not trusted: {error.verify_message}"
                    self._give_up(GivenUpError(said))
                    return
            except GONE:
                pass
            except GivenUpError as failure:
                self._give_up(failure)
                return
            except Exception as error:  # a callback's: whoever waits must hear of it
                self._give_up(GivenUpError(f"a callback failed: {error!r}"))
                raise
            finally:
                self._ws = None
                self._welcomed.clear()
            attempts = 0 if self.connections > before else attempts + 1
            await asyncio.sleep(self._wait_s(attempts))

    def _wait_s(self, attempts: int) -> float:
        """Exponential, with full jitter: a thousand clients come back at a thousand moments, and
        none before the server asked for it."""
        least, most = self._backoff_s
        wait_s = least / 2 + self._chance.random() * min(most, least * 2.0 ** min(attempts, 16))
        later_s, self._later_s = self._later_s, 0.0
        return max(wait_s, later_s * (1 + self._chance.random()))

    async def _connected(self) -> None:
        token = await self._token()
        connection = connect(
            self.url,
            subprotocols=[Subprotocol(self._codec.name)],
            compression=None,
            max_size=MESSAGE_BYTES_MAX,
            max_queue=64,
            ping_interval=10,
            ping_timeout=10,
            close_timeout=1,
            open_timeout=10,
            additional_headers=self._headers,
            proxy=None,
            **self._trust,
        )
        async with connection as ws:
            resume = {feed: x.seq for feed, x in self._subscriptions.items()}
            await ws.send(self._codec.message(m.Hello(token, self._name, resume)))
            self._ws = ws
            renewal = asyncio.create_task(self._renew_forever(ws))
            try:
                async for data in ws:
                    await self._receive(ws, self._codec.server_frame(data))
            except ConnectionClosed:
                pass  # why, the code says
            finally:
                renewal.cancel()
            self._look_at_close(ws)

    def _look_at_close(self, ws: ClientConnection) -> None:
        if ws.close_code == 4401 and ws.close_reason != "token_expired":
            raise GivenUpError("the token is not accepted")
        if ws.close_code == 4409:
            raise GivenUpError("another connection took this one's place")

    async def _receive(self, ws: ClientConnection, frame: m.ServerFrame) -> None:
        match frame:
            case m.Reply():
                waiting = self._waiting.get(frame.id)
                if waiting is not None and not waiting.answer.done():
                    waiting.answer.set_result(frame)
            case m.Delta():
                await self._delta(ws, frame)
            case m.Snapshot():
                subscription = self._subscriptions.get(frame.feed)
                if subscription is not None:
                    subscription._told(Update("snapshot", frame.seq, frame.body))
            case m.ServerHeartbeat():
                self.heartbeat = frame
            case m.Welcome():
                await self._welcome(ws, frame)
            case m.Refused():
                if not self._welcomed.is_set():
                    self._later_s = frame.error.retry_after_s or 0.0
                if self._on_error is not None:
                    self._on_error(frame)

    async def _delta(self, ws: ClientConnection, frame: m.Delta) -> None:
        subscription = self._subscriptions.get(frame.feed)
        if subscription is None or (subscription.seq is not None and frame.seq <= subscription.seq):
            return
        if frame.seq != (subscription.seq or 0) + 1:
            await ws.close(1002, "gap")  # ask again from what we have
            return
        subscription._told(Update("delta", frame.seq, frame.body))

    async def _welcome(self, ws: ClientConnection, frame: m.Welcome) -> None:
        renewed = self._welcomed.is_set()
        self.welcome = frame
        if renewed:
            return
        self.connections += 1
        self._welcomed.set()
        for waiting in list(self._waiting.values()):
            await ws.send(waiting.frame)

    async def _renew_forever(self, ws: ClientConnection) -> None:
        """Another hello before the token expires. How long it lives is known from the two times."""
        await self._welcomed.wait()
        while True:
            assert self.welcome is not None
            ttl_s = self.welcome.ttl_s
            await asyncio.sleep(ttl_s - min(RENEW_BEFORE_S, ttl_s / 3))
            await ws.send(self._codec.message(m.Hello(await self._token(), self._name)))

    async def _token(self) -> str:
        token = self._token_source()
        return await token if isawaitable(token) else token

    def _send_soon(self, frame: Any) -> None:
        """Without waiting; if the connection is gone, so is the frame."""
        ws = self._ws
        if ws is None or not self._welcomed.is_set():
            return
        broadcast([ws], self._codec.encode(frame), text=self._codec.is_text)

    def _give_up(self, failure: GivenUpError) -> None:
        self._failure = failure
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(GivenUpError(str(failure)))
        for subscription in self._subscriptions.values():
            subscription._end()
