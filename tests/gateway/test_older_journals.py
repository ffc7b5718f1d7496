"""A journal that was written before a field was there says the same, field by field."""

from zlib import compress, decompress

from msgspec import msgpack

from engine import snapshot
from engine.codec import decode, encode
from engine.commands import OpenEngine, Tick
from engine.engine import Engine, Record
from engine.events import PaymentRequested
from engine.settings import Settings
from engine.state.orders import Order
from engine.values import HOUR, Millis
from gateway.storage.verification import Report, _Verification
from simulation.run import simulate
from tests.simulated_city import small

NEWEST = Settings.__struct_fields__[-1]


def opened() -> Record:
    (record,) = Engine().step(Millis(0), OpenEngine(Settings()))
    return record


def older(record: Record, **changes: object) -> bytes:
    """As it would have been written without the newest setting; `changes` in the event alone."""
    body = msgpack.decode(encode(record))
    command, events = body[2], body[3]
    for settings in (command[1], events[0][1]):
        del settings[NEWEST]
    events[0][1].update(changes)
    return msgpack.encode(body)


def test_a_field_that_was_not_there_yet_is_no_other_decision():
    record = opened()
    body = older(record)
    assert body != encode(record)
    assert decode(body) == record
    report = Report()
    _Verification(report, {}).check(body)
    assert (report.decided, report.findings) == (1, [])


def test_another_value_is_one():
    report = Report()
    _Verification(report, {}).check(older(opened(), handling_ms=1))
    assert report.decided == 0
    assert "OpenEngine" in report.findings[0].text


def test_the_usual_way_to_pay_was_nameless_once():
    records: list[Record] = []
    simulate(small(), 3, records.append)
    record = next(x for x in records if any(type(y) is PaymentRequested for y in x.events))
    body = encode(record)
    assert b"\xa7default" in body
    assert decode(body.replace(b"\xa7default", b"\xa0")) == record


def older_pack(pack: bytes, **changes: int) -> bytes:
    """Orders without the last of their fields, which is empty unless told."""
    orders = msgpack.decode(decompress(pack))
    names = Order.__struct_fields__
    for order in orders.values():
        assert not order.pop()
        for name, value in changes.items():
            order[names.index(name)] = value
    return compress(msgpack.encode(orders))


def test_archives_packed_before_a_field_was_there_say_the_same():
    records: list[Record] = []
    simulate(small(), 3, records.append)
    engine = Engine()
    engine.apply_all(records)
    engine.step(Millis(engine.now + 5 * HOUR), Tick())  # timers fire: what ended is archived
    archive = engine.state.orders.archive
    packs, before = [*archive.packs], snapshot.dump(engine)
    assert packs
    archive.packs = [older_pack(x) for x in packs]
    assert archive.packs != packs
    assert snapshot.is_same(snapshot.dump(engine), before)
    archive.packs = [*packs[:-1], older_pack(packs[-1], due_minor=1)]
    assert not snapshot.is_same(snapshot.dump(engine), before)
