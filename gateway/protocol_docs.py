"""Writes docs/protocol.md from the types of the protocol: `python -m gateway.protocol_docs`.

What is checked is what is written down; a test fails when the file is not what this makes.
"""

import sys
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Raw

from engine.rules import cancelling, complaints
from engine.values import Actor
from gateway import messages as m
from gateway.auth import MAY_ASK, MAY_HEAR
from gateway.codes import CODES
from gateway.connections.limits import USUAL, Limits
from gateway.messages import terms, values
from gateway.messages.frames import RequestFrame
from gateway.tokens import LIFE_MAX_S

DOCUMENT = Path(__file__).parents[1] / "docs" / "protocol.md"
WORDS: dict[str, Any] = {  # shown by name, explained once
    name: getattr(values, name)
    for name in ("Id", "Ref", "Time", "Text", "Words", "Reason", "Quantity", "Cursor", "Seq")
} | {name: getattr(terms, name) for name in ("Category", "Clock", "Count", "Permille")}
CHOICES: dict[str, Any] = {
    name: getattr(m, name)
    for name in (
        "Role",
        "Feed",
        "OrderStatus",
        "DeliveryStatus",
        "CourierStatus",
        "Vehicle",
        "Fulfillment",
        "ReturnWay",
        "ReturnReason",
        "ChangeStatus",
        "Datum",
        "Permission",
        "DeviceProblem",
        "Proof",
        "Tender",
        "StopKind",
        "InstructionKind",
        "Channel",
        "ComplaintOutcome",
        "ComplaintReason",
        "ComplaintStatus",
        "Purpose",
        "Segment",
        "Standing",
        "StandingReason",
        "Tag",
        "Topic",
        "Day",
        "ActionKind",
    )
}
PARTS = (
    *(m.Place, m.Money, m.Line, m.PricedLine, m.Fix, m.Error),
    m.Break,
    *(m.Hours, m.Selection, m.Conditions, m.Action, m.PromotionTerms),
)
WHOLE: dict[m.Feed, Any] = {
    "orders": m.OrdersOpen,
    "tickets": m.Tickets,
    "payments": m.PaymentsDue,
    "stock": m.StockFollowed,
    "staff": m.StaffPresent,
    "crm": m.CrmOpen,
    "route": m.Route,
    "fleet": m.FleetWhole,
    "tracking": m.Tracking,
    "city": m.CityWhole,
}
CLOSE_CODES = {
    1007: "ten frames nobody could read",
    1008: "the first frame was no hello, or none came in time",
    1009: "a message larger than the limit",
    1012: "the server restarts: come back",
    1013: "`server_full`: as many are connected as may be; come back after `retry_after_s`",
    4401: "`unauthenticated`, `revoked`, or `token_expired`: then come back with a new token",
    4409: "`replaced`: the same party opened one too many, and this one was silent for longest",
    4429: "`rate_limited`: it went on and on; or `too_many_connections`, all of them talking",
}
WHO_SAYS_WHY = (  # whoever asks, in which request, and which words are his
    ("order_service", "cancel_order", cancelling.REASONS[Actor.CUSTOMER]),
    ("operator", "cancel_order", cancelling.RECALLS[Actor.OPERATOR]),
    ("store", "reject_order", cancelling.REASONS[Actor.STORE]),
    ("courier", "report_failure", cancelling.REASONS[Actor.COURIER]),
    ("order_service", "close_complaint", complaints.OUTCOMES[Actor.CUSTOMER]),
    ("operator, crm", "close_complaint", complaints.OUTCOMES[Actor.OPERATOR]),
)
ALSO_HEARD = {  # of an order, besides what somebody asked for
    "payment": cancelling.REASONS[Actor.PAYMENT],
    "system": cancelling.REASONS[Actor.SYSTEM],
}
HEAD = """\
# The protocol

*Generated from the types in `gateway/messages/` by `python -m gateway.protocol_docs`.*

One endpoint, `/ws`. Every websocket message is one frame: a map whose `type` says which.
Subprotocols `{msgpack}` (binary messages, the default) and `{json}` (text messages) carry
the same frames. There is no compression; a message to the server has at most {kib} KiB.

What you send is refused if it has a field that is not named here, or a value out of its range;
`malformed` then names the `field`, the words that are `allowed` there, and the `nearest` of them.
What you receive may have more fields in a later version: ignore those you do not know. Texts take
every script, but no control characters and no marks that turn the direction of what follows (words
of 2,000 characters may have lines); a card number in one is refused, also spaced or dashed.

Money is in whole minor units with its currency. Times are RFC 3339 in UTC. Durations say their
unit in their name. Coordinates are degrees, WGS-84, in fields named `lat` and `lon`.

## A conversation

```json
-> {{"type": "hello", "token": "o2o1...", "client": "shop 1.0"}}
<- {{"type": "welcome", "role": "order_service", "subject": "shop", "seq": 8, ...}}
-> {{"type": "request", "id": "q-77", "body": {{"type": "request_quote", "quote": "q77",
    "customer": "ann", "store": "s1", "lines": [{{"product": "ramen", "quantity": 2}}],
    "dropoff": {{"lat": 39.01, "lon": 116.01}}}}}}
<- {{"type": "reply", "id": "q-77", "seq": 9, "body": {{"type": "quote", "quote": "q77", ...}}}}
-> {{"type": "subscribe", "feed": "orders"}}
<- {{"type": "snapshot", "feed": "orders", "seq": 41, "body": {{"type": "orders_open", ...}}}}
<- {{"type": "delta", "feed": "orders", "seq": 42, "body": {{"type": "order", ...}}}}
   (the connection is cut)
-> {{"type": "hello", "token": "o2o1...", "resume": {{"orders": 42}}}}
<- {{"type": "welcome", ...}}
<- {{"type": "resumed", "feed": "orders", "seq": 42}}
<- {{"type": "delta", "feed": "orders", "seq": 43, "body": {{"type": "order", ...}}}}
```

**Requests.** The `id` is yours, and it is the idempotency key: as long as you have no answer,
repeat the request with the same id, on any connection. It is decided once; the repeat hears the
first answer, byte for byte, for 26 hours and across restarts. The same id with another body is an
`idempotency_conflict`. That holds for all that has an effect; questions are answered as things are
when they are asked. A `reply` is sent when its record is on disk. A rejection is an answer like
any other: to try again, take a new id. Where nothing was decided (`rate_limited`, `overloaded`,
`stopping`, `storage_full`), or nobody knows (`unsettled`), try again with the same id.

**Feeds.** `orders`, `tickets`, `payments`, `stock`, `staff` and `crm` are logs: every change has a
number, the numbers of a feed have no gaps, and they survive a restart of the server. Ask for what
you missed with `from` (or `resume` in `hello`); if it is not kept any more you get a `snapshot`
with `reset: true`. A reader that is too slow is cut off, and resumes. `route`, `fleet`,
`tracking` and `city` are views: each message is numbered within its subscription, a slow reader
skips to the newest state, and every subscription begins with a snapshot.

**Without a socket.** What a log tells is also sent by webhook (`set_webhook`), and trackers report
positions by HTTP: [tracking.md](tracking.md) says how both look.

**Hearts.** The server sends `heartbeat` every {heartbeat:g} seconds; after twice that time of
silence, connect again, later each time and never all at once. Pings are answered and sent.

**Tokens** live as long as the role allows and are renewed by another `hello` on the same
connection. They are sent in `hello`, never in an address.

**Card numbers** are refused wherever they are typed, and in ids that are written like one (13 to 19
digits with the check digit of a card): number orders with a year or a letter in front. Barcodes of
goods and parcels may be what they are.

**Customers** are opaque ids: choose ones that say nothing. Who they are is sent in `save_profile`,
`save_address` and the words of other requests; it is encrypted, in a vault apart from the journal,
and gone for good after `forget_customer`. A customer registered by an order service is that
service's own: for any other he does not exist. Registered by an operator, he is anybody's to sell
to, and only operators read and change what is known of him.
"""


