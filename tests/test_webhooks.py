"""Webhooks out: signed, in order, again and again until they are taken; and to nobody inside."""

import asyncio
import json
from ipaddress import ip_address
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import messages as m
from gateway.auth import Identity
from gateway.client import RequestRefusedError
from gateway.codes import Refusal
from gateway.hooks import signing
from gateway.hooks.addresses import check_url, may_call, networks_of
from gateway.hooks.office import HookOffice
from gateway.hooks.outbox import FILE
from gateway.hooks.postman import DOWN_AFTER, OUTAGE_S, RETRIES_S, Answer
from gateway.hooks.queue import Queue
from gateway.hooks.sender import GuardedResolver, HttpSender
from gateway.providers import stripe_signatures
from gateway.telling.logs import Log
from tests.receiving import Receiver, is_genuine
from tests.serving import accepted, delivered, live, party, placed, serving, small_city

BODY = b'{"id":"evt_1","type":"order.paid","data":{"order_id":"o_1"}}'
T = 1_700_000_000
SHOP = Identity("order_service", "shop", 0)
HOUR_S = 3_600


# signatures


def test_signatures_are_those_of_stripe_and_of_standard_webhooks():
    """Computed once with other code than ours."""
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    told = signing.headers([secret], "msg_1", T, BODY)
    assert told["webhook-signature"] == "v1,3/wYWjIZXheKxzhFGTVqQMgcbIO5bb7TQFBcVDdiziE="
    [made] = [
        x.partition("=")[2]
        for x in stripe_signatures.header_of(["whsec_test"], T, BODY).split(",")
        if x.startswith("v1")
    ]
    assert made == "2dd86e1c1a2a4548beee49f0c6764ff2227d90727d09db08607d135d2f5a53d6"
    stripe_signatures.check(told["o2o-signature"], BODY, [secret], T)


def test_two_secrets_sign_while_one_takes_over():
    keys = [signing.new_secret(), signing.new_secret()]
    told = signing.headers(keys, "e", T, BODY)
    for key in keys:
        assert is_genuine(told, BODY, [key])
        stripe_signatures.check(told["o2o-signature"], BODY, [key], T)
    assert not is_genuine(told, BODY, [signing.new_secret()])
    assert not is_genuine(told, BODY + b" ", keys)


# where to


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_nobody_is_sent_inside(address):
    assert not may_call(ip_address(address), ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_may_be_called(address):
    assert may_call(ip_address(address), ())


def test_a_network_may_be_allowed_and_that_alone():
    inside = networks_of(["10.1.0.0/16"])
    assert may_call(ip_address("10.1.2.3"), inside)
    assert may_call(ip_address("::ffff:10.1.2.3"), inside)
    assert not may_call(ip_address("10.2.2.3"), inside)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/x", "https_only"),
        ("ftp://example.com/x", "https_only"),
        ("https://127.0.0.1/x", "address_not_allowed"),
        ("https://[::1]:8443/x", "address_not_allowed"),
        ("https://user:word@example.com/x", "credentials_in_url"),
        ("https://example.com/x#y", "not_a_url"),
        ("https://exa mple.com/", "not_a_url"),
        ("https://example.com:99999/", "not_a_url"),
        ("https:///x", "not_a_url"),
        ("nonsense", "not_a_url"),
    ],
)
def test_an_address_that_cannot_be_is_refused_and_says_why(url, why):
    with pytest.raises(Refusal) as info:
        check_url(url, ())
    assert (info.value.error.code, info.value.error.detail["why"]) == ("webhook_refused", why)


def test_plain_http_is_for_allowed_networks_only():
    check_url("https://example.com/x", ())
    check_url("http://127.0.0.1:9/x", networks_of(["127.0.0.0/8"]))
    with pytest.raises(Refusal):
        check_url("http://93.184.216.34/x", networks_of(["127.0.0.0/8"]))


@live
async def test_a_name_that_points_inside_is_not_called():
    """Judged when it is called: a name may have pointed elsewhere when it was set."""
    resolver = GuardedResolver(())
    for name in ("localhost", "127.1", "2130706433"):
        with pytest.raises(OSError, match="address_not_allowed"):
            await resolver.resolve(name, 80)
    allowed = GuardedResolver(networks_of(["127.0.0.0/8"]))
    assert (await allowed.resolve("localhost", 80))[0]["host"] == "127.0.0.1"
    async with HttpSender(()) as sender:
        for url in ("https://localhost:1/x", "https://127.0.0.1:1/x"):
            assert await sender.send(url, {}, b"") == Answer(0, "address_not_allowed")


