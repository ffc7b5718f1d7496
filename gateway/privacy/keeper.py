"""The keeper of the vault: whose customer it is, what may be told, and all of it on one thread.

Some commands have a part that is nobody's business but the person's: it is kept here, and the
engine hears the rest.
"""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from msgspec import structs

from engine.engine import Engine
from engine.state import State
from engine.values import ComplaintId, CustomerId, OrderId, RequestKey
from gateway import messages as m
from gateway.asking.customer_records import (
    complaint_told,
    get_customer,
    list_purchases,
    may_follow,
    visible,
)
from gateway.asking.paging import position
from gateway.clock import Clock
from gateway.codes import Refusal, unknown
from gateway.loop import Reply
from gateway.privacy import vault as v
from gateway.privacy.vault_keys import ErasedError
from gateway.running import OwnThread
from gateway.storage.databases import refusal_of
from gateway.tokens import Identity
from gateway.wire import place, point, time_text
from geo.points import Point

log = logging.getLogger("o2o.gateway")

T = TypeVar("T")
OURS = "gateway"  # who erased what should have been erased before


class Loop(Protocol):
    @property
    def engine(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    async def submit(self, command: Any, key: RequestKey) -> Reply: ...


class Keeper:
    """One per server. `close` it when nobody asks any more."""

    def __init__(
        self, vault: v.Vault, loop: Loop, forget: Callable[[str], Awaitable[None]]
    ) -> None:
        """`forget` what else is kept of what was said about somebody; before the vault does."""
        self._vault = vault
        self._loop = loop
        self._forget = forget
        self._thread = OwnThread("vault")

    def close(self) -> None:
        self._thread.close()
        self._vault.close()

    async def erase_forgotten(self) -> None:
        """Before anybody asks: an erasure that was cut short, or a vault from a backup."""
        for key in self._vault.customers():
            known = self._state.customers.get(CustomerId(key))
            if known is not None and known.is_forgotten:
                await self._forget(key)
                self._vault.erase(key, self._loop.clock.now(), OURS)

    async def answer(
        self, body: m.RequestBody, who: Identity, key: RequestKey
    ) -> m.ReplyBody | None:
        """What is asked of the vault alone. Raises Refusal."""
        answer = ANSWERS[type(body)]
        answered: m.ReplyBody | None = await answer(self, body, who, self._asked(body, who, key))
        return answered

    async def submit(
        self, body: m.RequestBody, who: Identity, command: Any, key: RequestKey
    ) -> Reply:
        """A command with a part for the vault. Raises Refusal, SubmissionError.

        What comes second is done by a repeat, if the answer to the first was lost: nobody is told
        before both are. How a consent was given comes first, for none may hold without.
        """
        asked = self._asked(body, who, key)
        if isinstance(body, m.SetConsent):
            self._check(body.customer, who)
            consent = v.Consent(body.purpose, body.given, body.source, body.wording, body.note)
            await self._on_thread(self._vault.note_consent, body.customer, consent, asked)
        reply = await self._loop.submit(command, key)
        if reply.record.rejection is None:
            await self._keep(body, who, asked)
        return reply

    async def _keep(self, body: m.RequestBody, who: Identity, asked: v.Asked) -> None:
        """The vault's part of what the engine has agreed to."""
        if isinstance(body, m.ForgetCustomer):
            await self._forget(body.customer)
            await self._on_thread(self._vault.erase, body.customer, asked.at_ms, asked.who)
            return
        s = self._state
        match body:
            case m.OpenComplaint(complaint=key, customer=customer):
                subject = f"complaint:{key}"
            case m.AnswerComplaint(complaint=key):
                customer = s.complaints[ComplaintId(key)].customer
                subject = f"complaint:{key}"
            case m.RateOrder(order=key):
                customer = s.orders[OrderId(key)].placed.customer
                subject = f"rating:{key}"
            case m.RecordInteraction(interaction=key, customer=customer):
                subject = f"interaction:{key}"
            case _:
                return
        if body.words:
            text = v.Text(subject, who.name, body.words)
            await self._on_thread(self._vault.keep_text, customer, text, asked)

    # answers

    async def _save_profile(self, b: m.SaveProfile, who: Identity, asked: v.Asked) -> None:
        self._check(b.customer, who)
        profile = v.Profile(b.name, b.phone, b.email, b.language)
        await self._on_thread(self._vault.save_profile, b.customer, profile, asked)

    async def _get_profile(self, b: m.GetProfile, who: Identity, asked: v.Asked) -> m.Profile:
        self._check(b.customer, who)
        return await self._on_thread(self._profile, b.customer, asked)

    async def _find_customers(
        self, b: m.FindCustomers, who: Identity, asked: v.Asked
    ) -> m.CustomersFound:
        def is_visible(key: str) -> bool:
            return _is_visible(self._state, key, who)

        found = await self._on_thread(self._vault.found, b.contact, is_visible, asked)
        return m.CustomersFound(found)

    async def _save_address(self, b: m.SaveAddress, who: Identity, asked: v.Asked) -> None:
        self._check(b.customer, who)
        at = point(b.place, "place") if b.place else Point(0, 0)
        address = v.Address(b.label, b.text, b.note, at.lat_e7, at.lon_e7)
        await self._on_thread(self._vault.save_address, b.customer, b.address, address, asked)

    async def _remove_address(self, b: m.RemoveAddress, who: Identity, asked: v.Asked) -> None:
        self._check(b.customer, who)
        if not await self._on_thread(self._vault.remove_address, b.customer, b.address, asked):
            raise unknown("address", b.address)

    async def _list_consents(self, b: m.ListConsents, who: Identity, asked: v.Asked) -> m.Consents:
        self._check(b.customer, who)
        items = await self._on_thread(self._vault.consents, b.customer, asked)
        return m.Consents(b.customer, [_consent(x) for x in items])

    async def _export(self, b: m.ExportCustomer, who: Identity, asked: v.Asked) -> m.PersonalData:
        """First what the engine knows, purchase by purchase, then what the vault does."""
        self._check(b.customer, who)
        section, _, rest = (b.cursor or "orders:").partition(":")
        if section == "orders":
            return self._exported_orders(b, who, rest or None)
        if section != "vault":
            raise Refusal("malformed", detail={"field": "cursor"})
        items = await self._on_thread(self._everything, b.customer, asked)
        start = position(rest, len(items))
        end = start + b.limit
        return m.PersonalData(
            b.customer, items[start:end], f"vault:{end}" if end < len(items) else None
        )

    async def _get_complaint(self, b: m.GetComplaint, who: Identity, asked: v.Asked) -> m.Complaint:
        key = ComplaintId(b.complaint)
        known = self._state.complaints.get(key)
        if known is None or not may_follow(known, who):
            raise unknown("complaint", key)
        told = complaint_told(self._state, key)
        subjects = [f"complaint:{key}"]
        [words] = await self._on_thread(self._said, known.customer, subjects, asked)
        return structs.replace(told, words=words)

    async def _list_interactions(
        self, b: m.ListInteractions, who: Identity, asked: v.Asked
    ) -> m.Interactions:
        """The cursor counts from the oldest that is kept."""
        known = visible(self._state, b.customer, who).interactions
        end = position(b.cursor, len(known))
        start = max(0, end - b.limit)
        page = known[start:end][::-1]
        subjects = [f"interaction:{x.interaction}" for x in page]
        said = await self._on_thread(self._said, b.customer, subjects, asked)
        told = [
            m.Interaction(
                x.interaction, time_text(x.at), x.channel.value, x.topic, x.order or None, words
            )
            for x, words in zip(page, said, strict=True)
        ]
        return m.Interactions(b.customer, told, str(start) if start else None)

    def _exported_orders(
        self, b: m.ExportCustomer, who: Identity, cursor: str | None
    ) -> m.PersonalData:
        engine = self._loop.engine
        items = []
        if cursor is None:
            known = get_customer(m.GetCustomer(b.customer), who, engine)
            items.append(m.PersonalItem(known.since, customer=known))
        page = list_purchases(m.ListPurchases(b.customer, cursor, min(b.limit, 100)), who, engine)
        items += [m.PersonalItem(x.placed_at, purchase=x) for x in page.purchases]
        following = f"orders:{page.next}" if page.next else "vault:0"
        return m.PersonalData(b.customer, items, following)

    # on the thread

    def _profile(self, customer: str, asked: v.Asked) -> m.Profile:
        item = self._vault.profile(customer, asked)
        addresses = [_address(x) for x in self._vault.addresses(customer, asked)]
        if item is None:
            return m.Profile(customer, "", "", "", "", addresses)
        return _profile(customer, item, addresses)

    def _said(self, customer: str, subjects: list[str], asked: v.Asked) -> list[list[m.Said]]:
        found = self._vault.texts(customer, subjects, asked)
        return [[_said(x) for x in items] for items in found]

    def _everything(self, customer: str, asked: v.Asked) -> list[m.PersonalItem]:
        items, accesses = self._vault.everything(customer, asked)
        told = []
        for x in items:
            at = time_text(x.at_ms)
            match x.body:
                case v.Profile():
                    told.append(m.PersonalItem(at, profile=_profile(customer, x, [])))
                case v.Address():
                    told.append(m.PersonalItem(at, address=_address(x)))
                case v.Consent():
                    told.append(m.PersonalItem(at, consent=_consent(x)))
                case v.Text():
                    written = m.Written(x.body.subject, x.body.author, x.body.words)
                    told.append(m.PersonalItem(at, written=written))
        for seen in accesses:
            at = time_text(seen.at_ms)
            told.append(m.PersonalItem(at, access=m.Access(seen.who, seen.what)))
        return told

    # internals

    @property
    def _state(self) -> State:
        return self._loop.engine.state

    def _asked(self, body: m.RequestBody, who: Identity, key: RequestKey) -> v.Asked:
        what: str = type(body).__struct_config__.tag  # type: ignore[assignment]
        return v.Asked(who.name, self._loop.clock.now(), what, key)

    def _check(self, customer: str, who: Identity) -> None:
        visible(self._state, customer, who)

    async def _on_thread(self, call: Callable[..., T], *args: Any) -> T:
        """Raises Refusal. What went wrong is logged without a word of what it was about."""
        try:
            return await self._thread(call, *args)
        except v.ConflictError:
            raise Refusal("idempotency_conflict") from None
        except ErasedError:
            raise Refusal("unknown", detail={"what": "customer"}) from None
        except InvalidTag:
            log.error("the vault is damaged: something in it cannot be read")
            raise Refusal("unsettled") from None
        except sqlite3.Error as error:
            log.error("the vault could not: %s", error.sqlite_errorname)
            raise refusal_of(error) from None


ANSWERS: dict[type, Callable[[Keeper, Any, Identity, v.Asked], Awaitable[Any]]] = {
    m.SaveProfile: Keeper._save_profile,
    m.GetProfile: Keeper._get_profile,
    m.FindCustomers: Keeper._find_customers,
    m.SaveAddress: Keeper._save_address,
    m.RemoveAddress: Keeper._remove_address,
    m.ListConsents: Keeper._list_consents,
    m.ExportCustomer: Keeper._export,
    m.GetComplaint: Keeper._get_complaint,
    m.ListInteractions: Keeper._list_interactions,
}
PERSONAL = frozenset(ANSWERS)  # answered by the vault alone
WITH_WORDS = frozenset(  # commands with a part for the vault
    {
        m.SetConsent,
        m.ForgetCustomer,
        m.OpenComplaint,
        m.AnswerComplaint,
        m.RateOrder,
        m.RecordInteraction,
    }
)


def _is_visible(s: State, key: str, who: Identity) -> bool:
    try:
        visible(s, key, who)
    except Refusal:
        return False
    return True


def _profile(customer: str, item: v.Item, addresses: list[m.Address]) -> m.Profile:
    body = item.body
    assert isinstance(body, v.Profile)
    return m.Profile(
        customer,
        body.name,
        body.phone,
        body.email,
        body.language,
        addresses,
        time_text(item.at_ms),
    )


def _address(item: v.Item) -> m.Address:
    body = item.body
    assert isinstance(body, v.Address)
    at = Point(body.lat_e7, body.lon_e7)
    where = place(at) if at != Point(0, 0) else None
    return m.Address(item.key, body.label, body.text, body.note, where)


def _said(item: v.Item) -> m.Said:
    body = item.body
    assert isinstance(body, v.Text)
    return m.Said(time_text(item.at_ms), body.author, body.words)


def _consent(item: v.Item) -> m.ConsentNoted:
    body = item.body
    assert isinstance(body, v.Consent)
    return m.ConsentNoted(
        body.purpose,  # type: ignore[arg-type]
        body.given,
        time_text(item.at_ms),
        body.source,
        body.wording,
        body.note,
    )
