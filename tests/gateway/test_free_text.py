"""What people type: no card number gets in with it, and nothing that only looks like a name."""

import itertools
from contextlib import AsyncExitStack

import msgspec
import pytest

from engine import commands as c
from engine import snapshot
from gateway import messages as m
from gateway.auth import MAY_ASK
from gateway.codes import Refusal
from gateway.messages.values import Reason, Text, Words
from gateway.privacy.free_text import (
    FREE_TEXT,
    check_free_text,
    check_request_id,
    holds_card_number,
    is_card_id,
    is_theirs,
)
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from tests.gateway.test_auth import some
from tests.serving import DOOR, hear, live, placed, raw, serving, small_city, tell

CARD = "4111111111111111"
CARD_IDS = (CARD, "4111-1111-1111-1111", "3782:822463:10005", f"pay:{CARD}", f"{CARD}-2")
TERMS = m.PromotionTerms("x", [m.Action("free_delivery")])


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        "paid with 4111 1111 1111 1111 thanks",
        "2 4111 1111 1111 1111",
        "4111 1111 1111 1111 12/29 123",
        "4111  1111\t1111\n1111",
        "4111.1111.1111.1111",
        "4111/1111/1111/1111",
        "4111\u200b1111\u200b1111\u200b1111",
        "卡号4111111111111111",
        "我的卡是4111 1111 1111 1111谢谢",
        "4111\u00a01111\u20111111\u20111111",
        "".join(chr(0xFF10 + int(x)) for x in CARD),  # full width
        "".join(chr(0x0660 + int(x)) for x in CARD),  # Arabic
        "5500-0055-5555-5559",
        "3782 822463 10005",
        "6011000990139424",
    ],
)
def test_card_numbers_are_refused_and_not_repeated(text):
    for body in (m.OpenComplaint("c", "ann", "late", text), m.AnswerComplaint("c", text)):
        with pytest.raises(Refusal, match="card_number") as info:
            check_free_text(body)
        assert "1111" not in str(info.value.error)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # not a card: its check digit is wrong
        "2026112322001476551000123456",  # a provider's 28 digits
        "ch_4111111111111111",
        "+49 1512 3456788",  # a telephone, whatever its last digit
        "+4111111111111111",
        "13 Noodle Street, 2nd floor",
        "",
    ],
)
def test_other_digits_are_only_digits(text):
    assert not holds_card_number(text)
    check_free_text(m.ReportInstruction("o/1/capture", True, text))


def test_a_card_number_is_found_wherever_somebody_may_type():
    """In parts of requests, in lists and in what has an alphabet of its own, too."""
    reason, line = "damaged", [m.Line("ramen", 1)]
    typed = [
        m.DefinePromotion("p", msgspec.structs.replace(TERMS, name=CARD)),
        m.DraftPurchase("p", CARD, line),
        m.SaveProfile("ann", "Ann", phone="4111 1111 1111 1111"),
        m.SaveProfile("ann", "Ann", email=f"{CARD}@example.com"),
        m.SaveAddress("ann", "home", "home", CARD),
        m.ReportDropoff("o/1", "photo", CARD),
        m.RegisterStore("s", CARD, DOOR, 1),
    ]
    for body in typed:
        with pytest.raises(Refusal, match="card_number"):
            check_free_text(body)
    for fine in (m.SearchProducts(text=CARD), m.SetWebhook("w", "orders", f"https://x.io/{CARD}")):
        check_free_text(fine)  # a barcode may be one, an id in an address too
    with pytest.raises(Refusal, match="card_number"):  # an id, too
        check_free_text(m.PreviewChange("c", CARD, line, reason))


@pytest.mark.parametrize("id", CARD_IDS)
def test_an_id_is_no_card_number_either(id):
    for body in (m.GetOrder(id), m.RegisterCustomer(id), m.ReportMissing("o", id, 1)):
        with pytest.raises(Refusal, match="card_number") as info:
            check_free_text(body)
        assert "1111" not in str(info.value.error)
    with pytest.raises(Refusal, match="card_number"):
        check_request_id(id)


