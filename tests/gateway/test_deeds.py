"""What the gateway does itself is done once, too, and answered alike, whoever repeats it and when."""

import asyncio
import re
from contextlib import asynccontextmanager

import msgspec
import pytest

from gateway import messages as m
from gateway.codes import Refusal
from gateway.connections.requests import QUESTIONS
from gateway.deeds import DEEDS
from tests.gateway.test_deeds_kept import everything
from tests.serving import live, placed, raw, serving, small_city, tell

# Whoever is admitted twice has two tokens, of which each is as good, and none is kept here.
ASKING = re.compile(r"Admit|Count|Explain|Export|Find|Get|Inspect|List|Recommend|Search|Track\Z")
HOOK = {"feed": "orders", "url": "https://example.com/a"}
# Of each: who asks, what must be so before, what is asked, and something else under the same id.
ASKED = {
    m.SetWebhook: (
        "order_service",
        [],
        m.SetWebhook("w1", "orders", "https://example.com/a"),
        m.SetWebhook("w1", "orders", "https://example.com/b"),
    ),
    m.RotateWebhookSecret: (
        "order_service",
        [m.SetWebhook("w2", **HOOK), m.SetWebhook("w3", **HOOK)],
        m.RotateWebhookSecret("w2"),
        m.RotateWebhookSecret("w3"),
    ),
    m.RemoveWebhook: (
        "order_service",
        [m.SetWebhook("w4", **HOOK), m.SetWebhook("w5", **HOOK)],
        m.RemoveWebhook("w4"),
        m.RemoveWebhook("w5"),
    ),
    m.RedriveWebhook: (
        "order_service",
        [m.SetWebhook("w6", **HOOK)],
        m.RedriveWebhook("w6"),
        m.RedriveWebhook("w6", seq=1),
    ),
    m.CreateTrackingLink: (
        "order_service",
        [],
        m.CreateTrackingLink("o1"),
        m.CreateTrackingLink("o2"),
    ),
    m.StartPayment: (
        "order_service",
        [],
        m.StartPayment("o1/1"),
        m.StartPayment("o1/1", openid="somebody"),
    ),
    m.SaveProfile: (
        "order_service",
        [],
        m.SaveProfile("ann", "Ann", "+8613800138000"),
        m.SaveProfile("ann", "Ann", "+8613800138001"),
    ),
    m.SaveAddress: (
        "order_service",
        [],
        m.SaveAddress("ann", "home", "Home", "1 Road"),
        m.SaveAddress("ann", "work", "Home", "1 Road"),
    ),
    m.RemoveAddress: (
        "order_service",
        [m.SaveAddress("ann", "old", "Old", "2 Road"), m.SaveAddress("ann", "b", "B", "3 Road")],
        m.RemoveAddress("ann", "old"),
        m.RemoveAddress("ann", "b"),
    ),
    m.RevokeAccess: (
        "operator",
        [],
        m.RevokeAccess("courier", "kim"),
        m.RevokeAccess("courier", "lee"),
    ),
    m.StartFork: (
        "operator",
        [],
        m.StartFork(["insertion"]),
        m.StartFork(["insertion"], hours=1.0),
    ),
}


def test_whatever_is_no_question_is_done_once():
    """A new one cannot be forgotten: it is asked about below, or its name says it only asks."""
    asking = {x for x in QUESTIONS if ASKING.match(x.__name__)}
    assert QUESTIONS - asking == DEEDS == ASKED.keys()


async def said(ws, key, body):
    """The answer, byte for byte."""
    await tell(ws, {"type": "request", "id": key, "body": msgspec.to_builtins(body)})
    return await ws.recv()


def code_of(answer):
    return msgspec.msgpack.decode(answer).get("error", {}).get("code")


@asynccontextmanager
async def asking(app):
    async with raw(app, "order_service", "shop") as shop, raw(app, "operator", "ops") as ops:
        yield {"order_service": shop, "operator": ops}


@live
async def test_each_is_done_once_answered_alike_and_used_for_nothing_else(tmp_path):
    first = {}
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        await placed(city, "o2")
        async with asking(app) as ws:
            for kind, (role, before, body, other) in ASKED.items():
                for i, need in enumerate(before):
                    assert code_of(await said(ws[role], f"{kind.__name__}{i}", need)) is None
                key = kind.__name__
                first[kind] = await said(ws[role], key, body)
                expected = "method_unavailable" if kind is m.StartPayment else None
                assert code_of(first[kind]) == expected  # nobody pays with a server without
                assert await said(ws[role], key, body) == first[kind]
                assert code_of(await said(ws[role], key, other)) == "idempotency_conflict"
                seq = app.loop.durable_seq
                assert code_of(await said(ws[role], key, a_command(role))) == (
                    "idempotency_conflict"
                )
                assert app.loop.durable_seq == seq
        hooks = await city.shop.request(m.ListWebhooks())
        assert {x.webhook for x in hooks.webhooks} == {"w1", "w2", "w3", "w5", "w6"}
        assert all(x.url == "https://example.com/a" for x in hooks.webhooks)
    async with serving(tmp_path) as app, asking(app) as ws:
        for kind, (role, _, body, other) in ASKED.items():
            assert await said(ws[role], kind.__name__, body) == first[kind]
            conflict = await said(ws[role], kind.__name__, other)
            assert code_of(conflict) == "idempotency_conflict"


