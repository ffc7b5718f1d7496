"""Looking back: any moment of a journal, as its live map would have shown it."""

import asyncio
import gzip
import itertools
import json
from functools import cache

import msgspec
import pytest

from engine import commands as c
from engine.engine import Engine
from engine.projections import Projections
from engine.queries.open_work import OpenWork
from engine.values import MINUTE, SECOND
from gateway.cli import main
from gateway.commands.looking_back import LookingBack, millis
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from gateway.telling.city import city_kpis, city_whole
from gateway.telling.moments import SEGMENT_MS, TICK_MS, Moments
from simulation.run import simulate
from simulation.scenarios.scenario_file import find, load
from tests.acceptance.test_collecting import accepted
from tests.cases import city
from tests.serving import live


@cache
def day():
    records = []
    simulate(load(find("lunch_rush")), 5, records.append)
    return [x for x in records if x.at <= records[0].at + 50 * MINUTE]


@cache
def remembered() -> Moments:
    moments = Moments()
    for record in day():
        moments.see(record)
    moments.settle()
    return moments


def segment(moments, index):
    return json.loads(gzip.decompress(moments.segment(index)))


def shown(found, at):
    """What a page shows at that moment: the whole, and the changes until then laid over it."""
    city = {"stores": {x["id"]: x for x in found["whole"]["stores"]}}
    city["couriers"] = since(found["from_ms"], found["whole"]["couriers"])
    city["orders"] = {x["id"]: x for x in found["whole"]["orders"]}
    kpis, seq = found["whole"]["kpis"], found["seq"]
    for frame in itertools.takewhile(lambda x: x["at_ms"] <= at, found["frames"]):
        body, seq = frame["body"], frame["seq"]
        for kind in ("stores", "orders"):
            city[kind] |= {x["id"]: x for x in body.get(kind, [])}
        city["couriers"] |= since(frame["at_ms"], body.get("couriers", []))
        for (key, lat, lon), age_s in zip(
            body.get("positions", []), body.get("ages_s", []), strict=True
        ):
            seen_ms = frame["at_ms"] - 1_000 * age_s
            city["couriers"][key] |= {"lat": lat, "lon": lon, "seen_ms": seen_ms}
        for key in (body.get("removed") or {}).get("orders", []):
            city["orders"].pop(key, None)
        kpis = body.get("kpis") or kpis
    return city, kpis, seq


def since(at_ms, couriers):
    """Each with when he was seen last: how long ago that is, is of when it was told."""
    return {x["id"]: seen(at_ms, **x) for x in couriers}


def seen(at_ms, age_s=None, **courier):
    return courier if age_s is None else courier | {"seen_ms": at_ms - 1_000 * age_s}


def test_any_moment_shows_what_an_engine_that_stops_there_would_tell():
    engine, projections, records = Engine(), Projections(), iter(day())
    record, looks = next(records), 0
    first = remembered().span().from_ms
    for at in range(first + 7 * TICK_MS, remembered().span().to_ms, 37 * TICK_MS):
        while record.at <= at:
            engine.apply(record)
            projections.fold(record)
            record = next(records)
        work = OpenWork.of(engine.state)
        kpis = city_kpis(engine.state, work, projections, {})
        whole = json.loads(msgspec.json.encode(city_whole(engine.state, at, work, kpis)))
        city, figures, seq = shown(segment(remembered(), remembered().at_time(at)), at)
        assert figures == whole["kpis"]
        assert seq <= engine.seq
        for kind in ("stores", "orders", "couriers"):
            expected = {x["id"]: x for x in whole[kind]}
            if kind == "couriers":
                expected = since(at, whole[kind])
            (told, places), (rest, truly) = parted(city[kind]), parted(expected)
            assert told == rest, (kind, at)
            assert places == pytest.approx(truly, abs=1.1e-5), (kind, at)
        looks += 1
    assert looks > 10


def parted(things):
    """Everything but the places, and the places: these are told to about a meter."""
    rest = {k: {n: v for n, v in x.items() if n not in ("lat", "lon")} for k, x in things.items()}
    places = {(k, n): x[n] for k, x in things.items() for n in ("lat", "lon") if n in x}
    return rest, places


def test_segments_follow_each_other_without_a_gap():
    moments = remembered()
    found = [segment(moments, k) for k in range(len(moments.span().points))]
    assert len(found) > 8
    for one, then in itertools.pairwise(found):
        assert one["to_ms"] == then["from_ms"]
        assert one["to_ms"] - one["from_ms"] >= SEGMENT_MS
        assert (one["frames"] or [one])[-1]["seq"] == then["seq"]
        assert [x["at_ms"] for x in one["frames"]] == sorted({x["at_ms"] for x in one["frames"]})
    assert found[-1]["frames"][-1]["seq"] == day()[-1].seq
    with pytest.raises(IndexError):
        moments.segment(len(found))


