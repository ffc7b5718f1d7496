"""A process's asyncio loop: how it is run, told to stop, and rid of what it started."""

import asyncio
import gc
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run, on uvloop where that is installed, and with all the sockets we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if find_spec("uvloop") is None:
        return asyncio.run(main)
    import uvloop  # not on every platform

    return uvloop.run(main)  # type: ignore[no-any-return]


def search_seldom() -> None:
    """For cyclic garbage, of which a server makes next to none: while thousands come at once, to
    search what they bring took half of the time, up to a quarter of a second in one piece.
    """
    gc.set_threshold(5_000, 5, 100)


def files_at_once() -> int:
    """How many files and sockets this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def told_to_stop() -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def until(stopped: asyncio.Event, life: Awaitable[None]) -> None:
    """Until that is set, or `life` ends. Raises why it ended."""
    stop, end = asyncio.ensure_future(stopped.wait()), asyncio.ensure_future(life)
    await asyncio.wait((stop, end), return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if end.done():
        end.result()
    end.cancel()


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Returns when they have ended, whatever they end with."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Locks:
    """By key: `async with locks.of(key)`. A lock that nobody holds or waits for is not kept."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())


class OwnThread:
    """`await thread(call, *args)`: for a file or a database that is used by one at a time."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)

    async def __call__(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *args)

    def soon(self, call: Callable[..., object], *args: object) -> None:
        """After what it is told before; nobody waits."""
        self._executor.submit(call, *args)

    def close(self) -> None:
        """When it has done all it was told."""
        self._executor.shutdown()