@pytest.mark.parametrize(
    "id",
    [
        "4111111111111112",  # its check digit is wrong
        "2026112800000003",  # begins with a year, as numbers of orders do; and no card
        "1732791234567890",
        "550e8400-e29b-41d4-a716-446655440000",
        "o4111111111111111",
        "4111-11-11-11111111",  # no card is written like that
        "20261128-4111-1111",
        "41111111111111111111",  # 20 digits
    ],
)
def test_other_numbers_may_be_ids(id):
    assert not is_card_id(id)
    check_request_id(id)


def test_what_a_provider_calls_a_payment_is_its_own_choice():
    """One in ten of random references fits a card, and the money is held already."""
    for body in (
        m.ReportAuthorization("o/1", True, m.Money(1, "CNY"), CARD),
        m.ReportInstruction("o/1/capture", True, CARD),
    ):
        check_free_text(body)
    with pytest.raises(Refusal, match="card_number"):
        check_free_text(m.ReportInstruction(f"{CARD}/1/capture", True, CARD))


@live
async def test_what_has_such_an_id_already_can_be_named_and_new_ones_cannot_have_it(tmp_path):
    """As in a journal from before ids were looked at."""
    async with serving(tmp_path) as app, small_city(app) as city:
        await app.loop.submit(c.RegisterCustomer(CARD, "shop"), f"order_service:shop/{CARD}")
        assert (await city.shop.request(m.GetCustomer(CARD))).customer == CARD
        told = await placed(city, "o1")
        bank = m.ReportAuthorization(told.payment, True, told.total, CARD)
        await city.bank.request(bank)
        assert app.engine.state.payments[told.payment].status.value == "authorized"
        other = "5500005555555559"
        for body in (m.GetCustomer(other), m.RegisterCustomer(other)):
            assert (await city.shop.ask(body)).error.code == "card_number"
        for key, code in ((CARD, "idempotency_conflict"), (other, "card_number")):
            said = await city.shop.ask(m.RegisterCustomer("bob"), id=key)  # a repeat is no choice
            assert said.error.code == code


def test_barcodes_of_goods_and_parcels_may_be_what_they_are():
    """A GTIN of 13 digits is nobody's choice, and of one in ten the last digit fits a card."""
    gtin, sscc = "4006381300063", "340123450000000017"
    assert is_card_id(gtin)
    assert is_card_id(sscc)
    check_free_text(m.ListProduct(gtin, "Pens", "x"))
    check_free_text(m.LabelOrder("o", [sscc]))
    for body in (m.LabelOrder("o", [CARD]), m.ListProduct(CARD, "Pens", "x")):
        with pytest.raises(Refusal, match="card_number"):
            check_free_text(body)


@pytest.mark.parametrize("mark", [*"\0\x07\x1b\x7f\x9b\u2028", *"\u202a\u202e\u2066\u2069"])
def test_nothing_invisible_turns_a_name_into_another(mark):
    for body in (m.RegisterStore("s", f"Noo{mark}dles", DOOR, 1), m.SaveProfile("ann", mark)):
        with pytest.raises(Refusal, match="malformed") as info:
            check_free_text(body)
        assert info.value.error.detail == {"field": "name"}
    with pytest.raises(Refusal, match="malformed"):
        check_free_text(m.OpenComplaint("c", "ann", "late", f"slow{mark}"))


def test_names_are_written_in_every_script_and_words_in_lines():
    for name in (
        "面馆",
        "مطعم",
        "נודלס",
        "क्\u200dष",
        "👩\u200d🍳",
        "Crème «1»",
        "שלום\u200f!",
    ):
        check_free_text(m.RegisterStore("s", name, DOOR, 1))
    check_free_text(m.OpenComplaint("c", "ann", "late", "cold,\r\n\tand late"))