def a_command(role):
    return m.RegisterCustomer(f"by-{role.replace('_', '-')}")


@live
async def test_an_id_of_a_command_is_no_id_of_a_deed(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        async with raw(app, "order_service", "shop") as ws:
            assert code_of(await said(ws, "k", m.RegisterCustomer("bob"))) is None
            conflict = await said(ws, "k", m.CreateTrackingLink("o1"))
            assert code_of(conflict) == "idempotency_conflict"


@live
async def test_repeats_at_the_same_time_are_one_deed(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        async with asking(app) as one, asking(app) as two:
            both = one["order_service"], two["order_service"]
            link = {"type": "create_tracking_link", "order": "o1"}
            for ws in both * 10:
                await tell(ws, {"type": "request", "id": "k", "body": link})
            answers = [await ws.recv() for ws in both * 10]
        assert len({*answers}) == 1
        assert code_of(answers[0]) is None


@live
async def test_an_id_is_of_one_kind_also_while_both_are_on_their_way(tmp_path):
    """One after the other without waiting, on one connection and on two; repeats are none."""
    link = {"type": "create_tracking_link", "order": "o1"}
    bob = {"type": "register_customer", "customer": "bob"}
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        async with raw(app, "order_service", "shop") as a, raw(app, "order_service", "shop") as b:
            for n, (one, two) in enumerate(((a, a), (a, b), (b, b), (b, a))):
                bodies = (link, bob) if n % 2 else (bob, link)
                for ws, body in zip((one, two, one), (*bodies, bodies[0]), strict=True):
                    await tell(ws, {"type": "request", "id": f"k{n}", "body": body})
                got = [code_of(await ws.recv()) for ws in (one, two, one)]
                assert got.count("idempotency_conflict") in (1, 2), (n, got)
            for n in range(4):  # and of one kind it stays
                got = []
                for body in (link, bob):
                    await tell(a, {"type": "request", "id": f"k{n}", "body": body})
                    got.append(code_of(await a.recv()))
                assert got.count("idempotency_conflict") == 1
        assert not any(app.desk.keys._taken.values())


@live
async def test_what_is_cut_off_is_done_all_the_same(tmp_path):
    """Whoever asked is gone in the middle of it; what is said to the repeat is so."""
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.shop.request(m.SetWebhook("w", **HOOK))
        hooks, began, goes_on = app.hooks, asyncio.Event(), asyncio.Event()
        forget = hooks._follower.forget

        async def slowly(postman):
            began.set()
            await goes_on.wait()
            await forget(postman)

        hooks._follower.forget = slowly
        remove = {"type": "request", "id": "k", "body": {"type": "remove_webhook", "webhook": "w"}}
        async with raw(app, "order_service", "shop") as ws:
            await tell(ws, remove)
            await began.wait()
            present = app.desk.roll.count
        while app.desk.roll.count == present:
            await asyncio.sleep(0.01)
        goes_on.set()
        async with raw(app, "order_service", "shop") as ws:
            assert code_of(await said(ws, "k", m.RemoveWebhook("w"))) is None
        assert not hooks._postmen
        assert not hooks._lives
        assert hooks._outbox.endpoints() == []


@live
async def test_what_could_not_be_removed_is_still_there(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.shop.request(m.SetWebhook("w", **HOOK))
        remove = app.hooks._outbox.remove

        def fails(_):
            app.hooks._outbox.remove = remove
            raise Refusal("storage_full")

        app.hooks._outbox.remove = fails
        async with raw(app, "order_service", "shop") as ws:
            assert code_of(await said(ws, "k", m.RemoveWebhook("w"))) == "storage_full"
            assert len((await city.shop.request(m.ListWebhooks())).webhooks) == 1
            assert code_of(await said(ws, "k", m.RemoveWebhook("w"))) is None
        assert (await city.shop.request(m.ListWebhooks())).webhooks == []
        assert app.hooks._outbox.endpoints() == []


@live
async def test_who_asks_for_what_fails_hears_that_nobody_knows(tmp_path, caplog):
    async with serving(tmp_path) as app, raw(app, "order_service", "shop") as ws:

        def fails(*_):
            raise RuntimeError

        app.hooks._outbox.add = fails
        assert code_of(await said(ws, "k", m.SetWebhook("w", **HOOK))) == "unsettled"
    assert [x for x in caplog.messages if "RuntimeError" in x] == [
        "a deed failed: order_service:shop/k: RuntimeError()"
    ]


@live
async def test_what_is_refused_stays_refused(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        async with raw(app, "order_service", "shop") as ws:
            first = await said(ws, "k", m.RemoveWebhook("later"))
            assert code_of(first) == "unknown"
            await city.shop.request(m.SetWebhook("later", **HOOK))
            assert await said(ws, "k", m.RemoveWebhook("later")) == first
        assert len((await city.shop.request(m.ListWebhooks())).webhooks) == 1


@live
async def test_of_somebody_who_is_forgotten_no_tag_is_kept(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        ann = m.SaveProfile("ann", "Ann", "+8613800138000")
        await city.shop.request(ann, id="k")
        tag = app.desk.deeds._tag(ann)
        assert tag in everything(tmp_path)
        await city.operator.request(m.ForgetCustomer("ann"))
        assert tag not in everything(tmp_path)
        with pytest.raises(Exception, match="idempotency_conflict"):  # it was used, whatever for
            await city.shop.request(m.SaveProfile("ann", "Eve"), id="k")
