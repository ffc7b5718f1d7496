"""The types of the protocol: what they refuse, and that the document says so."""

import json
import math
from itertools import chain

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules import cancelling
from gateway import messages as m
from gateway import protocol_docs
from gateway.codes import CODES, Refusal
from gateway.messages.frames import RequestFrame
from gateway.submissions import SubmissionError
from gateway.wire import CODECS, millis, place, point, time_text

DOOR = m.Place(39.0, 116.0)
MSGPACK, JSON = CODECS[m.MSGPACK], CODECS[m.JSON]


def refused(codec, data):
    with pytest.raises(Refusal) as info:
        codec.client_frame(data)
    error = info.value.error
    assert error.code == "malformed"
    assert len(error.message) <= 160
    return error


def body_refused(body):
    frame = MSGPACK.client_frame(msgpack.packb({"type": "request", "id": "k", "body": body}))
    with pytest.raises(Refusal) as info:
        MSGPACK.request_body(frame.body)
    return info.value.error


def test_the_document_is_what_the_types_say():
    """If this fails: python -m gateway.protocol_docs"""
    assert protocol_docs.DOCUMENT.read_text() == protocol_docs.document()


def test_the_document_names_every_message_and_every_code():
    text = protocol_docs.document()
    for kinds in (m.RequestBody, m.ReplyBody, m.SnapshotBody, m.DeltaBody, m.ServerFrame):
        for kind in kinds.__args__:
            assert f"#### `{kind.__struct_config__.tag}`" in text
    for code in CODES:
        assert f"| `{code}` |" in text


def test_every_reason_of_a_submission_has_a_code():
    found, rest = [], [SubmissionError]
    while rest:
        kind = rest.pop()
        rest += kind.__subclasses__()
        if not kind.__subclasses__():
            found.append(kind.code)
    assert set(found) <= set(CODES)


def test_frames_are_plain_messagepack_and_plain_json():
    frame = m.Subscribe("orders", 3)
    told = {"type": "subscribe", "feed": "orders", "from": 3}
    assert msgpack.unpackb(MSGPACK.message(frame)) == told
    assert json.loads(JSON.message(frame)) == told
    assert MSGPACK.client_frame(msgpack.packb(told)) == frame
    assert JSON.client_frame(json.dumps(told)) == frame


def test_the_document_names_every_reason_somebody_may_be_refused_for():
    text = protocol_docs.document()
    words = [*cancelling.REASONS.values(), cancelling.WRITE_OFF]
    assert [x for x in chain.from_iterable(words) if x not in text] == []


def test_both_subprotocols_refuse_the_other_kind_of_message():
    assert "binary" in refused(MSGPACK, '{"type":"heartbeat"}').message
    assert "text" in refused(JSON, msgpack.packb({"type": "heartbeat"})).message


@pytest.mark.parametrize(
    "frame",
    [
        None,
        7,
        [],
        {},
        {"type": "nothing"},
        {"type": ["heartbeat"]},
        {"type": "heartbeat", "extra": 1},
        {"type": "hello"},
        {"type": "hello", "token": 7},
        {"type": "hello", "token": "x" * 1025},
        {"type": "hello", "token": "x", "resume": {"nothing": 1}},
        {"type": "subscribe", "feed": "orders", "from": -1},
        {"type": "subscribe", "feed": "orders", "from": 2**64 - 1},
        {"type": "subscribe", "feed": "orders", "from": True},
        {"type": "subscribe", "feed": "orders", "from": 1.5},
        {"type": "request", "id": "", "body": {}},
        {"type": "request", "id": "k" * 65, "body": {}},
        {"type": "request", "id": "k\n", "body": {}},
        {"type": "request", "id": "k"},
        {"type": "positions", "fixes": []},
        {"type": "positions", "fixes": [{"lat": 1.0, "lon": 1.0}]},
        {"type": "positions", "fixes": [{"lat": "1", "lon": 1.0, "fix_time": "x"}]},
        {"type": "reply", "id": "k", "seq": 1},
    ],
)
def test_what_is_not_a_frame_is_refused_in_both(frame):
    refused(MSGPACK, msgpack.packb(frame))
    refused(JSON, json.dumps(frame))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "[" * 60_000, "{", ""])
def test_json_that_is_none_is_refused(text):
    refused(JSON, f'{{"type":"positions","fixes":[{{"lat":{text},"lon":1,"fix_time":"x"}}]}}')
    refused(JSON, text)


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_parse_or_be_refused(data):
    for codec in CODECS.values():
        text = data.decode(errors="replace") if codec.is_text else data
        error = None
        try:
            frame = codec.client_frame(text)
            if isinstance(frame, RequestFrame):
                codec.request_body(frame.body)
        except Refusal as refusal:
            error = refusal.error
        if error is not None:
            assert error.code == "malformed"
            codec.message(m.Refused(error))  # what is told can be told


