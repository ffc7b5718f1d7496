"""Positions: own, plausible, newest, one batch per interval."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands as c
from engine.engine import Engine
from engine.settings import Settings
from engine.values import CourierId, Millis
from gateway import messages as m
from gateway.codes import Refusal
from gateway.fixes import AHEAD_MAX_MS, SPEED_MAX_MPS, Fixes
from gateway.metrics import Counters
from gateway.wire import time_text
from geo.travel import Vehicle
from tests.serving import hear, live, raw, serving, small_city, tell

NOW = 1_800_000_000_000


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
        ):
            self.engine.step(Millis(NOW), command)

    def now(self):
        return Millis(self.at)

    async def submit(self, command):
        return self.engine.step(self.now(), command)[-1]


def fixes():
    return Fixes(StillLoop(), Counters())


def fix(lat=39.0, lon=116.0, at=NOW, **more):
    return m.Fix(lat, lon, time_text(at), **more)


def why(taking, courier, given):
    with pytest.raises(Refusal) as info:
        taking.take(courier, given)
    error = info.value.error
    return error.detail.get("why") or error.code


def rows(batch):
    return list(zip(*(column.tolist() for column in batch.columns()), strict=True))


def test_only_the_newest_fix_of_each_courier_is_kept():
    taking = fixes()
    for second in range(3):
        taking.take("kim", fix(39.0 + second * 1e-4, at=NOW - 5_000 + second * 1_000))
    taking.take("lee", fix(39.5, at=NOW))
    assert rows(taking.batch()) == [
        (0, 390_002_000, 1_160_000_000, NOW - 3_000),
        (1, 395_000_000, 1_160_000_000, NOW),
    ]
    assert taking.batch() is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (fix(at=NOW + AHEAD_MAX_MS + 1), "in_the_future"),
        (fix(at=NOW - 3_600_000), "too_old"),
        (fix(accuracy_m=5_000.0), "too_inaccurate"),
        (fix(91.0), "coordinates_out_of_range"),
        (fix(math.nan), "coordinates_out_of_range"),
        (fix(0.0, math.inf), "coordinates_out_of_range"),
        (m.Fix(39.0, 116.0, "2026-02-30T00:00:00Z"), "malformed"),
    ],
)
def test_what_cannot_be_is_refused_and_says_why(given, reason):
    taking = fixes()
    assert why(taking, "kim", given) == reason
    assert taking.batch() is None


def test_a_phone_whose_clock_is_a_little_ahead_is_taken_at_our_time():
    taking = fixes()
    taking.take("kim", fix(at=NOW + AHEAD_MAX_MS))
    assert rows(taking.batch())[0][3] == NOW


def test_nothing_older_than_the_last_is_taken():
    taking = fixes()
    taking.take("kim", fix(at=NOW - 1_000))
    for at in (NOW - 1_000, NOW - 2_000):
        assert why(taking, "kim", fix(at=at)) == "not_newer"
    taking.take("lee", fix(at=NOW - 2_000))  # another courier's time is his own


def test_nobody_jumps_across_the_city():
    taking = fixes()
    taking.take("kim", fix(at=NOW - 10_000))
    assert why(taking, "kim", fix(39.02, at=NOW - 5_000)) == "too_fast"
    taking.take("kim", fix(39.002, at=NOW - 5_000))


@given(st.floats(0, 5), st.integers(1, 600))
def test_the_speed_limit_is_one_of_speed(thousandths, seconds):
    taking = fixes()
    taking.take("kim", fix(at=NOW - 600_000))
    meters = thousandths * 1e-2 * 111_195
    moved = fix(39.0 + thousandths * 1e-2, at=NOW - 600_000 + seconds * 1_000)
    if meters > 310 and meters > SPEED_MAX_MPS * seconds * 1.01:
        assert why(taking, "kim", moved) == "too_fast"
    elif meters < 290 or meters < SPEED_MAX_MPS * seconds * 0.99:
        taking.take("kim", moved)


def test_who_is_not_registered_has_no_position():
    assert why(fixes(), "nobody", fix()) == "unknown"


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


@live
async def test_a_wrong_fix_is_answered_and_does_not_end_the_connection(tmp_path):
    async with serving(tmp_path) as app, small_city(app), raw(app, "courier", "kim") as ws:
        now = time_text(app.loop.clock.now())
        await tell(
            ws,
            {
                "type": "positions",
                "fixes": [{"lat": 116.0, "lon": 39.0, "fix_time": now}],
            },
        )
        error = (await hear(ws))["error"]
        assert error["code"] == "coordinates_out_of_range"
        assert error["detail"]["hint"] == "coordinates_swapped?"
        await tell(ws, {"type": "subscribe", "feed": "route"})
        assert (await hear(ws))["type"] == "snapshot"


@live
async def test_only_couriers_have_positions(tmp_path):
    async with serving(tmp_path) as app, raw(app, "store", "s1") as ws:
        fixes_ = [{"lat": 1.0, "lon": 1.0, "fix_time": time_text(NOW)}]
        await tell(ws, {"type": "positions", "fixes": fixes_})
        assert (await hear(ws))["error"]["code"] == "forbidden"
