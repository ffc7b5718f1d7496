"""A websocket connection that notices what the library does not: who floods, and who is silent."""

import asyncio
from asyncio.sslproto import SSLProtocol
from ssl import SSLContext
from typing import ClassVar, cast

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from gateway.clock import stopwatch_s
from gateway.connections.gradually import Gradually

RAISED_S = 0.5


class Guarded(ServerConnection):
    """Cuts a peer whose own questions (pings) fill our buffer faster than it reads.

    Of those who have not said a single byte yet only the latest `mute_max` are kept: each costs
    some 12 KiB, over TLS 70, which the process keeps once it had them, and to open a socket costs
    nothing. And when `room` sockets are open, whoever waits longest without having said who he is
    gives way.
    """

    hard_bytes = 1024 * 1024
    mute_max = 3_000
    room = 1_000_000
    gradually: ClassVar[Gradually]  # whoever comes and goes; who is here is heard at once
    mutes: ClassVar[dict["Guarded", None]]  # of all of one server, oldest first
    strangers: ClassVar[dict["Guarded", None]]  # those and whoever has said no valid hello
    open_count: ClassVar[int]
    is_shut: ClassVar[bool]  # the server stops: whoever comes yet is turned away
    _door: asyncio.Transport | None = None  # his socket's; over TLS he has another to speak by
    _is_held = False  # what he said waits, and no more is read of him
    heard_s = 0.0  # when anything came last, pongs included; on the stopwatch

    def knocked(self, door: asyncio.Transport) -> None:
        """He has a socket. From now on he holds a place, and may have to give way."""
        self._door = door
        type(self).open_count += 1
        if len(self.mutes) >= self.mute_max:
            self._give_way(self.mutes)
        elif self.open_count > self.room and self.strangers:
            self._give_way(self.strangers)
        self.mutes[self] = self.strangers[self] = None
        if self.is_shut:
            door.abort()

    @classmethod
    def shut(cls) -> None:
        """Nobody comes in any more, and whoever is in the midst of it is cut: no more than a page
        is under way, and a server that stops would wait for him as long as he may take."""
        cls.is_shut = True
        for stranger in [*cls.strangers]:
            if stranger._door is not None and stranger.protocol.state is State.CONNECTING:
                stranger._door.abort()

    def left(self) -> None:
        """And is gone, however far he came."""
        if self._door is not None:
            self._door = None
            type(self).open_count -= 1
            self.mutes.pop(self, None)
            self.strangers.pop(self, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._door is None:
            self.knocked(self.transport)

    def welcomed(self) -> None:
        """He said who he is, and keeps his place."""
        self.strangers.pop(self, None)

    def data_received(self, data: bytes) -> None:
        self.heard_s = stopwatch_s()
        self.mutes.pop(self, None)
        if self not in self.strangers:
            self._hear(data)
        elif not self.gradually.do(self._hear, data):
            self.transport.pause_reading()
            self._is_held = True

    def eof_received(self) -> bool:  # type: ignore[override]
        """The transport stays open until it is his turn to be closed."""
        self.gradually.do(self._end)
        return self._door is self.transport  # TLS has an end of its own, and waits for nobody

    def connection_lost(self, exc: Exception | None) -> None:
        self.left()
        self.gradually.do(self._lose, exc)

    def _hear(self, data: bytes) -> None:
        if self._is_held:
            self._is_held = False
            if self.transport.is_closing():
                return
            if not self.recv_messages.paused:
                self.transport.resume_reading()
        super().data_received(data)
        if self.transport.get_write_buffer_size() > self.hard_bytes:
            self.transport.abort()

    def _end(self) -> None:
        if not self.transport.is_closing():
            super().eof_received()
            self.transport.close()

    def _lose(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._untie()
        if self.protocol.handshake_exc is not None:  # whoever waits for the handshake raises it yet
            asyncio.get_running_loop().call_later(RAISED_S, self._untie)

    def _untie(self) -> None:
        """Whoever left is forgotten at once: what leads back to him is not left to the search for
        cycles, which stops the whole server, when thousands leave for a good while."""
        self.protocol.parser.close()
        _forget_where(self.protocol.parser_exc)
        _forget_where(self.protocol.handshake_exc)
        vars(self.protocol).pop("select_subprotocol", None)

    @classmethod
    def _give_way(cls, waiting: dict["Guarded", None]) -> None:
        oldest = next(iter(waiting))
        cls.mutes.pop(oldest, None)
        cls.strangers.pop(oldest, None)
        if oldest._door is not None:
            oldest._door.abort()


class Secured(SSLProtocol):
    """TLS around a guarded connection. Who has not shaken hands may be cut as anybody who is mute.

    asyncio's own protocol, for a server that is given `ssl` knows nobody before the handshake: as
    many idle sockets as there are files would keep everybody else out. And it holds a buffer of
    `max_size` for each, 256 KiB if left alone; no record of TLS has more than 16.
    """

    max_size = 16 * 1024

    def __init__(self, guarded: Guarded, tls: SSLContext, handshake_s: float, close_s: float):
        super().__init__(
            asyncio.get_running_loop(),
            guarded,
            tls,
            None,  # type: ignore[arg-type]  # nobody waits for the handshake
            server_side=True,
            ssl_handshake_timeout=handshake_s,  # type: ignore[arg-type]
            ssl_shutdown_timeout=close_s,
        )
        self._guarded = guarded
        self.protocol = guarded.protocol  # what the library asks of a connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._guarded.knocked(cast("asyncio.Transport", transport))
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._guarded.left()
        super().connection_lost(exc)


def guarded(hard_bytes: int, mute_max: int, room: int) -> type[Guarded]:
    """For one server, with its limits."""
    limits = {"hard_bytes": hard_bytes, "mute_max": mute_max, "room": room}
    counted = {"mutes": {}, "strangers": {}, "open_count": 0, "is_shut": False}
    own = {**limits, **counted, "gradually": Gradually()}
    return type("Guarded", (Guarded,), own)


def _forget_where(error: BaseException | None) -> None:
    """It was raised, and what it came of."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
