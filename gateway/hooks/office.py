"""The webhook office: follows the logs for every endpoint, sends, and answers requests about it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import msgspec

from gateway import messages as m
from gateway.auth import check_may_hear, subject_heard
from gateway.codes import Refusal, unknown
from gateway.hooks.addresses import check_url, networks_of
from gateway.hooks.following import Follower, Hub
from gateway.hooks.outbox import Endpoint, Outbox, Terms
from gateway.hooks.postman import Postman, Sender, event_id
from gateway.hooks.signing import new_secret
from gateway.messages.feeds import DELTAS
from gateway.messages.requests.hooking import (
    ListDeadLetters,
    ListWebhooks,
    RedriveWebhook,
    RemoveWebhook,
    RotateWebhookSecret,
    SetWebhook,
)
from gateway.metrics import Metric
from gateway.running import OwnThread, cancelled
from gateway.tokens import Identity
from gateway.wire import time_text

PER_OWNER = 16
OLD_SECRET_MS = 24 * 3_600 * 1_000


class HookOffice:
    """`async with HookOffice(...) as office`: what waited is on its way again."""

    def __init__(
        self,
        folder: Path,
        hub: Hub,
        wall_ms: Callable[[], int],
        networks: Sequence[str] = (),
        sender: Sender | None = None,
    ) -> None:
        """`networks`: private ones that may be called all the same. Raises ValueError."""
        self._networks = networks_of(networks)
        self._outbox = Outbox(folder)
        self._hub = hub
        self._wall_ms = wall_ms
        self._sender = sender
        self._thread = OwnThread("webhooks")
        self._stack = AsyncExitStack()
        self._postmen: dict[int, Postman] = {}
        self._follower = Follower(hub, self._outbox, wall_ms, self._thread)
        self._lives: dict[int, asyncio.Task[None]] = {}
        self._answers: dict[type, Callable[[Any, Identity, str], Awaitable[Any]]] = {
            SetWebhook: self._set,
            RotateWebhookSecret: self._rotate,
            RemoveWebhook: self._remove,
            ListWebhooks: self._list,
            ListDeadLetters: self._list_dead,
            RedriveWebhook: self._redrive,
        }

    async def __aenter__(self) -> Self:
        for endpoint in await self._thread(self._outbox.endpoints):
            await self._take_on(endpoint)
        self._follower.begin()
        life = asyncio.create_task(self._follower.run())
        self._stack.push_async_callback(cancelled, life)
        for key in self._postmen:
            self._go(key)
        return self

    async def __aexit__(self, *_: object) -> None:
        await cancelled(*self._lives.values())
        await self._stack.aclose()
        self._thread.close()
        self._outbox.close()

    # endpoints

    async def _take_on(self, endpoint: Endpoint) -> Postman:
        if self._sender is None:
            from gateway.hooks.sender import HttpSender  # here, for it loads an HTTP client

            self._sender = await self._stack.enter_async_context(HttpSender(self._networks))
        postman = Postman(endpoint, self._outbox, self._sender, self._wall_ms, self._thread)
        await postman.load()
        self._postmen[endpoint.id] = postman
        self._follower.follow(postman)
        return postman

    def _go(self, key: int) -> None:
        self._lives[key] = asyncio.create_task(self._postmen[key].run())

    def suspend(self, owner: str) -> None:
        """Access was revoked: nothing is sent until its owner has set it again."""
        for postman in self._of(owner):
            terms = msgspec.structs.replace(postman.endpoint.terms, suspended=True)
            postman.endpoint.terms = terms
            self._thread.soon(self._outbox.change, postman.endpoint.id, terms)

    # requests

    async def answer(self, body: m.RequestBody, who: Identity, key: str) -> m.ReplyBody | None:
        """Raises Refusal: `unknown`, `webhook_refused`, `unknown_feed`, `already_exists`."""
        told: m.ReplyBody | None = await self._answers[type(body)](body, who, key)
        return told

    async def _set(self, b: SetWebhook, who: Identity, _: str) -> m.Webhook:
        check_may_hear(who, b.feed)
        check_url(b.url, self._networks)
        subject, kinds = subject_heard(who), tuple(dict.fromkeys(b.kinds))
        for kind in kinds:
            if kind not in {x.__struct_config__.tag for x in DELTAS[b.feed]}:
                raise unknown("kind", kind)
        known = self._find(who.name, b.webhook)
        if known is None:
            if len(self._of(who.name)) >= PER_OWNER:
                raise Refusal("webhook_refused", detail={"why": "too_many", "limit": PER_OWNER})
            terms = Terms(b.feed, subject, b.url, kinds, ((new_secret(), 0),))
            noted = self._hub.log(b.feed, subject).seq
            add = self._outbox.add
            endpoint = await self._thread(add, who.name, b.webhook, terms, noted)
            postman = await self._take_on(endpoint)
            self._go(endpoint.id)
            return _told(postman.endpoint)
        terms = known.endpoint.terms
        if terms.feed != b.feed:
            raise Refusal("already_exists")
        terms = msgspec.structs.replace(terms, url=b.url, kinds=kinds, suspended=False)
        await self._change(known, terms)
        return _told(known.endpoint)

    async def _rotate(self, b: RotateWebhookSecret, who: Identity, key: str) -> m.Webhook:
        postman = self._own(b.webhook, who, None)
        terms, until_ms = postman.endpoint.terms, self._wall_ms() + OLD_SECRET_MS
        if terms.rotated_by != key:
            pair = (new_secret(), 0), (terms.secrets[0][0], until_ms)
            terms = msgspec.structs.replace(terms, secrets=pair, rotated_by=key)
            await self._change(postman, terms)
        return _told(postman.endpoint)

    async def _change(self, postman: Postman, terms: Terms) -> None:
        await self._thread(self._outbox.change, postman.endpoint.id, terms)
        postman.endpoint.terms = terms
        postman.wake()

    async def _remove(self, b: RemoveWebhook, who: Identity, _: str) -> None:
        postman = self._own(b.webhook, who, b.owner)
        key = postman.endpoint.id
        await self._follower.forget(postman)
        if (life := self._lives.pop(key, None)) is not None:
            await cancelled(life)
        await self._thread(self._outbox.remove, key)
        self._postmen.pop(key, None)  # at last: what fails before is not done, and says so

    async def _list(self, _: ListWebhooks, who: Identity, __: str) -> m.Webhooks:
        mine = list(self._postmen.values()) if who.role == "operator" else self._of(who.name)
        return m.Webhooks([_state(x) for x in mine])

    async def _list_dead(self, b: ListDeadLetters, who: Identity, _: str) -> m.DeadLetters:
        endpoint = self._own(b.webhook, who, b.owner).endpoint
        dead = self._outbox.dead
        found = await self._thread(dead, endpoint.id, b.after, b.limit + 1)
        page = [
            m.DeadLetter(
                event_id(endpoint, x.seq),
                x.seq,
                x.kind,
                x.attempts,
                x.error,
                time_text(x.noted_ms),
            )
            for x in found[: b.limit]
        ]
        return m.DeadLetters(page, page[-1].seq if len(found) > b.limit else None)

    async def _redrive(self, b: RedriveWebhook, who: Identity, _: str) -> m.Redriven:
        postman = self._own(b.webhook, who, b.owner)
        revived = await self._thread(self._outbox.revive, postman.endpoint.id, b.seq)
        for letter in revived:
            postman.queue.add(*letter)
        postman.endpoint.dead -= len(revived)
        postman.wake()
        return m.Redriven(len(revived))

    def metrics(self) -> list[Metric]:
        """One line an endpoint of each."""
        told = []
        for x in self._postmen.values():
            e, labels = x.endpoint, {"owner": x.endpoint.owner, "webhook": x.endpoint.name}
            for name, kind, text, value in (
                ("delivered_total", "counter", "events taken by the receiver", e.delivered),
                ("failed_total", "counter", "attempts that came to nothing", e.failed),
                ("pending", "gauge", "events on their way", len(x.queue)),
                ("lag_seconds", "gauge", "since when the oldest of these waits", x.lag_s),
                ("dead", "gauge", "events given up, until driven again", e.dead),
                ("dropped_total", "counter", "gaps: has to be 0", e.dropped),
            ):
                told.append(Metric(f"o2o_webhook_{name}", kind, text, value, labels))
        return told

    # internals

    def _of(self, owner: str) -> list[Postman]:
        return [x for x in self._postmen.values() if x.endpoint.owner == owner]

    def _find(self, owner: str, name: str) -> Postman | None:
        return next((x for x in self._of(owner) if x.endpoint.name == name), None)

    def _own(self, name: str, who: Identity, owner: str | None) -> Postman:
        whose = owner if owner is not None and who.role == "operator" else who.name
        found = self._find(whose, name)
        if found is None:
            raise unknown("webhook", name)
        return found


def _told(x: Endpoint) -> m.Webhook:
    terms = x.terms
    return m.Webhook(
        x.name,
        terms.feed,  # type: ignore[arg-type]
        terms.url,
        terms.secrets[0][0],
        list(terms.kinds),
        x.noted,
    )


def _state(postman: Postman) -> m.WebhookState:
    x, terms = postman.endpoint, postman.endpoint.terms
    return m.WebhookState(
        x.name,
        x.owner,
        terms.feed,  # type: ignore[arg-type]
        terms.url,
        list(terms.kinds),
        x.delivered,
        x.failed,
        len(postman.queue),
        x.dead,
        x.dropped,
        postman.lag_s,
        postman.is_down,
        terms.suspended,
        postman.last_error,
    )
