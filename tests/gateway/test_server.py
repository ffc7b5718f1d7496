"""The server as a stranger meets it: plain HTTP, pages from elsewhere, hostile frames."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request

from gateway import messages as m
from gateway.connections.http import Site, console_files
from gateway.connections.limits import Limits
from tests.serving import hear, live, party, raw, serving, small_city, tell

REFEREE = Path(__file__).resolve().parents[2].parent / "shared" / "referee" / "wsfuzz.py"
SUITES = "handshake,frames,compress"
SERVE = """
import sys
from pathlib import Path
from gateway.app import App, Config
from gateway.running import run

async def main():
    async with App(Config(data=Path(sys.argv[1]), port=0)) as app:
        print(app.server.port, app.mint("operator", "fuzz"), flush=True)
        await app.ended()

run(main())
"""


async def get(app, path, *headers, method="GET"):
    """Status, headers and body of one plain HTTP request."""
    reader, writer = await asyncio.open_connection(app.server.host, app.server.port)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {app.server.host}", *headers, "", ""]
    writer.write("\r\n".join(lines).encode())
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    status, *rest = head.decode().split("\r\n")
    return int(status.split()[1]), dict(x.split(": ", 1) for x in rest), body


@live
async def test_health_and_metrics_say_how_it_goes(tmp_path):
    async with serving(tmp_path) as app, small_city(app):
        status, headers, body = await get(app, "/health")
        assert (status, json.loads(body)["ok"]) == (200, True)
        assert json.loads(body)["seq"] == app.loop.durable_seq
        status, headers, body = await get(app, "/metrics")
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = body.decode().splitlines()
        assert f"o2o_journal_seq {app.loop.durable_seq}" in lines
        assert "o2o_sessions 5" in lines
        assert "# TYPE o2o_gateway_frames_in_total counter" in lines


@live
async def test_the_console_and_its_map_are_served_with_strict_headers(tmp_path):
    async with serving(tmp_path) as app:
        for path in (
            "/",
            "/console/console.js",
            "/vendor/maplibre-gl.js",
            "/vendor/maplibre-gl.css",
        ):
            status, headers, body = await get(app, path)
            assert (status, len(body)) == (200, int(headers["Content-Length"])), path
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
        status, _, body = await get(app, "/", f"If-None-Match: {(await get(app, '/'))[1]['ETag']}")
        assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/console/../auth.py",
        "/console/%2e%2e/auth.py",
        "//etc/passwd",
        "/secret",
        "/console/",
    ],
)
@live
async def test_no_path_leads_out_of_the_console(tmp_path, path):
    async with serving(tmp_path) as app:
        status, _, body = await get(app, path)
        assert (status, body) == (404, b"not found\n")


@live
async def test_only_get_and_head_are_answered(tmp_path):
    async with serving(tmp_path) as app:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            for path in ("/", "/health", "/ws"):
                assert (await get(app, path, method=method))[0] == 405
        status, headers, body = await get(app, "/", method="HEAD")
        assert (status, body) == (200, b"")
        assert int(headers["Content-Length"]) > 0


def test_what_is_served_is_known_at_start():
    files = console_files()
    assert all(path.startswith(("/console/", "/vendor/")) or path == "/" for path in files)
    assert not any(path.endswith(".py") for path in files)


def test_a_site_that_is_not_well_says_so():
    site = Site(lambda: {"ok": False}, list, {})
    assert site.response(Request("/health", Headers()), "::1").status_code == 503


@live
async def test_the_port_that_a_scheme_has_anyway_may_be_said_or_not(tmp_path):
    told = ("https://one.example:443", "http://two.example", "https://three.example:80")
    same = ("https://one.example", "http://two.example:80", *told)
    other = ("http://one.example:443", "http://one.example", "https://three.example")
    async with serving(tmp_path, origins=told) as app:
        for origin in same:
            async with raw(app, additional_headers={"Origin": origin}):
                pass
        for origin in other:
            with pytest.raises(InvalidStatus, match="403"):
                async with raw(app, additional_headers={"Origin": origin}):
                    pass


@live
async def test_pages_from_elsewhere_are_turned_away(tmp_path):
    async with serving(tmp_path, origins=("https://ops.example",)) as app:
        port = app.server.port
        for origin in (
            f"http://127.0.0.1:{port}",
            f"http://localhost:{port}",
            "https://ops.example",
        ):
            async with raw(app, "operator", "x", additional_headers={"Origin": origin}):
                pass
        for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port}.evil.example"):
            with pytest.raises(InvalidStatus, match="403"):
                async with raw(app, additional_headers={"Origin": origin}):
                    pass


@live
async def test_an_unknown_subprotocol_is_refused_and_none_means_messagepack(tmp_path):
    async with serving(tmp_path) as app:
        with pytest.raises(InvalidStatus, match="400"):
            async with raw(app, subprotocol="soap"):
                pass
        async with connect(app.url, compression=None) as ws:
            await tell(ws, {"type": "hello", "token": app.mint("operator", "x")})
            assert (await hear(ws))["role"] == "operator"


@live
async def test_compression_is_never_agreed_on(tmp_path):
    async with (
        serving(tmp_path) as app,
        connect(app.url, subprotocols=[m.JSON], compression="deflate") as ws,
    ):
        assert not ws.protocol.extensions


@live
async def test_frames_nobody_can_read_are_answered_and_then_it_is_enough(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        async with raw(app, "order_service", "shop") as ws:
            for _ in range(Limits().malformed):
                await ws.send(b"\xc1")
                assert (await hear(ws))["error"]["code"] == "malformed"
            with pytest.raises(ConnectionClosed):
                await ws.recv()
            assert ws.close_code == 1007
        await city.shop.request(m.RegisterCustomer("bob"))


@live
async def test_a_message_above_the_limit_closes_only_its_connection(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        async with raw(app, "order_service", "shop") as ws:
            await ws.send(b"x" * (64 * 1024 + 1))
            with pytest.raises(ConnectionClosed):
                await ws.recv()
            assert ws.close_code == 1009
        await city.shop.request(m.RegisterCustomer("bob"))


@live
async def test_hearts_beat_with_the_time_and_the_last_record(tmp_path):
    async with (
        serving(tmp_path, limits=Limits(heartbeat_s=0.02)) as app,
        party(app, "operator", "x") as client,
    ):
        while client.heartbeat is None:
            await asyncio.sleep(0.01)
        assert client.heartbeat.seq == app.loop.durable_seq
        assert client.heartbeat.at >= client.welcome.at


@live
async def test_going_down_tells_everybody_to_come_back(tmp_path):
    async with AsyncExitStack() as stays:
        async with serving(tmp_path) as app:
            ws = await stays.enter_async_context(raw(app, "store", "s1"))
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        assert (ws.close_code, ws.close_reason) == (1012, "restarting")


@live
async def test_a_server_that_cannot_start_leaves_nothing_behind(tmp_path):
    async with serving(tmp_path / "a") as app:
        with pytest.raises(OSError, match="in use"):
            async with serving(tmp_path / "b", port=app.server.port):
                pass
        async with serving(tmp_path / "b"):  # its journal was let go
            pass


@live
async def test_a_part_that_fails_ends_the_whole(tmp_path):
    """Feeds that are not told any more are worse than a restart."""

    def broken():
        raise RuntimeError("planted")

    async with serving(tmp_path) as app:
        app.hub.tick = broken
        with pytest.raises(RuntimeError, match="planted"):
            await app.ended()


# the referee


def test_the_referee_finds_nothing_in_its_short_suites(tmp_path):
    """The long ones (floods, churn, random, slow) are run by hand: benchmarks/README.md."""
    if not REFEREE.exists():
        pytest.skip("../shared/referee/wsfuzz.py is not here")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        port, token = server.stdout.readline().split()
        hello = json.dumps({"type": "hello", "token": token})
        command = [sys.executable, str(REFEREE), "--port", port, "--path", "/ws"]
        command += ["--subprotocol", m.JSON, "--codec", "json", "--hello-json", hello]
        command += ["--pid", str(server.pid), "--max-size", "65536", "--suites", SUITES]
        command += ["--expect-no-compression", "--expect-origin-check"]
        command += ["--max-stall-ms", "5000"]  # here other tests run beside it
        judged = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=os.environ
        )
        assert judged.returncode == 0, judged.stdout + judged.stderr
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
