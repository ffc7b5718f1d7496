"""What people type: no card number gets in with it, and nothing that only looks like a name."""

import itertools

import msgspec
import pytest

from gateway import messages as m
from gateway.codes import Refusal
from gateway.messages.values import Reason, Text, Words
from gateway.privacy.free_text import FREE_TEXT, check_free_text, holds_card_number
from tests.serving import DOOR, hear, live, raw, serving, tell

CARD = "4111111111111111"
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
    check_free_text(m.PreviewChange("c", CARD, line, reason))  # an id a program chose


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
