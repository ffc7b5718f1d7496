"""The frames of the protocol: one websocket message each, a map tagged by `type`."""

from typing import Annotated

from msgspec import Meta, Raw

from gateway.messages.feeds import DeltaBody, Feed, SnapshotBody
from gateway.messages.replies import ReplyBody
from gateway.messages.requests import RequestBody
from gateway.messages.values import DeviceProblem, Error, Fix, Id, Permission, Role, Sent, Seq, Told

MSGPACK, JSON = "o2o.v1.msgpack", "o2o.v1.json"
SUBPROTOCOLS = (MSGPACK, JSON)  # the first is spoken with whoever names none

HELLO_WITHIN_S = 8  # who comes back with thousands of others may need more than a moment

# client -> server


class Hello(Sent, frozen=True):
    """First, and soon (`hello_expected`); again with a newer token before the old one expires.

    `resume` subscribes at once: feed -> the last seq seen, or null for a snapshot.
    """

    token: Annotated[str, Meta(max_length=1024)]
    client: Annotated[str, Meta(max_length=64)] = ""
    resume: dict[Feed, Seq | None] = {}


class Request(Sent, frozen=True):
    """Ask for something. `id` is yours and the idempotency key: repeat it until answered.

    A repeat gets the first answer, byte for byte; with another body it is a conflict.
    """

    id: Id
    body: RequestBody


class RequestFrame(Sent, frozen=True, tag="request"):
    """A `request` as the server first reads it, so that a bad body still has an id to answer."""

    id: Id
    body: Raw


class Subscribe(Sent, frozen=True, rename={"from_": "from"}):
    """`from`: the last seq seen, to be told only what came after it."""

    feed: Feed
    from_: Seq | None = None


class Unsubscribe(Sent, frozen=True):
    feed: Feed


class Heartbeat(Sent, frozen=True):
    """Either side, when it has nothing else to say."""


class Positions(Sent, frozen=True):
    """From couriers, oldest first. Not answered; an implausible fix is answered by `error`."""

    fixes: Annotated[list[Fix], Meta(min_length=1, max_length=100)]


class DeviceState(Sent, frozen=True):
    """From couriers, when it changes: how the phone is doing. What is left out is as before, but
    a `problem` that is left out is over. `mock`: its places are made up. Not answered."""

    battery_pct: Annotated[int, Meta(ge=0, le=100)] | None = None
    charging: bool | None = None
    mock: bool | None = None
    permission: Permission | None = None
    problem: DeviceProblem | None = None


ClientFrame = Hello | RequestFrame | Subscribe | Unsubscribe | Heartbeat | Positions | DeviceState

# server -> client


class Welcome(Told, frozen=True):
    """You are who the token says. `seq` is the last durable record of the engine's journal."""

    role: Role
    subject: str
    seq: int
    at: str  # the engine's time; it may run faster than the wall's
    ttl_s: int  # say hello again with a newer token before
    heartbeat_s: float


class Reply(Told, frozen=True):
    """Durable when it arrives: `seq` is the record that answered it. `error` says why not."""

    id: str
    seq: int
    body: ReplyBody | None = None
    error: Error | None = None


class Snapshot(Told, frozen=True):
    """All of it as of `seq`. `reset`: what was asked for is gone; forget what you knew."""

    feed: Feed
    seq: int
    body: SnapshotBody
    reset: bool = False


class Resumed(Told, frozen=True):
    """The subscription goes on after `seq`; what was missed follows as deltas."""

    feed: Feed
    seq: int


class Delta(Told, frozen=True):
    """One change. Its seq is the one before plus one."""

    feed: Feed
    seq: int
    body: DeltaBody


class ServerHeartbeat(Told, frozen=True, tag="heartbeat"):
    """Every few seconds: the engine's time, and the last durable record."""

    seq: int
    at: str


class Refused(Told, frozen=True, tag="error"):
    """Something other than a request was not acceptable. `feed`, if it was about one."""

    error: Error
    feed: str | None = None


ServerFrame = Welcome | Reply | Snapshot | Resumed | Delta | ServerHeartbeat | Refused


class Envelope(Told, frozen=True, tag="delta"):
    """A delta whose body is encoded already: many subscribers, one encoding."""

    feed: Feed
    seq: int
    body: Raw
