"""So many couriers cut off at once: how soon has everybody his route again, what do others wait?

    python benchmarks/storm.py [COURIERS [STORMS]]

They come back within a second, all of them; who is turned away tries again later each time. A
store that asks for its shelves twenty times a second stands for everybody else.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from served import Served
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from gateway import messages as m
from gateway.clock import wall_ms
from gateway.latency import quantile
from gateway.wire import CODECS

CODEC = CODECS[m.MSGPACK]
ANEW_S, ASKED_EVERY_S, STILL_S = 0.5, 0.05, 3.0
CENTER = m.Place(31.23, 121.47)


class TurnedAwayError(Exception):
    """With an error frame."""


class Storm:
    """The couriers, and what they and the store have seen."""

    def __init__(self, served: Served, couriers: int) -> None:
        self.served, self.couriers = served, [f"k{n}" for n in range(couriers)]
        self.lines: list[ClientConnection] = []
        self.waits_s: list[float] = []
        self.failures: Counter[str] = Counter()
        self._rng = Random(5)

    async def register(self) -> None:
        async with self.served.client("operator", "ops") as ops:
            await ops.request(m.RegisterStore("s0", "s0", CENTER, 300))
            new = (ops.request(m.RegisterCourier(x, "scooter", 12)) for x in self.couriers)
            await asyncio.gather(*new)
        self.lines = await asyncio.gather(*(self._back(x, 5.0) for x in self.couriers))

    async def ask_forever(self) -> None:
        async with self.served.client("store", "s0") as store:
            while True:
                began_s = time.monotonic()
                await store.request(m.ListStock())
                self.waits_s.append(time.monotonic() - began_s)
                await asyncio.sleep(ASKED_EVERY_S)

    async def strike(self) -> float:
        """Seconds until the last of them is told his route."""
        self.waits_s.clear()
        self.failures.clear()
        for line in self.lines:
            line.transport.abort()
        began_s = time.monotonic()
        self.lines = await asyncio.gather(*(self._back(x, 1.0) for x in self.couriers))
        return time.monotonic() - began_s

    async def _back(self, name: str, within_s: float) -> ClientConnection:
        await asyncio.sleep(within_s * self._rng.random())
        anew_s = ANEW_S
        while True:
            try:
                return await self._connected(name)
            except (OSError, TurnedAwayError, WebSocketException) as error:
                self.failures[type(error).__name__] += 1
            await asyncio.sleep(anew_s * self._rng.random())
            anew_s *= 2

    async def _connected(self, name: str) -> ClientConnection:
        spoken = [Subprotocol(m.MSGPACK)]
        line = await connect(
            self.served.url, subprotocols=spoken, compression=None, open_timeout=60
        )
        token = self.served.tokens.mint("courier", name, 900, wall_ms() // 1_000)
        await line.send(CODEC.message(m.Hello(token, name, {"route": None})))
        while True:
            frame = CODEC.server_frame(await line.recv())
            if isinstance(frame, m.Refused):
                raise TurnedAwayError
            if isinstance(frame, m.Snapshot):
                asyncio.get_running_loop().create_task(_read_on(line))
                return line


async def _read_on(line: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        async for _ in line:
            pass


async def measure(couriers: int, storms: int, data: Path) -> None:
    served = Served(data, "insertion")
    await served.start()
    storm = Storm(served, couriers)
    await storm.register()
    memory = asyncio.create_task(served.watch_memory())
    asking = asyncio.create_task(storm.ask_forever())
    for _ in range(storms):
        await asyncio.sleep(STILL_S)
        cpu_s = served.cpu_s
        took_s = await storm.strike()
        p99_ms = 1e3 * quantile(storm.waits_s, 0.99)
        print(
            f"{couriers:,} back in {took_s:.1f} s, {served.cpu_s - cpu_s:.1f} s of server CPU; "
            f"turned away {sum(storm.failures.values()):,} times {dict(storm.failures)}; "
            f"others waited {p99_ms:,.0f} ms (p99); {served.resident_mb_max:,.0f} MB at most"
        )
    for task in (memory, asking):
        task.cancel()
    await asyncio.gather(memory, asking, return_exceptions=True)
    await served.stop()


def main() -> int:
    couriers, storms = (int(x) for x in (sys.argv[1:] + ["2000", "3"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(couriers, storms, Path(folder, "data")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