@live
async def test_nobody_is_followed_elsewhere():
    async with Receiver() as receiver, HttpSender(networks_of(["127.0.0.0/8"])) as sender:
        url = receiver.url.replace("/events", "/elsewhere")
        assert await sender.send(url, {}, b"{}") == Answer(307)
        assert receiver.events == receiver.attempts == []


# order


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60), st.randoms())
def test_of_each_subject_one_is_under_way_and_they_go_in_order(events, chance):
    queue, went, now = Queue(), [], 0
    for seq, (subject, _) in enumerate(events, 1):
        queue.add(seq, subject)
    fails = {seq for seq, (_, fails) in enumerate(events, 1) if fails}
    while len(queue):
        taken = queue.take(now, chance.randint(1, 4))
        subjects = [events[seq - 1][0] for seq in taken]
        assert len(set(subjects)) == len(subjects)
        for seq, subject in zip(taken, subjects, strict=True):
            if seq in fails:
                fails.remove(seq)
                queue.again(seq, subject, now + 5)
            else:
                queue.done(seq, subject)
                went.append(seq)
        if not taken:
            now = queue.next_due()
    for subject in "abc":
        its = [x for x in went if events[x - 1][0] == subject]
        assert its == sorted(its)
    assert sorted(went) == list(range(1, len(events) + 1))


# an office whose clock and receiver are the test's


class FakeHub:
    def __init__(self, kept=1_000):
        self.logs = {}
        self.kept = kept
        self.listeners = []

    def on_told(self, callback):
        self.listeners.append(callback)

    def log(self, feed, subject):
        return self.logs.get((feed, subject)) or Log()

    def tell(self, body, feed="orders", subject="shop", heard=True):
        log = self.logs.setdefault((feed, subject), Log())
        data = msgspec.msgpack.encode(body)
        seq = log.append(data, self.kept)
        for listen in self.listeners if heard else ():
            listen(feed, subject, seq, data)


class FakeSender:
    def __init__(self):
        self.clock_ms = T * 1_000
        self.answer = lambda body: Answer(200)
        self.tries = []
        self.taken = []

    def now(self):
        return self.clock_ms

    async def send(self, url, headers, body):
        event = json.loads(body)
        self.tries.append((self.clock_ms, event["id"]))
        answer = self.answer(event)
        if answer.is_taken:
            self.taken.append(event["id"])
        return answer


class Desk:
    """An office of one endpoint, whose rounds are walked by hand."""

    def __init__(self, folder, hub=None):
        self.hub = hub or FakeHub()
        self.world = FakeSender()
        self.office = HookOffice(folder, self.hub, self.world.now, sender=self.world)

    async def __aenter__(self):
        self.office._go = lambda key: self.office._lives.setdefault(
            key, asyncio.create_task(asyncio.sleep(0))
        )
        await self.office.__aenter__()
        return self

    async def __aexit__(self, *args):
        await self.office.__aexit__(*args)

    async def ask(self, body, who=SHOP, key="k"):
        return await self.office.answer(body, who, key)

    async def set(self, **more):
        return await self.ask(m.SetWebhook("w1", "orders", "https://example.com/hook", **more))

    @property
    def postman(self):
        [postman] = self.office._postmen.values()
        return postman

    async def noted(self):
        """Until all that was told is in the outbox."""
        log = self.hub.log("orders", "shop")
        while self.postman.endpoint.noted != log.seq:
            await asyncio.sleep(0.001)

    async def walk(self, until_ms=None):
        """Round after round, the clock set to when the next one is due."""
        while True:
            due_ms = await self.postman.round()
            if due_ms is None or (until_ms is not None and due_ms > until_ms):
                return
            self.world.clock_ms = max(self.world.clock_ms, due_ms)

    async def state(self):
        return (await self.ask(m.ListWebhooks())).webhooks[0]


def order(key, status="placed"):
    return {"type": "order", "order": key, "order_status": status}


