"""`o2o serve` from outside: a process, its sockets, its files. Imports nothing of the program."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

ROOT = Path(__file__).resolve().parents[2]
O2O = (sys.executable, "-m", "gateway.cli")
STARTS_S = 120.0
TOKENS_KEPT_S, LAST_WORDS_S = 600.0, 2.0
STORE = {"lat": 39.0, "lon": 116.0}
PRICE = {"amount": 1200, "currency": "CNY"}
SHIFT = timedelta(hours=20)
LETTERS = itertools.count(1)

Frame = dict[str, Any]


class CutError(Exception):
    """The connection ended before the answer: nobody knows."""


class Served:
    """One server process at a time over one data folder; none is left behind."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.tokens: dict[tuple[str, str], str] = {}
        self._minted_at = time.monotonic()
        self.starts = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.starts and self.process.returncode is None:
            await self.kill()

    async def start(
        self,
        *wrapped: str,
        env: dict[str, str] | None = None,
        options: Sequence[str] = (),
        **more: Any,
    ) -> str | None:
        """The address; or None if it ended instead, with `said` and its exit status.

        `wrapped`: words before the command; `options`: after it.
        """
        solver = ("--solver", "nearest", "--improver", "none")
        command = (*wrapped, *O2O, "serve", "--data", str(self.data), "--port", "0")
        self.process = await asyncio.create_subprocess_exec(
            *command,
            *solver,
            *options,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **more,
        )
        self.starts += 1
        self._heard: list[bytes] = []
        self._ears = asyncio.create_task(self._listen())
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), STARTS_S)
        self.url = line.decode().split()[1] if line.startswith(b"gateway") else ""
        if not self.url:
            await self.ended()
        return self.url or None

    async def _listen(self) -> None:
        assert self.process.stderr is not None
        while data := await self.process.stderr.read(4096):
            self._heard.append(data)

    @property
    def said(self) -> str:
        return b"".join(self._heard).decode(errors="replace")

    async def ended(self, timeout_s: float = 30.0) -> int:
        status = await asyncio.wait_for(self.process.wait(), timeout_s)
        await asyncio.wait({self._ears}, timeout=LAST_WORDS_S)
        return status

    @property
    def pid(self) -> int:
        """Of the server, also under strace. Raises ProcessLookupError."""
        if self.process.returncode is not None:
            raise ProcessLookupError
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        name = Path(f"/proc/{self.process.pid}/comm").read_text().strip()
        return int(children.split()[0]) if name in ("strace", "faketime") else self.process.pid

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.ended()

    async def stop(self) -> int:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        return await self.ended()

    def token(self, role: str, subject: str) -> str:
        if time.monotonic() - self._minted_at > TOKENS_KEPT_S:
            self.tokens, self._minted_at = {}, time.monotonic()
        if (role, subject) not in self.tokens:
            words = (*O2O, "token", role, subject, "--data", str(self.data))
            env = os.environ | {"PYTHONPATH": str(ROOT)}
            done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, check=True)
            self.tokens[role, subject] = done.stdout.decode().strip()
        return self.tokens[role, subject]

    async def talk(
        self,
        role: str,
        subject: str,
        hear: Callable[[Frame], None] | None = None,
        resume: dict[str, int | None] | None = None,
    ) -> "Talk":
        hello: Frame = {"type": "hello", "token": self.token(role, subject)}
        try:
            ws = await connect(
                self.url,
                subprotocols=["o2o.v1.json"],
                compression=None,
                max_size=None,
                open_timeout=10,
                ping_interval=None,
                close_timeout=0.2,
            )
            await ws.send(json.dumps(hello | ({"resume": resume} if resume else {})))
            welcome = json.loads(await ws.recv())
        except (WebSocketException, OSError, TimeoutError) as error:
            raise CutError(f"not welcome: {error!r}") from error
        if welcome["type"] != "welcome":
            raise CutError(str(welcome))
        return Talk(ws, hear, welcome["at"])

    def page(self, path: str) -> tuple[int, bytes]:
        url = self.url.replace("ws://", "http://").replace("/ws", path)
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


