"""`o2o sandbox`: a provider to practise with, and the payments.toml that introduces it."""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from gateway.commands.ports import port
from gateway.providers.sandbox.postman import Conduct
from gateway.providers.sandbox.practising import practising
from gateway.running import told_to_stop


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
    stopped = told_to_stop()
    async with practising(args.data, args.port, args.webhooks, args.seed) as sandbox:
        sandbox.conduct = conduct
        if not args.quiet:
            sys.stdout.write(f"sandbox  {sandbox.url}\n")
            sys.stdout.flush()
        await stopped.wait()
    return 0
