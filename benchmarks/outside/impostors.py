"""Couriers who say where somebody else is, in every way there is to name him.

    python -m benchmarks.outside.impostors --publishes 10000

Impostors publish places near their victim's, by websocket and by what trackers speak, and name
him: in the frame, in the fix, nested, in a list, twice under one key, as a number, in the address,
in a header, as the user. He publishes himself, so seldom that theirs would be believed of him.
Whatever they are answered, neither his trail nor the map may show a place that he did not say.
Exit status 1 if one does.
"""

import argparse
import asyncio
import base64
import contextlib
import http.client
import json
import math
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.outside.attack import attacked, judged
from benchmarks.outside.server import Frame, Served, small_city

VICTIM, HIS, THEIRS = "kim", (39.0, 116.0), (39.0018, 116.0)
NEAR_M, M_PER_DEG = 60.0, 111_195.0
IMPOSTORS, PACE_S = 25, 0.08  # within what a courier may send
HIS_PACE_S = 6.0  # so seldom that 200 m further would be believed of him

Asked = tuple[str, str, dict[str, str], bytes]  # method, target, headers, body


def moment() -> str:
    now = datetime.fromtimestamp(time.time_ns() / 1e9, UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fix_at(place: tuple[float, float], rng: Random) -> Frame:
    lat, lon = (x + rng.uniform(-2e-5, 2e-5) for x in place)
    return {"lat": lat, "lon": lon, "fix_time": moment()}


def is_near(lat: float, lon: float, place: tuple[float, float]) -> bool:
    north, east = lat - place[0], (lon - place[1]) * math.cos(math.radians(lat))
    return math.hypot(north, east) * M_PER_DEG < NEAR_M


def frames(me: str, fix: Frame) -> dict[str, str]:
    """What a websocket can be told, by the way in which it names him."""
    said: Frame = {"type": "positions", "fixes": [fix]}
    body = {"body": said | {"courier": VICTIM}, "type": "request", "id": f"r-{me}"}
    as_report = body | {"body": {"type": "report_positions", "courier": VICTIM, "fixes": [fix]}}
    twice = f'{{"type":"positions","courier":"{me}","courier":"{VICTIM}","fixes":[{{}}]}}'
    return {
        "his own name for once": json.dumps(said),
        "in the frame": json.dumps(said | {"courier": VICTIM}),
        "as the subject": json.dumps(said | {"subject": VICTIM, "sub": f"courier:{VICTIM}"}),
        "in the fix": json.dumps(said | {"fixes": [fix | {"courier": VICTIM}]}),
        "nested": json.dumps(said | {"fixes": [fix | {"extras": {"courier": VICTIM}}]}),
        "in a list": json.dumps(said | {"courier": [VICTIM]}),
        "fixes by courier": json.dumps({"type": "positions", "fixes": {VICTIM: [fix]}}),
        "twice": twice.replace("{}", json.dumps(fix)[1:-1]),
        "by number": json.dumps(said | {"courier": 0}),
        "by number as text": json.dumps(said | {"courier": "0"}),
        "spelled otherwise": json.dumps(said | {"courier": f" {VICTIM.upper()}\u200b"}),
        "as a request": json.dumps(body),
        "as the engine's command": json.dumps(as_report),
    }


def reports(me: str, token: str, fix: Frame) -> dict[str, Asked]:
    """The same by HTTP."""
    bearer = {"Authorization": f"Bearer {token}"}
    seconds = round(datetime.fromisoformat(fix["fix_time"]).timestamp() * 1_000)
    plain = {"lat": fix["lat"], "lon": fix["lon"], "timestamp": seconds}
    named = urlencode({"id": VICTIM, "deviceid": VICTIM} | plain)
    basic = base64.b64encode(f"{VICTIM}:{token}".encode()).decode()
    owntracks = {"_type": "location", "topic": f"owntracks/{VICTIM}/phone", "tid": VICTIM}
    owntracks |= {"lat": fix["lat"], "lon": fix["lon"], "tst": seconds // 1_000}
    coords = {"latitude": fix["lat"], "longitude": fix["lon"]}
    osmand = {"device_id": VICTIM, "location": {"timestamp": fix["fix_time"], "coords": coords}}
    ours = [{"type": "positions", "courier": VICTIM, "fixes": [fix]}]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    as_json = bearer | {"Content-Type": "application/json"}
    return {
        "OsmAnd's id": ("GET", f"/?{named}", bearer, b""),
        "OsmAnd's id, twice": ("POST", f"/?id={me}&{named}", bearer, b""),
        "OsmAnd's form": ("POST", f"/?id={me}", bearer | form, named.encode()),
        "OsmAnd's device": ("POST", "/", as_json, json.dumps(osmand).encode()),
        "OwnTracks' topic": ("POST", "/", as_json, json.dumps(owntracks).encode()),
        "OwnTracks' header": (
            "POST",
            "/",
            as_json | {"X-Limit-U": VICTIM, "X-Limit-D": "phone"},
            json.dumps(owntracks).encode(),
        ),
        "ours, in a list": ("POST", "/positions", as_json, json.dumps(ours).encode()),
        "the user": ("GET", f"/?{named}", {"Authorization": f"Basic {basic}"}, b""),
        "the address": ("POST", f"/positions/{VICTIM}?{named}", bearer, b""),
    }


class Ways:
    """Whoever publishes next takes the next one: at random, but none again before all others."""

    def __init__(self, rng: Random) -> None:
        fix = fix_at(THEIRS, rng)
        names = [*frames("", fix)], [*reports("", "", fix)]
        self.all = {x for some in names for x in some}
        self.websocket, self.http = (in_turn(some, rng) for some in names)


def in_turn(ways: list[str], rng: Random) -> Iterator[str]:
    while True:
        yield from rng.sample(ways, len(ways))


class Impostor:
    """One of them; `outcomes` says what became of what was published."""

    def __init__(self, served: Served, port: int, name: str, rng: Random, ways: "Ways") -> None:
        self.served, self.port, self.name, self.rng = served, port, name, rng
        self.ways = ways
        self.outcomes: Counter[tuple[str, str]] = Counter()  # (way, status)
        self.token = served.token("courier", name)
        self._ws: ClientConnection | None = None
        self._ears: asyncio.Task[None] | None = None
        self._refused: Counter[str] = Counter()

    async def publish(self, number: int) -> None:
        for n in range(number):
            fix = fix_at(THEIRS, self.rng)
            if n % 2:
                way = next(self.ways.http)
                asked = reports(self.name, self.token, fix)[way]
                self.outcomes[way, await asyncio.to_thread(self._ask, asked)] += 1
            else:
                way = next(self.ways.websocket)
                await self._say(frames(self.name, fix)[way])
                self.outcomes[way, "said"] += 1
            await asyncio.sleep(PACE_S)
        await asyncio.sleep(2)  # the last verdicts
        for code, times in self._refused.items():
            self.outcomes["of those said", code] += times
        if self._ws is not None:
            await self._ws.close()

    def _ask(self, asked: Asked) -> str:
        method, target, headers, body = asked
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(line):
            line.request(method, target, body or None, headers)
            return str(line.getresponse().status)

    async def _say(self, text: str) -> None:
        while True:
            with contextlib.suppress(ConnectionClosed):
                if self._ws is None:
                    self._ws = await connect(
                        self.served.url, subprotocols=["o2o.v1.json"], compression=None
                    )
                    hello = {"type": "hello", "token": self.token, "client": VICTIM}
                    await self._ws.send(json.dumps(hello))
                    assert json.loads(await self._ws.recv())["type"] == "welcome"
                    self._ears = asyncio.create_task(self._hear(self._ws))
                await self._ws.send(text)
                return
            self._ws = None  # so many malformed frames end a connection
            await asyncio.sleep(PACE_S)

    async def _hear(self, ws: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in ws:
                frame = json.loads(data)
                if frame.get("error"):
                    self._refused[frame["error"]["code"]] += 1


class Map:
    """Where an operator's console has shown the victim, and how often somebody else."""

    def __init__(self) -> None:
        self.his: list[tuple[float, float]] = []
        self.others = 0

    def hear(self, frame: Frame) -> None:
        body = frame.get("body") or {}
        shown = [(x["id"], x["lat"], x["lon"]) for x in body.get("couriers", ()) if x.get("lat")]
        for courier, lat, lon in [*shown, *body.get("positions", ())]:
            if courier == VICTIM:
                self.his.append((lat, lon))
            else:
                self.others += 1


async def victim(served: Served, rng: Random) -> None:
    """Until cancelled, or cut. What he says is his."""
    talk = await served.talk("courier", VICTIM)
    try:
        while not talk.cut.is_set():
            await talk.send({"type": "positions", "fixes": [fix_at(HIS, rng)]})
            await asyncio.sleep(HIS_PACE_S)
    finally:
        talk.abort()


async def run(args: argparse.Namespace, data: Path) -> int:
    rng, seen = Random(args.seed), Map()
    names = [f"k{n}" for n in range(IMPOSTORS)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with Served(data) as served:
        await served.start(options=("--positions-port", str(port)))
        await small_city(served)
        for name in names:  # each takes its time, and nobody answers pings meanwhile
            await asyncio.to_thread(served.token, "courier", name)
        ops = await served.talk("operator", "ops", seen.hear, resume={"city": None})
        for name in names:
            await ops.told("register_courier", courier=name, vehicle="scooter", capacity=3)
        began, began_s, ways = moment(), time.monotonic(), Ways(rng)
        himself = asyncio.create_task(victim(served, rng))
        impostors = [Impostor(served, port, x, rng, ways) for x in names]
        each = math.ceil(args.publishes / len(impostors))
        await asyncio.gather(*(x.publish(each) for x in impostors))
        was_cut, until_s = himself.done(), time.monotonic() - began_s
        himself.cancel()
        [end] = await asyncio.gather(himself, return_exceptions=True)
        span = {"from_at": began, "to_at": moment()}
        trails = {x: await ops.told("get_trail", courier=x, **span) for x in (VICTIM, *names)}
        wrong = found_wrong(trails, seen)
        if was_cut:
            wrong.append(f"he himself did not publish to the end: {end!r}")
        if trails[VICTIM]["fixes"] < until_s / HIS_PACE_S / 2:
            wrong.append(f"{trails[VICTIM]['fixes']} fixes of his are kept after {until_s:.0f} s")
        if await served.stop():
            wrong.append(f"the last stop: {served.said[-300:]}")
    outcomes = sum((x.outcomes for x in impostors), Counter[tuple[str, str]]())
    wrong += [f"never tried: {x}" for x in sorted(ways.all - {way for way, _ in outcomes})]
    told = ", ".join(f"{way} {status} {n}" for (way, status), n in sorted(outcomes.items()))
    theirs = sum(trails[x]["fixes"] for x in names)
    print(f"{each * len(impostors)} publishes: {told}")
    print(f"{trails[VICTIM]['fixes']} fixes of his, {theirs} of theirs; seen {len(seen.his)} times")
    return judged(data, wrong)


def found_wrong(trails: dict[str, Frame], seen: Map) -> list[str]:
    """Places under a name whose owner was never there; or nothing that could have shown them."""
    wrong = [f"shown at {x}" for x in seen.his if not is_near(*x, HIS)]
    for name, trail in trails.items():
        where = HIS if name == VICTIM else THEIRS
        points = [(x["lat"], x["lon"]) for x in trail["points"]]
        wrong += [f"{name}'s trail has {x}" for x in points if not is_near(*x, where)]
        if not points:
            wrong.append(f"nothing was kept of {name}")
    if not seen.his or not seen.others:
        wrong.append("the map showed nobody")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--publishes", type=int, default=10_000)
    return attacked(parser, run)


if __name__ == "__main__":
    sys.exit(main())