class Talk:
    """A connection that said hello. Requests may be under way together."""

    def __init__(
        self, ws: ClientConnection, hear: Callable[[Frame], None] | None, at: str = ""
    ) -> None:
        """`at`: the server's time when it said welcome."""
        self._ws, self._hear, self.at = ws, hear, at
        self._waiting: dict[str, list[asyncio.Future[bytes]]] = {}
        self.cut = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed, OSError):
            async for data in self._ws:
                text = data if isinstance(data, bytes) else data.encode()
                frame = json.loads(text)
                if frame["type"] == "reply":
                    waiting = self._waiting.get(frame["id"])
                    if waiting:
                        answer = waiting.pop(0)
                        if not answer.done():
                            answer.set_result(text)
                elif self._hear is not None and frame["type"] != "heartbeat":
                    self._hear(frame)
        self.cut.set()
        for futures in self._waiting.values():
            for waiting in futures:
                if not waiting.done():
                    waiting.set_exception(CutError())

    async def raw(self, key: str, body: Frame, timeout_s: float = 30.0) -> bytes:
        """The reply, byte for byte. Raises CutError, TimeoutError."""
        if self.cut.is_set():
            raise CutError
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        try:
            await self._ws.send(json.dumps({"type": "request", "id": key, "body": body}))
        except ConnectionClosed as error:
            answer.cancel()
            raise CutError from error
        async with asyncio.timeout(timeout_s):  # wait_for may swallow that it was cancelled
            return await answer

    async def ask(self, kind: str, key: str = "", **fields: Any) -> Frame:
        """The reply; `code` is its error's, or empty."""
        body = {"type": kind, **fields}
        frame: Frame = json.loads(await self.raw(key or f"a-{next(LETTERS)}-{os.getpid()}", body))
        frame["code"] = (frame.get("error") or {}).get("code", "")
        return frame

    async def told(self, kind: str, **fields: Any) -> Frame:
        """The body of an answer that has to be no refusal."""
        frame = await self.ask(kind, **fields)
        assert not frame["code"], frame
        found: Frame = frame.get("body") or {}
        return found

    async def send(self, frame: Frame) -> None:
        """What nobody answers."""
        with contextlib.suppress(ConnectionClosed):
            await self._ws.send(json.dumps(frame))

    def abort(self) -> None:
        self._ws.transport.abort()

    async def close(self) -> None:
        await self._ws.close()
        await self._reader


async def small_city(
    served: Served, products: int = 1, stock: int = 1_000_000, customers: int = 1
) -> None:
    """One store with full shelves, one courier on shift, one customer."""
    ops = await served.talk("operator", "ops")
    await ops.told("register_store", store="s1", name="Noodles", location=STORE, preparation_s=600)
    for n in range(products):
        await ops.told("list_product", product=f"p{n}", name=f"P{n}", category="food")
    await ops.told("register_courier", courier="kim", vehicle="scooter", capacity=12)
    store = await served.talk("store", "s1")
    for n in range(products):
        await store.told("set_price", product=f"p{n}", price=PRICE)
        await store.told("receive_stock", product=f"p{n}", quantity=stock)
    shop = await served.talk("order_service", "shop")
    for n in range(customers):
        await shop.told("register_customer", customer=f"c{n}")
    kim = await served.talk("courier", "kim")
    ends = datetime.fromisoformat(kim.at) + SHIFT
    await kim.told("start_shift", ends_at=ends.isoformat())
    for talk in (ops, store, shop, kim):
        await talk.close()


def journal_keys(data: Path) -> dict[str, int]:
    """Client ids that the journal has, with their records' numbers: read without the program.

    A key is the last text of a record's MessagePack: role, subject and the client's id.
    """
    found: dict[str, int] = {}
    with contextlib.closing(sqlite3.connect(f"file:{data / 'journal.db'}?mode=ro", uri=True)) as db:
        for seq, body in db.execute("SELECT seq, body FROM record ORDER BY seq"):
            at = body.rfind(b"k-")
            if at >= 0 and at + 14 == len(body):
                key = body[at:].decode()
                assert key not in found, f"{key} has two records: {found[key]} and {seq}"
                found[key] = seq
    return found


def o2o(*words: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        (*O2O, *words),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