def document() -> str:
    limits = Limits()
    head = HEAD.format(
        msgpack=m.MSGPACK,
        json=m.JSON,
        kib=limits.message_bytes // 1024,
        heartbeat=limits.heartbeat_s,
    )
    sections = (_roles(), _frames(), _requests(), _replies(), _feeds(), _words(), _codes())
    text = "\n".join(line for part in (iter([head]), *sections) for line in part)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def main() -> int:
    """Write it, or with `--check` say whether it is up to date."""
    text = document()
    if "--check" in sys.argv:
        return 0 if DOCUMENT.read_text() == text else 1
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(text)
    return 0


# sections


def _roles() -> Iterator[str]:
    yield "## Roles\n"
    yield "Everything not in this table is `forbidden`. Who you are is in your token, never in a"
    yield "body; what is not yours answers exactly like what does not exist.\n"
    yield "| role | may request | feeds | token | frames/s (at once) | connections | in flight |"
    yield "|---|---|---|---|---|---|---|"
    for role, asks in MAY_ASK.items():
        names = ", ".join(sorted(f"`{_tag(x)}`" for x in asks))
        feeds = ", ".join(f"`{x}`" for x in sorted(MAY_HEAR[role]))
        its, life = USUAL[role], LIFE_MAX_S[role] // 60
        numbers = f"{its.frames_per_s:g} ({its.burst}) | {its.connections} | {its.in_flight}"
        yield f"| `{role}` | {names} | {feeds} | {life} min | {numbers} |"
    yield "\nCouriers and trackers also send `positions` and `device_state`.\n"


