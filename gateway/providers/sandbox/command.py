"""`o2o sandbox`: a provider to practise with, and the payments.toml that introduces it."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from gateway.ports import port
from gateway.providers.sandbox.identity import FOLDER, Identity
from gateway.providers.sandbox.postman import Conduct
from gateway.providers.sandbox.server import Sandbox


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("data"), help="the server's data folder")
    parser.add_argument("--port", type=port, default=8082, help="of the sandbox; 0: any")
    parser.add_argument(
        "--webhooks", type=int, default=8081, help="the port the server hears notices at; 0: any"
    )
    parser.add_argument(
        "--conduct", default="{}", help="how customers and network behave, as JSON (see docs)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything it draws")
    parser.add_argument("--quiet", action="store_true", help="say only what goes wrong")


def run(args: argparse.Namespace) -> int:
    """Until SIGINT or SIGTERM, then 0. Raises ValueError, or FileExistsError."""
    try:
        conduct = msgspec.json.decode(args.conduct, type=Conduct)
    except msgspec.MsgspecError as error:
        raise ValueError(f"--conduct: {error}") from None
    return asyncio.run(_run(args, conduct))


async def _run(args: argparse.Namespace, conduct: Conduct) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with practising(args.data, args.port, args.webhooks, args.seed) as sandbox:
        sandbox.conduct = conduct
        if not args.quiet:
            sys.stdout.write(f"sandbox  {sandbox.url}\n")
            sys.stdout.flush()
        await stopped.wait()
    return 0


@asynccontextmanager
async def practising(
    data: Path, port: int = 0, webhooks: int = 0, seed: int = 1
) -> AsyncIterator[Sandbox]:
    """A sandbox of that data folder, introduced to whoever serves it from now on."""
    heard_at = webhooks or free_port()
    address, identity = f"http://127.0.0.1:{heard_at}", Identity.at(data)
    identity.may_introduce(data)
    async with Sandbox(identity, address, port=port, folder=data / FOLDER, seed=seed) as sandbox:
        identity.introduce(data, sandbox.url, address, heard_at)
        yield sandbox


def free_port() -> int:
    """One that is free now, and very likely still in a moment."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
