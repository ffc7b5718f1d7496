"""A websocket connection that notices what the library does not: who floods, and who is silent."""

from websockets.asyncio.server import ServerConnection

from gateway.clock import stopwatch_s


class Guarded(ServerConnection):
    """Cuts a peer whose own questions (pings) fill our buffer faster than it reads."""

    hard_bytes = 1024 * 1024
    heard_s = 0.0  # when anything came last, pongs included; on the stopwatch

    def data_received(self, data: bytes) -> None:
        self.heard_s = stopwatch_s()
        super().data_received(data)
        if self.transport.get_write_buffer_size() > self.hard_bytes:
            self.transport.abort()


def guarded(hard_bytes: int) -> type[Guarded]:
    """With another limit."""
    return type("Guarded", (Guarded,), {"hard_bytes": hard_bytes})
