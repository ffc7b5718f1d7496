"""Power cuts: what the real server wrote and had not synced is forgotten, torn, or kept, by chance.

    python -m benchmarks.outside.power --cuts 200

strace writes down every call that changes files, and every answer. Replayed up to any moment, with
only what was synced by then sure to be there, they give the disk a power cut would leave: of what
was not synced, sectors of 512 bytes are there or not, one by one; names count once their directory
is synced. The real server starts from that, and everything answered by that moment has to be there:
records once each, profiles, webhooks, revoked access. One run in four is short: it is cut while it
recovers from the last cut. Exit status 1 if not, or if of one of these nothing was answered.
"""

import argparse
import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.outside.server import CutError, Served, journal_keys, small_city

CALLS = (
    "openat,pwrite64,write,pwritev,writev,ftruncate,rename,renameat,renameat2,unlink,unlinkat,"
    "fsync,fdatasync,sendto,sendmsg,mkdir,sync_file_range,fallocate,close"
)
LINE = re.compile(r"^(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")
KEY = re.compile(rb'"id":"(k-[0-9a-f]{12})"')
SECTOR, HOOKS_MAX = 512, 12


class Op(NamedTuple):
    """A call, in the order of effects: an answer may leave before its call returns."""

    call: str
    path: str
    data: bytes = b""
    at: int = 0
    other: str = ""


