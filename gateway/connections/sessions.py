"""One connection: hello, then requests, subscriptions and positions, until it ends."""

import asyncio
from typing import Any

from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed

from engine.values import CourierId
from gateway import messages as m
from gateway.auth import check_may_hear, subject_heard
from gateway.codes import Refusal
from gateway.connections.desk import Desk
from gateway.connections.guarding import Guarded
from gateway.connections.requests import Requests
from gateway.messages.frames import RequestFrame
from gateway.tokens import Identity
from gateway.wire import Codec, codec_of, time_text

CLOSE_MALFORMED = 1007
CLOSE_POLICY = 1008
CLOSE_UNAUTHENTICATED = 4401
CLOSE_LATER = 1013
CLOSE_THROTTLED = 4429
CLOSE_CODES = {
    "unauthenticated": CLOSE_UNAUTHENTICATED,
    "token_expired": CLOSE_UNAUTHENTICATED,
    "too_many_connections": CLOSE_THROTTLED,
    "server_full": CLOSE_LATER,
}


class Session:
    """See `run`, its whole life. Everything sent goes through `send`, which never waits."""

    def __init__(self, ws: Guarded, desk: Desk) -> None:
        self.codec: Codec = codec_of(ws.subprotocol)
        self.who: Identity | None = None
        self.subscriptions: dict[m.Feed, Any] = {}  # kept here for the hub
        self._ws = ws
        self._desk = desk
        self._requests: Requests | None = None  # once it is known who asks
        self._closing: set[asyncio.Task[None]] = set()
        self._malformed = self._throttled = 0

    async def run(self) -> None:
        """Until either side closes. Whatever the peer sends, this does not raise."""
        try:
            if await self._greeted():
                async for data in self._ws:
                    await self._receive(data)
        except ConnectionClosed:
            pass
        finally:
            self._leave()

    # sending

    def send(self, frame: Any) -> None:
        self.send_bytes(self.codec.encode(frame))

    def send_bytes(self, data: bytes) -> None:
        """At once, into the write buffer; who does not read it is cut, and nobody waits."""
        if self._ws.transport.is_closing():
            return
        broadcast([self._ws], data, text=self.codec.is_text)
        if self.backlog_bytes > self._desk.limits.write_hard_bytes:
            self.abort()

    @property
    def backlog_bytes(self) -> int:
        """Sent by us and not yet taken by the peer."""
        return self._ws.transport.get_write_buffer_size()

    @property
    def heard_s(self) -> float:
        """When the peer gave its last sign of life; on the stopwatch."""
        return self._ws.heard_s

    def abort(self) -> None:
        """Cut a peer that does not read; a close frame would only join the queue."""
        self._desk.counters.slow_consumers += 1
        self._ws.transport.abort()

    def end_if_over(self, now_s: int) -> None:
        """Asked every second, by the date: a clock that is set right counts at once."""
        if self.who is None:
            return
        if now_s >= self.who.expires_at_s:
            self.close_soon(CLOSE_UNAUTHENTICATED, "token_expired")
        elif self._desk.revocations.has_ended(self.who, now_s):
            self.close_soon(CLOSE_UNAUTHENTICATED, "revoked")

    def close_soon(self, code: int, reason: str) -> None:
        task = asyncio.get_running_loop().create_task(self._ws.close(code, reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _expel(self, code: int, reason: str) -> None:
        """Close on a peer that does not behave, and read no more of what it still sends."""
        self._ws.transport.pause_reading()
        await self._ws.close(code, reason)

    # hello

    async def _greeted(self) -> bool:
        try:
            async with asyncio.timeout(self._desk.limits.hello_s):
                data = await self._ws.recv()
        except TimeoutError:
            return await self._turned_away(Refusal("hello_expected"))
        try:
            frame = self.codec.client_frame(data)
            if not isinstance(frame, m.Hello):
                raise Refusal("hello_expected")
            self._hello(frame)
        except Refusal as refusal:
            return await self._turned_away(refusal)
        return True

    async def _turned_away(self, refusal: Refusal) -> bool:
        self._desk.counters.turned_away += 1
        self.send(m.Refused(refusal.error))
        code = refusal.error.code
        await self._ws.close(CLOSE_CODES.get(code, CLOSE_POLICY), code)
        return False

    def _hello(self, hello: m.Hello) -> None:
        """The first one says who is here; later ones only prolong the stay."""
        desk = self._desk
        now_s = desk.wall_ms() // 1_000
        who = desk.tokens.read(hello.token, now_s)
        desk.revocations.check(who)
        if self.who is None:
            limits = desk.limits.roles[who.role]
            desk.roll.enter(self, who.name, limits.connections, desk.monotonic_s())
            self._requests = Requests(desk, self.codec, limits, self.send)
            self._ws.welcomed()
        elif who.name != self.who.name:
            raise Refusal("unauthenticated")
        self.who = who
        self.send(
            m.Welcome(
                who.role,
                who.subject,
                desk.loop.durable_seq,
                time_text(desk.loop.clock.now()),
                who.expires_at_s - now_s,
                desk.limits.heartbeat_s,
            )
        )
        for feed, seq in hello.resume.items():
            self._subscribe(who, feed, seq)

    # receiving

    async def _receive(self, data: str | bytes) -> None:
        assert self.who is not None
        assert self._requests is not None
        desk = self._desk
        desk.counters.frames_in += 1
        now_s = desk.monotonic_s()
        rest_s = self._requests.rests_until_s - now_s
        if rest_s > 0:
            await asyncio.sleep(rest_s)
            now_s = desk.monotonic_s()
        wait_s = desk.buckets.of(self.who.name, self.who.role, now_s).wait_s(now_s)
        try:
            frame = self.codec.client_frame(data)
        except Refusal as refusal:
            await self._complain(refusal)
            return
        if wait_s:
            await self._throttle(frame, wait_s)
            return
        match frame:
            case RequestFrame():
                await self._requests.take(self.who, frame)
            case m.Positions():
                self._positions(self.who, frame)
            case m.DeviceState():
                self._device(self.who, frame)
            case m.Heartbeat():
                pass
            case m.Hello():
                await self._hello_again(frame)
            case m.Subscribe():
                self._subscribe(self.who, frame.feed, frame.from_)
            case m.Unsubscribe():
                desk.feeds.unsubscribe(self, frame.feed)

    async def _complain(self, refusal: Refusal) -> None:
        """A frame nobody can read. The first few are answered, then it is enough."""
        self._malformed += 1
        self._desk.counters.malformed += 1
        self.send(m.Refused(refusal.error))
        if self._malformed >= self._desk.limits.malformed:
            await self._expel(CLOSE_MALFORMED, "malformed")

    async def _throttle(self, frame: Any, wait_s: float) -> None:
        assert self._requests is not None
        self._throttled += 1
        self._desk.counters.throttled += 1
        refusal = Refusal("rate_limited", retry_after_s=round(wait_s, 3))
        if isinstance(frame, RequestFrame):
            self._requests.refuse(frame.id, refusal.error)
        elif self._throttled == 1:
            self.send(m.Refused(refusal.error))
        if self._throttled >= self._desk.limits.throttled:
            await self._expel(CLOSE_THROTTLED, "rate_limited")

    async def _hello_again(self, hello: m.Hello) -> None:
        try:
            self._hello(hello)
        except Refusal as refusal:
            await self._turned_away(refusal)

    def _subscribe(self, who: Identity, feed: m.Feed, last_seen: int | None) -> None:
        try:
            check_may_hear(who, feed)
        except Refusal as refusal:
            self.send(m.Refused(refusal.error, feed))
            return
        self._desk.feeds.subscribe(self, feed, subject_heard(who), last_seen)

    def _positions(self, who: Identity, frame: m.Positions) -> None:
        if who.role not in ("courier", "tracker"):
            self._refused(Refusal("forbidden"))
            return
        for fix in frame.fixes:
            try:
                self._desk.fixes.take(who.subject, fix, self._refused)
            except Refusal as refusal:
                self._desk.counters.fixes_refused += 1
                self._refused(refusal)

    def _device(self, who: Identity, frame: m.DeviceState) -> None:
        desk, courier = self._desk, CourierId(who.subject)
        if who.role not in ("courier", "tracker"):
            self._refused(Refusal("forbidden"))
        elif desk.loop.engine.state.couriers.get(courier) is not None:
            desk.devices.note(courier, frame)

    def _refused(self, refusal: Refusal) -> None:
        self.send(m.Refused(refusal.error))

    def _leave(self) -> None:
        if self.who is not None:
            self._desk.roll.leave(self, self.who.name)
        self._desk.feeds.drop(self)
        if self._requests is not None:
            self._requests.end()
            self._requests = None
