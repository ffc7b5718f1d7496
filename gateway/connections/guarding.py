"""A websocket connection that notices what the library does not: who floods, and who is silent."""

import asyncio
from typing import ClassVar

from websockets.asyncio.server import ServerConnection

from gateway.clock import stopwatch_s


class Guarded(ServerConnection):
    """Cuts a peer whose own questions (pings) fill our buffer faster than it reads.

    Of those who have not said a single byte yet only the latest `mute_max` are kept: each costs
    some 10 KiB, which the process keeps once it had them, and to open a socket costs nothing.
    """

    hard_bytes = 1024 * 1024
    mute_max = 3_000
    mutes: ClassVar[dict["Guarded", None]]  # of all of one server, oldest first
    heard_s = 0.0  # when anything came last, pongs included; on the stopwatch

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self.mutes) >= self.mute_max:
            oldest = next(iter(self.mutes))
            del self.mutes[oldest]
            oldest.transport.abort()
        self.mutes[self] = None

    def data_received(self, data: bytes) -> None:
        self.heard_s = stopwatch_s()
        self.mutes.pop(self, None)
        super().data_received(data)
        if self.transport.get_write_buffer_size() > self.hard_bytes:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.mutes.pop(self, None)
        super().connection_lost(exc)


def guarded(hard_bytes: int, mute_max: int) -> type[Guarded]:
    """For one server, with its limits."""
    limits = {"hard_bytes": hard_bytes, "mute_max": mute_max, "mutes": {}}
    return type("Guarded", (Guarded,), limits)
