"""The server audits itself while it serves: nothing wrong is found in days of all kinds, and what
is made wrong is found, told once, and forgotten when it is right again."""

import logging

import pytest
from msgspec.structs import replace

from engine.engine import Engine
from engine.state.payments import PaymentStatus
from engine.values import Stop, StopKind
from gateway import messages as m
from gateway.self_audit import SelfAudit
from gateway.telling.feeds import FeedHub
from tests import cases
from tests.days.random_days import RandomDay
from tests.serving import live, placed, serving, small_city, until


def audit_of(hub, state) -> SelfAudit:
    return SelfAudit(state, hub.shelf_level, hub.open_orders)


def followed(case) -> FeedHub:
    hub = FeedHub(engine := Engine())
    for record in case.records:
        engine.apply(record)
        hub.fold(record)
    return hub


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_wrong_on_any_day(seed):
    day = RandomDay(seed)
    hub = FeedHub(day.engine)
    audit = audit_of(hub, day.engine.state)
    for record in day.records(500):
        hub.fold(record)
        audit.look(3)
        assert audit.problems == {}, record
    assert audit.looked > 500


def test_a_few_at_a_time_come_round_to_everything():
    case = cases.placed(cases.placed(cases.city(9), "a"), "b")
    for n in range(7):
        case.at(9, cases.c.ListProduct(f"p{n}", "P", "food"))
        case.at(9, cases.c.ReceiveStock("store", f"p{n}", 1))
    hub = followed(case)
    seen = []
    audit = SelfAudit(case.state, lambda *x: seen.append(x) or hub.shelf_level(*x), hub.open_orders)
    for _ in range(5):
        audit.look(2)
    assert len(dict.fromkeys(seen)) == 8
    assert audit.problems == {}


TAMPERINGS = {
    "store/ramen": [
        lambda s: setattr(s.inventory.levels["store"]["ramen"], "reserved", 0),
        lambda s: setattr(s.inventory.levels["store"]["ramen"], "damaged", 1),
        lambda s: setattr(s.inventory.levels["store"]["ramen"], "safety", 1),  # nobody was told
        lambda s: s.inventory.levels["store"]["ramen"].held.update(ghost=0),
    ],
    "order o": [lambda s: s.inventory.levels["store"]["ramen"].held.pop("o")],
}


@pytest.mark.parametrize(
    ("where", "tamper"), [(where, x) for where, every in TAMPERINGS.items() for x in every]
)
def test_what_is_made_wrong_is_found_and_told_once(where, tamper, caplog):
    """One order in a hundred silently lacked its allocation, said a user of another platform."""
    case = cases.placed(cases.city(5))
    hub = followed(case)
    audit = audit_of(hub, case.state)
    for _ in range(3):
        audit.look()
    assert (audit.problems, caplog.records) == ({}, [])
    tamper(case.state)
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            audit.look()
    assert where in audit.problems
    assert sum(where in x.getMessage() for x in caplog.records) == 1


MONEY_AND_ROUTES = {  # while it is carried, and when it was brought
    cases.on_board: {
        "ledger": [lambda s: s.ledger.balances.update({"store:ghost": 1})],
        "order o": [
            lambda s: setattr(s.payments["o/1"], "status", PaymentStatus.REQUESTED),
            lambda s: s.orders.orders.update(o=replace(s.orders["o"], why="nobody/knows")),
            lambda s: setattr(s.deliveries["o/1"], "courier", "lee"),
            lambda s: s.deliveries.routes["kim"].stops.clear(),
        ],
        "route kim": [
            lambda s: setattr(s.deliveries["o/1"], "load", 99),
            lambda s: s.deliveries.routes["kim"].stops.append(Stop(StopKind.DROPOFF, "o/1")),
            lambda s: setattr(s.deliveries["o/1"], "courier", "lee"),
            lambda s: setattr(s.deliveries.routes["kim"], "under_way", False),
        ],
    },
    cases.delivered: {
        "payment o/1": [
            lambda s: setattr(s.payments["o/1"], "captured_minor", 3),
            lambda s: setattr(s.payments["o/1"], "status", PaymentStatus.AUTHORIZED),
            lambda s: s.payments.instructions.pop("o/1/capture"),
            lambda s: setattr(s.payments.instructions["o/1/capture"], "next", "ghost"),
        ],
    },
}


@pytest.mark.parametrize(
    ("stage", "where", "tamper"),
    [
        (stage, where, x)
        for stage, of_stage in MONEY_AND_ROUTES.items()
        for where, every in of_stage.items()
        for x in every
    ],
)
def test_money_and_routes_that_are_made_wrong_are_found(stage, where, tamper):
    """What accounts sum up to, what is paid for an order, and who is to carry it."""
    case = stage(cases.city(5))
    audit = audit_of(followed(case), case.state)
    for _ in range(3):
        audit.look()
    assert audit.problems == {}
    tamper(case.state)
    for _ in range(3):
        audit.look()
    assert where in audit.problems


@pytest.mark.parametrize("where", ["order o", "payment o/1", "route kim"])
def test_what_is_gone_is_wrong_no_more(where):
    """An order that has ended, a payment that is archived: nobody looks at it again."""
    case = cases.on_board(cases.city(5))
    hub, s, orders = followed(case), case.state, ["o"]
    audit = SelfAudit(s, hub.shelf_level, lambda: iter(orders))
    s.ledger.balances["store:ghost"] = 1
    s.payments["o/1"].captured_minor = 3
    s.deliveries["o/1"].load = 99
    s.orders.orders["o"] = replace(s.orders["o"], why="nobody/knows")
    for _ in range(3):
        audit.look()
    assert where in audit.problems
    others = audit.problems.keys() - {where}
    {
        "order o": orders.clear,
        "payment o/1": s.payments.payments.clear,
        "route kim": s.deliveries.routes.clear,
    }[where]()
    for _ in range(2):
        audit.look()
    assert where not in audit.problems
    assert "ledger" in audit.problems
    assert others


@live
async def test_the_metric_that_has_to_be_0_is_0_until_it_is_not(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        orders = city.shop.subscribe("orders")
        await placed(city, "o1")
        await until(orders, lambda x: x.kind == "delta" or x.body.orders)
        for _ in range(3):
            app.audit.look()
        assert gauges(app) == (0, 0)
        app.engine.state.inventory.levels["s1"]["ramen"].held.clear()
        for _ in range(3):
            app.audit.look()
        assert gauges(app) == (2, 2)  # the shelf, and the order
        await city.store.request(m.ListStock())  # and it goes on serving
        app.engine.state.inventory.levels["s1"]["ramen"].held["o1"] = 1
        for _ in range(3):
            app.audit.look()
        assert gauges(app) == (0, 0)


def gauges(app) -> tuple[int, int]:
    found = {x.name: x.value for x in app._metrics()}
    assert found["o2o_audit_looks"] > 0
    return found["o2o_audit_problems"], app._health()["audit_problems"]
