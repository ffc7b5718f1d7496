"""`o2o reconcile`: lay a provider's bill of a day beside the books, and say where they disagree.

If a server runs on the data folder, it is asked; otherwise the folder is opened here.
"""

import argparse
import asyncio
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec

from gateway.app import App, Config
from gateway.clock import wall_ms, wall_s
from gateway.messages import Differences
from gateway.messages.reconciliations import Reconciliation
from gateway.providers import FILE
from gateway.providers.bookkeeper import BillRefusedError
from gateway.providers.configuration import load
from gateway.providers.port import TryAgainError
from gateway.storage.journal import JournalInUseError
from gateway.tokens import Tokens, load_secret

PATIENCE_S = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("--provider", required=True, help="wechat, alipay or stripe")
    parser.add_argument("--bill", type=Path, help="its bill, as it came; if none, it is fetched")
    parser.add_argument(
        "--early", action="store_true", help="even if the day is not over: the rest is never read"
    )
    parser.add_argument("--day", type=date.fromisoformat, help="of the bill; if none, yesterday")


def run(args: argparse.Namespace) -> int:
    """0 if everything agrees, 1 if not. Raises ValueError for a bill that is none."""
    if not (args.folder / FILE).exists():
        raise FileNotFoundError(f"{args.folder / FILE} is not there: no provider is configured")
    day = args.day or _yesterday()
    data = args.bill.read_bytes() if args.bill else b""
    try:
        told, differences = asyncio.run(_here(args.folder, args.provider, day, data, args.early))
    except JournalInUseError:
        told, differences = asyncio.run(_there(args.folder, args.provider, day, data, args.early))
    for line in lines(told, differences):
        sys.stdout.write(f"{line}\n")
    return 1 if told.differences else 0


def lines(told: Reconciliation, found: Differences) -> list[str]:
    """What was found, in words."""
    said = [
        f"{told.reconciliation}: {told.lines} lines, {told.agreed} agree, "
        f"{told.differences} differ; fees {told.fees_minor}"
    ]
    for x in found.differences:
        named = x.key or x.number
        said.append(
            f"  {x.index}: {x.kind} {x.movement} {named}: "
            f"ours {x.ours.amount} ({x.our_state}), theirs {x.theirs.amount} ({x.their_state})"
        )
    return said


async def _here(
    folder: Path, provider: str, day: date, data: bytes, early: bool
) -> tuple[Reconciliation, Differences]:
    async with App(Config(data=folder, port=0)) as app:
        assert app.payments is not None
        chosen = next((x for x in app.payments.providers.values() if x.name == provider), None)
        if chosen is None:
            raise ValueError(f"{provider} is not configured in {FILE}")
        try:
            told = await app.payments.bookkeeper.reconcile(chosen, day, data or None, early=early)
        except BillRefusedError as error:
            raise ValueError(f"the bill was refused: {error.code}") from None
        except TryAgainError as error:
            raise ValueError(f"the bill cannot be fetched now: {error}") from None
        return told, app.payments.bookkeeper.differences(told)


async def _there(
    folder: Path, provider: str, day: date, data: bytes, early: bool
) -> tuple[Reconciliation, Differences]:
    """By HTTP, as an operator."""
    listening = load(folder).webhooks
    tokens = Tokens(load_secret(folder))
    token = tokens.mint("operator", "reconcile", 600, wall_s())
    url = f"http://{listening.host}:{listening.port}/bills/{provider}/{day.isoformat()}"
    url += "?early=yes" if early else ""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(url, data=data, headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        body = await answer.read()
    if answer.status != 200:
        raise ValueError(f"the server refused the bill: {body.decode(errors='replace')[:200]}")
    told = msgspec.json.decode(body, type=Brought)
    return told.reconciliation, told.differences


def _yesterday() -> date:
    """The last day that is over everywhere."""
    return datetime.fromtimestamp(wall_ms() / 1_000, UTC).date() - timedelta(days=1)


class Brought(msgspec.Struct):
    """What the server answers."""

    reconciliation: Reconciliation
    differences: Differences
