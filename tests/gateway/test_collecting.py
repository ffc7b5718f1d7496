"""What is collected, over real sockets: what each party is told, and what nobody else learns."""

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import DOOR, accepted, hear, live, raw, serving, small_city, tell, until

CODE = "314159"


async def bought(city, order):
    lines = [m.Line("ramen", 1)]
    quote = m.RequestQuote(f"q-{order}", "ann", "s1", lines, fulfillment="collection")
    told = await city.shop.request(quote)
    assert (told.fulfillment, told.delivery_fee.amount) == ("collection", 0)
    return await city.shop.request(m.PlaceOrder(order, f"q-{order}", "bank", "pin", CODE))


@live
async def test_a_collection_is_told_to_everybody_it_concerns(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        orders, tickets = city.shop.subscribe("orders"), city.store.subscribe("tickets")
        placed = await bought(city, "o1")
        await city.bank.request(m.ReportAuthorization(placed.payment, True, placed.total, "ref"))
        due = await until(tickets, lambda u: isinstance(u.body, m.Ticket))
        assert due.body.fulfillment == "collection"
        assert CODE not in str(due.body)  # the store hears it from the customer, or not at all
        await city.store.request(m.AcceptOrder("o1", placed.placed_at))
        link = await city.shop.request(m.CreateTrackingLink("o1"))
        async with raw(app) as ws:
            await tell(ws, {"type": "hello", "token": link.token})
            await hear(ws)
            await tell(ws, {"type": "subscribe", "feed": "tracking"})
            before = (await hear(ws))["body"]
            assert (before["order_status"], before.get("collection_code")) == ("accepted", None)
            await city.store.request(m.ReportReady("o1"))
            ready = (await hear(ws))["body"]
            assert (ready["order_status"], ready["collection_code"]) == ("ready", CODE)
        with pytest.raises(RequestRefusedError) as refused:
            await city.store.request(m.ReportCollection("o1", "000000"))
        assert refused.value.error.code == "proof_mismatch"
        assert refused.value.error.detail == {"tries_left": 4}
        missed = await until(orders, lambda u: u.kind == "delta" and u.body.wrong_codes)
        assert missed.body.wrong_codes == 1
        await city.shop.request(m.RenewProof("o1", "271828"))
        await city.store.request(m.ReportCollection("o1", "271828"))
        done = await until(
            orders, lambda u: u.kind == "delta" and u.body.order_status == "fulfilled"
        )
        assert (done.body.delivery_status, done.body.wrong_codes) == ("delivered", 0)
        closed = await until(tickets, lambda u: isinstance(u.body, m.TicketClosed))
        assert closed.body.order_status == "fulfilled"


@live
async def test_a_delivery_has_to_go_somewhere(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        with pytest.raises(RequestRefusedError) as refused:
            await city.shop.request(m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)]))
        assert refused.value.error.detail == {"field": "dropoff"}
        await city.shop.request(m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)], DOOR))


@live
async def test_a_second_attempt_is_told_to_the_store_that_has_it_back(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        tickets = city.store.subscribe("tickets")
        delivery = await accepted(city, "o1")
        await city.kim.request(m.ReportPickup(delivery))
        await city.kim.request(m.ReportFailure(delivery, "customer_absent"))
        await until(tickets, lambda u: isinstance(u.body, m.ReturnDue))
        await city.shop.request(m.RequestRedelivery("o1"))
        await city.store.request(m.ReceiveReturn(delivery, True))
        seen = []
        back = await until(tickets, lambda u: isinstance(u.body, m.ReturnClosed), seen)
        assert back.body == m.ReturnClosed("o1/1", "o1/2")
        ticket = await until(tickets, lambda u: isinstance(u.body, m.Ticket))
        assert (ticket.body.order_status, ticket.body.delivery) == ("ready", "o1/2")
        told = await city.shop.request(m.GetOrder("o1"))
        assert (told.attempt, told.order_status) == (2, "ready")
        with pytest.raises(RequestRefusedError) as refused:
            await city.operator.request(m.RequestRedelivery("o1"))
        assert refused.value.error.code == "illegal_transition"
