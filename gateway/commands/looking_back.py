"""`o2o console DIR`: the live map over a journal, with a slider through time. Read-only.

Only this machine is answered, and nothing is asked of who writes the journal: one that is being
written is followed.
"""

import argparse
import asyncio
import sys
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from gateway import running
from gateway.commands.ports import port
from gateway.connections.http import PLAIN, Site, answered, console_files
from gateway.running import told_to_stop, until
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import collector_paused
from gateway.telling.moments import Moments

HOST = "127.0.0.1"
PAGE = "/console/replay.html"
FOLLOW_S = 1.0  # between two looks for what was written meanwhile
JSON = "application/json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a data folder with a journal")
    parser.add_argument("--port", type=port, default=8090, help="on this machine; 0: any")


def run(args: argparse.Namespace) -> int:
    """Until SIGINT or SIGTERM, then 0. Raises CorruptJournalError, FileNotFoundError."""
    return running.run(_look_back(args.folder, args.port))


async def _look_back(folder: Path, port: int) -> int:
    stopped = told_to_stop()
    async with LookingBack(folder, port) as console:
        sys.stdout.write(f"console  {console.url}\n")
        sys.stdout.flush()
        await until(stopped, asyncio.shield(console.reading))  # which ends by itself
    return 0


class LookingBack:
    """`async with LookingBack(folder, port) as console:` — `console.reading` ends if it fails."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.moments = Moments()
        self.reading: asyncio.Future[None]
        self.port = port
        self._journal = JournalReader(folder / JOURNAL_FILE)
        self._left = Event()
        answers = {"/moments/span": self._span, "/moments/segment": self._segment}
        files = console_files()
        files["/"] = files[PAGE]
        self._site = Site(lambda: {"ok": True}, list, files, answers)

    async def __aenter__(self) -> "LookingBack":
        self._server = await serve(
            _nobody, HOST, self.port, process_request=self._answer, server_header=None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.reading = asyncio.ensure_future(asyncio.to_thread(self._read))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._left.set()
        await asyncio.gather(self.reading, return_exceptions=True)
        self._server.close()
        await self._server.wait_closed()
        self._journal.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    # reading, in a thread of its own

    def _read(self) -> None:
        with collector_paused():
            self._read_on()
        self.moments.is_reading = False
        while not self._left.wait(FOLLOW_S):
            if self._journal.head()[0] > self.moments.engine.seq:
                self._read_on()

    def _read_on(self) -> None:
        for record in self._journal.read(self.moments.engine.seq + 1):
            self.moments.see(record)
            if self._left.is_set():
                return
        self.moments.settle()

    # answering

    def _answer(self, ws: ServerConnection, request: Request) -> Response:
        """A page of another site, whose name somebody points at this machine, is not answered."""
        own = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        if request.headers.get_all("Host")[:1] not in [[x] for x in own]:
            return answered(HTTPStatus.FORBIDDEN, b"only for this machine\n", PLAIN)
        return self._site.response(request, (ws.remote_address or ("",))[0])

    def _span(self, _: Request) -> Response:
        return answered(HTTPStatus.OK, msgspec.json.encode(self.moments.span()), JSON)

    def _segment(self, request: Request) -> Response:
        """`?index=`, `?at_time=` (milliseconds, or as 2025-03-07T12:00:00+08:00), `?at_seq=`."""
        asked = parse_qs(request.path.partition("?")[2])
        try:
            [(name, [text])] = asked.items()
            index = self._index(name, text)
            body = self.moments.segment(index)
        except ValueError:
            said = b"say index=N, at_seq=N or at_time=TIME, once\n"
            return answered(HTTPStatus.BAD_REQUEST, said, PLAIN)
        except IndexError:
            return answered(HTTPStatus.NOT_FOUND, b"there is nothing of that time\n", PLAIN)
        found = answered(HTTPStatus.OK, body, JSON)
        found.headers["Content-Encoding"] = "gzip"
        return found

    def _index(self, name: str, text: str) -> int:
        """Raises ValueError, and IndexError while there is nothing yet."""
        index: int | None
        match name:
            case "index":
                index = int(text)
            case "at_seq":
                index = self.moments.at_seq(int(text))
            case "at_time":
                index = self.moments.at_time(millis(text))
            case _:
                raise ValueError(name)
        if index is None or index < 0:
            raise IndexError(text)
        return index


def millis(text: str) -> int:
    """Of a number, or of a time with its zone. Raises ValueError."""
    try:
        return int(text)
    except ValueError:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise
        return round(time.timestamp() * 1_000)


async def _nobody(connection: ServerConnection) -> None:
    """No websocket is ever opened here: every request is answered before."""
    await connection.close()
