"""Many at once against the real server: the last piece, retries, readers that are cut, a bank.

    python -m benchmarks.outside.crowds last --times 20
    python -m benchmarks.outside.crowds retries --commands 10000
    python -m benchmarks.outside.crowds readers --readers 200 --cuts 20 --kills
    python -m benchmarks.outside.crowds bank --seconds 120

last: 1,000 orders for one piece, or for k of two products in either order, on 50 sockets.
retries: each command is sent two to six times, on any socket, at once and across restarts, one
in twenty with another body. readers: a feed read by many, each cut off again and again. bank:
baskets of two shelves are reserved and let go while others read and the server is killed. Exit
status 1 if a line does not hold.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.outside.attack import attacked, judged
from benchmarks.outside.server import CutError, Frame, Served, Talk, small_city

SOCKETS, BUYERS, SHELVES = 50, 1_000, 8


async def talks(served: Served, role: str, subject: str, number: int) -> list[Talk]:
    return [await served.talk(role, subject) for _ in range(number)]


def order(name: str) -> Frame:
    told = {"type": "place_order", "order": name, "quote": name, "provider": "bank"}
    return told | {"proof": "pin", "pin": "271828"}


def quote(name: str, customer: int, *products: str) -> Frame:
    lines = [{"product": x, "quantity": 1} for x in products]
    told = {"type": "request_quote", "quote": name, "customer": f"c{customer}", "store": "s1"}
    return told | {"lines": lines, "fulfillment": "collection"}


async def ask(talk: Talk, key: str, body: Frame) -> str:
    """`done`, or the code."""
    frame = json.loads(await talk.raw(key, body, 60))
    return (frame.get("error") or {}).get("code", "done")


# the last piece


async def last(served: Served, args: argparse.Namespace, rng: Random) -> list[str]:
    await small_city(served, products=2, customers=BUYERS)
    store = await served.talk("store", "s1")
    shop = await talks(served, "order_service", "shop", SOCKETS)
    wrong, outcomes = [], Counter[str]()
    for time_ in range(args.times):
        pieces = 1 if time_ % 2 == 0 else rng.randint(2, 30)
        for product in ("p0", "p1"):
            await store.told("count_stock", product=product, counted=pieces)
        names = [f"r{time_}-{n}" for n in range(BUYERS)]
        baskets = [("p0",), ("p0", "p1"), ("p1", "p0")] if pieces > 1 else [("p0",)]
        kinds = [baskets[n % len(baskets)] for n in range(BUYERS)]
        quoted = [
            ask(shop[n % SOCKETS], f"q-{x}", quote(x, n, *kinds[n])) for n, x in enumerate(names)
        ]
        codes = Counter(await asyncio.gather(*quoted))
        if codes != {"done": BUYERS}:
            wrong.append(f"quotes: {codes}")
        placing = [ask(shop[n % SOCKETS], f"o-{x}", order(x)) for n, x in enumerate(names)]
        rng.shuffle(placing)
        answers = Counter(await asyncio.gather(*placing))
        outcomes.update(answers)
        shelves = {x["product"]: x for x in (await store.told("list_stock"))["products"]}
        placed = [n for n in range(BUYERS) if await is_placed(shop[n % SOCKETS], names[n])]
        reserved = Counter(x for n in placed for x in kinds[n])
        for product, shelf in shelves.items():
            if (shelf["reserved"], shelf["on_hand"]) != (reserved[product], pieces):
                wrong.append(f"{shelf} for {reserved[product]} reserved of {pieces}")
        if reserved["p0"] != pieces or answers["done"] != len(placed):
            wrong.append(f"{answers} for {pieces} pieces, {len(placed)} placed")
        if set(answers) != {"done", "insufficient_stock"}:
            wrong.append(f"answers {answers}")
        ends = [
            ask(
                shop[0],
                f"e-{names[n]}",
                {"type": "cancel_order", "order": names[n], "reason": "changed_mind"},
            )
            for n in placed
        ]
        await asyncio.gather(*ends)
        left = {x["product"]: x["reserved"] for x in (await store.told("list_stock"))["products"]}
        if any(left.values()):
            wrong.append(f"after all were cancelled: {left}")
    print(f"{args.times} times {BUYERS} orders on {SOCKETS} sockets: {dict(outcomes)}")
    return wrong


async def is_placed(talk: Talk, name: str) -> bool:
    return not (await talk.ask("get_order", order=name))["code"]


# retries


class Sender:
    """At most 400 under way at once: `first` has the first answer to each key."""

    def __init__(
        self,
        tills: list[Talk],
        first: dict[str, bytes],
        codes: Counter[str],
        wrong: list[str],
        rng: Random,
    ) -> None:
        self.tills, self.first, self.codes, self.wrong, self.rng = tills, first, codes, wrong, rng
        self._gate = asyncio.Semaphore(400)

    async def send(self, key: str, altered: bool = False) -> None:
        body = {"type": "record_sale", "product": "p0", "quantity": 2 if altered else 1}
        async with self._gate:
            with suppress(CutError):
                till = self.tills[0] if altered else self.rng.choice(self.tills[1:])
                self._heard(key, await till.raw(key, body, 60), altered)

    def _heard(self, key: str, data: bytes, altered: bool) -> None:
        error = (json.loads(data).get("error") or {}).get("code", "")
        self.codes[error or "done"] += 1
        if error == "rate_limited":
            return
        if altered and error != "idempotency_conflict":
            self.wrong.append(f"{key} with another body: {data!r}")
        elif not altered and self.first.setdefault(key, data) != data:
            self.wrong.append(f"{key}: {self.first[key]!r}, then {data!r}")


async def retries(served: Served, args: argparse.Namespace, rng: Random) -> list[str]:
    """Every twentieth has another body: a conflict, whenever it comes, and no effect."""
    await small_city(served, products=1)
    wrong: list[str] = []
    first: dict[str, bytes] = {}
    codes = Counter[str]()
    sent: list[str] = []
    per_round = args.commands // args.restarts
    for round_ in range(args.restarts):
        tills = await talks(served, "store", "s1", 12)
        keys = [f"k-{round_:04x}{n:08x}" for n in range(per_round)]
        old = rng.sample(sent, min(len(sent), per_round // 4))  # of earlier lives
        copies = [k for k in keys for _ in range(rng.randint(1, 5))] + old
        rng.shuffle(copies)
        sender = Sender(tills, first, codes, wrong, rng)

        # The first of a key may not be the altered one: it would be the command.
        await asyncio.gather(*(sender.send(k) for k in dict.fromkeys(copies)))
        again = list(copies)
        await asyncio.gather(*(sender.send(k, rng.random() < 0.05) for k in again if k in first))
        sent += [k for k in keys if k in first]
        store = tills[0]
        while (shelf := await store.ask("list_stock"))["code"]:
            await asyncio.sleep(0.2)
        on_hand = shelf["body"]["products"][0]["on_hand"]
        if on_hand != 1_000_000 - len(first):
            wrong.append(f"{len(first)} keys, {1_000_000 - on_hand} effects")
        await (served.kill() if round_ % 2 else served.stop())
        await served.start()
    if len(first) != per_round * args.restarts:
        wrong.append(f"{per_round * args.restarts - len(first)} keys never got an answer")
    answers = f"{sum(codes.values())} answers {dict(codes)}"
    print(f"{len(first)} keys, {answers}, {args.restarts} restarts")
    return wrong


# readers


class Reader:
    def __init__(self) -> None:
        self.seq, self.deltas, self.resets, self.cuts = 0, 0, 0, 0
        self.wrong: list[str] = []
        self.known: dict[int, str] = {}

    def hear(self, frame: Frame) -> None:
        if frame.get("feed") != "stock":
            return
        if frame["type"] == "snapshot":
            self.resets += bool(frame.get("reset"))
        elif frame["type"] == "delta":
            self.deltas += 1
            if frame["seq"] != self.seq + 1:
                self.wrong.append(f"{frame['seq']} after {self.seq}")
            self.known[frame["seq"]] = json.dumps(frame["body"], sort_keys=True)
        self.seq = frame["seq"]


async def readers(served: Served, args: argparse.Namespace, rng: Random) -> list[str]:
    """Each cuts itself off at any moment; with --kills the server goes and comes back, too."""
    await small_city(served, products=1)
    everybody, over = [Reader() for _ in range(args.readers)], asyncio.Event()

    async def read(reader: Reader) -> None:
        while True:
            try:
                resume = {"stock": reader.seq or None}
                talk = await served.talk("operator", "ops", reader.hear, resume=resume)
            except CutError:
                await asyncio.sleep(0.1)
                continue
            waits = {asyncio.create_task(talk.cut.wait())}
            if reader.cuts < args.cuts:
                waits.add(asyncio.create_task(asyncio.sleep(rng.uniform(0.05, 1.5))))
            waits.add(asyncio.create_task(over.wait()))
            _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            if over.is_set():
                await asyncio.sleep(0.5)
                talk.abort()
                return
            reader.cuts += 1
            talk.abort()

    async def sell() -> int:
        number = 0
        while number < args.events:
            try:
                tills = await talks(served, "store", "s1", 8)
                while number < args.events:
                    sales = [t.ask("record_sale", product="p0", quantity=1) for t in tills]
                    number += sum(not x["code"] for x in await asyncio.gather(*sales))
                    await asyncio.sleep(0.07)
            except CutError:
                await asyncio.sleep(0.1)
        return number

    reading = [asyncio.create_task(read(x)) for x in everybody]
    selling = asyncio.create_task(sell())
    while not selling.done() and args.kills:
        await asyncio.sleep(4)
        await served.kill()
        await served.start()
    await selling
    await asyncio.sleep(3)
    over.set()
    await asyncio.gather(*reading)
    ends = Counter(x.seq for x in everybody)
    wrong = [text for x in everybody for text in x.wrong]
    if not all(x.deltas for x in everybody):
        wrong.append("somebody heard nothing")
    if len(ends) != 1:
        wrong.append(f"they ended at {ends}")
    said: dict[int, str] = {}
    for reader in everybody:
        for seq, text in reader.known.items():
            if said.setdefault(seq, text) != text:
                wrong.append(f"number {seq} is {said[seq]} to one and {text} to another")
    print(
        f"{len(everybody)} readers, {sum(x.cuts for x in everybody)} cuts, {served.starts - 1} "
        f"kills, {sum(x.deltas for x in everybody)} deltas, "
        f"{sum(x.resets for x in everybody)} resets"
    )
    return wrong


# a bank of shelves


async def bank(served: Served, args: argparse.Namespace, rng: Random) -> list[str]:
    """Baskets of two shelves are reserved and let go while others read: never half a basket."""
    await small_city(served, products=SHELVES, stock=1_000, customers=400)
    wrong: list[str] = []
    reads, moves, until = Counter[str](), Counter[str](), time.monotonic() + args.seconds

    async def move(number: int) -> None:
        shop = await served.talk("order_service", "shop")
        while True:
            name = f"b{number}-{rng.getrandbits(48):012x}"
            basket = rng.sample([f"p{n}" for n in range(SHELVES)], 2)
            await ask(shop, f"q-{name}", quote(name, rng.randrange(400), *basket))
            moves[await ask(shop, f"o-{name}", order(name))] += 1
            end = {"type": "cancel_order", "order": name, "reason": "changed_mind"}
            await ask(shop, f"e-{name}", end)

    async def read() -> None:
        store = await served.talk("store", "s1")
        while True:
            shelves = (await store.told("list_stock"))["products"]
            reads["read"] += 1
            half = sum(x["reserved"] for x in shelves) % 2
            kept = all(x["on_hand"] == 1_000 == x["reserved"] + x["available"] for x in shelves)
            if half or not kept or len(shelves) != SHELVES:
                wrong.append(f"a state that never was: {shelves}")
            await asyncio.sleep(0.1)

    while time.monotonic() < until:
        lives = [*(move(n) for n in range(6)), *(read() for _ in range(8))]
        work = [asyncio.create_task(x) for x in lives]
        await asyncio.sleep(rng.uniform(1, 4))
        await served.kill()
        ends = await asyncio.gather(*work, return_exceptions=True)
        wrong += [repr(x) for x in ends if not isinstance(x, CutError)]
        await served.start()
    print(f"{reads['read']} reads, {dict(moves)} baskets, {served.starts - 1} kills")
    return wrong


ATTACKS = {"last": last, "retries": retries, "readers": readers, "bank": bank}


async def run(args: argparse.Namespace, data: Path) -> int:
    async with Served(data) as served:
        await served.start()
        wrong: list[Any] = await ATTACKS[args.what](served, args, Random(args.seed))
        if await served.stop():
            wrong.append(f"the last stop: {served.said[-300:]}")
    return judged(data, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=ATTACKS)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--commands", type=int, default=10_000)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--kills", action="store_true", help="the server, every four seconds")
    return attacked(parser, run)


if __name__ == "__main__":
    sys.exit(main())
