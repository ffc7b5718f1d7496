"""Tokens and who may ask what: everything not allowed is refused, in every way it can be tried."""

import asyncio
import base64
import errno
import hashlib
import hmac
import itertools
import json
import os
import stat
from typing import Literal, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from engine.values import HOUR
from gateway import messages as m
from gateway import revocations
from gateway.auth import MAY_ASK, MAY_HEAR, check_may_ask
from gateway.clock import wall_ms
from gateway.codes import Refusal
from gateway.connections.limits import Limits, RoleLimits
from gateway.tokens import AUDIENCE, LIFE_MAX_S, Identity, Tokens, load_secret
from gateway.wire import time_text
from tests.serving import hear, later, live, raw, serving, tell

SECRET, NOW_S = b"a secret of thirty-two bytes, at least", 1_800_000_000
ROLES = m.Role.__args__
BODIES = m.RequestBody.__args__


def tokens():
    return Tokens(SECRET)


def signed(claims, secret=SECRET, version="o2o1"):
    """A token as an attacker or a careless minter would make it."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    mac = hmac.digest(secret, f"{version}.{body}".encode(), hashlib.sha256)
    return f"{version}.{body}." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def claims(**changed):
    good = {"aud": AUDIENCE, "role": "store", "sub": "s1", "iat": NOW_S, "exp": NOW_S + 600}
    return {k: v for k, v in (good | changed).items() if v is not None}


def refusal_of(token, now_s=NOW_S):
    with pytest.raises(Refusal) as info:
        tokens().read(token, now_s)
    return info.value.error.code


@pytest.mark.parametrize("role", ROLES)
def test_a_token_says_who_it_is_for_until_it_expires(role):
    token = tokens().mint(role, "x7", 60, NOW_S)
    assert tokens().read(token, NOW_S) == Identity(role, "x7", NOW_S + 60, NOW_S)
    assert tokens().read(token, NOW_S + 59).subject == "x7"
    assert refusal_of(token, NOW_S + 60) == "token_expired"


@pytest.mark.parametrize("role", ROLES)
def test_no_token_lives_longer_than_its_role_allows(role):
    with pytest.raises(ValueError, match="at most"):
        tokens().mint(role, "x", LIFE_MAX_S[role] + 1, NOW_S)
    too_long = claims(role=role, exp=NOW_S + LIFE_MAX_S[role] + 1)
    assert refusal_of(signed(too_long)) == "unauthenticated"


@pytest.mark.parametrize(
    "trick",
    [
        "",
        ".",
        "..",
        "o2o1..",
        "x" * 900,
        signed(claims(), secret=b"another secret of thirty-two bytes...."),
        signed(claims(), version="o2o0"),
        signed(claims(), version="none"),
        signed(claims(aud="another-gateway")),
        signed(claims(exp=NOW_S + 10**8)),
        signed(claims(iat=NOW_S + 3600, exp=NOW_S + 3700)),
        signed(claims(exp=NOW_S - 1, iat=NOW_S + 1)),
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoib3BlcmF0b3IifQ.AAAA",
    ],
)
def test_no_trick_makes_a_token(trick):
    assert refusal_of(trick) == "unauthenticated"


@pytest.mark.parametrize(
    "changed", [{"role": "root"}, {"sub": 7}, {"exp": None}, {"aud": None}, {"admin": True}]
)
def test_claims_of_another_shape_are_refused_even_if_signed(changed):
    assert refusal_of(signed(claims(**changed))) == "unauthenticated"


@settings(max_examples=50)
@given(st.data())
def test_no_changed_character_leaves_a_token_valid(data):
    token = tokens().mint("courier", "kim", 60, NOW_S)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != token[at]))
    assert refusal_of(token[:at] + other + token[at + 1 :]) == "unauthenticated"


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path, monkeypatch):
    monkeypatch.delenv("O2O_SECRET", raising=False)
    secret = load_secret(tmp_path)
    assert len(secret) == 32
    assert load_secret(tmp_path) == secret
    assert stat.S_IMODE(os.stat(tmp_path / "secret").st_mode) == 0o600
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(PermissionError, match="chmod"):
        load_secret(tmp_path)


def test_a_short_secret_is_no_secret():
    with pytest.raises(ValueError, match="32"):
        Tokens(b"short")


# the matrix


SOLD = [m.SoldLine("ramen", 1, m.Money(1, "CNY"))]


def some(kind):
    """A request of this kind with values that fit."""
    values = {
        "ready_at": "2000-01-01T00:00:00Z",
        "ends_at": later(),
        "until": time_text(wall_ms() + HOUR),
        "lines": SOLD if kind is m.RecordReceipt else [m.Line("ramen", 1)],
        "dropoff": m.Place(39.0, 116.0),
        "location": m.Place(39.0, 116.0),
        "price": m.Money(1, "CNY"),
        "amount": m.Money(1, "CNY"),
        "vehicle": "scooter",
        "role": "courier",
        "url": "https://example.com/",
        "stop": "pickup",
        "pin": "424242",
        "code": "424242",
        "received": [m.ReturnedLine("ramen", 1)],
        "labels": ["a7"],
        "orders": ["nobodys"],
        "sellable": True,
        "authorized": True,
        "succeeded": True,
        "settings": None,
        "difference": -1,
        "source": "x2",
        "weekly": [],
        "preparation_permille": 1_500,
        "receipts": [m.SoldReceipt("r", later(), SOLD, "cash")],
        "purpose": "marketing",
        "given": True,
        "standing": "good",
        "outcome": "resolved",
        "topic": "other",
        "segments": ["lost"],
        "policies": ["insertion"],
        "channel": "phone",
        "kind": "store",
        "stars": 5,
        "recency_days": [1, 2, 3, 4],
        "purchases": [4, 3, 2, 1],
        "spent_minor": [4, 3, 2, 1],
        "terms": m.PromotionTerms("x", [m.Action("free_delivery")], by_coupon=True),
    }
    if kind in (m.DraftDuty, m.PlanShift, m.RecordTimecard, m.CorrectTimecard):
        hours = (1, 2) if kind in (m.DraftDuty, m.PlanShift) else (-2, -1)
        began, ended = (time_text(wall_ms() + HOUR * x) for x in hours)
        values |= {"starts_at": began, "ends_at": ended, "started_at": began, "ended_at": ended}
    if kind in (m.ListTimecards, m.ListRoster):
        values |= {"from_at": later(), "to_at": later()}
    if kind in (m.GetTrail, m.ListShifts, m.GetFleetWork):
        values |= {"from_at": time_text(wall_ms() - HOUR), "to_at": time_text(wall_ms())}
    numbers = ("point", "target", "quantity", "index", "counted", "capacity", "preparation_s")
    given = {
        f.name: values.get(f.name, 1 if f.name in numbers else _choice(f) or "x1")
        for f in msgspec.structs.fields(kind)
        if f.required or f.name == "dropoff"  # which only deliveries need
    }
    return kind(**given)


def _choice(field):
    """The first of the words it may be, if it is one of a few."""
    return get_args(field.type)[0] if get_origin(field.type) is Literal else None


def test_every_request_has_somebody_who_may_send_it_and_every_feed_a_listener():
    assert set().union(*MAY_ASK.values()) == set(BODIES)
    assert set().union(*MAY_HEAR.values()) == set(m.Feed.__args__)
    assert set(MAY_ASK) == set(MAY_HEAR) == set(LIFE_MAX_S) == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
@live
async def test_the_server_refuses_what_is_not_in_the_table(tmp_path, role):
    """All 7 x 42 pairs, as frames: what is allowed is never `forbidden`, the rest always is."""
    limits = Limits(roles=dict.fromkeys(ROLES, RoleLimits(1_000, 1_000, 2, 16)))
    async with serving(tmp_path, limits=limits) as app, raw(app, role, "x1") as ws:
        in_force = (await settings_of(app)) if role == "operator" else None
        for number, kind in enumerate(BODIES):
            if kind is m.ChangeSettings:
                if in_force is None:
                    continue
                body = {"type": "change_settings", "settings": in_force}
            else:
                body = msgspec.to_builtins(some(kind))
            await tell(ws, {"type": "request", "id": f"k{number}", "body": body})
            reply = await hear(ws)
            code = reply.get("error", {}).get("code")
            assert (code == "forbidden") is (kind not in MAY_ASK[role]), (kind, reply)
            assert code != "malformed", (kind, reply)
        for feed in m.Feed.__args__:
            await tell(ws, {"type": "subscribe", "feed": feed})
            told = await hear(ws)
            heard = told["type"] == "snapshot" or told["error"]["code"] == "unknown"
            assert heard is (feed in MAY_HEAR[role]), (feed, told)


async def settings_of(app):
    async with raw(app, "operator", "y") as ws:
        await tell(ws, {"type": "request", "id": "k", "body": {"type": "get_settings"}})
        return (await hear(ws))["body"]["settings"]


def test_the_table_is_what_is_checked():
    for role, kind in itertools.product(ROLES, BODIES):
        who = Identity(role, "x", NOW_S)
        body = some(kind)
        if kind in MAY_ASK[role]:
            check_may_ask(who, body)
        else:
            with pytest.raises(Refusal, match="forbidden"):
                check_may_ask(who, body)


# on a connection


@live
async def test_a_wrong_token_is_told_little_and_closed(tmp_path):
    async with serving(tmp_path) as app:
        for token in ("nonsense", signed(claims()), app.mint("store", "s1")[:-2] + "xx"):
            async with raw(app) as ws:
                await tell(ws, {"type": "hello", "token": token})
                error = (await hear(ws))["error"]
                assert (error["code"], error.get("detail")) == ("unauthenticated", None)
                with pytest.raises(ConnectionClosed):
                    await ws.recv()
                assert ws.close_code == 4401


@live
async def test_a_connection_ends_with_its_token_unless_renewed(tmp_path):
    async with serving(tmp_path) as app, raw(app) as lapsing, raw(app) as renewed:
        for ws in (lapsing, renewed):
            await tell(ws, {"type": "hello", "token": app.mint("store", "s1", 1)})
            assert (await hear(ws))["ttl_s"] <= 1
        await tell(renewed, {"type": "hello", "token": app.mint("store", "s1", 60)})
        assert (await hear(renewed))["ttl_s"] > 1
        with pytest.raises(ConnectionClosed):
            await lapsing.recv()
        assert (lapsing.close_code, lapsing.close_reason) == (4401, "token_expired")
        await tell(renewed, {"type": "request", "id": "k", "body": {"type": "list_stock"}})
        assert (await hear(renewed))["body"]["type"] == "stock"


@live
async def test_a_clock_that_is_set_forward_ends_what_has_expired(tmp_path):
    async with serving(tmp_path) as app, raw(app, "store", "s1") as ws:
        app.desk.wall_ms = lambda: wall_ms() + 3_600_000
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        assert ws.close_reason == "token_expired"


@live
async def test_nobody_becomes_somebody_else_on_the_way(tmp_path):
    async with serving(tmp_path) as app, raw(app, "store", "s1") as ws:
        await tell(ws, {"type": "hello", "token": app.mint("store", "s2")})
        assert (await hear(ws))["error"]["code"] == "unauthenticated"
        with pytest.raises(ConnectionClosed):
            await ws.recv()


@live
async def test_a_lost_phone_is_shut_out_at_once_and_after_a_restart(tmp_path):
    async with serving(tmp_path) as app, raw(app, "operator", "ops") as ops:
        lost = app.mint("courier", "kim")
        async with raw(app, "courier", "kim") as phone, raw(app, "courier", "lee") as other:
            body = {"type": "revoke_access", "role": "courier", "subject": "kim"}
            await tell(ops, {"type": "request", "id": "k", "body": body})
            assert "error" not in await hear(ops)
            with pytest.raises(ConnectionClosed):
                await phone.recv()
            assert (phone.close_code, phone.close_reason) == (4401, "revoked")
            await tell(other, {"type": "subscribe", "feed": "route"})
            assert (await hear(other))["type"] == "snapshot"
        assert await turned_away(app, lost) == "unauthenticated"
    async with serving(tmp_path) as app:
        assert await turned_away(app, lost) == "unauthenticated"
        later = app.tokens.mint("courier", "kim", 600, wall_ms() // 1_000 + 2)
        async with raw(app) as ws:
            await tell(ws, {"type": "hello", "token": later})
            assert (await hear(ws))["type"] == "welcome"


@live
async def test_who_shuts_himself_out_and_leaves_is_shut_out_everywhere(tmp_path):
    """Also if he is gone before it is done."""
    async with serving(tmp_path) as app, raw(app, "operator", "ops") as other:
        goes_on, began, on_thread = asyncio.Event(), asyncio.Event(), app.desk.deeds._on_thread

        async def slowly(*args):
            began.set()
            await goes_on.wait()
            return await on_thread(*args)

        app.desk.deeds._on_thread = slowly
        async with raw(app, "operator", "ops") as ops:
            body = {"type": "revoke_access", "role": "operator", "subject": "ops"}
            await tell(ops, {"type": "request", "id": "k", "body": body})
            await began.wait()
        while app.desk.roll.count > 1:
            await asyncio.sleep(0.01)
        goes_on.set()
        with pytest.raises(ConnectionClosed):
            await hear(other)
        assert (other.close_code, other.close_reason) == (4401, "revoked")


@live
async def test_access_ends_also_where_no_file_can_say_so(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with serving(tmp_path) as app, raw(app, "operator", "ops") as ops:
        body = {"type": "revoke_access", "role": "courier", "subject": "kim"}
        token = app.mint("courier", "kim")
        async with raw(app, "courier", "kim") as phone:
            with monkeypatch.context() as disk:
                disk.setattr(revocations, "write_whole", full)
                await tell(ops, {"type": "request", "id": "k", "body": body})
                assert (await hear(ops))["error"]["code"] == "storage_full"
            with pytest.raises(ConnectionClosed):
                await phone.recv()
            assert phone.close_reason == "revoked"
        assert await turned_away(app, token) == "unauthenticated"
        await tell(ops, {"type": "request", "id": "k", "body": body})
        assert "error" not in await hear(ops)
    async with serving(tmp_path) as app:
        assert await turned_away(app, token) == "unauthenticated"


async def turned_away(app, token):
    async with raw(app) as ws:
        await tell(ws, {"type": "hello", "token": token})
        return (await hear(ws))["error"]["code"]
