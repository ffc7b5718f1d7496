"""Second thoughts over real sockets: an edit that is paid for, a substitute that is accepted."""

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import live, placed, serving, small_city, until


@live
async def test_an_edit_waits_for_its_payment_and_everybody_hears_of_it(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        orders, payments = city.shop.subscribe("orders"), city.bank.subscribe("payments")
        told = await placed(city, "o1")
        await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
        edited = await city.shop.request(m.EditLines("o1", [m.Line("ramen", 3)]))
        assert (edited.total.amount, edited.payment) == (told.total.amount + 2_400, "o1/2")
        waiting = await until(orders, lambda u: u.kind == "delta" and u.body.edit_due)
        assert (waiting.body.edit_due, waiting.body.due) == ("o1/2", told.total)
        due = await until(payments, lambda u: getattr(u.body, "payment", "") == "o1/2")
        assert due.body.amount == edited.total
        await city.bank.request(m.ReportAuthorization("o1/2", True, edited.total, "ref"))
        done = await until(orders, lambda u: u.body.due == edited.total)
        assert done.body.edit_due is None
        let_go = await until(payments, lambda u: isinstance(u.body, m.InstructionDue))
        assert (let_go.body.payment, let_go.body.kind) == ("o1/1", "void")
        less = await city.shop.request(m.EditLines("o1", [m.Line("ramen", 1)]))
        assert (less.total, less.payment) == (told.total, None)
        nearer = await city.shop.request(m.EditDropoff("o1", m.Place(39.001, 116.001)))
        assert nearer.total.amount < told.total.amount


@live
async def test_a_substitute_is_one_message_to_the_customer(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await city.operator.request(m.ListProduct("udon", "Udon", "food"))
        await city.store.request(m.SetPrice("udon", m.Money(1_000, "CNY")))
        await city.store.request(m.ReceiveStock("udon", 5))
        told = await placed(city, "o1", lines=2)
        await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
        await city.store.request(m.AcceptOrder("o1", told.placed_at))
        orders = city.shop.subscribe("orders")
        before = (await anext(orders)).seq
        await city.store.request(m.ProposeSubstitute("o1", "ramen", 1, "udon"))
        offered = await anext(orders)
        assert offered.seq == before + 1
        [substitute] = offered.body.substitutes
        assert substitute.line == m.PricedLine("udon", 1, m.Money(1_000, "CNY"))
        assert offered.body.due.amount == told.total.amount - 1_200
        with pytest.raises(RequestRefusedError) as refused:
            await city.store.request(m.ReportReady("o1"))
        assert refused.value.error.code == "substitute_pending"
        assert refused.value.error.detail == {"expires_at": substitute.expires_at}
        await city.shop.request(m.AcceptSubstitute("o1", "ramen"))
        accepted = await anext(orders)
        assert accepted.body.substitutes == []
        assert accepted.body.due.amount == told.total.amount - 200
        await city.store.request(m.ReportReady("o1"))
        with pytest.raises(RequestRefusedError) as refused:
            await city.shop.request(m.DeclineSubstitute("o1", "ramen"))
        assert refused.value.error.code == "unknown"
