"""Feeds: whatever is cut, restarted or slow, nothing is missed, repeated or told too early."""

import asyncio
import random
import threading

import msgpack
import pytest

from engine import commands as c
from engine.audit import violations
from engine.engine import Engine
from gateway import messages as m
from gateway.connections.limits import Limits
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.telling.feeds import FeedHub
from gateway.telling.logs import Log
from gateway.wire import CODECS, time_text
from tests.serving import (
    DOOR,
    STORE,
    accepted,
    delivered,
    hear,
    live,
    party,
    placed,
    raw,
    serving,
    small_city,
    tell,
    until,
)

CUTS = 200


async def told(ws, count):
    return [await hear(ws) for _ in range(count)]


@live
async def test_a_log_is_cut_two_hundred_times_and_nothing_is_missed_or_repeated(tmp_path):
    """One who is never cut, one who is cut at random moments: they hear the same."""
    rng = random.Random(7)
    async with serving(tmp_path) as app, small_city(app) as city:
        steady, torn = [], []
        city.shop.subscribe("orders", steady.append)
        victim = party(app, "order_service", "shop")
        victim.subscribe("orders", torn.append)
        async with victim:

            async def cut():
                while victim.connections < CUTS:
                    await victim.ready()
                    await asyncio.sleep(rng.uniform(0, 0.004))
                    if victim._ws is not None:
                        victim._ws.transport.abort()

            cutting = asyncio.create_task(cut())
            number = 0
            while not cutting.done():
                number += 1
                await delivered(city, f"o{number}")
            await cutting
            await delivered(city, "last")
            while torn[-1].seq != steady[-1].seq:
                await asyncio.sleep(0.01)
        assert victim.connections >= CUTS
        first = torn[0].seq
        assert [u.kind for u in torn] == ["snapshot"] + ["delta"] * (len(torn) - 1)
        assert [u.seq for u in torn] == list(range(first, steady[-1].seq + 1))
        assert torn[1:] == [u for u in steady if u.seq > first]
        assert not violations(app.engine.state)


@live
async def test_numbers_and_contents_survive_restarts(tmp_path):
    """Cut from a server that ends in order, and from one that is only recovered."""
    heard = []
    for round_ in range(3):
        async with serving(tmp_path) as app, raw(app, "order_service", "shop") as ws:
            last = heard[-1]["seq"] if heard else 0
            await tell(ws, {"type": "subscribe", "feed": "orders", "from": last})
            assert await hear(ws) == {"type": "resumed", "feed": "orders", "seq": last}
            if round_ == 0:
                async with small_city(app) as city:
                    await delivered(city, "o1")
                    await accepted(city, "o2")
                heard += await told(ws, 4)  # and then the connection is lost
            elif round_ == 1:
                heard += await told(ws, 10)
            else:
                heard += await told(ws, app.hub._logs.log("orders", "shop").seq - 14)
    assert [x["seq"] for x in heard] == list(range(1, len(heard) + 1))
    assert [x["body"]["order"] for x in heard].count("o1") == 13


