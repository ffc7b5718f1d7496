"""No address and no log ever holds a token; a link opens once; figures are not for strangers."""

import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from gateway.cli import main
from gateway.codes import Refusal
from gateway.entering import Doors
from gateway.metrics import Metric
from gateway.onlooking import Onlookers
from gateway.revocations import Revocations
from gateway.tokens import CODE_LIFE_S, LIFE_MAX_S, Tokens
from tests.gateway.test_server import get
from tests.serving import live, raw, serving

TOKEN = re.compile(r"o2o1\.[A-Za-z0-9_-]+\.")
LINK = re.compile(r"http://127\.0\.0\.1:(\d+)/#code=(\S+)")
NOW_S = 1_800_000_000
ELSEWHERE = "203.0.113.7"


class House:
    """Doors on a clock of the test's."""

    def __init__(self, folder, now_s=NOW_S, is_behind_proxy=False):
        self.now_s = now_s
        self.tokens = Tokens(b"s" * 32)
        self.revocations = Revocations(folder)
        allowed = self.tokens, self.revocations, lambda: self.now_s
        self.doors, self.onlookers = Doors(*allowed), Onlookers(*allowed, is_behind_proxy)

    def code(self, subject="ops"):
        return self.tokens.mint_code(subject, self.now_s)

    def enter(self, said, scheme="Code"):
        headers = Headers([("Authorization", f"{scheme} {said}")] if said is not None else [])
        return self.doors.enter(Request("/console/token", headers))

    def figures(self, token=None, peer=ELSEWHERE, **more):
        headers = Headers({"Host": "localhost:8080"} | more)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        found = self.onlookers.barred(Request("/metrics", headers), peer)
        return 200 if found is None else found.status_code


def test_a_link_opens_once_and_then_never(tmp_path):
    house = House(tmp_path)
    code = house.code()
    opened = house.enter(code)
    who = house.tokens.read(opened.body.decode(), house.now_s)
    assert (who.name, opened.headers["Cache-Control"]) == ("operator:ops", "no-store")
    assert house.enter(code).status_code == 401
    assert house.enter(house.code()).status_code == 200  # another one does


def test_a_link_is_good_for_a_quarter_of_an_hour(tmp_path):
    house = House(tmp_path)
    one, two = house.code(), house.code()
    house.now_s += CODE_LIFE_S - 1
    assert house.enter(one).status_code == 200
    house.now_s += 1
    refused = house.enter(two)
    assert (refused.status_code, refused.body) == (401, b"token_expired\n")


def test_after_a_restart_no_link_of_before_opens(tmp_path):
    house = House(tmp_path)
    code = house.code()
    assert house.enter(code).status_code == 200
    assert House(tmp_path, NOW_S + 1).enter(code).status_code == 401


def test_whose_access_was_revoked_does_not_come_in_by_an_older_link(tmp_path):
    house = House(tmp_path)
    code = house.code()
    house.revocations.revoke("operator:ops", NOW_S)
    assert house.enter(code).status_code == 401


def test_a_code_is_no_token_and_a_token_no_code(tmp_path):
    house = House(tmp_path)
    with pytest.raises(Refusal, match="unauthenticated"):
        house.tokens.read(house.code(), NOW_S)
    token = house.tokens.mint("operator", "ops", 600, NOW_S)
    for said in (token, "", None, "nonsense", house.code()[:-2] + "xx"):
        assert house.enter(said).status_code == 401
    assert house.enter(house.code(), "Bearer").status_code == 401
    assert House(tmp_path).enter(Tokens(b"t" * 32).mint_code("ops", NOW_S)).status_code == 401


def test_who_may_see_the_figures_from_elsewhere(tmp_path):
    house = House(tmp_path)
    for role in LIFE_MAX_S:
        token = house.tokens.mint(role, "x", 600, NOW_S)
        assert house.figures(token) == (200 if role in ("operator", "monitor") else 403), role
    for token in (None, "", "nonsense", house.code()):
        assert house.figures(token) == 401
    watch = house.tokens.mint("monitor", "prometheus", LIFE_MAX_S["monitor"], NOW_S)
    assert house.figures(watch) == 200
    house.revocations.revoke("monitor:prometheus", NOW_S)
    assert house.figures(watch) == 401