def _frames() -> Iterator[str]:
    yield "## Frames\n"
    yield "### You to the server\n"
    for kind in get_args(m.ClientFrame):
        yield from _message(m.Request if kind is RequestFrame else kind)
    yield "### The server to you\n"
    for kind in get_args(m.ServerFrame):
        yield from _message(kind)
    yield "### Close codes\n"
    yield "| code | because |\n|---|---|"
    for code, why in CLOSE_CODES.items():
        yield f"| {code} | {why} |"
    yield ""


def _requests() -> Iterator[str]:
    yield "## Requests: bodies of `request`\n"
    for kind in get_args(m.RequestBody):
        roles = ", ".join(f"`{role}`" for role, asks in MAY_ASK.items() if kind in asks)
        yield from _message(kind, f"By {roles}.")


def _replies() -> Iterator[str]:
    yield "## Replies: bodies of `reply`\n"
    yield "A request that names no answer has none: `reply` without `error` says it was done.\n"
    for kind in get_args(m.ReplyBody):
        yield from _message(kind)
        yield from _parts_of(kind)


def _feeds() -> Iterator[str]:
    yield "## Feeds: bodies of `snapshot` and `delta`\n"
    told: list[Any] = list(get_args(m.ReplyBody))
    for feed, whole in WHOLE.items():
        changes = m.DELTAS[feed]
        kind = "log" if feed in m.LOGS else "view"
        deltas = ", ".join(f"`{_tag(x)}`" for x in changes)
        yield f"### Feed `{feed}` ({kind})\n"
        yield f"Snapshot: `{_tag(whole)}`. Delta: {deltas}.\n"
        for body in (whole, *changes):
            if body not in told:
                told.append(body)
                yield from _message(body)
                yield from _parts_of(body)


def _words() -> Iterator[str]:
    yield "## Words\n"
    for part in PARTS:
        yield from _table(part)
    yield "| word | is |\n|---|---|"
    for name, word in WORDS.items():
        yield f"| {name} | {_constraints(word)} |"
    for name, choice in CHOICES.items():
        yield f"| {name} | {', '.join(f'`{x}`' for x in get_args(choice))} |"
    yield ""
    yield from _reasons()


