"""The line a courier is to ride, for who draws it; and how old what is drawn of him is."""

import asyncio
import threading
from itertools import pairwise

from gateway import messages as m
from gateway.locating.ways import Ways, by_streets, line_of
from gateway.wire import time_text
from geo.points import Point
from geo.polyline import decode
from tests.gateway.test_streets import STREETS
from tests.serving import DOOR, STORE, accepted, live, serving, small_city, until


async def seen(app, city, ago_ms: int = 0) -> Point:
    """Where kim is, once the map shows it."""
    at = time_text(app.loop.clock.now() - ago_ms)
    city.kim.report([m.Fix(STORE.lat + 0.001, STORE.lon, at)])
    number = app.engine.state.couriers["kim"].number
    async with asyncio.timeout(10):
        while (found := app.engine.state.positions.get(number)) is None:
            await asyncio.sleep(0.02)
    return found


def corners(way: m.Way) -> list[Point]:
    return decode(way.polyline, way.precision)


@live
async def test_without_streets_a_way_is_straight_from_where_he_is_by_his_stops(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        nothing = await city.kim.request(m.GetWay("kim"))
        assert (nothing.polyline, nothing.stops, nothing.by_streets) == ("", 0, False)
        await accepted(city, "o1")
        here = await seen(app, city)
        way = await city.kim.request(m.GetWay("kim", 6))
        ends = [Point.of_degrees(x.lat, x.lon) for x in (STORE, DOOR)]
        assert corners(way) == [here, *ends]
        assert (way.stops, way.by_streets) == (2, False)
        assert corners(await city.operator.request(m.GetWay("kim"))) == corners(way)


def test_along_streets_every_corner_is_drawn_and_a_stop_once():
    ends = [Point(*(int(x) for x in STREETS.graph.places[k])) for k in (0, -1, 0)]
    line = line_of(ends, by_streets(STREETS, ends, {}))
    out, home = (STREETS.way(*x).corners.tolist() for x in pairwise(ends))
    assert len(out) > 2
    assert line == [Point(*x) for x in (*out, *home[1:])]
    assert line_of([], by_streets(STREETS, [], {})) == []


@live
async def test_whoever_asks_often_waits_for_himself_and_no_leg_is_searched_twice():
    """All at once, one at a time on one thread; when he has moved, only the leg he is on."""
    a, b, d = (Point(*(int(x) for x in STREETS.graph.places[k])) for k in (0, -1, 1))
    searched, threads = [], set()

    class Counted:
        graph = STREETS.graph

        def way(self, *ends):
            searched.append(ends)
            threads.add(threading.current_thread().name)
            return STREETS.way(*ends)

    ways = Ways(Counted())
    lines = await asyncio.gather(*(ways.along("kim", [a, b, d]) for _ in range(6)))
    assert all(x == lines[0] for x in lines)
    assert searched == [(a, b), (b, d)]
    moved = await ways.along("kim", [d, b, d])
    assert searched[2:] == [(d, b)]
    assert moved[0] == d
    await ways.along("lee", [b, d])
    assert searched[3:] == [(b, d)]
    assert len(threads) == 1
    ways.close()


@live
async def test_streets_of_another_city_are_no_way(tmp_path):
    async with serving(tmp_path, streets=STREETS) as app, small_city(app) as city:
        await accepted(city, "o1")
        way = await city.kim.request(m.GetWay("kim", 6))
        assert (way.by_streets, way.stops) == (False, 2)
        assert corners(way) == [Point.of_degrees(x.lat, x.lon) for x in (STORE, DOOR)]


@live
async def test_nobody_asks_for_somebody_elses_way(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        assert (await city.kim.ask(m.GetWay("lee"))).error.code == "unknown"
        assert (await city.operator.ask(m.GetWay("lee"))).error.code == "unknown"
        assert (await city.shop.ask(m.GetWay("kim"))).error.code == "forbidden"


@live
async def test_the_map_says_how_old_each_position_is(tmp_path):
    """A place without its age is a wrong place as soon as the phone is silent."""
    async with serving(tmp_path) as app, small_city(app) as city:
        told = city.operator.subscribe("city")
        whole = await until(told, lambda x: x.kind == "snapshot")
        assert [x.age_s for x in whole.body.couriers] == [None]
        await seen(app, city, ago_ms=30_000)
        moved = await until(
            told, lambda x: x.kind == "delta" and (x.body.positions or x.body.couriers)
        )
        ages = [*moved.body.ages_s, *(x.age_s for x in moved.body.couriers)]
        assert all(29 <= x <= 40 for x in ages)
        assert len(moved.body.ages_s) == len(moved.body.positions)