def test_a_deep_nest_is_refused_without_a_deep_stack():
    for nest in (b"\x91" * 60_000, b"\x81\xa1x" * 20_000):
        head = msgpack.packb({"type": "request", "id": "k"})
        frame = bytes([head[0] + 1]) + head[1:] + b"\xa4body" + nest
        refused(MSGPACK, frame)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "place_order", "order": "o", "quote": "q"}, "provider"),
        ({"type": "get_order", "order": "o", "courier": "kim"}, "courier"),
        ({"type": "set_price", "product": "p", "price": {"amount": 1}}, "price.currency"),
        ({"type": "get_order", "order": "../etc/passwd"}, "order"),
        ({"type": "receive_stock", "product": "p", "quantity": 0}, "quantity"),
        ({"type": "receive_stock", "product": "p", "quantity": 1.0}, "quantity"),
        ({"type": "receive_stock", "product": "p", "quantity": True}, "quantity"),
        ({"type": "receive_stock", "product": "p", "quantity": "1"}, "quantity"),
        ({"type": "receive_stock", "product": "p", "quantity": 2**63}, "quantity"),
        (
            {"type": "set_price", "product": "p", "price": {"amount": -1, "currency": "CNY"}},
            "price.amount",
        ),
        (
            {"type": "set_price", "product": "p", "price": {"amount": 1, "currency": "cny"}},
            "price.currency",
        ),
        ({"type": "start_shift", "ends_at": "tomorrow"}, "ends_at"),
        ({"type": "report_arrival", "delivery": "o/1", "stop": "moon"}, "stop"),
    ],
)
def test_a_refused_body_names_the_field(body, field):
    error = body_refused(body)
    assert error.detail.get("field", "") == field


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (
            {"type": "get_ratings", "kind": "couriers", "id": "kim"},
            {"field": "kind", "allowed": ["store", "courier", "product"], "nearest": "courier"},
        ),
        (
            {
                "type": "set_store_hours",
                "weekly": [
                    {"days": ["mon"], "opens": "08:00", "closes": "12:00"},
                    {"days": ["tue", "xyz"], "opens": "08:00", "closes": "12:00"},
                ],
            },
            {
                "field": "weekly[1].days[1]",
                "allowed": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            },
        ),
        ({"type": "cancel_ordr", "order": "o"}, {"field": "type", "nearest": "cancel_order"}),
        ({"type": "xyzzy", "order": "o"}, {"field": "type"}),
        (
            {"type": "cancel_order", "order": "o", "resaon": "x"},
            {"field": "resaon", "nearest": "reason"},
        ),
        ({"type": "cancel_order", "order": 7}, {"field": "order"}),
    ],
)
def test_a_word_that_is_none_of_the_allowed_is_answered_with_those(body, detail):
    assert body_refused(body).detail == detail


def test_a_feed_that_is_none_is_answered_with_those_there_are_also_where_it_is_a_key():
    for text in (
        '{"type":"subscribe","feed":"order"}',
        '{"type":"hello","token":"x","resume":{"order":3}}',
    ):
        detail = refused(JSON, text).detail
        assert (detail["nearest"], len(detail["allowed"])) == ("orders", len(m.Feed.__args__))


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_a_word_or_a_field_is_called_it_is_refused_and_nothing_worse(word, field):
    body_refused({"type": "get_ratings", "kind": f"-{word}", "id": "x"})
    body_refused({"type": "get_ratings", f"-{field}": {word: [field]}, "kind": "store"})
    body_refused({"type": word})


def test_nan_is_no_coordinate():
    for value in (math.nan, math.inf):
        with pytest.raises(Refusal, match="coordinates_out_of_range"):
            point(m.Place(value, 0.0), "dropoff")


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_place_comes_back_within_a_centimeter(lat, lon):
    back = place(point(m.Place(lat, lon), "x"))
    assert abs(back.lat - lat) <= 6e-8
    assert abs(back.lon - lon) <= 6e-8


@given(st.integers(0, 4_102_444_800_000))
def test_a_time_comes_back_to_the_millisecond(at):
    text = time_text(at)
    assert text.endswith("Z")
    assert millis(text, "x") == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01T08:00:01+08:00", 1_000),
        ("1970-01-01T00:00:00.001999Z", 1),
    ],
)
def test_offsets_are_understood(text, at):
    assert millis(text, "x") == at


@pytest.mark.parametrize(
    "text", ["2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "0000-01-01T00:00:00Z"]
)
def test_days_that_do_not_exist_are_refused(text):
    with pytest.raises(Refusal, match="malformed"):
        millis(text, "x")


def test_no_request_names_who_asks():
    """Courier, store, service and provider come from the token; operators name others."""
    for kind in m.RequestBody.__args__:
        fields = {f.name for f in msgspec.structs.fields(kind)}
        if kind in (
            m.RegisterCourier,
            m.AssignDelivery,
            m.ChangeCourier,
            m.TakeOffShift,
            m.AdmitCourier,
            m.PlanShift,
            m.DropShift,
            m.ListShifts,
            m.RegisterStore,
            m.ChangeStore,
            m.RepairStock,
            m.InspectStock,
            m.InspectSupply,
            m.GetStoreHours,
            m.SetDeliveryArea,
            m.GetDeliveryArea,
            m.InspectMovements,
            m.RequestQuote,
            m.ListProducts,
            m.RevokeAccess,
            m.HandInCash,
            m.GetPriceHistory,
            m.GetTrail,
            m.GetWay,
            m.SearchProducts,
            m.SearchOrders,
            m.CountOrders,
            m.Recommend,
        ):
            continue
        assert not fields & {"courier", "store", "service", "subject", "role", "actor"}, kind