def test_what_is_packed_for_who_comes_for_it_is_not_late_however_long_he_takes():
    """It waits for its customer; before it was ready, it could be late as any other."""
    case = accepted(city(2, couriers=()))  # for collection
    due = case.state.orders["o"].placed.promised_at
    for later_s in range(100, 800, 100):
        case.at(due / SECOND + later_s, c.Tick())
    moments = Moments()
    for record in case.records:
        moments.see(record)
    moments.settle()
    assert moments.span().points[-1].late == 1
    case.at(case.now_s + 1, c.ReportReady("store", "o"))
    for _ in range(7):
        case.at(case.now_s + 100, c.Tick())
    for record in case.records[moments.engine.seq :]:
        moments.see(record)
    moments.settle()
    [order] = json.loads(gzip.decompress(moments.segment(len(moments.span().points) - 1)))["whole"][
        "orders"
    ]
    assert order["waits_for_customer"]
    assert (order["fulfillment"], order["order_status"]) == ("collection", "ready")
    last = moments.span().points[-1]
    assert (last.open, last.late) == (1, 0)


def test_a_record_is_found_by_its_number():
    moments = remembered()
    for seq in (1, 2, len(day()) // 3, len(day())):
        found = segment(moments, moments.at_seq(seq))
        assert found["seq"] < seq <= found["frames"][-1]["seq"]
        assert day()[seq - 1].at <= next(x for x in found["frames"] if x["seq"] >= seq)["at_ms"]


def test_before_the_first_record_there_is_nothing():
    assert Moments().at_time(0) is Moments().at_seq(1) is None
    assert remembered().at_time(0) == 0


def test_a_time_names_its_zone():
    assert millis("1741316400000") == millis("2025-03-07T11:00:00+08:00") == 1741316400000
    for vague in ("2025-03-07T11:00:00", "noon", ""):
        with pytest.raises(ValueError, match=r"invalid literal|Invalid isoformat"):
            millis(vague)


def test_without_a_journal_there_is_nothing_to_look_at(tmp_path, capsys):
    assert main(["console", str(tmp_path)]) == 2
    assert "no journal" in capsys.readouterr().err


async def get(console, path, host="127.0.0.1", method="GET"):
    reader, writer = await asyncio.open_connection("127.0.0.1", console.port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}:{console.port}\r\n\r\n".encode())
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    status, *rest = head.decode().split("\r\n")
    return int(status.split()[1]), dict(x.split(": ", 1) for x in rest), body


async def span_when(console, is_so):
    for _ in range(400):
        span = json.loads((await get(console, "/moments/span"))[2])
        if is_so(span):
            return span
        await asyncio.sleep(0.05)
    raise AssertionError(span)


@live
async def test_a_journal_that_grows_is_followed_and_never_written_to(tmp_path):
    half = len(day()) // 2
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    journal.append(day()[:half])
    async with LookingBack(tmp_path) as console:
        span = await span_when(console, lambda x: not x["is_reading"])
        assert span["seq"] == half
        journal.append(day()[half:])
        span = await span_when(console, lambda x: x["seq"] == len(day()))
        assert span["to_ms"] - day()[-1].at < 10 * SECOND
        last = len(span["points"]) - 1
        status, headers, body = await get(console, f"/moments/segment?index={last}")
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert json.loads(gzip.decompress(body))["frames"][-1]["seq"] == len(day())
    assert journal.head()[0] == len(day())
    journal.close()


@live
async def test_the_page_comes_with_the_live_consoles_guards_and_only_to_this_machine(tmp_path):
    with SqliteJournal(tmp_path / JOURNAL_FILE) as journal:
        journal.append(day()[:50])
    async with LookingBack(tmp_path) as console:
        status, headers, body = await get(console, "/?at_time=1741316400000")
        assert (status, b"/console/replay.js" in body) == (200, True)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert (await get(console, "/", host="elsewhere.example"))[0] == 403
        assert (await get(console, "/ws"))[0] == 404
        await span_when(console, lambda x: not x["is_reading"])
        for query in ("", "index=x", "at_time=noon", "index=0&at_seq=1", "index=0&index=1", "x=1"):
            assert (await get(console, f"/moments/segment?{query}"))[0] == 400, query
        for query in ("index=99", "index=-1"):
            assert (await get(console, f"/moments/segment?{query}"))[0] == 404, query


@live
async def test_a_damaged_journal_ends_the_reading_with_the_number_of_the_record(tmp_path):
    with SqliteJournal(tmp_path / JOURNAL_FILE) as journal:
        journal.append(day()[:50])
        with journal._db as db:
            db.execute("UPDATE record SET body = zeroblob(9) WHERE seq = 20")
    async with LookingBack(tmp_path) as console:
        with pytest.raises(Exception, match="record 20"):
            await console.reading
