"""Webhooks out: in order, again and again until they are taken, by a clock the test sets."""

import asyncio
import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import messages as m
from gateway.codes import Refusal
from gateway.hooks.office import HookOffice
from gateway.hooks.outbox import FILE
from gateway.hooks.postman import DOWN_AFTER, OUTAGE_S, RETRIES_S, HttpAnswer
from gateway.hooks.queue import Queue
from gateway.telling.logs import Log
from gateway.tokens import Identity
from tests.serving import live

T = 1_700_000_000
SHOP = Identity("order_service", "shop", 0)
HOUR_S = 3_600


# order


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60), st.randoms())
def test_of_each_subject_one_is_under_way_and_they_go_in_order(events, chance):
    queue, went, now = Queue(), [], 0
    for seq, (subject, _) in enumerate(events, 1):
        queue.add(seq, subject, 0)
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
        self.answer = lambda body: HttpAnswer(200)
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
        desk.world.answer = lambda event: HttpAnswer(0, "unreachable")
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
        lag = next(x for x in desk.office.metrics() if x.name == "o2o_webhook_lag_seconds")
        assert (lag.value, lag.labels["webhook"]) == (HOUR_S, "w1")
        desk.world.answer = lambda event: HttpAnswer(200)
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
        desk.world.answer = lambda event: HttpAnswer(
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
        desk.world.answer = lambda event: HttpAnswer(200)
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
        desk.world.answer = lambda event: HttpAnswer(
            500 if event["data"]["order"] == "bad" else 200
        )
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