def test_on_this_machine_nobody_is_asked_but_a_proxy_is(tmp_path):
    house = House(tmp_path)
    for here in ("127.0.0.1", "127.8.8.8", "::1"):
        assert house.figures(peer=here) == 200
    for elsewhere in (ELSEWHERE, "10.0.0.1", "fe80::1%eth0", ""):
        assert house.figures(peer=elsewhere) == 401
    for name in ("X-Forwarded-For", "x-real-ip", "Forwarded", "Via"):
        assert house.figures(peer="127.0.0.1", **{name: ELSEWHERE}) == 401


def test_who_asks_for_another_machine_is_not_on_this_one(tmp_path):
    """But a proxy that hides whom it asks for, or a page whose name was made to lead here."""
    house = House(tmp_path)
    for ours in ("localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "127.8.8.8"):
        assert house.figures(peer="127.0.0.1", Host=ours) == 200, ours
    for other in ("dispatch.example", "localhost.example:80", "[::1", "", "10.0.0.1", "x@y"):
        assert house.figures(peer="127.0.0.1", Host=other) == 401, other
    for headers in (Headers(), Headers([("Host", "localhost"), ("Host", "localhost")])):
        assert house.onlookers.barred(Request("/metrics", headers), "127.0.0.1").status_code == 401


def test_where_a_proxy_is_known_of_nobody_is_on_this_machine(tmp_path):
    house = House(tmp_path, is_behind_proxy=True)
    assert house.figures(peer="127.0.0.1") == 401
    assert house.figures(house.tokens.mint("operator", "x", 600, NOW_S), "127.0.0.1") == 200


@live
async def test_a_server_that_pages_from_elsewhere_may_use_shows_figures_for_a_token(tmp_path):
    async with serving(tmp_path, origins=("https://dispatch.example",)) as app:
        assert (await get(app, "/metrics"))[0] == 401
        told = f"Authorization: Bearer {app.mint('monitor', 'prometheus')}"
        assert (await get(app, "/metrics", told))[0] == 200


@live
async def test_a_server_bars_who_asks_through_a_proxy(tmp_path):
    async with serving(tmp_path) as app:
        assert (await get(app, "/metrics"))[0] == 200
        status, headers, _ = await get(app, "/metrics", f"X-Forwarded-For: {ELSEWHERE}")
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        token = app.mint("monitor", "prometheus")
        told = (f"X-Forwarded-For: {ELSEWHERE}", f"Authorization: Bearer {token}")
        assert (await get(app, "/metrics", *told))[0] == 200
        async with raw(app, "monitor", "prometheus"):  # it may come in, and has nothing to say
            pass


def test_a_served_console_is_entered_by_its_link_and_no_token_is_in_what_is_said(tmp_path):
    command = [sys.executable, "-m", "gateway.cli", "serve", "--data", str(tmp_path), "--port", "0"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env) as it:
        said = b""
        while LINK.search(said.decode()) is None:
            line = it.stdout.readline()
            assert line, said
            said += line
        port, code = LINK.search(said.decode()).groups()
        house = HTTPConnection("127.0.0.1", int(port), timeout=30)
        for expected in (200, 401):
            house.request("GET", "/console/token", headers={"Authorization": f"Code {code}"})
            answer = house.getresponse()
            body = answer.read().decode()
            assert answer.status == expected
            house.close()
            if expected == 200:
                assert TOKEN.match(body)
        it.send_signal(signal.SIGTERM)
        said += it.stdout.read()
    assert TOKEN.search(said.decode()) is None
    assert it.returncode == 0


def test_another_link_is_made_on_the_command_line(tmp_path, capsys):
    words = ["token", "operator", "ann", "--data", str(tmp_path), "--link"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("http://127.0.0.1:8080/#code=o2ocode1.")
    assert TOKEN.search(said) is None
    assert main([*words, "https://dispatch.example/"]) == 0
    assert capsys.readouterr().out.startswith("https://dispatch.example/#code=")
    assert main(["token", "courier", "kim", "--data", str(tmp_path), "--link"]) == 2
    assert "operators" in capsys.readouterr().err


def test_large_figures_are_told_to_the_last_digit():
    assert Metric("o2o_journal_seq", "gauge", "", 123_456_789).sample == "o2o_journal_seq 123456789"
    assert Metric("x", "gauge", "", 0.25).sample == "x 0.25"
