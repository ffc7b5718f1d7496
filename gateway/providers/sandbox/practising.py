"""A sandbox beside a server: running, and introduced to it by a payments.toml."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.providers.sandbox.identity import FOLDER, Identity
from gateway.providers.sandbox.server import Sandbox


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