@live
async def test_a_receiver_that_was_down_for_an_hour_gets_every_event(tmp_path):
    """And in order, and the drop count is visible, and zero."""
    async with Desk(tmp_path) as desk:
        await desk.set()
        desk.world.answer = lambda event: Answer(0, "unreachable")
        began_ms = desk.world.clock_ms
        for number in range(500):
            desk.hub.tell(order(f"o{number % 40}", str(number)))
        await desk.noted()
        await desk.walk(began_ms + HOUR_S * 1_000)
        down = await desk.state()
        assert (down.pending, down.delivered, down.down, down.dropped) == (500, 0, True, 0)
        assert down.last_error == "unreachable"
        assert len(desk.world.tries) < 100, "it is left alone while it is down"
        desk.world.clock_ms = began_ms + HOUR_S * 1_000
        assert (await desk.state()).lag_s == HOUR_S
        desk.world.answer = lambda event: Answer(200)
        await desk.walk()
        assert desk.world.clock_ms <= began_ms + (HOUR_S + OUTAGE_S[-1]) * 1_000
        assert sorted(desk.world.taken, key=number_of) == [
            f"orders:shop:{x}" for x in range(1, 501)
        ]
        for residue in range(40):
            its = [number_of(x) for x in desk.world.taken if number_of(x) % 40 == residue]
            assert its == sorted(its)
        after = await desk.state()
        assert (after.pending, after.delivered, after.dead, after.dropped) == (0, 500, 0, 0)
        assert after.failed_attempts == len(desk.world.tries) - 500
        samples = {x.name: x.value for x in desk.office.metrics()}
        assert samples["o2o_webhook_dropped_total"] == 0
        assert samples["o2o_webhook_delivered_total"] == 500


def number_of(event):
    return int(event.rpartition(":")[2])


