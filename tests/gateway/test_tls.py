"""wss and https: on the same ports, with certificates that are renewed while it serves."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import tracemalloc
from contextlib import AsyncExitStack, suppress
from http.client import RemoteDisconnected
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from gateway import messages as m
from gateway.cli import main
from gateway.client import Client, GivenUpError
from gateway.connections.limits import Limits
from gateway.providers import FILE
from gateway.providers.sandbox.practising import free_port
from gateway.tls import Certificate, trusting
from simulation.scenarios.scenario_file import find
from tests.certificates import Authority, rsa_key
from tests.practice import practising
from tests.serving import hear, live, party, raw, serving, tell

POST = {"Content-Type": "application/json"}
CUT = (ConnectionError, RemoteDisconnected, InvalidMessage)  # without a word
UNTRUSTED = r"certificate is not trusted: unable to get local issuer certificate"


class Pair:
    def __init__(self, folder):
        self.authority = Authority(folder)
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.serial = self.renewed()

    def renewed(self, made=None):
        return self.authority.issue(self.certificate, self.key, made=made)

    @property
    def files(self):
        return "--tls-cert", str(self.certificate), "--tls-key", str(self.key)

    def read(self):
        return Certificate(self.certificate, self.key)

    def trusted(self):
        return trusting(self.authority.path)

    async def serial_at(self, port):
        """Of what a new connection is shown."""
        return await asyncio.to_thread(self._serial_at, port)

    def _serial_at(self, port):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            self.trusted().wrap_socket(plain, server_hostname="localhost") as secret,
        ):
            shown = secret.getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(shown).serial_number


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path)


async def fetched(url, tls=None, data=None):
    """Status and body, as any program gets them."""

    def get():
        try:
            with urlopen(Request(url, data, POST), timeout=10, context=tls) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    return await asyncio.to_thread(get)


# one port


@live
async def test_orders_and_pages_come_over_the_same_port(tmp_path, pair):
    tls = pair.trusted()
    async with serving(tmp_path / "data", tls=pair.read()) as app:
        assert app.url == f"wss://127.0.0.1:{app.server.port}/ws"
        assert app.console_url.startswith(f"https://127.0.0.1:{app.server.port}/#code=")
        async with party(app, "operator", "ops", tls=tls) as ops:
            await ops.request(m.RegisterStore("s1", "Noodles", m.Place(39, 116), 600))
            assert "s1" in app.engine.state.stores.stores
        for page in ("", "health", "metrics", "console/console.js"):
            status, body = await fetched(f"https://localhost:{app.server.port}/{page}", tls)
            assert (status, bool(body)) == (200, True)


@live
async def test_who_speaks_in_the_clear_is_not_understood(tmp_path, pair, caplog):
    async with serving(tmp_path / "data", tls=pair.read()) as app:
        with pytest.raises(CUT):
            await fetched(f"http://127.0.0.1:{app.server.port}/health")
        with pytest.raises(CUT):
            async with connect(app.url.replace("wss:", "ws:"), proxy=None):
                pass
        assert await pair.serial_at(app.server.port) == pair.serial
    assert caplog.records == []


@live
async def test_a_client_that_does_not_trust_it_says_so_instead_of_trying_for_ever(tmp_path, pair):
    stranger = trusting(Authority(tmp_path, "stranger").path)
    async with serving(tmp_path / "data", tls=pair.read()) as app:
        for tls in (None, stranger):
            client = Client(app.url, lambda: app.mint("operator", "ops"), tls=tls)
            with pytest.raises(GivenUpError, match=UNTRUSTED):
                await client.__aenter__()
            await client.close()


@live
async def test_our_own_page_is_https_then(tmp_path, pair):
    tls = pair.trusted()
    elsewhere = "https://dispatch.example"
    async with serving(tmp_path / "data", tls=pair.read(), origins=(elsewhere,)) as app:
        own = f"https://localhost:{app.server.port}"
        for origin in (own, elsewhere):
            async with connect(app.url, ssl=tls, origin=origin, proxy=None) as ws:
                assert ws.response.status_code == 101
        for origin in (own.replace("https", "http"), "https://other.example"):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(app.url, ssl=tls, origin=origin, proxy=None):
                    pass
            assert refused.value.response.status_code == 403


@live
async def test_who_does_not_shake_hands_gives_way_to_who_does(tmp_path, pair, caplog):
    """And holds no place: as many idle sockets as there may be keep nobody out."""
    limits = Limits(mute=3, sockets=6)
    async with serving(tmp_path / "data", tls=pair.read(), limits=limits) as app:
        port, tls = app.server.port, pair.trusted()
        async with party(app, "operator", "ops", tls=tls) as ops:
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(12)]
            for reader, _ in idle[:9]:
                assert await reader.read() == b""
            assert await fetched(f"https://localhost:{port}/health", tls)
            assert app.server.mutes <= 3
            for _, writer in idle:
                writer.close()
            while app.server.strangers:
                await asyncio.sleep(0.01)
            await ops.request(m.RegisterStore("s1", "Noodles", m.Place(39, 116), 600))
            assert ops.connections == 1
    assert caplog.records == []


@live
async def test_who_does_not_shake_hands_costs_little(tmp_path, pair):
    async with serving(tmp_path / "data", tls=pair.read()) as app, AsyncExitStack() as stack:
        tracemalloc.start()
        stack.callback(tracemalloc.stop)
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", app.server.port)
            stack.callback(writer.close)
        while app.server.mutes < 20:
            await asyncio.sleep(0.001)
        assert tracemalloc.get_traced_memory()[0] < 20 * 100 * 1024  # both ends of each


@live
async def test_a_frame_may_be_longer_than_what_tls_takes_at_once(tmp_path, pair):
    async with (
        serving(tmp_path / "data", tls=pair.read()) as app,
        raw(app, "operator", "ops", ssl=pair.trusted(), proxy=None) as ws,
    ):
        await tell(ws, {"type": "ping", "text": "long " * 12_000})
        await tell(ws, {"type": "nonsense", "text": "long " * 12_000})
        assert (await hear(ws))["type"] == "error"


@live
async def test_a_server_that_stops_waits_for_no_stranger(tmp_path, pair, caplog):
    for name, tls in (("plain", None), ("secret", pair.read())):
        async with AsyncExitStack() as stack:
            limits = Limits(open_s=3_600)
            app = await stack.enter_async_context(serving(tmp_path / name, tls=tls, limits=limits))
            idle = [await asyncio.open_connection("127.0.0.1", app.server.port) for _ in range(20)]
            while app.server.mutes < 20:
                await asyncio.sleep(0.001)
        assert app.server.mutes == app.server.strangers == 0
        for reader, writer in idle:
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
    assert caplog.records == []


# other ports


@live
async def test_trackers_are_heard_by_https_too(tmp_path, pair):
    async with serving(tmp_path / "data", tls=pair.read(), positions_port=0) as app:
        at = f"127.0.0.1:{app.positions.port}/positions"
        status, _ = await fetched(f"https://{at}", pair.trusted(), b"{}")
        assert status == 401
        with pytest.raises(CUT):
            await fetched(f"http://{at}", data=b"{}")


@live
async def test_providers_notices_come_by_https_or_it_does_not_start(tmp_path, pair):
    data = tmp_path / "data"
    data.mkdir()
    async with practising(data):
        with pytest.raises(ValueError, match="heard by https alone"):
            async with serving(data, tls=pair.read()):
                pass
        told = (data / FILE).read_text()
        (data / FILE).write_text(told.replace('address = "http:', 'address = "https:'))
        async with serving(data, tls=pair.read()) as app:
            at = f"127.0.0.1:{app.payments.webhooks.port}/webhooks/wechat"
            status, _ = await fetched(f"https://{at}", pair.trusted(), b"{}")
            assert status == 400
            assert app.payments.reports.tally.notices_refused == 1
            with pytest.raises(CUT):
                await fetched(f"http://{at}", data=b"{}")


# renewal


@live
async def test_a_renewed_certificate_is_shown_to_who_comes_then(tmp_path, pair):
    told = pair.read()
    async with (
        serving(tmp_path / "data", tls=told) as app,
        party(app, "operator", "ops", tls=pair.trusted()) as ops,
    ):
        renewed = pair.renewed()
        assert await pair.serial_at(app.server.port) == pair.serial
        told.read()
        assert await pair.serial_at(app.server.port) == renewed
        pair.authority.issue(pair.certificate, tmp_path / "another.pem")
        with pytest.raises(ValueError, match="do not belong together"):
            told.read()
        assert await pair.serial_at(app.server.port) == renewed
        await ops.request(m.RegisterStore("s1", "Noodles", m.Place(39, 116), 600))
        assert ops.connections == 1


@live
async def test_a_certificate_of_another_kind_of_key_takes_the_place_of_the_old_one(tmp_path, pair):
    told = pair.read()
    async with serving(tmp_path / "data", tls=told, positions_port=0) as app:
        for made in (rsa_key(), None, rsa_key()):
            renewed = pair.renewed(made)
            told.read()
            for port in (app.server.port, app.positions.port):
                assert await pair.serial_at(port) == renewed
            async with party(app, "operator", "ops", tls=pair.trusted()) as ops:
                assert ops.connections == 1


# the command line


def said(stderr, words):
    """The next line with these words in it; others may come before, such as what takes so long."""
    return next(x for x in stderr if words in x)


def test_a_server_reads_it_again_at_a_hangup_and_keeps_the_old_one_if_it_is_no_good(tmp_path, pair):
    words = [sys.executable, "-m", "gateway.cli", "serve", "--data", str(tmp_path / "data")]
    words += ["--port", "0", "--solver", "nearest", "--improver", "none", *pair.files]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as o2o:
        try:
            url = o2o.stdout.readline().split()[1]
            port = int(url.removeprefix("wss://127.0.0.1:").removesuffix("/ws"))
            assert o2o.stdout.readline().startswith("console  https://127.0.0.1:")
            assert pair._serial_at(port) == pair.serial
            renewed = pair.renewed()
            os.kill(o2o.pid, signal.SIGHUP)
            assert said(o2o.stderr, "the certificate was read again")
            assert pair._serial_at(port) == renewed
            pair.key.unlink()
            os.kill(o2o.pid, signal.SIGHUP)
            assert str(pair.key) in said(o2o.stderr, "stays as it was: [Errno 2]")
            assert pair._serial_at(port) == renewed
            o2o.send_signal(signal.SIGTERM)
            assert o2o.wait(timeout=60) == 0
        finally:
            o2o.kill()


def test_a_hangup_before_the_doors_are_open_does_not_end_it(tmp_path, pair):
    os.mkfifo(objective := tmp_path / "objective.json")
    words = [sys.executable, "-m", "gateway.cli", "serve", "--data", str(tmp_path / "data")]
    words += ["--port", "0", "--solver", "nearest", "--improver", "none", *pair.files]
    words += ["--objective", str(objective)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as o2o:
        try:
            with objective.open("w") as pipe:  # somebody reads it: it starts
                renewed = pair.renewed()
                os.kill(o2o.pid, signal.SIGHUP)
                pipe.write("{}")
            url = o2o.stdout.readline().split()[1]
            assert said(o2o.stderr, "the certificate was read again")
            port = int(url.removeprefix("wss://127.0.0.1:").removesuffix("/ws"))
            assert pair._serial_at(port) == renewed
        finally:
            o2o.kill()


@pytest.mark.slow
def test_a_demo_talks_to_its_own_server_over_tls(tmp_path, pair, capsys):
    words = ["demo", "--data", str(tmp_path / "data"), "--port", str(free_port()), "--headless"]
    words += ["--scenario", str(find("lunch_rush")), "--speed", "200", "--minutes", "2"]
    assert main([*words, *pair.files]) == 1
    assert "not trusted here" in (told := capsys.readouterr()).err
    assert "name its authority, --ca FILE" in told.err
    assert main([*words, *pair.files, "--ca", str(pair.authority.path)]) == 0


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda x: x.certificate.unlink(), "cert.pem: No such file or directory"),
        (lambda x: x.key.unlink(), "key.pem: No such file or directory"),
        (lambda x: x.certificate.write_text("hello"), "cert.pem is no certificate in PEM"),
        (lambda x: x.key.write_bytes(x.certificate.read_bytes()), "key.pem is no private key in"),
        (lambda x: x.authority.issue(x.certificate, x.key, b"sesame"), "key.pem has a password"),
        (lambda x: x.authority.issue(x.certificate, x.certificate.with_name("k")), "do not belong"),
        (lambda x: cut(x.certificate), "cannot be used"),
        (lambda x: cut(x.key), "cannot be used"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path, pair, capsys, broken, said):
    broken(pair)
    assert main(["serve", "--data", str(tmp_path / "data"), "--port", "0", *pair.files]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def cut(path):
    """Its first and last lines are there, and half of what should be between them."""
    first, *lines, last = path.read_text().splitlines()
    path.write_text("\n".join([first, *lines[: len(lines) // 2], last, ""]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--tls-cert", "c.pem"], "go together"),
        (["serve", "--tls-key", "k.pem"], "go together"),
        (["demo", "--ca", "ca.pem"], "nobody to trust"),
        (["serve", "--sandbox", "--tls-cert", "c.pem", "--tls-key", "k.pem"], "--sandbox"),
        (["serve", "--origin", "dispatch.example"], "--origin"),
        (["serve", "--origin", "https://dispatch.example/console"], "--origin"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, capsys, words, said):
    try:
        status = main([*words, "--data", str(tmp_path)])
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert said in capsys.readouterr().err


def test_a_file_of_authorities_that_is_none_is_said(tmp_path):
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(ValueError, match=r"ca\.pem holds no certificate in PEM"):
        trusting(tmp_path / "ca.pem")
    with pytest.raises(FileNotFoundError):
        trusting(tmp_path / "none.pem")
    assert trusting().verify_mode is ssl.CERT_REQUIRED