@live
async def test_a_hub_that_followed_is_the_same_as_one_that_recovered(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        early = app.hub.dump(), app.engine.seq
        for number in range(3):
            await delivered(city, f"o{number}")
        await accepted(city, "o9")
        await city.store.request(m.ClockIn("eve", "picker"))
        await app.loop.settled()
        live_dump, seq = app.hub.dump(), app.engine.seq
        shops = list(app.hub._logs.logs)
    assert early[1] < seq
    with JournalReader(tmp_path / JOURNAL_FILE) as journal:
        engine = Engine()
        hub = FeedHub(engine)
        for record in journal.read():
            if record.seq > seq:
                break
            engine.apply(record)
            hub.fold(record)
    assert {feed for feed, _ in shops} == set(m.LOGS)
    assert hub.dump() == live_dump


def test_feeds_of_another_record_are_refused():
    hub = FeedHub(Engine())
    dump = hub.dump()
    with pytest.raises(ValueError, match="record 0"):
        FeedHub(Engine(seq=5), dump)


@pytest.mark.parametrize(
    ("seen", "missed"),
    [(9, [b"9"]), (10, []), (5, [b"5", b"6", b"7", b"8", b"9"]), (4, None), (11, None)],
)
def test_a_log_keeps_the_latest(seen, missed):
    log = Log()
    for number in range(10):
        log.append(b"%d" % number, kept=5)
    log.latest = log.latest[-5:]
    assert log.after(seen) == missed


def test_a_log_is_bounded():
    log = Log()
    for _ in range(1_000):
        log.append(b"x", kept=16)
    assert 16 <= len(log.latest) < 32
    assert log.seq == 1_000


@live
async def test_who_asks_for_what_is_gone_starts_anew(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await accepted(city, "o1")
        log = app.hub._logs.log("orders", "shop")
        del log.latest[:-2]
        async with raw(app, "order_service", "shop") as ws:
            for seen in (1, log.seq + 7):
                await tell(ws, {"type": "subscribe", "feed": "orders", "from": seen})
                snapshot = await hear(ws)
                assert (snapshot["type"], snapshot["reset"]) == ("snapshot", True)
                assert snapshot["seq"] == log.seq
                assert [x["order"] for x in snapshot["body"]["orders"]] == ["o1"]
            await tell(ws, {"type": "subscribe", "feed": "orders", "from": log.seq - 2})
            assert (await hear(ws))["type"] == "resumed"
            assert [x["seq"] for x in await told(ws, 2)] == [log.seq - 1, log.seq]


@live
async def test_a_provider_that_was_away_finds_everything_it_has_to_do(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        await delivered(city, "o2")
        await accepted(city, "o3")
        await city.shop.request(m.CancelOrder("o3", "too_slow"))
        async with party(app, "payment_provider", "bank") as bank:
            due = (await anext(bank.subscribe("payments"))).body
        assert [x.payment for x in due.payments] == ["o1/1"]
        assert [(x.instruction, x.kind) for x in due.instructions] == [("o3/1/void", "void")]
        async with party(app, "payment_provider", "other") as other:
            none = (await anext(other.subscribe("payments"))).body
        assert none == m.PaymentsDue([], [])


@live
async def test_a_failed_delivery_is_announced_to_the_store_until_it_is_back(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        tickets = city.store.subscribe("tickets")
        delivery = await accepted(city, "o1")
        await city.kim.request(m.ReportPickup(delivery))
        await city.kim.request(m.ReportFailure(delivery, "customer_absent"))
        due = await until(tickets, lambda u: isinstance(u.body, m.ReturnDue))
        assert (due.body.courier, due.body.reason) == ("kim", "customer_absent")
        async with party(app, "store", "s1") as again:
            whole = (await anext(again.subscribe("tickets"))).body
            assert [x.delivery for x in whole.returns] == [delivery]
        await city.store.request(m.ReceiveReturn(delivery, True))
        await until(tickets, lambda u: isinstance(u.body, m.ReturnClosed))
        order = await city.shop.request(m.GetOrder("o1"))
        assert (order.order_status, order.delivery_status) == ("returned", "returned")


@live
async def test_a_snapshot_and_its_deltas_are_the_present(tmp_path):
    """Folding every delta gives what a newcomer is told, for the logs and for the city."""
    async with serving(tmp_path) as app, small_city(app) as city:
        orders, tickets = {}, {}

        def follow_orders(update):
            for x in update.body.orders if update.kind == "snapshot" else [update.body]:
                orders[x.order] = x
                if x.order_status in ("fulfilled", "cancelled", "returned"):
                    del orders[x.order]

        def follow_tickets(update):
            body = update.body
            if update.kind == "snapshot":
                tickets.update({x.order: x for x in body.tickets})
            elif isinstance(body, m.Ticket):
                tickets[body.order] = body
            elif isinstance(body, m.TicketClosed):
                tickets.pop(body.order, None)

        city.shop.subscribe("orders", follow_orders)
        city.store.subscribe("tickets", follow_tickets)
        await delivered(city, "o1")
        await accepted(city, "o2")
        told_ = await placed(city, "o3", lines=3)
        await city.bank.request(m.ReportAuthorization("o3/1", True, told_.total))
        await city.store.request(m.ReportMissing("o3", "ramen", 1))
        await placed(city, "o4")
        await city.shop.request(m.CancelOrder("o4", "changed_mind"))
        async with party(app, "order_service", "shop") as newcomer:
            whole = (await anext(newcomer.subscribe("orders"))).body
        async with party(app, "store", "s1") as newcomer:
            work = (await anext(newcomer.subscribe("tickets"))).body
        assert {x.order: (x.order_status, x.delivery_status, x.due) for x in whole.orders} == {
            k: (x.order_status, x.delivery_status, x.due) for k, x in orders.items()
        }
        assert {x.order: x for x in work.tickets} == tickets
        assert tickets.keys() == {"o2", "o3"}


@live
async def test_the_city_is_told_in_changes_that_add_up(tmp_path):
    async with serving(tmp_path) as app, small_city(app, m.JSON) as city:
        feed = city.operator.subscribe("city")
        first = await anext(feed)
        assert [x.id for x in first.body.stores] == ["s1"]
        await accepted(city, "o1")
        city.kim.report([m.Fix(39.002, 116.002, city.kim.welcome.at)])
        seen = []
        await until(feed, lambda u: u.body.orders and u.body.orders[0].courier, seen)
        last = seen[-1].body
        assert (last.orders[0].id, last.orders[0].courier) == ("o1", "kim")
        assert [x.kind for x in last.couriers[0].route] == ["pickup", "dropoff"]
        assert last.couriers[0].status == "to_pickup"
        # His first position is news of himself, for his signal is another one; the next is a place.
        await until(feed, lambda u: any(x.signal == "live" for x in u.body.couriers), seen)
        assert seen[-1].body.couriers[0].lat == 39.002
        city.kim.report([m.Fix(39.0021, 116.002, time_text(app.loop.clock.now()))])
        await until(feed, lambda u: ("kim", 39.0021, 116.002) in u.body.positions, seen)
        await city.kim.request(m.ReportPickup("o1/1"))
        await city.kim.request(m.ReportDropoff("o1/1"))
        await until(feed, lambda u: u.body.removed and u.body.removed.orders == ["o1"], seen)
        figures = await until(feed, lambda u: u.body.kpis and u.body.kpis.delivered, seen)
        assert figures.body.kpis.on_time_permille == 1000
        assert [u.seq for u in seen] == list(range(2, len(seen) + 2))


@live
async def test_nothing_is_told_before_it_is_durable(tmp_path):
    """Deltas, snapshots and answers to questions wait for a slow disk."""
    async with serving(tmp_path) as app, small_city(app) as city:
        journal, held = app.loop._journal, asyncio.Event()
        append = journal.append
        gate = threading.Event()

        def slow_append(records):
            app.server._tasks[0].get_loop().call_soon_threadsafe(held.set)
            gate.wait(30)
            append(records)

        journal.append = slow_append
        feed = city.shop.subscribe("orders")
        assert (await anext(feed)).kind == "snapshot"
        asking = asyncio.create_task(placed(city, "o1"))
        await held.wait()
        async with raw(app, "order_service", "shop") as ws:
            await tell(ws, {"type": "subscribe", "feed": "orders"})
            await tell(ws, {"type": "request", "id": "k", "body": {"type": "list_stores"}})
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hear(ws), 0.2)
            assert not asking.done()
            gate.set()
            assert {(await hear(ws))["type"] for _ in range(2)} == {"snapshot", "reply"}
        await asking
        assert (await anext(feed)).body.order == "o1"


@live
async def test_a_courier_with_nothing_to_do_is_told_where_to_wait(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        route = city.kim.subscribe("route")
        assert (await anext(route)).body.wait_near is None
        await app.loop.submit(c.RepositionCourier("kim", "s1"))
        asked = (await anext(route)).body
        assert asked.wait_near == m.WaitNear("s1", "Noodles", STORE)
        await accepted(city, "o1")
        busy = await until(route, lambda u: u.body.stops)
        assert busy.body.wait_near is None


# slow readers


@live
async def test_a_reader_of_a_log_that_does_not_read_is_cut_and_resumes(tmp_path):
    limits = Limits(write_soft_bytes=16_384, write_hard_bytes=65_536)
    async with serving(tmp_path, limits=limits) as app, small_city(app) as city:
        for number in range(100):  # a list of them is some thirty kilobytes
            await city.operator.request(m.RegisterStore(f"n{number}", "N" * 200, DOOR, 60))
        async with raw(app, "order_service", "shop", max_queue=1) as deaf:
            await tell(deaf, {"type": "subscribe", "feed": "orders"})
            last = (await hear(deaf))["seq"]
            await placed(city, "o1")
            number = 0  # what kernels buffer for a deaf peer is not little
            while not app.counters.slow_consumers:
                number += 1
                frame = {"type": "request", "id": f"k{number}", "body": {"type": "list_stores"}}
                await tell(deaf, frame)
                await asyncio.sleep(0)
            assert app.counters.slow_consumers == 1
        await placed(city, "o2")  # nobody else noticed
        async with raw(app, "order_service", "shop") as back:
            await tell(back, {"type": "subscribe", "feed": "orders", "from": last})
            assert (await hear(back))["type"] == "resumed"
            rest = await told(back, 2)
        assert [(x["seq"], x["body"]["order"]) for x in rest] == [(1, "o1"), (2, "o2")]


class SlowSession:
    """A connection whose backlog the test decides."""

    def __init__(self, codec):
        self.codec = codec
        self.subscriptions = {}
        self.backlog_bytes = 0
        self.sent = []

    def send(self, frame):
        self.send_bytes(self.codec.encode(frame))

    def send_bytes(self, data):
        self.sent.append(msgpack.unpackb(data))


@live
async def test_a_slow_reader_of_a_view_skips_to_the_newest_state(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        slow, operator = SlowSession(CODECS[m.MSGPACK]), SlowSession(CODECS[m.MSGPACK])
        app.hub.subscribe(slow, "route", "kim", None)
        app.hub.subscribe(operator, "city", "", None)
        slow.backlog_bytes = operator.backlog_bytes = 10**6
        await delivered(city, "o1")
        await accepted(city, "o2")
        app.hub.tick()
        assert [x["type"] for x in slow.sent + operator.sent] == ["snapshot", "snapshot"]
        slow.backlog_bytes = operator.backlog_bytes = 0
        app.hub.tick()
        [_, newest] = slow.sent
        assert (newest["type"], newest["seq"]) == ("delta", 2)
        assert [x["delivery"] for x in newest["body"]["stops"]] == ["o2/1", "o2/1"]
        changes = operator.sent[1]["body"]
        assert [x["id"] for x in changes["orders"]] == ["o2"]
        assert changes["removed"] == {"orders": ["o1"]}
        app.hub.drop(slow)
        app.hub.drop(operator)
        assert app.hub.subscriptions == 0


@live
async def test_unsubscribing_ends_it(tmp_path):
    question = {"type": "list_stores"}
    async with (
        serving(tmp_path) as app,
        small_city(app) as city,
        raw(app, "order_service", "shop") as ws,
    ):
        await tell(ws, {"type": "subscribe", "feed": "orders"})
        await hear(ws)
        await tell(ws, {"type": "unsubscribe", "feed": "orders"})
        await tell(ws, {"type": "request", "id": "k", "body": question})
        assert (await hear(ws))["type"] == "reply"
        await placed(city, "o1")
        await tell(ws, {"type": "request", "id": "l", "body": question})
        assert (await hear(ws))["type"] == "reply"
