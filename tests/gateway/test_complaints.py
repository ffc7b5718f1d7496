"""Complaints, ratings and conversations over the gateway: every word in the vault, none elsewhere."""

import sqlite3

import pytest

from engine.rules.complaints import OUTCOMES, REASONS
from engine.rules.ratings import TAGS
from engine.values import Actor
from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.gateway.test_vault import traces
from tests.serving import delivered, live, party, serving, small_city

COLD, SORRY = "the noodles were stone cold, says Zhang", "we are sorry, Mr Zhang"


async def code_of(client, body):
    with pytest.raises(RequestRefusedError) as info:
        await client.request(body)
    return info.value.code


async def complained(city, order="o1"):
    await delivered(city, order)
    await city.shop.request(m.OpenComplaint("c1", "ann", "quality", COLD, order))


def test_the_words_of_the_protocol_are_those_of_the_rules():
    mine = [x for actor in (Actor.OPERATOR, Actor.CUSTOMER) for x in OUTCOMES[actor]]
    assert m.ComplaintReason.__args__ == REASONS
    assert list(m.ComplaintOutcome.__args__) == mine
    assert m.Tag.__args__ == TAGS


@live
async def test_a_complaint_goes_back_and_forth_and_its_words_stay_in_the_vault(tmp_path):
    async with serving(tmp_path, snapshot_every=10) as app, small_city(app) as city:
        await complained(city)
        [waiting] = (await city.operator.request(m.ListComplaints())).complaints
        assert (waiting.status, waiting.order, waiting.words) == ("open", "o1", [])
        assert waiting.answer_by is not None
        await city.operator.request(m.AnswerComplaint("c1", SORRY))
        await city.shop.request(m.AnswerComplaint("c1", "and my money?"))
        told = await city.shop.request(m.GetComplaint("c1"))
        assert [(x.author, x.words) for x in told.words] == [
            ("order_service:shop", COLD),
            ("operator:ops", SORRY),
            ("order_service:shop", "and my money?"),
        ]
        assert [x.what for x in told.history] == ["opened", "answered", "answered"]
        await city.operator.request(m.ApproveRefund("c1", m.Money(500, "CNY")))
        assert await code_of(city.operator, m.CloseComplaint("c1", "resolved")) == (
            "illegal_transition"
        )
        await city.bank.request(m.ReportInstruction("o1/complaint/c1/1", True, "ref"))
        told = await city.shop.request(m.GetComplaint("c1"))
        assert (told.status, told.outcome, told.refund) == (
            "closed",
            "refunded",
            m.Money(500, "CNY"),
        )
        assert (await city.operator.request(m.ListComplaints())).complaints == []
        assert len((await city.shop.request(m.ListComplaints("ann"))).complaints) == 1
        assert traces(tmp_path, "stone cold", "Zhang", "my money") == []


@live
async def test_nobody_follows_the_complaints_of_another_service(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await complained(city)
        rival = party(app, "order_service", "rival")
        rival.start()
        for body in (
            m.GetComplaint("c1"),
            m.AnswerComplaint("c1", "x"),
            m.CloseComplaint("c1", "withdrawn"),
            m.ListComplaints("ann"),
            m.OpenComplaint("c2", "ann", "late", "x", "o1"),
            m.RateOrder("o1", 5),
            m.RecordInteraction("i1", "ann", "phone", "order", "x"),
            m.ListInteractions("ann"),
        ):
            assert await code_of(rival, body) == "unknown", body
        assert (await rival.request(m.ListComplaints())).complaints == []
        told = await city.shop.request(m.GetComplaint("c1"))
        assert [x.words for x in told.words] == [COLD]  # nothing of what was refused
        assert await code_of(rival, m.ApproveRefund("c1", m.Money(1, "CNY"))) == "forbidden"
        await rival.close()


@live
async def test_a_repeated_answer_is_written_once_and_a_refused_one_not_at_all(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await complained(city)
        for _ in range(3):
            await city.operator.request(m.AnswerComplaint("c1", SORRY), id="k-1")
        assert await code_of(city.shop, m.OpenComplaint("c1", "ann", "other", "again")) == (
            "already_exists"
        )
        told = await city.operator.request(m.GetComplaint("c1"))
        assert [x.words for x in told.words] == [COLD, SORRY]
        app.desk.keeper._vault.keep_text = broken
        more = m.AnswerComplaint("c1", "one more thing")
        asking = city.operator.ask(more, id="k-2", timeout_s=0.5)
        with pytest.raises(TimeoutError):
            await asking  # the words are not kept: it is not answered, and is asked again
        del app.desk.keeper._vault.keep_text
        await city.operator.request(more, id="k-2")
        told = await city.operator.request(m.GetComplaint("c1"))
        assert [x.words for x in told.words] == [COLD, SORRY, "one more thing"]
        assert len([x for x in told.history if x.what == "answered"]) == 2


def broken(*_):
    raise sqlite3.OperationalError("disk I/O error")


@live
async def test_ratings_are_counted_and_their_words_are_the_persons_own(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        rate = m.RateOrder("o1", 4, 5, ["friendly"], ["ramen"], words="Kim is so kind")
        await city.shop.request(rate)
        assert (await city.shop.request(m.GetRatings("store", "s1"))).stars == [0, 0, 0, 1, 0]
        assert (await city.operator.request(m.GetRatings("courier", "kim"))).stars[4] == 1
        assert (await city.shop.request(m.GetRatings("product", "ramen"))).liked == 1
        assert sum((await city.shop.request(m.GetRatings("store", "s9"))).stars) == 0
        [listed] = (await city.shop.request(m.ListStores())).stores
        assert (listed.ratings, listed.stars_permille) == (1, 4_000)
        assert await code_of(city.shop, m.GetRatings("courier", "kim")) == "forbidden"
        items, cursor = [], None
        while True:
            page = await city.shop.request(m.ExportCustomer("ann", cursor))
            items, cursor = items + page.items, page.next
            if cursor is None:
                break
        [written] = [x.written for x in items if x.written]
        assert (written.subject, written.words) == ("rating:o1", "Kim is so kind")


@live
async def test_conversations_are_read_newest_first_page_by_page(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for n in range(5):
            spoke = m.RecordInteraction(f"i{n}", "ann", "phone", "delivery", f"call {n}")
            await city.shop.request(spoke)
        first = await city.shop.request(m.ListInteractions("ann", limit=3))
        rest = await city.shop.request(m.ListInteractions("ann", first.next, 3))
        said = [x.words[0].words for x in (*first.interactions, *rest.interactions)]
        assert said == [f"call {n}" for n in (4, 3, 2, 1, 0)]
        assert rest.next is None


@live
async def test_complaints_come_page_by_page_also_while_some_are_closed(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for n in range(5):
            await city.shop.request(m.OpenComplaint(f"c{n}", "ann", "question"))
        first = await city.operator.request(m.ListComplaints(limit=2))
        await city.operator.request(m.CloseComplaint("c1", "resolved"))
        rest = await city.operator.request(m.ListComplaints(cursor=first.next, limit=2))
        last = await city.operator.request(m.ListComplaints(cursor=rest.next, limit=2))
        pages = [[x.complaint for x in page.complaints] for page in (first, rest, last)]
        assert pages == [["c0", "c1"], ["c2", "c3"], ["c4"]]
        assert last.next is None