def _unescaped(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _path(text: str) -> str:
    return re.sub(
        r"(?:\\x[0-9a-f]{2})+", lambda m: _unescaped(m.group()).decode(errors="replace"), text
    )


def operations(log: Path) -> Iterator[Op]:
    begun: dict[str, tuple[str, str]] = {}
    positions: dict[str, int] = {}
    with log.open(errors="replace") as lines:
        for line in lines:
            match = LINE.match(line.rstrip("\n"))
            if not match:
                continue
            pid, call, rest, resumed, more = match.groups()
            if call and rest.endswith("<unfinished ...>"):
                begun[pid] = (call, rest.removesuffix(" <unfinished ...>"))
                if call in ("sendto", "sendmsg", "write"):
                    yield from _sent(call, rest)
                continue
            if resumed:
                if pid not in begun:
                    continue
                call, first = begun.pop(pid)
                rest = first + more
            else:
                yield from _sent(call, rest)
            yield from _changed(call, rest, positions)


def _sent(call: str, rest: str) -> Iterator[Op]:
    if call in ("sendto", "sendmsg", "write", "writev") and re.match(
        r"\d+<(socket|TCP)", _path(rest[:80])
    ):
        data = b"".join(_unescaped(x) for x in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', rest))
        for key in KEY.findall(data):
            yield Op("answer", key.decode())


def _changed(call: str, rest: str, positions: dict[str, int]) -> Iterator[Op]:
    result = re.search(r"= (-?\d+)(<[^>]*>)?[^=]*$", rest)
    if result is None or int(result[1]) < 0:
        return
    texts = re.findall(r'"((?:\\x[0-9a-f]{2})*)"', rest)
    file = re.match(r"\d+<([^>]*)>", rest)
    path = _path(file[1]) if file else ""
    done = int(result[1])
    if call == "openat" and "O_CREAT" in rest:
        opened = _path(result[2] or "").strip("<>")
        positions[opened] = 0
        yield Op("create", opened)
        if "O_TRUNC" in rest:
            yield Op("truncate", opened, at=0)
    elif call == "pwrite64":
        at = int(re.search(r", (\d+)\)\s*= ", rest)[1])  # type: ignore[index]
        yield Op("write", path, _unescaped(texts[0])[:done], at)
    elif call == "write" and path.startswith("/") and texts:
        at = positions.get(path, 0)
        positions[path] = at + done
        yield Op("write", path, _unescaped(texts[0])[:done], at)
    elif call == "ftruncate":
        yield Op("truncate", path, at=int(re.search(r", (\d+)\)", rest)[1]))  # type: ignore[index]
    elif call in ("fsync", "fdatasync"):
        yield Op("sync", path)
    elif call in ("rename", "renameat", "renameat2"):
        old, new = (_unescaped(x).decode() for x in texts[:2])
        yield Op("rename", old, other=new)
    elif call in ("unlink", "unlinkat"):
        yield Op("unlink", _unescaped(texts[0]).decode())


class Disk:
    """Files by a number of their own; names are entries of a directory, synced with it."""

    def __init__(self, began: Path, folder: Path) -> None:
        """`began`: a copy of what was in the folder."""
        self.folder = str(folder)
        self.synced: list[bytearray] = []
        self.pending: list[list[Op]] = []
        self.names: dict[str, int] = {}
        self.sure: dict[str, int] = {}
        for path in began.iterdir():
            self._new(str(folder / path.name), path.read_bytes())
        self.sure = dict(self.names)

    def _new(self, path: str, data: bytes = b"") -> None:
        self.names[path] = len(self.synced)
        self.synced.append(bytearray(data))
        self.pending.append([])

    def do(self, op: Op) -> None:
        if op.call == "sync" and op.path == self.folder:
            self.sure = dict(self.names)
        if os.path.dirname(op.path) != self.folder or op.path.endswith(("-shm", ".lock")):
            return
        if op.call == "create":
            if op.path not in self.names:
                self._new(op.path)
        elif op.path not in self.names:
            return
        elif op.call in ("write", "truncate"):
            self.pending[self.names[op.path]].append(op)
        elif op.call == "sync":
            number = self.names[op.path]
            for x in self.pending[number]:
                _apply(self.synced[number], x)
            self.pending[number].clear()
        elif op.call == "rename":
            self.names[op.other] = self.names.pop(op.path)
        elif op.call == "unlink":
            del self.names[op.path]

    def cut(self, into: Path, rng: Random, kept: float) -> None:
        """`kept`: of a hundred sectors that were not synced, how many are there."""
        names = self.names if rng.random() < kept else self.sure
        for path, number in names.items():
            data = bytearray(self.synced[number])
            for op in self.pending[number]:
                if op.call == "truncate":
                    if rng.random() < kept:
                        _apply(data, op)
                    continue
                for k in range(0, len(op.data), SECTOR):
                    if rng.random() < kept:
                        _apply(data, op._replace(data=op.data[k : k + SECTOR], at=op.at + k))
            target = into / Path(path).name
            target.write_bytes(data)
            target.chmod(0o600)


def _apply(data: bytearray, op: Op) -> None:
    if op.call == "truncate":
        del data[op.at :]
        data.extend(bytes(op.at - len(data)))
        return
    if len(data) < op.at:
        data.extend(bytes(op.at - len(data)))
    data[op.at : op.at + len(op.data)] = op.data


class Driver:
    """What is asked, and under which id; what it did is looked for after the cut."""

    def __init__(self) -> None:
        self.number = 0
        self.profiles: dict[str, str] = {}
        self.hooks: dict[str, str] = {}
        self.revoked: dict[str, tuple[str, str]] = {}

    def key(self) -> str:
        self.number += 1
        return f"k-{self.number:012x}"

    async def busy(self, served: Served, seconds: float) -> None:
        until = time.monotonic() + seconds

        async def till() -> None:
            store = await served.talk("store", "s1")
            while time.monotonic() < until:
                await store.ask("record_sale", self.key(), product="p0", quantity=1)

        async def shop() -> None:
            talk = await served.talk("order_service", "shop")
            while time.monotonic() < until:
                key = self.key()
                self.profiles[key] = customer = f"x{self.number}"
                await talk.ask("register_customer", self.key(), customer=customer)
                await talk.ask("save_profile", key, customer=customer, name=f"name {key}")
                if len(self.hooks) < HOOKS_MAX:
                    key = self.key()
                    self.hooks[key] = hook = f"h{self.number}"
                    terms = {"feed": "orders", "url": "https://hooks.example.com/x"}
                    answer = await talk.ask("set_webhook", key, webhook=hook, **terms)
                    assert not answer["code"], answer
                await asyncio.sleep(0.05)

        async def guard() -> None:
            ops = await served.talk("operator", "ops")
            name = f"lost{self.number}"
            token = served.token("courier", name)
            await ops.told("register_courier", courier=name, vehicle="scooter", capacity=3)
            await asyncio.sleep(seconds / 3)
            key = self.key()
            self.revoked[key] = name, token
            await ops.ask("revoke_access", key, role="courier", subject=name)

        for end in await asyncio.gather(till(), till(), shop(), guard(), return_exceptions=True):
            if end is not None and not isinstance(end, CutError):
                raise end


async def traced(served: Served, driver: Driver, log: Path, seconds: float) -> list[Op]:
    words = ("strace", "-f", "-qq", "-y", "-xx", "-s", "2000000", "-o", str(log))
    if await served.start(*words, "-e", f"trace={CALLS}") is None:
        raise SystemExit(f"does not start under strace: {served.said}")
    if not driver.number:
        await small_city(served)
    await driver.busy(served, seconds)
    if driver.number % 2:
        await served.kill()
    else:
        await served.stop()
    return list(operations(log))


async def judged(served: Served, driver: Driver, answered: set[str]) -> list[str]:
    """What is missing of what was answered, as the server started from that disk says."""
    if await served.start() is None:
        return [f"does not start: {served.said[-500:]}"]
    wrong = []
    try:
        found = journal_keys(served.data)
        ours = driver.profiles.keys() | driver.hooks.keys() | driver.revoked.keys()
        wrong += [f"{x} was answered and is not there" for x in answered - found.keys() - ours]
        shop = await served.talk("order_service", "shop")
        for key in answered & driver.profiles.keys():
            told = await shop.ask("get_profile", customer=driver.profiles[key])
            if f"name {key}" not in str(told):
                wrong.append(f"the profile of {key} is {told.get('body')} {told['code']}")
        hooks = str(await shop.told("list_webhooks"))
        wrong += [
            f"the webhook of {key} is gone"
            for key in answered & driver.hooks.keys()
            if f"'{driver.hooks[key]}'" not in hooks
        ]
        shop.abort()
        for key in answered & driver.revoked.keys():
            name, token = driver.revoked[key]
            served.tokens["courier", name] = token
            try:
                await served.talk("courier", name)
                wrong.append(f"the access of {name}, revoked by {key}, is good again")
            except CutError as no:
                if "unauthenticated" not in str(no):
                    wrong.append(f"{name}: {no}")
    except (CutError, AssertionError) as error:
        wrong.append(f"{error!r}; {served.said[-300:]}")
    await served.kill()
    if "Traceback" in served.said:
        wrong.append(served.said[-500:])
    return wrong


def cuts(
    folder: Path, keep: Path, cuts: int, per_run: int, seed: int, run_s: float = 1.5
) -> list[str]:
    """What was missing after which cut; the disks are kept."""
    return asyncio.run(_cuts(folder, keep, cuts, per_run, Random(seed), run_s))


async def _cuts(
    folder: Path, keep: Path, cuts: int, per_run: int, rng: Random, run_s: float
) -> list[str]:
    data, base = folder / "data", folder / "base"
    data.mkdir()
    driver, answered, missing = Driver(), set[str](), list[str]()
    torn, ops, served, ever = 0, list[Op](), Served(data), set[str]()
    for number in range(cuts):
        if number % per_run == 0:  # every fourth run is cut while it recovers
            _copied(data, base)
            before, served = answered, Served(data)
            seconds = 0.3 if number // per_run % 4 == 3 else run_s
            ops = await traced(served, driver, folder / "calls.log", seconds)
            tokens = served.tokens
        end = _moment(ops, rng, after_an_answer=number % 5 == 4)
        disk = Disk(base, data)
        for op in ops[:end]:
            disk.do(op)
        answered = before | {x.path for x in ops[:end] if x.call == "answer"}
        ever |= answered
        for path in data.iterdir():
            path.unlink()
        kept = (0.0, 0.5, 0.9, 1.0)[rng.randrange(4)]
        disk.cut(data, rng, kept)
        _copied(data, folder / "image")
        served = Served(data)
        has_secret = (data / "secret").exists()
        served.tokens = dict(tokens) if has_secret else {}
        wrong = await judged(served, driver, answered)
        if answered and not has_secret:
            wrong.append("the secret is gone, and all tokens are void")
        torn += "log was torn" in served.said
        print(f"cut {number}: {len(answered)} answers, {len(wrong)} wrong", flush=True)
        if wrong:
            missing.append(f"cut {number} after call {end} of {len(ops)}, {kept} kept: {wrong[:3]}")
            _copied(folder / "image", keep / str(number))
        _copied(folder / "image", data)  # the next run begins from a disk that was cut
    print(f"{cuts} power cuts, {len(answered)} answers at the last, {torn} torn ends said")
    return missing + unproved(driver, ever)


def unproved(driver: Driver, answered: set[str]) -> list[str]:
    """Of which kinds nothing was ever answered before a cut."""
    profiles, hooks, revoked = (x.keys() for x in (driver.profiles, driver.hooks, driver.revoked))
    kinds = {"record": answered - profiles - hooks - revoked, "profile": answered & profiles}
    kinds |= {"webhook": answered & hooks, "revoked access": answered & revoked}
    return [
        f"no {kind} was answered: nothing is proved" for kind, keys in kinds.items() if not keys
    ]


def _copied(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def _moment(ops: list[Op], rng: Random, after_an_answer: bool) -> int:
    answers = [k for k, x in enumerate(ops) if x.call == "answer"]
    if after_an_answer and answers:
        return rng.choice(answers) + 1
    return rng.randrange(len(ops) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--per-run", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--keep", type=Path, default=Path("cuts"), help="disks found wrong")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        told = args.cuts, args.per_run, args.seed, args.seconds
        missing = cuts(Path(folder), args.keep, *told)
    for text in missing:
        print("WRONG", text)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
