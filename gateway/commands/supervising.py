"""Keeps a server alive: if it dies, however it dies, it is started again on the same data."""

import asyncio
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from ssl import SSLCertVerificationError, SSLContext

from gateway.clock import stopwatch_s
from gateway.commands.compiling import COMPILING

STARTS_WITHIN_S = 600.0  # the first start compiles the kernels
SAID_AFTER_S = 6.0
FAILURES_MAX = 3


class NoServerError(Exception):
    """It did not start, or cannot be kept alive."""


class Supervisor:
    """Keeps one `o2o serve` running until told otherwise."""

    def __init__(
        self,
        args: Namespace,
        settings: Path,
        planning: Sequence[str] = (),
        say: Callable[[str], object] = lambda _: None,
        tls: SSLContext | None = None,
    ) -> None:
        """`say` hears why the first start takes so long; `tls`: by whom the server is trusted."""
        self.restarts = 0
        self._say = say
        self._command = [
            *(sys.executable, "-m", "gateway.cli", "serve"),
            *("--data", str(args.data), "--port", str(args.port)),
            *("--speed", str(args.speed), "--settings", str(settings), "--quiet"),
            *planning,
        ]
        if tls is not None:
            files = ("--tls-cert", str(args.tls_cert), "--tls-key", str(args.tls_key))
            self._command += files
        self._tls = tls
        self._port = args.port
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def watch(self) -> asyncio.Task[None]:
        """Ends only if the server cannot be kept alive, with the reason."""
        assert self._watch is not None
        return self._watch

    async def start(self) -> None:
        """Returns when it answers. Raises NoServerError if it ends instead."""
        if await self._is_taken():
            raise NoServerError(
                f"somebody serves at port {self._port} already: choose another --port"
            )
        await self._spawn()
        began_s, told = stopwatch_s(), False
        while not await self._answers():
            assert self._process is not None
            waited_s = stopwatch_s() - began_s
            if self._process.returncode is not None or waited_s > STARTS_WITHIN_S:
                raise NoServerError(f"the server did not start: {' '.join(self._command)}")
            if waited_s > SAID_AFTER_S and not told:
                told = True
                self._say(COMPILING)
            await asyncio.sleep(0.1)
        self._watch = asyncio.create_task(self._keep_alive())

    async def stop(self) -> int:
        """Ask it to end, and wait. Its exit status."""
        if self._watch is not None:
            self._watch.cancel()
        if self._process is None:
            return 0
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

    async def _spawn(self) -> None:
        # Its own session: Ctrl-C is ours to pass on, so that clients leave first.
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )

    async def _keep_alive(self) -> None:
        failures = 0
        while True:
            assert self._process is not None
            status = await self._process.wait()
            # Killed is not failed: only a server that ends by itself, again and again, is hopeless.
            failures = failures + 1 if status > 0 else 0
            if failures == FAILURES_MAX:
                raise NoServerError(f"the server ended {failures} times by itself, with {status}")
            self.restarts += 1
            await self._spawn()

    async def _is_taken(self) -> bool:
        """Else another's answers would be taken for our own server's."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        return True

    async def _answers(self) -> bool:
        """Raises NoServerError if nobody would believe the answer."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
        except SSLCertVerificationError as error:
            said = f"its certificate is not trusted here, {error.verify_message}"
            raise NoServerError(f"{said}: name its authority, --ca FILE") from error
        except OSError:
            return False
        writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        with suppress(OSError):
            line = await reader.readline()
            writer.close()
            return b" 200 " in line
        return False
