"""Logs against random days: their deltas add up to what is true, whatever happens."""

import pytest
from msgspec import msgpack

from engine.engine import Engine
from engine.queries.open_work import OpenWork
from engine.queries.statuses import delivery_status
from engine.values import OrderId
from gateway import messages as m
from gateway.telling.feeds import FeedHub
from tests.days.random_days import STORES, RandomDay

STEPS = 1_200
decode = msgpack.Decoder(m.DeltaBody).decode


class Followers:
    """What everybody who only hears deltas would believe."""

    def __init__(self):
        self.seq = {}
        self.orders, self.tickets, self.returns = {}, {}, {}
        self.payments, self.instructions = {}, {}

    def hear(self, feed, subject, seq, body):
        assert seq == self.seq.get((feed, subject), 0) + 1, "a gap, or the same again"
        self.seq[feed, subject] = seq
        match decode(body):
            case m.Order() as x:
                self.orders[x.order] = x
            case m.Ticket() as x:
                self.tickets[x.order] = x
            case m.TicketClosed(order=key):
                del self.tickets[key]
            case m.ReturnDue() as x:
                assert x.delivery not in self.returns
                self.returns[x.delivery] = x
            case m.ReturnClosed(delivery=key):
                del self.returns[key]
            case m.PaymentDue() as x:
                assert x.payment not in self.payments
                self.payments[x.payment] = x
            case m.PaymentClosed(payment=key):
                del self.payments[key]
            case m.InstructionDue() as x:
                assert x.instruction not in self.instructions
                self.instructions[x.instruction] = x
            case m.InstructionClosed(instruction=key):
                del self.instructions[key]


def without_empty(work):
    return {
        name: {k: v for k, v in getattr(work, name).items() if v} for name in work.__struct_fields__
    }


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6, 7, 8])  # on which something is delivered
def test_deltas_add_up_to_the_present_at_every_moment(seed):
    day = RandomDay(seed)
    hub, heard = FeedHub(day.engine), Followers()
    s = day.engine.state
    for number, record in enumerate(day.records(STEPS)):
        for news in hub.fold(record):
            heard.hear(*news)
        for key in {x.order for x in record.events if hasattr(x, "order")}:
            order = s.orders.get(OrderId(key))
            if order is not None:
                told = heard.orders[key]
                status = order.status, delivery_status(s, OrderId(key), order)
                assert (told.order_status, told.delivery_status) == status, (seed, record.seq)
                assert told.due.amount == order.due_minor
        if number % 50 == 0:
            check(hub, heard, day.engine)
    check(hub, heard, day.engine)
    assert {"delivered", "cancelled"} <= {x.delivery_status for x in heard.orders.values()}


def check(hub, heard, engine):
    assert without_empty(hub._logs.work) == without_empty(OpenWork.of(engine.state))
    services = {x.placed.service for x in engine.state.orders.orders.values()}
    open_orders = [x for k in services for x in hub._logs.snapshot("orders", k, engine.now).orders]
    assert {x.order: (x.order_status, x.delivery_status) for x in open_orders} == {
        k: (x.order_status, x.delivery_status)
        for k, x in heard.orders.items()
        if x.order_status not in ("fulfilled", "cancelled", "returned")
    }
    work = [hub._logs.snapshot("tickets", k, engine.now) for k in STORES]
    assert {x.order: x for w in work for x in w.tickets} == heard.tickets
    assert {x.delivery: x for w in work for x in w.returns} == heard.returns
    providers = {x.provider for x in engine.state.payments.payments.values()}
    due = [hub._logs.snapshot("payments", k, engine.now) for k in providers]
    assert {x.payment: x for d in due for x in d.payments} == heard.payments
    assert {x.instruction: x for d in due for x in d.instructions} == heard.instructions


@pytest.mark.parametrize("seed", [3, 4])
def test_a_hub_may_be_saved_and_loaded_at_any_record(seed):
    day = RandomDay(seed)
    hub = FeedHub(day.engine)
    records, dumps = [], {}
    for record in day.records(STEPS):
        hub.fold(record)
        records.append(record)
        if record.seq % 97 == 0:
            dumps[record.seq] = hub.dump()
    for seq, dump in dumps.items():
        engine = Engine()
        for record in records[:seq]:
            engine.apply(record)
        again = FeedHub(engine, dump)
        for record in records[seq:]:
            engine.apply(record)
            again.fold(record)
        assert again.dump() == hub.dump(), seq
