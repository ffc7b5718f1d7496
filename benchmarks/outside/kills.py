"""Kill the real server at any moment, at any system call; then ask what was lost or done twice.

    python -m benchmarks.outside.kills --kills 100
    python -m benchmarks.outside.kills --kills 100 --inside     within write, sync, rename, unlink

Eight sockets place orders, cancel some, sell at the till and read; every id is the driver's own,
so that it knows what was acknowledged, refused, or neither. After each kill the journal is read
with SQLite alone: everything acknowledged is there once. At the end what is open is asked again,
the shelf is what the answers say, and `o2o verify` decides all of it again. Exit status 1 if not.
"""

import argparse
import asyncio
import shutil
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.outside.attack import attacked, judged
from benchmarks.outside.server import (
    PRICE,
    CutError,
    Served,
    Talk,
    journal_keys,
    small_city,
)

CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink", "sendto", "write")
CLIENTS, TILLS, CUSTOMERS = 6, 2, 400
STOCK = 1_000_000

Body = dict[str, Any]


class Ledger:
    """What was sent, and what became of it as far as anybody was told."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.sent: dict[str, Body] = {}
        self.answered: dict[str, bytes] = {}
        self.unknown: dict[str, Body] = {}
        self.codes: Counter[str] = Counter()
        self.repeats = 0
        self.wrong: list[str] = []

    def key(self) -> str:
        return f"k-{self.rng.getrandbits(48):012x}"

    async def ask(self, talk: Talk, key: str, body: Body) -> bool:
        """True if it was done."""
        self.sent[key] = body
        self.unknown[key] = body
        data = await talk.raw(key, body)
        self.unknown.pop(key, None)
        first = self.answered.setdefault(key, data)
        if first != data:
            self.wrong.append(f"{key} was answered {first!r}, then {data!r}")
        if b'"error":' in data and b'"error":null' not in data:
            self.codes[data.partition(b'"code":"')[2].partition(b'"')[0].decode()] += 1
            return False
        return True


def customers(rng: Random) -> str:
    return f"c{rng.randrange(CUSTOMERS)}"


async def customer(served: Served, ledger: Ledger) -> None:
    shop = await served.talk("order_service", "shop")
    bank = await served.talk("payment_provider", "bank")
    try:
        while True:
            name = ledger.key()
            lines = [{"product": "p0", "quantity": 1}]
            quote = {
                "type": "request_quote",
                "quote": name,
                "customer": customers(ledger.rng),
                "store": "s1",
            }
            if not await ledger.ask(
                shop, ledger.key(), quote | {"lines": lines, "fulfillment": "collection"}
            ):
                continue
            order = {"type": "place_order", "order": name, "quote": name, "provider": "bank"}
            order |= {"proof": "pin", "pin": "271828"}
            done = await ledger.ask(shop, ledger.key(), order)
            if done and ledger.rng.randrange(3):
                money = {"payment": f"{name}/1", "authorized": True, "amount": PRICE}
                await ledger.ask(bank, ledger.key(), {"type": "report_authorization", **money})
            if done and ledger.rng.randrange(3):
                end = {"type": "cancel_order", "order": name, "reason": "changed_mind"}
                await ledger.ask(shop, ledger.key(), end)
            if ledger.rng.randrange(4) == 0 and ledger.answered:
                key = ledger.rng.choice(list(ledger.answered)[-200:])
                if ledger.sent[key]["type"] in ("request_quote", "place_order", "cancel_order"):
                    ledger.repeats += 1
                    await ledger.ask(shop, key, ledger.sent[key])
    finally:
        shop.abort()
        bank.abort()


async def till(served: Served, ledger: Ledger) -> None:
    store = await served.talk("store", "s1")
    try:
        while True:
            sale = {"type": "record_sale", "product": "p0", "quantity": 1}
            await ledger.ask(store, ledger.key(), sale)
            [shelf] = (await store.told("list_stock"))["products"]
            if shelf["available"] != shelf["on_hand"] - shelf["reserved"]:
                ledger.wrong.append(f"a shelf that never was: {shelf}")
            await asyncio.sleep(0.01)
    finally:
        store.abort()


async def busy(served: Served, ledger: Ledger) -> None:
    """Until the server is gone."""
    lives = [customer(served, ledger) for _ in range(CLIENTS)]
    lives += [till(served, ledger) for _ in range(TILLS)]
    ends = await asyncio.gather(*lives, return_exceptions=True)
    for end in ends:
        if not isinstance(end, CutError | OSError | TimeoutError):
            ledger.wrong.append(f"a client ended by {end!r}")


async def one_kill(served: Served, ledger: Ledger, call: str, window: float) -> str:
    """Returns where it died."""
    rng = ledger.rng
    if call:
        number = int(2 ** rng.uniform(0, 8 if call in ("rename", "unlink", "fsync") else 10))
        inject = f"inject={call}:signal=KILL:when={number}"
        words = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
        if await served.start(*words) is None:
            return f"{call} (starting)"
        work = asyncio.create_task(busy(served, ledger))
        try:
            await served.ended(window)
            where = call
        except TimeoutError:
            where = "not reached"
            if rng.randrange(2):  # the end has steps of its own: the last snapshot, the last log
                where = "stopped" if await stopped(served) else f"{call} (stopping)"
            await served.kill()
        await work
        return where
    if rng.randrange(4) == 0:
        starting = asyncio.create_task(served.start())
        await asyncio.sleep(rng.uniform(0.2, 1.2))
        await served.kill()
        await starting
        return "starting"
    await served.start()
    work = asyncio.create_task(busy(served, ledger))
    await asyncio.sleep(rng.uniform(0, 0.4))
    await served.kill()
    await work
    return "serving"


async def stopped(served: Served) -> bool:
    return await served.stop() == 0


def lost(served: Served, ledger: Ledger) -> None:
    try:
        found = journal_keys(served.data)
    except AssertionError as twice:
        ledger.wrong.append(str(twice))
        return
    for key, answer in ledger.answered.items():
        if key not in found and b"storage_full" not in answer and b'"unsettled"' not in answer:
            ledger.wrong.append(f"{key} was acknowledged and is not there: {answer!r}")
    for key in found:
        if key not in ledger.sent:
            ledger.wrong.append(f"{key} was never sent")


async def settle(served: Served, ledger: Ledger) -> None:
    """What nobody was told about is asked again; then the shelf has to be what was answered."""
    await served.start()
    store, shop = await served.talk("store", "s1"), await served.talk("order_service", "shop")
    bank = await served.talk("payment_provider", "bank")
    asks = {"record_sale": store, "report_authorization": bank}
    for key, body in list(ledger.unknown.items()):
        await ledger.ask(asks.get(body["type"], shop), key, body)
    done = [k for k, x in ledger.answered.items() if b'"error":' not in x or b'"error":null' in x]
    kinds = Counter(ledger.sent[k]["type"] for k in done)
    cancelled = {ledger.sent[k]["order"] for k in done if ledger.sent[k]["type"] == "cancel_order"}
    placed = {ledger.sent[k]["order"] for k in done if ledger.sent[k]["type"] == "place_order"}
    [shelf] = (await store.told("list_stock"))["products"]
    statuses: Counter[str] = Counter()
    for order in placed:
        status = (await shop.told("get_order", order=order))["order_status"]
        statuses[status] += 1
        if order in cancelled and status != "cancelled":
            ledger.wrong.append(f"{order} was cancelled and is {status}")
    # Meanwhile some that nobody paid for were given up.
    [later] = (await store.told("list_stock"))["products"]
    held = statuses.total() - statuses["cancelled"]
    if not later["reserved"] <= held <= shelf["reserved"]:
        ledger.wrong.append(f"{later} after {shelf}, the answers say that {held} are held")
    if {later["on_hand"], shelf["on_hand"]} != {STOCK - kinds["record_sale"]}:
        ledger.wrong.append(f"{later} after {kinds['record_sale']} sales")
    if not cancelled <= placed:
        ledger.wrong.append("cancelled what was never placed")
    for talk in (store, shop, bank):
        await talk.close()
    if await served.stop():
        ledger.wrong.append(f"the last stop: {served.said}")
    print(f"{len(ledger.answered)} acknowledged ({dict(kinds)}), refused {dict(ledger.codes)}")


async def run(args: argparse.Namespace, data: Path) -> int:
    async with Served(data) as served:
        return await killed(args, served)


async def killed(args: argparse.Namespace, served: Served) -> int:
    ledger, data = Ledger(Random(args.seed)), served.data
    await served.start()
    await small_city(served, stock=STOCK, customers=CUSTOMERS)
    await served.kill()
    places: Counter[str] = Counter()
    calls = CALLS if args.inside else ("",)
    for number in range(args.kills):
        places[await one_kill(served, ledger, calls[number % len(calls)], args.window)] += 1
        lost(served, ledger)
        if ledger.wrong:
            break
        if number % 20 == 19:
            print(f"{number + 1} kills, {len(ledger.answered)} acknowledged", flush=True)
    if not ledger.wrong:
        await settle(served, ledger)
        lost(served, ledger)
    print(f"died while: {dict(places)}; {ledger.repeats} asked again while it served")
    status = judged(data, ledger.wrong)
    if status:
        shutil.copytree(data, args.keep, dirs_exist_ok=True)
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--inside", action="store_true", help="by strace, within a system call")
    parser.add_argument("--window", type=float, default=2.0, help="seconds to wait for the call")
    parser.add_argument("--keep", type=Path, default=Path("killed"), help="what was found wrong")
    return attacked(parser, run)


if __name__ == "__main__":
    sys.exit(main())