def test_all_that_is_text_is_looked_at():
    """What has no pattern of its own is free: none may be added that nobody looks at."""
    found = {(k.__name__, x.name) for k, fields in FREE_TEXT.items() for x in fields}
    assert ("PlaceOrder", "pin") not in found, "digits only"
    top = {(k.__name__, f.name) for k in m.RequestBody.__args__ for f in _plain(k)}
    assert top - {("SetWebhook", "url")} <= found


def _plain(kind):
    return (x for x in msgspec.structs.fields(kind) if x.type in (Text, Words, Reason, str))


@live
async def test_the_server_lets_neither_in(tmp_path):
    async with serving(tmp_path) as app, raw(app, "operator", "ops", m.JSON) as ops:
        place = {"lat": 1.0, "lon": 2.0}
        store = {"type": "register_store", "store": "s", "location": place, "preparation_s": 1}
        texts = [CARD, "a\u202eb", "a\0b"]
        for n, (text, again) in enumerate(itertools.product(texts, range(2))):
            body = {**store, "name": text}
            await tell(ops, {"type": "request", "id": f"k{n}-{again}", "body": body})
            error = (await hear(ops))["error"]
            assert error["code"] == ("card_number" if text == CARD else "malformed")
            assert error["detail"] == {"field": "name"}
        assert not app.engine.state.stores.stores


PLANTED = (CARD, "4111-1111-1111-1111", "4111 1111 1111 1111")


def planted(kind):
    """A request of this kind with a card number in one field after another, as it is sent."""
    for field in FREE_TEXT.get(kind, ()):
        for card in () if is_theirs(some(kind), field) else PLANTED:
            body = msgspec.to_builtins(some(kind))
            _plant(body, field.path, card)
            yield field, body


def _plant(body, path, card):
    at = body
    for step, after in itertools.pairwise((*path, None)):
        new = card if after is None else [] if after == "" else {}
        if step == "":
            at[:] = [new if after is None or not at else at[0]]
            at = at[0]
        else:
            at[step] = new if after is None or not at.get(step) else at[step]
            at = at[step]


@live
async def test_a_card_number_planted_anywhere_is_nowhere_afterwards(tmp_path, caplog):
    """In every text and id of every request, and in the request's own id: not in the journal, not
    in the snapshot of its end, not in any file, not in the log."""
    refused = dict.fromkeys(m.RequestBody.__args__, 0)
    async with serving(tmp_path) as app, small_city(app), AsyncExitStack() as stack:
        parties = {}
        for kind in m.RequestBody.__args__:
            role = next(x for x, may in MAY_ASK.items() if kind in may)
            if role not in parties:
                ws = raw(app, role, "x", m.JSON)
                parties[role] = await stack.enter_async_context(ws)
            bodies = [body for field, body in planted(kind)]
            for n, body in enumerate(bodies):
                frame = {"type": "request", "id": f"{kind.__name__}-{n}", "body": body}
                await tell(parties[role], frame)
            frame = {"type": "request", "id": CARD, "body": msgspec.to_builtins(some(kind))}
            await tell(parties[role], frame)
            for _ in (*bodies, frame):
                answer = await hear(parties[role])
                while answer["type"] != "reply":
                    answer = await hear(parties[role])
                code = answer.get("error", {}).get("code")
                assert answer["id"] != CARD or code in ("card_number", "malformed"), kind
                refused[kind] += code == "card_number"
        state = snapshot.dump(app.engine)
    assert [x for x, count in refused.items() if not count] == [m.ChangeSettings]  # has no text
    assert sum(refused.values()) > 700
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    kept = "".join(str(x) for x in journal.read(1))
    journal.close()
    files = b"".join(x.read_bytes() for x in tmp_path.rglob("*") if x.is_file())
    for card in PLANTED:
        assert card not in kept
        assert card.encode() not in state + files
        assert card not in caplog.text
