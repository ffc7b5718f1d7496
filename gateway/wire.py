"""Frames to bytes and back, in either subprotocol; times and places to the engine's integers."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from engine.rejections import Detail
from engine.values import Millis, Minor
from gateway.codes import Refusal
from gateway.messages import JSON, MSGPACK, Fix, Money, Place, Window
from gateway.messages.frames import ClientFrame, ServerFrame
from gateway.messages.requests import RequestBody
from gateway.spelling import correction
from geo.datums import Datum, to_wgs84
from geo.points import Point, PointError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
QUOTED_MAX = 160  # characters of a parser's complaint that are told
PLACE = re.compile(r" - at `(?:key` in `)?\$\.([^`]*)`\Z")  # in the words of a parser
FIELD = re.compile(r"(?:missing required|contains unknown) field `([^`]*)`")
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Glimpse(Struct):
    """Of a request no more than what kind it is."""

    type: str = ""


class Codec(Struct, frozen=True):
    """One subprotocol. Decoders raise Refusal; `frame` is what websockets is given to send."""

    name: str
    is_text: bool
    encode: Callable[[Any], bytes]
    _frame: Callable[[Any], Any]
    _body: Callable[[Any], Any]
    _answer: Callable[[Any], Any]
    _plain: Callable[[Any], Any]
    _glimpse: Callable[[Any], Glimpse]

    def client_frame(self, data: str | bytes) -> ClientFrame:
        """What a client sent. Raises Refusal("malformed")."""
        if isinstance(data, str) is not self.is_text:
            raise Refusal("malformed", f"{self.name} is sent in {self._kind} messages")
        return self._read(self._frame, ClientFrame, data)  # type: ignore[no-any-return]

    def request_body(self, raw: Raw) -> RequestBody:
        """What is asked for. Raises Refusal("malformed")."""
        return self._read(self._body, RequestBody, raw)  # type: ignore[no-any-return]

    def kind_asked(self, raw: Raw) -> str:
        """The `type` of a request, at a glance; empty if it cannot be read."""
        try:
            return self._glimpse(raw).type
        except UNREADABLE:
            return ""

    def server_frame(self, data: str | bytes) -> ServerFrame:
        """What a server sent. Raises msgspec.MsgspecError."""
        return self._answer(data)  # type: ignore[no-any-return]

    def message(self, frame: Any) -> str | bytes:
        """A frame as one websocket message."""
        data = self.encode(frame)
        return data.decode() if self.is_text else data

    def _read(self, decode: Callable[[Any], Any], kind: Any, data: Any) -> Any:
        try:
            return decode(data)
        except UNREADABLE as error:
            text = str(error).encode(errors="replace").decode()
            path = _path(text)
            detail: Detail = {"field": path[:QUOTED_MAX]} if path else {}
            detail |= correction(text, kind, self._sent(data))
            raise Refusal("malformed", text[:QUOTED_MAX], detail) from None

    def _sent(self, data: Any) -> Any:
        """Whatever it was; None if it is nothing at all."""
        try:
            return self._plain(data)
        except UNREADABLE:
            return None

    @property
    def _kind(self) -> str:
        return "text" if self.is_text else "binary"


def _codec(name: str, is_text: bool, kind: Any) -> Codec:
    return Codec(
        name,
        is_text,
        kind.Encoder().encode,
        kind.Decoder(ClientFrame).decode,
        kind.Decoder(RequestBody).decode,
        kind.Decoder(ServerFrame).decode,
        kind.decode,
        kind.Decoder(Glimpse).decode,
    )


CODECS = {
    MSGPACK: _codec(MSGPACK, False, msgspec.msgpack),
    JSON: _codec(JSON, True, msgspec.json),
}


def codec_of(subprotocol: str | None) -> Codec:
    """MessagePack, unless something else was agreed on."""
    return CODECS[subprotocol or MSGPACK]


def _path(text: str) -> str:
    """Which field a decoder complains of: the one that is wrong, missing, or not known."""
    found = PLACE.search(text)
    named = FIELD.search(text)
    return ".".join(x[1] for x in (found, named) if x)


# times


def time_text(at: int) -> str:
    """Milliseconds since the epoch as RFC 3339, UTC, with milliseconds and Z."""
    minute, ms = divmod(at, 60_000)
    return f"{_minute_text(minute)}{ms // 1_000:02d}.{ms % 1_000:03d}Z"


def time_told(at: int) -> str | None:
    """None for 0: it never happened, or is not to."""
    return time_text(at) if at else None


def expected_told(promised_at: int, sooner_ms: int) -> str | None:
    """By when half of such are there; None if nobody knows."""
    return time_text(promised_at - sooner_ms) if sooner_ms else None


@lru_cache(4_096)
def _minute_text(minute: int) -> str:
    """Most times told lie within the same few hours."""
    return (EPOCH + minute * MINUTE).strftime("%Y-%m-%dT%H:%M:")


def millis(text: str, field: str) -> Millis:
    """The way back, rounded down to milliseconds. Raises Refusal("malformed")."""
    try:
        return Millis((datetime.fromisoformat(text) - EPOCH) // MILLISECOND)
    except (ValueError, OverflowError):
        raise Refusal("malformed", "not a time that exists", {"field": field}) from None


def window_millis(window: Window, field: str) -> tuple[Millis, Millis]:
    """From, to. Raises Refusal("malformed")."""
    return (
        millis(window.from_at, f"{field}.from_at"),
        millis(window.to_at, f"{field}.to_at"),
    )


def window_told(from_at: int, to_at: int) -> Window | None:
    """None: as soon as possible."""
    return Window(time_text(from_at), time_text(to_at)) if to_at else None


# places


def point(place: Place | Fix, field: str) -> Point:
    """Raises Refusal("coordinates_out_of_range"), with a hint if lat and lon look swapped."""
    try:
        if place.datum == "wgs84":
            return Point.of_degrees(place.lat, place.lon)
        return to_wgs84(place.lat, place.lon, Datum(place.datum))
    except PointError as error:
        detail: Detail = {"field": field}
        if error.hint:
            detail["hint"] = error.hint
        raise Refusal("coordinates_out_of_range", detail=detail) from None


def place(at: Point) -> Place:
    return Place(at.lat_deg, at.lon_deg)


# money


def money(amount: int, currency: str) -> Money:
    return Money(amount, currency)


def minor(money: Money, currency: str, field: str) -> Minor:
    """Raises Refusal("malformed") if it is not in the engine's currency."""
    if money.currency != currency:
        raise Refusal("malformed", f"amounts are in {currency}", {"field": f"{field}.currency"})
    return Minor(money.amount)
