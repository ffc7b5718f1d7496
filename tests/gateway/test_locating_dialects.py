"""What trackers say in their own words becomes the same fix; by HTTP, with a token."""

import asyncio
import base64
import json

import aiohttp
import numpy as np
import pytest

from gateway import messages as m
from gateway.codes import Refusal
from gateway.locating.devices import Devices
from gateway.locating.dialects import read
from gateway.locating.port import token_of
from gateway.wire import millis, point, time_text
from geo.datums import Datum, from_wgs84
from geo.points import Point, distance_m
from tests.serving import live, raw, serving, small_city, tell

AT = "2026-11-27T12:00:00.000Z"
S = 1_795_780_800
FIX = m.Fix(39.9075, 116.3975, AT, accuracy_m=8.0, speed_mps=5.0, heading_deg=90.0)
DEVICE = m.DeviceState(battery_pct=64, charging=False)
KNOTS = 5.0 * 3600 / 1852
QUERY = {
    "id": "123456",
    "lat": "39.9075",
    "lon": "116.3975",
    "speed": f"{KNOTS}",
    "bearing": "90",
    "accuracy": "8",
    "batt": "64",
    "charge": "false",
}
COORDS = {
    "latitude": 39.9075,
    "longitude": 116.3975,
    "accuracy": 8,
    "speed": 5,
    "heading": 90,
    "altitude": 44,
}
OSMAND = {
    "location": {
        "timestamp": AT,
        "coords": COORDS,
        "is_moving": True,
        "event": "motionchange",
        "battery": {"level": 0.64, "is_charging": False},
    },
    "device_id": "123456",
}
OWNTRACKS = {
    "_type": "location",
    "lat": 39.9075,
    "lon": 116.3975,
    "tst": S,
    "acc": 8,
    "vel": 18,
    "cog": 90,
    "alt": 44,
    "batt": 64,
    "bs": 1,
    "tid": "k1",
    "t": "u",
    "conn": "m",
    "created_at": S + 3,
}
OURS = [
    {
        "type": "positions",
        "fixes": [
            {
                "lat": 39.9075,
                "lon": 116.3975,
                "fix_time": AT,
                "accuracy_m": 8,
                "speed_mps": 5,
                "heading_deg": 90,
            }
        ],
    },
    {"type": "device_state", "battery_pct": 64, "charging": False},
]
FORM = "&".join(f"{k}={v}" for k, v in QUERY.items())
GOLDEN = {
    "osmand query, seconds": (QUERY | {"timestamp": str(S)}, b"", ""),
    "osmand query, milliseconds": (QUERY | {"timestamp": f"{S}000"}, b"", ""),
    "osmand query, iso": (QUERY | {"timestamp": "2026-11-27T20:00:00+08:00"}, b"", ""),
    "osmand query, plain": (QUERY | {"timestamp": "2026-11-27 12:00:00"}, b"", ""),
    "osmand query, location": (
        {k: x for k, x in QUERY.items() if k not in ("lat", "lon")}
        | {"location": "39.9075,116.3975", "timestamp": str(S)},
        b"",
        "",
    ),
    "osmand form": ({"timestamp": str(S)}, FORM.encode(), "application/x-www-form-urlencoded"),
    "osmand json": ({"id": "123456"}, json.dumps(OSMAND).encode(), "application/json"),
    "owntracks": ({"u": "kim", "d": "phone"}, json.dumps(OWNTRACKS).encode(), "application/json"),
    "ours": ({}, json.dumps(OURS).encode(), "application/json"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_messages_of_every_dialect_are_the_same_position(name):
    report = read(*GOLDEN[name])
    assert report.fixes == [FIX]
    assert report.device == DEVICE
    assert report.is_owntracks is (name == "owntracks")


def test_what_is_not_known_is_not_made_up():
    coords = COORDS | {"speed": -1, "heading": -1, "accuracy": -1}
    body = {"location": {"timestamp": AT, "coords": coords}}
    report = read({}, json.dumps(body).encode(), "")
    assert report.fixes == [m.Fix(39.9075, 116.3975, AT)]
    assert report.device is None


def test_a_mock_location_is_told_of_by_every_app_that_knows():
    body = {"location": OSMAND["location"] | {"mock": True}}
    assert read({}, json.dumps(body).encode(), "").device.mock is True
    query = QUERY | {"timestamp": str(S), "mock": "true"}
    assert read(query, b"", "").device.mock is True


def test_a_last_will_says_that_the_phone_is_gone():
    report = read({}, b'{"_type": "lwt", "tst": 1}', "")
    assert (report.fixes, report.device.problem) == ([], "no_network")
    assert read({}, b'{"_type": "waypoint", "lat": 1}', "").fixes == []


@pytest.mark.parametrize(
    "told",
    [
        ({}, b"", ""),
        ({"lat": "x", "lon": "1", "timestamp": "1"}, b"", ""),
        ({"lat": "1", "lon": "1"}, b"", ""),
        ({"location": "1", "timestamp": "1"}, b"", ""),
        ({"lat": "1", "lon": "1", "timestamp": "yesterday"}, b"", ""),
        ({"lat": "1", "lon": "1", "timestamp": "1e300"}, b"", ""),
        ({}, b"{", ""),
        ({}, b"{}", ""),
        ({}, b"[7]", ""),
        ({}, b'{"_type": "location", "lat": 1}', ""),
        ({}, b'{"_type": "location", "lat": "x", "lon": 1, "tst": 1}', ""),
        ({}, b'{"type": "hello", "token": "x"}', ""),
        ({}, b'{"location": {"coords": null}}', ""),
        ({}, b'{"location": 7}', ""),
        ({}, json.dumps([OURS[0]] * 101).encode(), ""),
        ({"lat": "nan", "lon": "1", "timestamp": "nan"}, b"", ""),
    ],
)
def test_nonsense_is_refused(told):
    with pytest.raises(Refusal) as info:
        read(*told)
    assert info.value.error.code == "malformed"


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_places_of_chinese_maps_are_converted_at_the_edge(datum):
    true = Point.of_degrees(39.9075, 116.3975)
    lat, lon = from_wgs84(true, Datum(datum))
    assert distance_m(Point.of_degrees(lat, lon), true) > 300
    for told in (m.Place(lat, lon, datum), m.Fix(lat, lon, AT, datum=datum)):
        assert distance_m(point(told, "x"), true) <= 1
    assert m.Place(39.0, 116.0) == m.Place(39.0, 116.0, "wgs84")


def test_tokens_come_as_bearer_or_as_a_password():
    said = base64.b64encode(b"kim:o2o1.abc.def").decode()
    assert token_of("Bearer o2o1.abc.def") == token_of(f"Basic {said}") == "o2o1.abc.def"
    assert token_of("") == token_of("Basic !!!") == token_of("Digest x") == ""


def test_a_field_that_is_not_said_is_as_before_and_a_problem_is_over():
    devices = Devices()
    devices.note("kim", m.DeviceState(80, charging=True, mock=True, problem="low_battery"))
    devices.note("kim", m.DeviceState(79))
    assert devices.get("kim") == m.DeviceTold(79, charging=True, mock=True)
    assert list(devices.take_changed()) == ["kim"]
    assert list(devices.take_changed()) == []


# over HTTP

KIM = np.zeros(1, np.int32)
NEAR = {"fix_interval_s": 0.02, "positions_port": 0}


@live
async def test_trackers_report_by_http_and_websocket_to_the_same_place(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app), aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{app.positions.port}/"
        token = app.mint("tracker", "kim", 3_600)
        bearer = {"Authorization": f"Bearer {token}"}
        start = app.loop.clock.now() - 100_000

        async def reached(at):
            while app.engine.state.positions.last_measured(KIM)[0] != at:
                await asyncio.sleep(0.005)

        query = {"id": "x", "lat": "39.001", "lon": "116.0", "timestamp": str(start)}
        async with http.get(url, params=query, headers=bearer) as answer:
            assert (answer.status, await answer.json()) == (202, {"taken": 1})
        await reached(start)
        own = {"_type": "location", "lat": 39.002, "lon": 116.0, "tst": start // 1_000 + 20}
        said = base64.b64encode(f"kim:{token}".encode()).decode()
        async with http.post(url, json=own, headers={"Authorization": f"Basic {said}"}) as answer:
            assert (answer.status, await answer.json()) == (200, [])
        await reached((start // 1_000 + 20) * 1_000)
        async with raw(app, "tracker", "kim") as ws:
            fix = {"lat": 39.003, "lon": 116.0, "fix_time": time_text(start + 40_000)}
            await tell(ws, {"type": "positions", "fixes": [fix]})
            await reached(start + 40_000)
        assert app.engine.state.positions.get(0).lat_deg == 39.003


@live
async def test_nobody_reports_for_somebody_else_or_without_a_token(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app), aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{app.positions.port}/positions"
        query = {"lat": "39.001", "lon": "116.0", "timestamp": "1", "id": "kim"}

        async def status(token, **more):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with http.get(url, params=query | more, headers=headers) as answer:
                return answer.status, await answer.json()

        for token in ("", "nonsense", app.mint("tracker", "kim")[:-2] + "xx"):
            code, body = await status(token)
            assert (code, body["code"]) == (401, "unauthenticated")
        assert (await status(app.mint("store", "s1")))[0] == 403
        code, body = await status(app.mint("courier", "nobody"))
        assert (code, body["code"]) == (400, "unknown")
        code, body = await status(app.mint("tracker", "kim"), lat="116", lon="39")
        assert body["detail"]["hint"] == "coordinates_swapped?"
        assert app.engine.state.positions.get(0) is None
        flood = [await status(app.mint("tracker", "kim")) for _ in range(230)]
        assert {x[0] for x in flood} == {202, 429}
        async with http.post(url, data=b"x" * 70_000) as answer:
            assert answer.status == 401
        async with http.post(
            url,
            data=b"{" * 70_000,
            headers={"Authorization": f"Bearer {app.mint('courier', 'kim')}"},
        ) as answer:
            assert answer.status == 413


def test_the_golden_time_is_the_golden_time():
    assert millis(AT, "") == S * 1_000
