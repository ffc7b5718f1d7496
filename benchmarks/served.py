"""`o2o serve` in a process of its own, and what it costs: for benchmarks/load.py."""

import asyncio
import os
import signal
import sys
import urllib.request
from pathlib import Path

from gateway import messages as m
from gateway.client import Client
from gateway.clock import wall_ms
from gateway.tokens import Tokens, load_secret


class Served:
    """`o2o serve` in a process of its own."""

    def __init__(self, data: Path, solver: str) -> None:
        self.data, self.solver = data, solver
        self.resident_mb_max = 0.0

    async def start(self) -> None:
        words = ["serve", "--data", str(self.data), "--port", "0", "--solver", self.solver]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.cli", *words, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode()
        if not line.startswith("gateway"):
            raise SystemExit("the server did not start")
        self.url = line.split()[1]
        self.tokens = Tokens(load_secret(self.data))

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        await self.process.wait()

    def client(self, role: m.Role, subject: str) -> Client:
        return Client(
            self.url, lambda: self.tokens.mint(role, subject, 900, wall_ms() // 1_000), name="load"
        )

    @property
    def cpu_s(self) -> float:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_mb(self) -> float:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    async def watch_memory(self) -> None:
        while True:
            self.resident_mb_max = max(self.resident_mb_max, self.resident_mb)
            await asyncio.sleep(0.2)

    def metrics(self) -> dict[str, float]:
        url = self.url.replace("ws://", "http://").replace("/ws", "/metrics")
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (x.rpartition(" ") for x in lines if not x.startswith("#") and "{" not in x)
        return {name: float(value) for name, _, value in pairs}
