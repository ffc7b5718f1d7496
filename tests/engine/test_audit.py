"""Who audits the auditors: each of their findings, brought about by hand."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from msgspec import structs

from engine import events as e
from engine import snapshot
from engine.audit import violations
from engine.engine import Engine, Record
from engine.state import State
from engine.state.deliveries import DeliveryStatus, Route
from engine.state.orders import OrderStatus
from engine.state.payments import PaymentStatus
from engine.values import Stop, StopKind
from geo.points import Point
from tests import cases
from tests.auditor import Auditor
from tests.cases import city, there
from tests.days import random_stock
from tests.days.random_days import RandomDay
from tests.spaces import folded, polygon

KINDS = [  # of events that some book must miss, if they are not told
    e.StockReceived,
    e.StockSold,
    e.StockCounted,
    e.StockAdjusted,
    e.StockQuarantined,
    e.StockRestored,
    e.StockDiscarded,
    e.StockBroughtBack,
    e.StockShipped,
    e.StockArrived,
    e.StockExpected,
    e.StockNotComing,
    e.StockReserved,
    e.StockReleased,
    e.StockIssued,
    e.StockReturned,
    e.OrderPlaced,
    e.OrderFulfilled,
    e.OrderCancelled,
    e.OrderReturned,
    e.PaymentRequested,
    e.InstructionIssued,
    e.LedgerPosted,
    e.DeliveryCreated,
    e.DeliveryOffered,
    e.DeliveryUnassigned,
    e.DeliveryPickedUp,
    e.DeliveryStranded,
    e.DeliveryCompleted,
    e.DeliveryReturned,
]


@cache
def days() -> list[tuple[list[Record], State]]:
    """A few days that are over, as many as it takes for everything to happen some times."""
    stockroom = random_stock.stockroom()  # what random days do too rarely
    told = [(stockroom.records, stockroom.state)]
    happened = Counter(type(x) for r in stockroom.records for x in r.events)
    for seed in range(60):
        chaos = RandomDay(seed)
        records = [*chaos.records(500), *chaos.heal()]
        told.append((records, chaos.engine.state))
        happened.update(type(x) for r in records for x in r.events)
        if seed >= 4 and all(happened[x] >= 5 for x in KINDS):
            break
    return told


def account_of(records: list[Record]) -> Auditor:
    auditor = Auditor()
    for record in records:
        auditor.fold(record)
    return auditor


def everything_found(records: list[Record], state: State) -> list[str]:
    try:
        auditor = account_of(records)
    except KeyError as unheard_of:
        return [str(unheard_of)]
    return auditor.differences(state) + auditor.leftovers()


def test_an_account_of_what_happened_agrees():
    for records, state in days():
        assert everything_found(records, state) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda x: x.__name__)
def test_an_event_left_out_or_told_twice_is_found(kind):
    """Some are no loss: a count that found what was known, an offer nobody ever answered."""
    tried = 0
    for records, state in days():
        found = [(n, x) for n, r in enumerate(records) for x in r.events if type(x) is kind]
        for n, event in found[: -len(found) // 2 - 1 : -1]:
            tried += 1
            if all(everything_found(x, state) for x in without_and_twice(records, n, event)):
                return
    pytest.fail(f"{tried} of {kind.__name__} were left out or told twice, and nobody noticed")


def without_and_twice(records: list[Record], n: int, event: e.AnyEvent) -> Iterator[list[Record]]:
    events = records[n].events
    for told in (
        [x for x in events if x is not event],
        [y for x in events for y in ([x, x] if x is event else [x])],
    ):
        tampered = [*records]
        tampered[n] = structs.replace(records[n], events=told)
        yield tampered


def test_a_record_left_out_is_found():
    records, state = days()[1]
    assert everything_found([*records[:9], *records[10:]], state)


# the engine's own audit


def waiting_unseen(s: State) -> None:
    s.planning_rounds.open = s.planning_rounds.due_at = None


def overload(s: State) -> None:
    s.couriers["kim"].capacity = 0


def twice_on_the_route(s: State) -> None:
    s.deliveries.routes["kim"].stops += there()


FINDINGS = {
    "reserved, 1 on open orders": (cases.placed, lambda s: level(s, reserved=0)),
    "1 reserved, 0 held": (cases.placed, lambda s: level(s, held={})),
    "incoming, 0 are on their way": (cases.placed, lambda s: level(s, incoming=1)),
    "o holds 0 of 1 ramen": (cases.placed, lambda s: level(s, held={"x": 1})),
    "reserved for x, which may hold nothing": (cases.placed, lambda s: level(s, held={"x": 1})),
    "which nothing explains": (cases.placed, lambda s: level(s, damaged=1)),
    "movements sum to": (cases.placed, lambda s: level(s, on_hand=2)),
    "are reserved": (cases.placed, lambda s: level(s, on_hand=0, received=0)),
    "counted as open": (cases.placed, lambda s: setattr(s.orders, "open_count", 7)),
    "its delivery": (cases.on_board, lambda s: order(s, OrderStatus.READY)),
    "and has no payment": (cases.placed, lambda s: s.payments.payments.clear()),
    "with a payment": (cases.confirmed, lambda s: payment(s, status=PaymentStatus.VOIDED)),
    "refunded of": (cases.delivered, lambda s: payment(s, refunded_minor=9_999)),
    "captured, 1700 owed": (cases.delivered, lambda s: payment(s, captured_minor=1_699)),
    "captured of a payment": (cases.confirmed, lambda s: payment(s, captured_minor=5)),
    "out of balance": (cases.delivered, lambda s: s.ledger.balances.update({"courier:kim": 0})),
    "booked": (cases.delivered, lambda s: s.payments["o/1"].instructions.clear()),
    "2 instructions, their payments say 1": (
        cases.delivered,
        lambda s: s.payments.instructions.update(x=s.payments.instruction("o/1/capture")),
    ),
    "to make": (cases.planned, twice_on_the_route),
    "would carry": (cases.planned, overload),
    "ends with 1 on board": (cases.planned, lambda s: s.deliveries.routes["kim"].stops.pop()),
    "under way: True; the next stop is settled: False": (
        city,
        lambda s: s.deliveries.routes.update({"kim": Route([], 1, True)}),
    ),
    "under way: False; the next stop is settled: True": (
        cases.assigned,
        lambda s: setattr(s.deliveries.routes["kim"], "under_way", False),
    ),
    "not in the vocabulary": (cases.returning, lambda s: setattr(s.orders["o"], "why", "?")),
    "no planning round is due": (cases.planned, waiting_unseen),
    "measured on these streets": (city, lambda s: bend(s, rows=1)),
    "follow an index of 1000, measured is 1300000": (
        city,
        lambda s: setattr(s.settings, "index_ppm", 1_300_000),
    ),
    "delivers within 1001 corners": (city, lambda s: draw(s, [Point(0, n) for n in range(1_001)])),
    "delivers to no area": (city, lambda s: draw(s, [Point(0, 0), Point(0, 9), Point(0, 5)])),
    "and waits": (cases.planned, lambda s: s.deliveries.waiting.clear()),
}


def bend(s: State, **fields: int) -> None:
    usual = s.settings.current
    travel = structs.replace(usual.travel, streets=structs.replace(folded(), **fields))
    s.settings.current = structs.replace(usual, travel=travel)


def draw(s: State, ring: list[Point]) -> None:
    """Whatever it is, as nobody could."""
    area = polygon([Point(0, 0), Point(0, 9), Point(9, 9)])
    structs.force_setattr(area, "parts", (((*ring, ring[0]),),))
    s.stores.stores["store"].area = area


def test_an_area_is_what_a_quote_has_to_lie_in():
    home = polygon([Point(0, 0), Point(0, 9), Point(9, 9)])  # far away
    drawn = e.AreaDrawn("store", home)
    told, records = Auditor(), cases.placed().records
    told.fold(Record(records[0].seq, 0, cases.c.Tick(), [drawn]))
    for record in records:
        told.fold(structs.replace(record, seq=record.seq + 1))
    assert "q-o: store brings nothing there" in told.problems


def level(s: State, **numbers: int) -> None:
    for name, number in numbers.items():
        setattr(s.inventory.levels["store"]["ramen"], name, number)


def order(s: State, status: OrderStatus) -> None:
    s.orders["o"].status = status


def payment(s: State, **fields: object) -> None:
    for name, value in fields.items():
        setattr(s.payments["o/1"], name, value)


@pytest.mark.parametrize("words", FINDINGS)
def test_the_audit_says_what_is_wrong(words):
    stage, tamper = FINDINGS[words]
    engine = snapshot.load(snapshot.dump(stage().engine))
    assert violations(engine.state) == []
    tamper(engine.state)
    assert any(words in x for x in violations(engine.state)), violations(engine.state)


# and the state's own assertions: no event that cannot have happened is ever applied


IMPOSSIBLE = [
    (cases.placed, e.OrderAccepted("o", 0, 0)),
    (
        cases.placed,
        e.OrderPlaced(
            "o", "app", "ann", "store", [], cases.HOME, 0, 0, "bank", "none", "", 1, 0, 0
        ),
    ),
    (cases.delivered, e.OrderCancelled("o", "customer", "changed_mind")),
    (cases.on_board, e.OrderCancelled("o", "operator", "fraud")),
    (cases.accepted, e.OrderWrittenOff("o", "operator", "goods_lost", 0)),
    (cases.placed, e.StockReserved("store", "p", [cases.Line("ramen", 1)])),
    (cases.delivered, e.StockIssued("store", "o", [cases.Line("ramen", 1)])),
    (cases.delivered, e.StockReleased("store", "o", [cases.Line("ramen", 1)])),
    (cases.confirmed, e.PaymentAuthorized("o/1", "ref")),
    (cases.confirmed, e.PaymentFailed("o/1", "payment_declined")),
    (cases.delivered, e.InstructionIssued("r", "o/1", "refund", 1_701, "")),
    (cases.delivered, e.InstructionIssued("o/1/capture", "o/1", "capture", 1, "")),
    (cases.delivered, e.LedgerPosted("o", "gift", [])),
    (cases.planned, e.OfferAccepted("o/1", "kim")),
    (cases.offered, e.OfferAccepted("o/1", "lee")),
    (cases.assigned, e.DeliveryCompleted("o/1", "kim", "o")),
    (cases.on_board, e.DeliveryUnassigned("o/1", "kim", "declined")),
    (cases.on_board, e.DeliveryReturned("o/1", "o", "kim", True)),
    (cases.assigned, e.LegStarted("kim")),
    (cases.assigned, e.DeliveryStranded("o/1", "kim", cases.ROAD, 2)),
    (cases.delivered, e.DeliveryCancelled("o/1", "kim")),
    (city, e.ShiftStarted("kim", 1)),
    (city, e.CourierRegistered("lee", 7, "walk", 1)),
    (city, e.EngineOpened(cases.Settings())),
    (cases.accepted, e.PlanningRoundOpened(2, 0)),
]


@pytest.mark.parametrize(
    ("stage", "event"), IMPOSSIBLE, ids=lambda x: type(x).__name__ if not callable(x) else ""
)
def test_what_cannot_have_happened_stops_the_engine(stage, event):
    engine = stage().engine
    record = Record(engine.seq + 1, engine.now, cases.c.Tick(), [event])
    with pytest.raises((AssertionError, KeyError)):
        Engine(engine.state, engine.seq, engine.now).apply(record)


def test_statuses_are_what_the_conventions_call_them():
    assert [x.value for x in DeliveryStatus] == [
        "created",
        "offered",
        "assigned",
        "arrived_at_pickup",
        "picked_up",
        "arrived_at_dropoff",
        "delivered",
        "returning",
        "returned",
        "cancelled",
    ]
    assert Stop(StopKind.PICKUP, "o/1") == there()[0]
