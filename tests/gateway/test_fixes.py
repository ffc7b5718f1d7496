"""Positions: own, plausible, newest, one batch per interval; and a trail that no disorder harms."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine.engine import Engine
from engine.settings import Settings
from engine.values import CourierId, Millis
from gateway import messages as m
from gateway.codes import Refusal
from gateway.locating.fixes import AHEAD_MAX_MS, LIMITS, Fixes
from gateway.locating.looking import get_trail
from gateway.locating.trails import KEPT_MS, Trails
from gateway.metrics import Counters
from gateway.tokens import Identity
from gateway.wire import time_text
from geo.points import Point
from geo.travel import Vehicle
from tests.serving import hear, live, raw, serving, small_city, tell

NOW = 1_800_000_000_000
OPS = Identity("operator", "ops", 0, 0)
DAY_MS = 86_400_000


class StillLoop:
    """An engine with two couriers, and a clock the test sets."""

    def __init__(self):
        self.engine = Engine()
        self.at = NOW
        self.clock = self
        for command in (
            c.OpenEngine(Settings()),
            c.RegisterCourier(CourierId("kim"), Vehicle.SCOOTER, 12),
            c.RegisterCourier(CourierId("lee"), Vehicle.SCOOTER, 12),
            c.RegisterStore("s1", "Noodles", Point(390_000_000, 1_160_000_000), 0),
        ):
            self.engine.step(Millis(NOW), command)

    def now(self):
        return Millis(self.at)

    async def submit(self, command):
        return self.engine.step(self.now(), command)[-1]


class Taking:
    """Fixes, and what was answered to whom."""

    def __init__(self, trails=None):
        self.loop = StillLoop()
        self.fixes = Fixes(self.loop, Counters(), trails)
        self.answers = []

    def take(self, given, courier="kim"):
        self.fixes.take(courier, given, self.answers.append)
        return self

    @property
    def whys(self):
        return [x.error.detail["why"] for x in self.answers]

    def rows(self):
        batch, self.believed = self.fixes.batch()
        if batch is None:
            return []
        return list(zip(*(column.tolist() for column in batch.columns()), strict=True))


def fix(lat=39.0, lon=116.0, at=NOW, **more):
    return m.Fix(lat, lon, time_text(at), **more)


def seen(at, north_m=0.0):
    return fix(39.0 + north_m * 8.9932e-6, at=at)


def test_only_the_newest_fix_of_each_courier_is_told_the_engine():
    taking = Taking()
    for second in (0, 2, 1):
        taking.take(fix(39.0 + second * 1e-4, at=NOW - 5_000 + second * 1_000))
    taking.take(fix(39.5, at=NOW), "lee")
    assert taking.rows() == [
        (0, 390_002_000, 1_160_000_000, NOW - 3_000),
        (1, 395_000_000, 1_160_000_000, NOW),
    ]
    assert len(taking.believed) == 4, "and all of them are believed"
    assert taking.rows() == []


# every filter, from both sides

REFUSED = [
    ("future", seen(NOW + AHEAD_MAX_MS + 1)),
    ("past", seen(NOW - DAY_MS - 1)),
    ("inaccurate", fix(accuracy_m=201.0)),
    ("zero_coordinates", fix(0.0, 0.0)),
    ("duplicate", seen(NOW - 60_000, 20)),
    ("too_soon", seen(NOW - 60_000 + 499, 20)),
    ("too_fast", seen(NOW - 50_000, 700)),
]
BELIEVED = [
    ("future", seen(NOW + AHEAD_MAX_MS)),
    ("past", seen(NOW - DAY_MS)),
    ("inaccurate", fix(accuracy_m=200.0)),
    ("zero_coordinates", fix(0.0, 1e-6)),
    ("duplicate", seen(NOW - 59_000, 20)),
    ("too_soon", seen(NOW - 60_000 + 500, 20)),
    ("too_fast", seen(NOW - 50_000, 600)),
]


@pytest.mark.parametrize(("why", "given"), REFUSED, ids=[x for x, _ in REFUSED])
def test_what_cannot_be_is_refused_and_says_why(why, given):
    taking = Taking().take(seen(NOW - 60_000))
    taking.rows()
    taking.take(given)
    assert (taking.rows(), taking.whys) == ([], [why])


@pytest.mark.parametrize(("why", "given"), BELIEVED, ids=[x for x, _ in BELIEVED])
def test_what_is_just_within_a_limit_is_believed(why, given):
    taking = Taking()
    if why in ("duplicate", "too_soon", "too_fast"):
        taking.take(seen(NOW - 60_000))
        taking.rows()
    taking.take(given)
    assert (len(taking.rows()), taking.whys) == (1, [])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (fix(91.0), "coordinates_out_of_range"),
        (fix(math.nan), "coordinates_out_of_range"),
        (fix(0.0, math.inf), "coordinates_out_of_range"),
        (m.Fix(39.0, 116.0, "2026-02-30T00:00:00Z"), "malformed"),
    ],
)
def test_what_nobody_can_read_is_refused_at_once(given, code):
    with pytest.raises(Refusal) as info:
        Taking().take(given)
    assert info.value.error.code == code


def test_a_phone_whose_clock_is_a_little_ahead_is_taken_at_our_time():
    assert Taking().take(fix(at=NOW + AHEAD_MAX_MS)).rows()[0][3] == NOW


def test_a_late_fix_is_believed_and_does_not_move_anybody_back():
    taking = Taking().take(seen(NOW - 1_000, 100))
    assert len(taking.rows()) == 1
    taking.take(seen(NOW - 20_000)).take(seen(NOW - 3_600_000), "lee")
    assert [x[0] for x in taking.rows()] == [1], "another courier's time is his own"
    assert (len(taking.believed), taking.whys) == (2, [])


def test_after_a_restart_the_last_place_is_the_engines():
    taking = Taking().take(seen(NOW - 10_000))
    batch, _ = taking.fixes.batch()
    taking.loop.engine.step(Millis(NOW), c.ReportPositions(batch))
    taking.fixes = Fixes(taking.loop, Counters())
    taking.take(seen(NOW - 5_000, 2_000))
    assert (taking.rows(), taking.whys) == ([], ["too_fast"])


@settings(deadline=None)
@given(st.floats(0, 5), st.integers(1, 290))
def test_the_speed_limit_is_one_of_speed(thousandths, seconds):
    taking = Taking().take(seen(NOW - 600_000))
    taking.rows()
    meters = thousandths * 1e-2 * 111_195
    taking.take(fix(39.0 + thousandths * 1e-2, at=NOW - 600_000 + seconds * 1_000))
    allowed = LIMITS.max_speed_mm_s / 1_000 * seconds + LIMITS.position_error_m
    found = len(taking.rows())
    if meters > allowed * 1.01:
        assert (found, taking.whys) == (0, ["too_fast"])
    elif meters < allowed * 0.99:
        assert (found, taking.whys) == (1, [])


def test_who_is_not_registered_has_no_position():
    with pytest.raises(Refusal) as info:
        Taking().take(fix(), "nobody")
    assert info.value.error.code == "unknown"


# trails


def walk(chance):
    """Past the store and into it, with a jump over it: 200 fixes, 10 s apart."""
    north = np.cumsum(chance.normal(0, 40, 200)) - 200
    north[120:] += 500
    return [seen(NOW - 2_000_000 + k * 10_000, x) for k, x in enumerate(north.tolist())]


async def trail_of(folder, batches):
    """What is told after these batches have come, one an interval."""
    trails = Trails(folder)
    try:
        taking = Taking(trails)
        for batch in batches:
            for given in batch:
                taking.take(given)
            taking.rows()
            rows = [
                (x.courier, x.measured_at, x.received_at, x.lat_e7, x.lon_e7, x.accuracy_m)
                for x in taking.believed
            ]
            if rows:
                await trails.keep(rows)
            taking.loop.at += 1_000
        asked = m.GetTrail("kim", time_text(NOW - 3_600_000), time_text(NOW))
        return await get_trail(asked, OPS, taking.loop.engine, trails)
    finally:
        trails.close()


@live
async def test_a_shuffled_track_gives_the_same_distance_and_the_same_visits(tmp_path):
    """However the network delivered it: in order, in three heaps, backwards, or any way."""
    chance = np.random.default_rng(8)
    track = walk(chance)
    orders = {
        "in order": [[x] for x in track],
        "at once": [track],
        "backwards": [[x] for x in reversed(track)],
        "newest first": [track[150:], track[:80], track[80:150]],
    }
    for number in range(4):
        mixed = [track[k] for k in chance.permutation(len(track)).tolist()]
        orders[f"any way {number}"] = [mixed[k : k + 17] for k in range(0, len(mixed), 17)]
    told = {}
    for name, batches in orders.items():
        folder = tmp_path / name
        folder.mkdir()
        trail = await trail_of(folder, batches)
        told[name] = (trail.distance_m, trail.visits, [x.fix_time for x in trail.points])
    first = told["in order"]
    assert first[0] > 1_000
    assert {x.crossing for x in first[1]} >= {"enter", "exit", "cross"}
    for name, found in told.items():
        assert found == first, name


@live
async def test_both_times_are_kept_and_the_past_can_be_asked_for_as_it_was_known(tmp_path):
    trails = Trails(tmp_path)
    taking = Taking()
    rows = [(0, NOW - 9_000, NOW, 1, 1, -1), (0, NOW - 8_000, NOW + 60_000, 2, 2, 7)]
    await trails.keep(rows)
    await trails.keep(rows)  # sent twice counts once
    span = ("kim", time_text(NOW - 60_000), time_text(NOW + 1))
    now = await get_trail(m.GetTrail(*span), OPS, taking.loop.engine, trails)
    assert [(x.fix_time, x.received_at, x.accuracy_m) for x in now.points] == [
        (time_text(NOW - 9_000), time_text(NOW), None),
        (time_text(NOW - 8_000), time_text(NOW + 60_000), 7),
    ]
    then = await get_trail(m.GetTrail(*span, time_text(NOW)), OPS, taking.loop.engine, trails)
    assert then.fixes == 1
    trails.close()


@live
async def test_a_trail_says_when_areas_were_entered_crossed_and_left(tmp_path):
    """A no-go area, say; its ring may be open, and must not be a bow."""
    trails, taking = Trails(tmp_path), Taking()
    norths = (-300, -50, 0, 50, 300, -300)
    rows = [
        (0, NOW - 60_000 + k * 10_000, NOW, 390_000_000 + round(x * 89.932), 1_160_000_000, 5)
        for k, x in enumerate(norths)
    ]
    await trails.keep(rows)
    ring = [m.Place(38.999, 115.999), m.Place(39.001, 115.999), m.Place(39.001, 116.001)]
    square = [*ring, m.Place(38.999, 116.001)]
    span = ("kim", time_text(NOW - 60_000), time_text(NOW + 1))
    asked = m.GetTrail(*span, areas={"no-go": square})
    told = await get_trail(asked, OPS, taking.loop.engine, trails)
    visits = [(x.crossing, x.inside_s) for x in told.visits if x.area == "no-go"]
    assert visits == [("enter", 0), ("exit", 30), ("cross", 0)]
    assert {x.store for x in told.visits} == {None, "s1"}
    bow = [square[0], square[2], square[1], square[3]]
    with pytest.raises(Refusal) as info:
        await get_trail(m.GetTrail(*span, areas={"bow": bow}), OPS, taking.loop.engine, trails)
    assert info.value.error.detail == {"field": "areas.bow"}
    trails.close()


@live
async def test_a_trail_is_kept_for_a_week(tmp_path):
    trails = Trails(tmp_path)
    await trails.keep([(n, NOW, NOW, 1, 1, -1) for n in range(3)])
    later = NOW + KEPT_MS + 10_000_000
    await trails.keep([(1, later, later, 1, 1, -1)])
    assert [len(await trails.of(n, 0, 2 * NOW)) for n in range(3)] == [0, 1, 0]
    assert (tmp_path / "trails.db").stat().st_mode & 0o077 == 0
    trails.close()


# over real connections


@live
async def test_one_batch_a_second_reaches_the_engine(tmp_path):
    async with serving(tmp_path, fix_interval_s=0.05) as app, small_city(app) as city:
        before = app.engine.seq
        at = city.kim.welcome.at
        city.kim.report([m.Fix(39.001, 116.001, at)])
        while app.engine.state.positions.get(0) is None:
            await asyncio.sleep(0.01)
        assert app.engine.seq == before + 1
        assert app.engine.state.positions.get(0).lat_deg == 39.001
        asked = m.GetTrail("kim", at, time_text(app.loop.clock.now() + 1_000))
        while not (trail := await city.operator.request(asked)).fixes:
            await asyncio.sleep(0.01)
        assert (trail.points[0].lat, trail.points[0].fix_time) == (39.001, at)


@live
async def test_a_wrong_fix_is_answered_and_does_not_end_the_connection(tmp_path):
    config = {"fix_interval_s": 0.02}
    async with (
        serving(tmp_path, **config) as app,
        small_city(app),
        raw(app, "courier", "kim") as ws,
    ):
        now = app.loop.clock.now()
        swapped = {"lat": 116.0, "lon": 39.0, "fix_time": time_text(now)}
        early = {"lat": 39.0, "lon": 116.0, "fix_time": time_text(now + 3_600_000)}
        await tell(ws, {"type": "positions", "fixes": [swapped, early]})
        error = (await hear(ws))["error"]
        assert error["code"] == "coordinates_out_of_range"
        assert error["detail"]["hint"] == "coordinates_swapped?"
        error = (await hear(ws))["error"]
        assert (error["code"], error["detail"]) == ("implausible_fix", {"why": "future"})
        await tell(ws, {"type": "subscribe", "feed": "route"})
        assert (await hear(ws))["type"] == "snapshot"


@live
async def test_only_couriers_have_positions(tmp_path):
    async with serving(tmp_path) as app, raw(app, "store", "s1") as ws:
        fixes_ = [{"lat": 1.0, "lon": 1.0, "fix_time": time_text(NOW)}]
        await tell(ws, {"type": "positions", "fixes": fixes_})
        assert (await hear(ws))["error"]["code"] == "forbidden"
