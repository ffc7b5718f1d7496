"""So many couriers cut off at once: how soon has everybody his route again, what do others wait?

    python benchmarks/storm.py [COURIERS [STORMS]]

They come back within a second, all of them; who is turned away tries again later each time. A
store that asks for its shelves twenty times a second stands for everybody else: from a process of
its own, so that it does not wait for the couriers' one.
"""

import asyncio
import gc
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
from gateway.tokens import Tokens, load_secret
from gateway.wire import CODECS

CODEC = CODECS[m.MSGPACK]
ANEW_S, ASKED_EVERY_S, STILL_S = 0.5, 0.05, 3.0
CENTER = m.Place(31.23, 121.47)
ASKING = "ask"


class TurnedAwayError(Exception):
    """With an error frame."""


class Storm:
    """The couriers, and what they and the store have seen."""

    def __init__(self, served: Served, couriers: int) -> None:
        self.served, self.couriers = served, [f"k{n}" for n in range(couriers)]
        self.lines: list[ClientConnection] = []
        self.failures: Counter[str] = Counter()
        self._rng = Random(5)

    async def register(self) -> None:
        async with self.served.client("operator", "ops") as ops:
            await ops.request(m.RegisterStore("s0", "s0", CENTER, 300))
            new = (ops.request(m.RegisterCourier(x, "scooter", 12)) for x in self.couriers)
            await asyncio.gather(*new)
        self.lines = await asyncio.gather(*(self._back(x, 5.0) for x in self.couriers))

    async def strike(self) -> tuple[float, float]:
        """From when until when the last of them is told his route."""
        self.failures.clear()
        for line in self.lines:
            line.transport.abort()
        began_s = time.monotonic()
        self.lines = await asyncio.gather(*(self._back(x, 1.0) for x in self.couriers))
        return began_s, time.monotonic()

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


class Asking:
    """A store that asks twenty times a second, whatever becomes of it, from a process of its own:
    it stands for everybody else, and does not wait for whoever makes the crowd."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._waits_s: list[tuple[float, float]] = []  # when it was asked, and how long

    async def hear(self) -> None:
        """Until cancelled."""
        words = [__file__, ASKING, self._served.url, str(self._served.data)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                began_s, wait_s = line.split()
                self._waits_s.append((float(began_s), float(wait_s)))
        finally:
            process.kill()
            await process.wait()

    def told(self, began_s: float, ended_s: float) -> str:
        """Of what was asked in that time; median, p99 and most."""
        found = [wait_s for at_s, wait_s in self._waits_s if began_s <= at_s <= ended_s]
        figures = " / ".join(f"{1e3 * quantile(found, x):,.0f}" for x in (0.5, 0.99, 1.0))
        return f"{figures} ms ({len(found)} times)"


async def ask_forever(url: str, data: Path) -> None:
    """Tells when it asked, by the clock of all processes, and how long it waited."""
    served = Served(data, "")
    served.url, served.tokens = url, Tokens(load_secret(data))
    async with served.client("store", "s0") as store, asyncio.TaskGroup() as asking:

        async def ask() -> None:
            began_s = time.monotonic()
            await store.request(m.ListStock())
            print(began_s, time.monotonic() - began_s, flush=True)

        while True:  # whatever became of those before
            asking.create_task(ask())
            await asyncio.sleep(ASKED_EVERY_S)


async def measure(couriers: int, storms: int, data: Path) -> None:
    served = Served(data, "insertion")
    await served.start()
    storm = Storm(served, couriers)
    await storm.register()
    memory = asyncio.create_task(served.watch_memory())
    asking = Asking(served)
    hearing = asyncio.create_task(asking.hear())
    await asyncio.sleep(STILL_S)
    for _ in range(storms):
        cpu_s, own_s = served.cpu_s, time.process_time()
        began_s, ended_s = await storm.strike()
        cpu_s, own_s = served.cpu_s - cpu_s, time.process_time() - own_s
        await asyncio.sleep(STILL_S)
        print(
            f"{couriers:,} back in {ended_s - began_s:.1f} s, {cpu_s:.2f} s of server CPU and "
            f"{own_s:.1f} s of theirs; turned away {sum(storm.failures.values()):,} times "
            f"{dict(storm.failures)}; others waited {asking.told(began_s, ended_s)}; "
            f"{served.resident_mb_max:,.0f} MB at most"
        )
    for task in (memory, hearing):
        task.cancel()
    await asyncio.gather(memory, hearing, return_exceptions=True)
    await served.stop()


def main() -> int:
    if sys.argv[1:2] == [ASKING]:
        asyncio.run(ask_forever(sys.argv[2], Path(sys.argv[3])))
        return 0
    gc.disable()  # what is measured is the server
    couriers, storms = (int(x) for x in (sys.argv[1:] + ["2000", "3"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(couriers, storms, Path(folder, "data")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