@live
async def test_what_is_refused_to_the_last_is_kept_told_of_and_driven_again(tmp_path):
    async with Desk(tmp_path) as desk:
        await desk.set()
        for key in ("good", "bad", "bad", "fine"):
            desk.hub.tell(order(key))
        await desk.noted()
        desk.world.answer = lambda event: Answer(
            422 if event["data"]["order"] == "bad" and event["seq"] == 2 else 200
        )
        began_ms = desk.world.clock_ms
        await desk.walk()
        tries = [at for at, event in desk.world.tries if event == "orders:shop:2"]
        waits = [(b - a) // 1_000 for a, b in pairwise(tries)]
        assert waits == list(RETRIES_S)
        assert desk.world.taken == ["orders:shop:1", "orders:shop:4", "orders:shop:3"]
        assert desk.world.clock_ms == began_ms + sum(RETRIES_S) * 1_000
        state = await desk.state()
        assert (state.dead, state.pending, state.delivered, state.down) == (1, 0, 3, False)
        [dead] = (await desk.ask(m.ListDeadLetters("w1"))).letters
        assert (dead.event, dead.attempts, dead.error) == (
            "orders:shop:2",
            len(RETRIES_S) + 1,
            "status 422",
        )
        desk.world.answer = lambda event: Answer(200)
        assert (await desk.ask(m.RedriveWebhook("w1"))).events == 1
        await desk.walk()
        assert desk.world.taken[-1] == "orders:shop:2"
        assert ((await desk.state()).dead, (await desk.state()).delivered) == (0, 4)
        assert (await desk.ask(m.RedriveWebhook("w1", seq=2))).events == 0


@live
async def test_one_event_nobody_can_take_does_not_keep_the_others_waiting(tmp_path):
    """Not even where it makes the receiver fail, as if it were down."""
    async with Desk(tmp_path) as desk:
        await desk.set()
        desk.world.answer = lambda event: Answer(500 if event["data"]["order"] == "bad" else 200)
        for number in range(DOWN_AFTER + 5):
            desk.hub.tell(order("bad"))
            desk.hub.tell(order(f"o{number}"))
            await desk.noted()
            await desk.walk(desk.world.clock_ms + 1_000)
        assert len(desk.world.taken) == DOWN_AFTER + 5


@live
async def test_only_the_kinds_asked_for_are_sent(tmp_path):
    async with Desk(tmp_path) as desk:
        await desk.set(kinds=["order_change"])
        desk.hub.tell(order("o1"))
        desk.hub.tell({"type": "order_change", "change": "c1", "order": "o1"})
        await desk.noted()
        await desk.walk()
        assert desk.world.taken == ["orders:shop:2"]
        with pytest.raises(Refusal) as info:
            await desk.set(kinds=["ticket"])
        assert info.value.error.detail == {"what": "kind", "id": "ticket"}


@live
async def test_what_was_told_and_not_noted_when_it_ended_is_read_from_the_log(tmp_path):
    """What a kill leaves undone: told, and not yet in the outbox; sent, and not yet crossed out."""
    hub = FakeHub()
    async with Desk(tmp_path, hub) as desk:
        await desk.set()
        desk.hub.tell(order("o1"))
        await desk.noted()
    hub.listeners.clear()
    for key in ("o2", "o3"):
        hub.tell(order(key), heard=False)
    async with Desk(tmp_path, hub) as desk:
        await desk.noted()
        await desk.walk()
        assert desk.world.taken == [f"orders:shop:{x}" for x in (1, 2, 3)]
        assert (await desk.state()).dropped == 0


@live
async def test_what_the_log_has_not_kept_is_counted_as_dropped(tmp_path):
    hub = FakeHub(kept=2)
    async with Desk(tmp_path, hub) as desk:
        await desk.set()
    hub.listeners.clear()
    for number in range(9):
        hub.tell(order(f"o{number}"), heard=False)
    for _ in range(2):
        async with Desk(tmp_path, hub) as desk:
            await desk.noted()
            assert (await desk.state()).dropped == 1
            kept = len(hub.log("orders", "shop").latest)
            assert (await desk.state()).pending == kept < 9


@live
async def test_what_was_told_while_the_disk_was_full_is_noted_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.hooks.following.AGAIN_S", 0.01)
    async with Desk(tmp_path) as desk:
        await desk.set()
        desk.office._outbox._db.execute("PRAGMA max_page_count = 1")
        for number in range(300):
            desk.hub.tell(order(f"o{number}", "x" * 300))
        await asyncio.sleep(0.1)
        assert len(desk.postman.queue) == 0
        desk.office._outbox._db.execute("PRAGMA max_page_count = 100000")
        await desk.noted()
        await desk.walk()
        assert len(desk.world.taken) == 300
        assert (await desk.state()).dropped == 0


@live
async def test_a_repeat_of_a_rotation_changes_nothing(tmp_path):
    async with Desk(tmp_path) as desk:
        first = await desk.set()
        again = await desk.set()
        assert first.secret == again.secret
        second = await desk.ask(m.RotateWebhookSecret("w1"), key="r1")
        assert second.secret != first.secret
        assert (await desk.ask(m.RotateWebhookSecret("w1"), key="r1")).secret == second.secret
        keys = [key for key, _ in desk.postman.endpoint.terms.secrets]
        assert keys == [second.secret, first.secret]


@live
async def test_everybody_has_webhooks_of_his_own_and_operators_look_after_all(tmp_path):
    other, ops = Identity("order_service", "rival", 0), Identity("operator", "ops", 0)
    async with Desk(tmp_path) as desk:
        await desk.set()
        assert (await desk.ask(m.ListWebhooks(), other)).webhooks == []
        for body in (
            m.RemoveWebhook("w1"),
            m.RedriveWebhook("w1"),
            m.ListDeadLetters("w1"),
            m.RotateWebhookSecret("w1"),
            m.RemoveWebhook("w1", "order_service:shop"),
        ):
            with pytest.raises(Refusal) as info:
                await desk.ask(body, other)
            assert info.value.error.code == "unknown"
        with pytest.raises(Refusal, match="unknown_feed"):
            await desk.ask(m.SetWebhook("w2", "tickets", "https://example.com/"))
        [seen] = (await desk.ask(m.ListWebhooks(), ops)).webhooks
        assert (seen.owner, seen.webhook) == ("order_service:shop", "w1")
        assert not hasattr(seen, "secret")
        await desk.ask(m.RemoveWebhook("w1", "order_service:shop"), ops)
        assert (await desk.ask(m.ListWebhooks())).webhooks == []


@live
async def test_the_number_of_webhooks_is_limited(tmp_path):
    async with Desk(tmp_path) as desk:
        for number in range(16):
            await desk.ask(m.SetWebhook(f"w{number}", "orders", "https://example.com/"))
        with pytest.raises(Refusal) as info:
            await desk.ask(m.SetWebhook("w16", "orders", "https://example.com/"))
        assert info.value.error.detail == {"why": "too_many", "limit": 16}


def test_secrets_are_for_the_servers_owner_alone(tmp_path):
    async def once():
        async with Desk(tmp_path):
            pass

    asyncio.run(once())
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


# with a real receiver, over real connections


NEAR = {"webhook_networks": ("127.0.0.0/8",)}


async def until(what):
    while not what():
        await asyncio.sleep(0.01)


@live
async def test_orders_tickets_and_shelves_are_told_to_who_asked(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        shop = await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        store = await city.store.request(m.SetWebhook("w", "tickets", receiver.url, ["ticket"]))
        shelf = await city.operator.request(m.SetWebhook("w", "stock", receiver.url))
        receiver.secrets = [shop.secret, store.secret, shelf.secret]
        told = []
        city.shop.subscribe("orders", told.append)
        await delivered(city, "o1")
        await until(lambda: told and told[-1].body.order_status == "fulfilled")
        states = (await city.operator.request(m.ListWebhooks())).webhooks
        while any(x.pending for x in states) or len(receiver.events) < 20:
            states = (await city.operator.request(m.ListWebhooks())).webhooks
            await asyncio.sleep(0.01)
        orders = [x for x in receiver.events if x["feed"] == "orders"]
        assert [x["seq"] for x in orders] == [x.seq for x in told[1:]]
        assert [x["data"]["delivery_status"] for x in orders] == [
            x.body.delivery_status for x in told[1:]
        ]
        assert {x["type"] for x in receiver.events if x["feed"] == "tickets"} == {"ticket"}
        assert {x["data"]["product"] for x in receiver.events if x["feed"] == "stock"} == {"ramen"}
        assert {(x.owner, x.dropped, x.dead) for x in states} == {
            ("order_service:shop", 0, 0),
            ("store:s1", 0, 0),
            ("operator:ops", 0, 0),
        }


@live
async def test_a_receiver_that_is_killed_and_comes_back_has_missed_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.hooks.postman.OUTAGE_S", (0.05,))
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        told = []
        city.shop.subscribe("orders", told.append)
        await delivered(city, "o1")
        await until(lambda: receiver.events)
        await receiver.stop()
        for number in range(2, 7):
            await delivered(city, f"o{number}")
        await until(lambda: app.hooks.metrics()[1].value > DOWN_AFTER)
        await receiver.start()
        await delivered(city, "o7")
        [postman] = app.hooks._postmen.values()
        await until(lambda: told[-1].seq == postman.endpoint.noted and not len(postman.queue))
        seqs = [x["seq"] for x in receiver.events]
        assert sorted(set(seqs)) == [x.seq for x in told[1:]]
        for key in {x.body.order for x in told[1:]}:
            its = [x["seq"] for x in receiver.events if x["data"]["order"] == key]
            assert its == sorted(its)
        [state] = (await city.shop.request(m.ListWebhooks())).webhooks
        assert (state.dropped, state.dead, state.pending, state.down) == (0, 0, 0, False)


@live
async def test_after_access_was_revoked_nothing_is_sent_until_it_is_set_again(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        await city.operator.request(m.RevokeAccess("order_service", "shop"))
        [postman] = app.hooks._postmen.values()
        await app.loop.settled()
        app.desk.revocations._until_s.clear()
        async with party(app, "order_service", "shop") as shop:
            city.shop = shop
            await placed(city, "o1")
            await until(lambda: len(postman.queue))
            await asyncio.sleep(0.05)
            assert receiver.attempts == []
            assert (await shop.request(m.ListWebhooks())).webhooks[0].suspended
            await shop.request(m.SetWebhook("w", "orders", receiver.url))
            await until(lambda: receiver.events)


@live
async def test_an_address_inside_is_refused_when_it_is_set(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for url in ("http://127.0.0.1:9/", "https://169.254.169.254/latest/meta-data"):
            with pytest.raises(RequestRefusedError) as info:
                await city.shop.request(m.SetWebhook("w", "orders", url))
            assert info.value.code == "webhook_refused"


@live
async def test_figures_of_each_webhook_are_in_the_metrics(tmp_path):
    async with serving(tmp_path, **NEAR) as app, small_city(app) as city, Receiver() as receiver:
        await city.shop.request(m.SetWebhook("w", "orders", receiver.url))
        await accepted(city, "o1")
        await until(lambda: receiver.events)
        reader, writer = await asyncio.open_connection("127.0.0.1", app.server.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        text = (await reader.read(-1)).decode()
        writer.close()
        assert 'o2o_webhook_dropped_total{owner="order_service:shop",webhook="w"} 0' in text
        assert text.count("# TYPE o2o_webhook_pending gauge") == 1
