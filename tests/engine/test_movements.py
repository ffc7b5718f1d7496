"""Every change of a shelf is told, whatever its cause: what is told adds up to what is there."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine import events as e
from engine.engine import Engine
from engine.projections.movements import SAYS, Buckets, Movements
from engine.values import Actor
from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.telling.feeds import FeedHub
from gateway.telling.shelves import KEPT
from tests import cases
from tests.cases import city
from tests.days.random_days import RandomDay
from tests.serving import delivered, live, party, placed, serving, small_city, until


def levels_of(state) -> dict[tuple[str, str], Buckets]:
    return {
        (store, product): Buckets(x.on_hand, x.reserved, x.safety, x.damaged, x.incoming)
        for store, products in state.inventory.levels.items()
        for product, x in products.items()
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000))
def test_the_sum_of_movements_is_the_level_after_every_record(seed):
    """Available is its formula, nothing is ever negative, and each movement says what it left."""
    day, movements, sums = RandomDay(seed), Movements(), {}
    for record in day.records(250):
        for moved in movements.fold(record):
            total = sums.setdefault((moved.store, moved.product), Buckets())
            total.add(moved.by)
            assert total == moved.left
            assert moved.seq == record.seq
            assert min(moved.left.on_hand, moved.left.reserved, moved.left.damaged) >= 0
            assert moved.left.reserved <= moved.left.on_hand
        assert sums == levels_of(day.engine.state), f"seed {seed}, record {record.seq}"
        for (store, product), total in sums.items():
            available = day.engine.state.inventory.available(store, product)
            assert total.available == available


def test_every_event_about_shelves_is_a_movement_or_tells_of_one():
    about = [x for x in e.Event.__subclasses__() if x.__module__.endswith(".inventory")]
    assert set(about) - set(SAYS) == {e.StockShortfall}  # follows what it tells of


@pytest.mark.parametrize("seed", range(3))
def test_movements_go_on_from_a_state_as_if_they_had_seen_it_come(seed):
    day = RandomDay(seed)
    assert [record.seq for record in day.records(300)]
    movements = Movements.of(day.engine.state)
    for record in day.heal(200):
        for moved in movements.fold(record):
            assert min(moved.left.on_hand, moved.left.reserved) >= 0
        told = {(s, p): x for s, products in movements.levels.items() for p, x in products.items()}
        assert told == levels_of(day.engine.state)


def causes(case) -> list[tuple[str, str, str]]:
    movements = Movements()
    return [(x.cause, x.actor, x.order) for r in case.records for x in movements.fold(r)]


def test_every_cause_names_its_actor_and_its_order():
    case = cases.delivered(city(5))
    case = cases.returning(case, "back")
    case.at(case.now_s + 60, c.ReceiveReturn("store", "back/1", False))
    case = cases.placed(case, "gone")
    case.at(case.now_s + 1, cases.cancel(Actor.CUSTOMER, "changed_mind", "gone"))
    case = cases.confirmed(case, "short", pieces=2)
    case.at(case.now_s + 1, c.ReportMissing("store", "short", "ramen", 1))
    case.at(case.now_s + 1, c.RecordSale("store", "ramen", 1))
    case.at(case.now_s + 1, c.CountStock("store", "ramen", 0))
    adjusted = c.AdjustStock("store", "ramen", 1, "correction", Actor.OPERATOR)
    case.at(case.now_s + 1, adjusted)
    assert causes(case) == [
        ("received", "store", ""),
        ("reserved", "customer", "o"),
        ("issued", "courier", "o"),
        ("reserved", "customer", "back"),
        ("issued", "courier", "back"),
        ("spoiled", "store", "back"),
        ("reserved", "customer", "gone"),
        ("cancelled", "customer", "gone"),
        ("reserved", "customer", "short"),
        ("went_short", "store", "short"),
        ("missing", "store", "short"),
        ("sold", "store", ""),
        ("went_short", "store", "short"),
        ("counted", "store", ""),
        ("adjusted", "operator", ""),
    ]


# over the gateway


@live
async def test_a_store_and_an_operator_hear_of_every_change_and_can_look_back(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        own, all_ = city.store.subscribe("stock"), city.operator.subscribe("stock")
        async for update in own:
            assert update.kind == "snapshot"
            break
        await anext(aiter(all_))
        [before] = (await city.store.request(m.ListStock())).products
        await delivered(city, "o1")
        await placed(city, "o2")
        await city.shop.request(m.CancelOrder("o2", "changed_mind"))
        await city.store.request(m.QuarantineStock("ramen", 3))
        await city.store.request(m.DiscardStock("ramen", 1))
        await city.operator.request(m.RepairStock("s1", "ramen", -7, "correction", "by hand"))
        for feed in (own, all_):
            heard = []
            await until(feed, lambda x: x.body.cause == "adjusted", heard)
            told = [x.body for x in heard]
            assert [x.cause for x in told] == [
                *("reserved", "issued", "reserved", "cancelled"),
                *("quarantined", "discarded", "adjusted"),
            ]
            assert (told[-1].actor, told[-1].reason) == ("operator", "correction")
            assert [x.order for x in told[:4]] == ["o1", "o1", "o2", "o2"]
        [after] = (await city.operator.request(m.InspectStock("s1"))).products
        assert before.on_hand + sum(x.on_hand_by for x in told) == after.on_hand
        assert before.reserved + sum(x.reserved_by for x in told) == after.reserved
        assert before.damaged + sum(x.damaged_by for x in told) == after.damaged == 2
        await look_back(city, told)
        with pytest.raises(RequestRefusedError, match="unknown"):
            await city.operator.request(m.InspectMovements("nowhere", "ramen"))


async def look_back(city, told):
    """Newest first, page by page, down to what came first; each says what it left."""
    pages, before = [], None
    while True:
        page = await city.store.request(m.ListMovements("ramen", before, 3))
        pages.append(page.movements)
        before = page.next
        if before is None:
            break
    seen = [x for page in pages for x in page]
    assert seen[: len(told)] == told[::-1]
    assert seen[-1].cause == "received"
    assert all(3 <= len(x) <= 4 for x in pages[:-1])
    whole = await city.operator.request(m.InspectMovements("s1", "ramen"))
    assert (whole.movements, whole.next) == (seen, None)
    assert all(a.record >= b.record for a, b in pairwise(seen))
    for newer, older in pairwise(seen):
        assert newer.on_hand == older.on_hand + newer.on_hand_by
        assert newer.reserved == older.reserved + newer.reserved_by
    for request in (m.ListMovements("ramen", 0), m.ListMovements("gold")):
        nothing = await city.store.request(request)
        assert (nothing.movements, nothing.next) == ([], None)


def test_a_shelf_remembers_its_latest_changes_across_a_restart():
    engine = Engine()
    hub = FeedHub(engine)
    for record in city(9).records:
        engine.apply(record)
        hub.fold(record)
    for n in range(3 * KEPT):
        kind = c.ReceiveStock if n % 2 else c.RecordSale
        for record in engine.step(n, kind("store", "ramen", 1)):
            hub.fold(record)
    again = FeedHub(engine, hub.dump())
    for known in (hub, again):
        records = known.shelf_records("store", "ramen")
        assert KEPT <= len(records) < 2 * KEPT
        assert records == list(range(engine.seq, engine.seq - len(records), -1))
        assert known.shelf_level("store", "ramen").on_hand == 9


@live
async def test_a_restarted_server_can_still_say_why_a_shelf_is_as_it_is(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.store.request(m.CountStock("ramen", 5))
        await city.store.request(m.SetSafetyStock("ramen", 2))
        await city.store.request(m.SetSafetyStock("ramen", 1))
        before = (await city.store.request(m.ListMovements("ramen"))).movements
        assert [x.safety_by for x in before] == [-1, 2, 0, 0]
    async with serving(tmp_path) as app:
        store = party(app, "store", "s1")
        store.start()
        await store.ready()
        assert (await store.request(m.ListMovements("ramen"))).movements == before
        await store.close()
