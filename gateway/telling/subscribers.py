"""Who listens to a feed: one subscription of one connection, and how far it has been told."""

from typing import Protocol

import msgspec
from msgspec import Raw

from gateway.messages import Feed
from gateway.messages.frames import Envelope
from gateway.telling.city import Changes
from gateway.wire import Codec

VIEW_BACKLOG_BYTES = 32 * 1024  # above: a view skips to its newest state


class Session(Protocol):
    """What the hub needs of a connection."""

    codec: Codec
    subscriptions: "dict[Feed, Subscriber]"

    def send(self, frame: object) -> None: ...
    def send_bytes(self, data: bytes) -> None: ...
    @property
    def backlog_bytes(self) -> int: ...


class Subscriber:
    """One subscription of one connection."""

    __slots__ = ("began", "changes", "feed", "newest", "seq", "session", "shown", "subject")

    def __init__(self, session: Session, feed: Feed, subject: str) -> None:
        self.session = session
        self.feed = feed
        self.subject = subject
        self.began = False  # its snapshot was sent
        self.seq = 0  # of a view: how many messages it was sent
        self.shown = b""  # of a view: what it was sent last,
        self.newest: bytes | None = None  # and what waits until it reads
        self.changes = Changes()  # of the city: what waits until it reads

    @property
    def is_slow(self) -> bool:
        return self.session.backlog_bytes > VIEW_BACKLOG_BYTES


def envelope(codec: Codec, feed: Feed, seq: int, body: bytes) -> bytes:
    """A delta around a body that is encoded already."""
    if codec.is_text:
        body = msgspec.json.encode(msgspec.msgpack.decode(body))
    return codec.encode(Envelope(feed, seq, Raw(body)))