def _reasons() -> Iterator[str]:
    yield "### Reasons that are words\n"
    yield "Others are `reason_not_allowed`, with those that are. Every other `reason` is your own"
    yield "text. `goods_lost` is for what has left the store.\n"
    yield "| by | in | one of |\n|---|---|---|"
    for role, request, words in WHO_SAYS_WHY:
        yield f"| {role} | `{request}` | {', '.join(f'`{x}`' for x in words)} |"
    also = (f"`{actor}/{x}`" for actor, words in ALSO_HEARD.items() for x in words)
    yield f"\nThe `reason` of an order is `actor/code`: these, and {', '.join(also)}.\n"


def _codes() -> Iterator[str]:
    yield "## Error codes\n"
    yield "| code | means | retryable |\n|---|---|---|"
    for code, known in CODES.items():
        yield f"| `{code}` | {known.message} | {'yes' if known.retryable else ''} |"
    yield ""


# one type


def _message(kind: Any, note: str = "") -> Iterator[str]:
    yield f"#### `{_tag(kind)}`\n"
    yield from _fields(kind, note)


def _table(part: Any) -> Iterator[str]:
    yield f"#### {part.__name__}\n"
    yield from _fields(part)


def _parts_of(kind: Any) -> Iterator[str]:
    """The parts only this message has."""
    for part in _structs(kind):
        if part not in PARTS:
            yield from _table(part)


def _fields(kind: Any, note: str = "") -> Iterator[str]:
    said = (kind.__doc__ and getdoc(kind)) or ""
    if kind.__doc__ is None or "Struct" in said[:6]:
        said = ""
    if said or note:
        yield " ".join(x for x in (said, note) if x) + "\n"
    hints = get_type_hints(kind, include_extras=True)
    fields = msgspec.structs.fields(kind)
    if not fields:
        return
    yield "| field | type | |\n|---|---|---|"
    for field in fields:
        optional = "" if field.required else "optional"
        yield f"| `{field.encode_name}` | {_named(hints[field.name])} | {optional} |"
    yield ""


def _tag(kind: Any) -> str:
    return str(kind.__struct_config__.tag)


def _structs(kind: Any) -> list[Any]:
    """Structs without a tag inside a message, each once, in order."""
    found: list[Any] = []

    def walk(hint: Any) -> None:
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            if hint.__struct_config__.tag is None and hint not in found:
                found.append(hint)
                for inner in get_type_hints(hint).values():
                    walk(inner)
            return
        for inner in get_args(hint):
            walk(inner)

    for hint in get_type_hints(kind).values():
        walk(hint)
    return found


def _named(hint: Any) -> str:
    for name, word in (WORDS | CHOICES).items():
        if hint == word:
            return name
    origin, args = get_origin(hint), get_args(hint)
    if hint is Raw or hint == m.RequestBody:
        return "a request"
    if hint in (m.ReplyBody, m.SnapshotBody, m.DeltaBody):
        return "a body"
    if origin is Annotated:
        return _constraints(hint)
    if origin is list:
        return f"list of {_named(args[0])}"
    if origin is tuple:
        return f"({', '.join(_named(x) for x in args)})"
    if origin is dict:
        return f"map of {_named(args[0])} to {_named(args[1])}"
    if origin is Literal:
        return " or ".join(f"`{x}`" for x in args)
    if args:
        return " or ".join("null" if x is NoneType else _named(x) for x in args)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        tag = hint.__struct_config__.tag
        return f"`{tag}`" if tag else hint.__name__
    return {str: "text", int: "integer", float: "number", bool: "true or false"}[hint]


def _constraints(hint: Any) -> str:
    kind, *metas = get_args(hint)
    meta = next(x for x in metas if isinstance(x, Meta))
    limits = [
        f"{sign} {value:,}" if isinstance(value, int) else f"{sign} {value}"
        for sign, value in (("≥", meta.ge), (">", meta.gt), ("≤", meta.le), ("<", meta.lt))
        if value is not None
    ]
    if meta.max_length is not None:
        limits.append(f"{meta.min_length or 0} to {meta.max_length:,} long")
    if meta.pattern and not meta.description:
        limits.append(f"`{meta.pattern.replace('|', chr(92) + '|')}`")
    return ", ".join([_named(kind), *limits, *([meta.description] if meta.description else [])])


if __name__ == "__main__":
    sys.exit(main())
