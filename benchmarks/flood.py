"""Order services that ask for more quotes than can be given: for benchmarks/load.py.

They send whether or not they are answered, as long as the socket takes it; whoever is shown the
door comes back a second later.
"""

import asyncio
import time
from collections import Counter
from random import Random

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from gateway import messages as m
from gateway.clock import wall_ms
from gateway.latency import quantile
from gateway.tokens import Tokens
from gateway.wire import CODECS

CODEC = CODECS[m.MSGPACK]
UNSENT_BYTES = 256 * 1024  # waiting in our own buffer: the server has stopped reading
WINDOW = 32  # of each party, while the capacity is measured
TICK_S = 0.01
DOOR = m.Place(31.23, 121.47)


def masked(payload: bytes) -> bytes:
    """A whole binary frame. A mask of zeros is one, and leaves the bytes as they are."""
    size = len(payload)
    head = bytes((0x82, 0x80 | size)) if size < 126 else b"\x82\xfe" + size.to_bytes(2)
    return head + bytes(4) + payload


class Flood:
    """So many parties, a connection each."""

    def __init__(self, url: str, tokens: Tokens, parties: int, stores: list[str]) -> None:
        self._url, self._tokens, self._stores = url, tokens, stores
        self._names = [f"flood{n}" for n in range(parties)]
        self._lines: dict[str, ClientConnection] = {}
        self._count = 0
        self._rng = Random(11)
        self._sent_s: dict[str, float] = {}
        self._is_over = False
        self.capacity_per_s = self.offered_per_s = 0.0
        self.answers: Counter[str] = Counter()
        self.unsent = self.expelled = 0
        self.waits_s: list[float] = []
        self._came = asyncio.Event()

    async def capacity(self, seconds: float) -> float:
        """Quotes a second, if nobody has more than a few on the way."""
        lives = await self._connect()
        until_s, began_s = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < until_s:
            if len(self._sent_s) < WINDOW * len(self._lines):
                for name in list(self._lines):
                    self._ask(name)
            else:
                self._came.clear()
                await self._came.wait()
        self.capacity_per_s = self.answers["quote"] / (time.monotonic() - began_s)
        while self._sent_s:
            await asyncio.sleep(TICK_S)
        await self._disconnect(lives)
        return self.capacity_per_s

    async def run(self, rate: float, seconds: float) -> None:
        """An open loop at that many a second, from all of them together."""
        self.answers.clear()
        self.waits_s.clear()
        lives = await self._connect()
        began_s, sent = time.monotonic(), 0
        while (passed_s := time.monotonic() - began_s) < seconds:
            for _ in range(round(rate * passed_s) - sent):
                sent += 1
                self._ask(self._names[sent % len(self._names)])
            await asyncio.sleep(TICK_S)
        self.offered_per_s = sent / passed_s
        await asyncio.sleep(1.0)
        await self._disconnect(lives)

    def rows(self) -> dict[str, str]:
        if not self.capacity_per_s:
            return {}
        median_ms, p99_ms = (1e3 * quantile(self.waits_s, x) for x in (0.5, 0.99))
        told = ", ".join(f"{name} {n:,}" for name, n in self.answers.most_common())
        return {
            "flood: quotes a second it can give": f"{self.capacity_per_s:,.0f}",
            "flood: asked for, a second": f"{self.offered_per_s:,.0f}",
            "flood: answers": told,
            "flood: not sent, the server was not reading": f"{self.unsent:,}",
            "flood: shown the door": f"{self.expelled:,}",
            "flood: quotes given, ms": f"{median_ms:,.0f} / {p99_ms:,.0f}",
        }

    # internals

    async def _connect(self) -> list[asyncio.Task[None]]:
        self._is_over = False
        self._sent_s.clear()
        lives = [asyncio.create_task(self._live(name)) for name in self._names]
        while len(self._lines) < len(self._names):
            await asyncio.sleep(TICK_S)
        return lives

    async def _disconnect(self, lives: list[asyncio.Task[None]]) -> None:
        self._is_over = True
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        self._lines.clear()

    async def _live(self, name: str) -> None:
        while True:
            try:
                await self._converse(name)
            except (OSError, WebSocketException):
                pass
            finally:
                self._lines.pop(name, None)
            self.expelled += 1
            await asyncio.sleep(1.0)

    async def _converse(self, name: str) -> None:
        protocols = [Subprotocol(m.MSGPACK)]
        async with connect(self._url, subprotocols=protocols, compression=None) as ws:
            token = self._tokens.mint("order_service", name, 900, wall_ms() // 1_000)
            await ws.send(CODEC.message(m.Hello(token, name)))
            await ws.recv()
            await ws.send(CODEC.message(m.Request("me", m.RegisterCustomer(name))))
            await ws.recv()  # or was the first time
            self._lines[name] = ws
            try:
                async for data in ws:
                    self._hear(CODEC.server_frame(data))
            except ConnectionClosed:
                return

    def _hear(self, frame: object) -> None:
        if not isinstance(frame, m.Reply):
            return
        began_s = self._sent_s.pop(frame.id, None)
        self._came.set()
        if frame.error is not None:
            self.answers[frame.error.code] += 1
            return
        self.answers["quote"] += 1
        if began_s is not None:
            self.waits_s.append(time.monotonic() - began_s)

    def _ask(self, name: str) -> None:
        ws = self._lines.get(name)
        if ws is None or ws.transport.get_write_buffer_size() > UNSENT_BYTES:
            self.unsent += 1
            return
        self._count += 1
        key = f"f{self._count}"
        lines = [m.Line("ramen", 1 + self._count % 3)]
        quote = m.RequestQuote(key, name, self._rng.choice(self._stores), lines, DOOR)
        self._sent_s[key] = time.monotonic()
        ws.transport.write(masked(CODEC.message(m.Request(key, quote))))
