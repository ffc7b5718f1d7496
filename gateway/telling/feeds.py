"""The feed hub: renders what each turn changed, and tells it once the turn is durable.

Rendering happens in `on_record`, when the state is exactly as the record left it; sending in
`on_durable`. A snapshot, too, waits for what it already shows.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import Protocol

import msgspec

from engine import events as e
from engine import projections
from engine.engine import Engine, Record
from engine.projections import Projections
from engine.projections.movements import Buckets
from engine.queries import for_customers
from engine.queries.catalog_index import CatalogIndex
from engine.queries.for_customers import has_ended
from engine.queries.open_work import order_of
from engine.queries.order_index import INDEXED, OrderIndex
from engine.state import State
from engine.values import CourierId, FleetId, Millis, OrderId, ProductId, StoreId
from gateway import messages as m
from gateway.clock import Clock
from gateway.codes import Refusal, unknown
from gateway.messages import LOGS, Feed
from gateway.telling.city import Changes, Figures, touched_couriers
from gateway.telling.city_feed import KPI_TICKS, CityFeed
from gateway.telling.fleets import FleetsFeed
from gateway.telling.logs import Log, Logs, SavedFeeds
from gateway.telling.shelves import Shelves
from gateway.telling.subscribers import Session, Subscriber, envelope
from gateway.views import route_told, tracking_told
from gateway.wire import CODECS

INTERVAL_S = 0.25  # between two looks at the city, and two tries at who was slow
OFFER_ENDS = (e.OfferAccepted, e.DeliveryUnassigned, e.DeliveryCancelled)
CITY: tuple[Feed, str] = ("city", "")  # one for all operators
UNKNOWN_FIRST = 1_000  # times the record number: beyond any count a lost one could have had

OnTold = Callable[[Feed, str, int, bytes], None]

_encode = CODECS[m.MSGPACK].encode


class Loop(Protocol):
    @property
    def engine(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    def on_record(self, callback: Callable[[Record], None]) -> None: ...
    def on_durable(self, callback: Callable[[list[Record]], None]) -> None: ...


class FeedHub:
    """Made with the engine's state; `fold` brings it up to date while the journal is recovered."""

    def __init__(self, engine: Engine, kept: bytes = b"", figures: Figures = dict) -> None:
        """`kept`: what `dump` gave when the engine was at this record. Raises ValueError."""
        self._engine = engine
        self.orders = OrderIndex(engine.state)
        self.catalog = CatalogIndex()
        self.catalog.refresh(engine.state)
        if kept:
            found = msgspec.msgpack.decode(kept, type=SavedFeeds)
            if found.seq != engine.seq:
                raise ValueError(f"feeds of record {found.seq}, an engine at {engine.seq}")
        else:
            found = SavedFeeds(engine.seq, [], {})
        known = {(feed, subject): log for feed, subject, log in found.logs}
        first = 0 if kept else engine.seq * UNKNOWN_FIRST
        shelves = Shelves(found.shelves)
        more = (found.approaches, found.doubts, found.contacts)
        self._logs = Logs(engine.state, known, first, shelves, *more)
        self._offers = found.offers
        counted = found.projections
        known_so_far = projections.load(counted) if isinstance(counted, bytes) else None
        self.projections = known_so_far or Projections()
        self._folded = engine.seq
        self._durable = engine.seq
        self._clock: Clock | None = None
        self._held: deque[tuple[int, Callable[[], None]]] = deque()
        self._subscribers: dict[tuple[Feed, str], dict[Subscriber, None]] = {}
        self._listeners: list[OnTold] = []
        self._looks = 0
        self.city = CityFeed(engine.state, self._logs, self.projections, figures)
        self._fleets = FleetsFeed(engine.state, self._logs, self._offers)

    def attach(self, loop: Loop) -> None:
        """From now on, follow the live engine."""
        assert loop.engine is self._engine
        self._clock = loop.clock
        self._folded = self._durable = loop.engine.seq
        loop.on_record(self._on_record)
        loop.on_durable(self._on_durable)

    async def run(self, interval_s: float = INTERVAL_S) -> None:
        """Until cancelled: the city's rhythm, and another try at views of slow readers."""
        while True:
            await asyncio.sleep(interval_s)
            self.tick()

    def on_told(self, callback: OnTold) -> None:
        """Called with every change of every log, once it is durable, in order."""
        self._listeners.append(callback)

    def log(self, feed: Feed, subject: str) -> Log:
        """As far as it is folded: its end need not be durable yet."""
        return self._logs.log(feed, subject)

    # keeping

    def dump(self) -> bytes:
        """As of the last folded record."""
        logs = [(feed, subject, log) for (feed, subject), log in self._logs.logs.items()]
        counted = projections.dump(self.projections)
        told = self._logs
        shelves, approaches = told.shelves.dump(), told.approaches.dump()
        doubts, contacts = told.doubts.counts, told.doubts.contacts.dump()
        more = (counted, shelves, approaches, doubts, contacts)
        kept = SavedFeeds(self._folded, logs, self._offers, *more)
        return _encode(kept)

    def fold(self, record: Record) -> list[tuple[Feed, str, int, bytes]]:
        """Number what a turn changed; the state is as it left it."""
        self.projections.fold(record)
        for event in record.events:
            if type(event) in INDEXED:
                self.orders.fold(event, self._engine.state)
            elif isinstance(event, e.DeliveryOffered):
                self._offers[event.delivery] = event.expires_at
            elif isinstance(event, OFFER_ENDS):
                self._offers.pop(event.delivery, None)
        self._folded = record.seq
        return self._logs.fold(record)

    # subscribing

    def subscribe(self, session: Session, feed: Feed, subject: str, last_seen: int | None) -> None:
        """Answered by `snapshot` or `resumed`, when what it shows is durable."""
        self.unsubscribe(session, feed)
        to = Subscriber(session, feed, subject)
        try:
            if feed in LOGS:
                begin = self._log_beginning(to, last_seen)
            else:
                begin = self._view_beginning(to, again=last_seen is not None)
        except Refusal as refusal:
            session.send(m.Refused(refusal.error, feed))
            return
        session.subscriptions[feed] = to
        self._hold(self._folded, begin)

    def unsubscribe(self, session: Session, feed: Feed) -> None:
        subscriber = session.subscriptions.pop(feed, None)
        if subscriber is None:
            return
        key = (feed, subscriber.subject)
        present = self._subscribers.get(key)
        if present is not None:
            present.pop(subscriber, None)
            if not present:
                del self._subscribers[key]

    def drop(self, session: Session) -> None:
        for feed in list(session.subscriptions):
            self.unsubscribe(session, feed)

    def shelf_records(self, store: StoreId, product: ProductId) -> list[int]:
        """What moved one shelf lately, the newest first."""
        return self._logs.shelves.records(store, product)

    def shelf_level(self, store: StoreId, product: ProductId) -> Buckets:
        """A copy of what is there, as of the last folded record."""
        return copy(self._logs.movements.level(store, product))

    def open_orders(self) -> Iterator[OrderId]:
        return iter(self._logs.work.statuses)

    @property
    def subscriptions(self) -> int:
        return sum(len(x) for x in self._subscribers.values())

    def _log_beginning(self, to: Subscriber, last_seen: int | None) -> Callable[[], None]:
        log = self._logs.log(to.feed, to.subject)
        missed = None if last_seen is None else log.after(last_seen)
        if missed is None:
            body = self._logs.snapshot(to.feed, to.subject, self._engine.now, self._folded)
            frame = m.Snapshot(to.feed, log.seq, body, reset=last_seen is not None)
            return partial(self._begin_log, to, frame, 0, ())
        assert last_seen is not None
        resumed = m.Resumed(to.feed, last_seen)
        return partial(self._begin_log, to, resumed, last_seen, tuple(missed))

    def _begin_log(
        self, to: Subscriber, frame: object, seq: int, missed: tuple[bytes, ...]
    ) -> None:
        """From here on it hears what becomes durable; until here its snapshot said it."""
        if to.session.subscriptions.get(to.feed) is not to:
            return  # it was gone before it began
        self._subscribers.setdefault((to.feed, to.subject), {})[to] = None
        to.session.send(frame)
        for number, body in enumerate(missed, seq + 1):
            to.session.send_bytes(envelope(to.session.codec, to.feed, number, body))

    def _view_beginning(self, to: Subscriber, again: bool) -> Callable[[], None]:
        """Present at once: what changes after this rendering is shown after it."""
        body: m.SnapshotBody
        if to.feed == "city":
            body = self.city.whole(self._now())
        elif to.feed == "fleet":
            body = self._fleets.whole(FleetId(to.subject), self._now())
        else:
            view = self._view(to.feed, to.subject)
            if view is None:
                raise unknown("order", to.subject)
            to.shown, body = _encode(view), view
        self._subscribers.setdefault((to.feed, to.subject), {})[to] = None
        return partial(self._begin_view, to, m.Snapshot(to.feed, 1, body, reset=again))

    def _begin_view(self, to: Subscriber, frame: m.Snapshot) -> None:
        if to.session.subscriptions.get(to.feed) is to:
            to.began, to.seq = True, frame.seq
            to.session.send(frame)

    # live

    def _on_record(self, record: Record) -> None:
        s = self._engine.state
        for feed, subject, seq, body in self.fold(record):
            self._hold(record.seq, partial(self._tell, feed, subject, seq, body))
        couriers = touched_couriers(record, s)
        orders = {key: None for x in record.events if (key := order_of(x, s)) is not None}
        for courier in (*couriers, *self._logs.approaches.entered):
            self._look(record.seq, "route", courier)
        for order in orders:
            self._look(record.seq, "tracking", order)
        for event in record.events:
            if isinstance(event, e.PositionsReported):
                self._follow(record.seq, frozenset(event.batch.columns()[0].tolist()))
        self._fleets.note(record, (*couriers, *self._logs.approaches.entered))
        if CITY in self._subscribers:
            self.city.note(record, couriers, orders)

    def _follow(self, seq: int, moved: frozenset[int]) -> None:
        """Customers see who comes to them, when he has moved."""
        for feed, subject in list(self._subscribers):
            if feed == "tracking":
                coming = for_customers.who_comes(self._engine.state, OrderId(subject))
                if coming in moved:
                    self._look(seq, feed, subject)

    def _on_durable(self, records: list[Record]) -> None:
        self._durable = records[-1].seq
        held = self._held
        while held and held[0][0] <= self._durable:
            held.popleft()[1]()

    def tick(self) -> None:
        """The city is due; and who was too slow for a view may have caught up."""
        for present in list(self._subscribers.values()):
            for to in list(present):
                if to.newest is not None:
                    self._show(to, to.newest)
        self._looks += 1
        for feed, subject in list(self._subscribers) if self._looks % KPI_TICKS == 0 else ():
            if feed == "tracking" and has_ended(self._engine.state, OrderId(subject)):
                self._look(self._folded, feed, subject)
        self._flush_city()
        self._flush_fleets()

    def _hold(self, seq: int, tell: Callable[[], None]) -> None:
        """Tell it when record `seq` is durable, in the order it was held."""
        if seq <= self._durable and not self._held:
            tell()
        else:
            self._held.append((seq, tell))

    def _tell(self, feed: Feed, subject: str, seq: int, body: bytes) -> None:
        """A change of a log: to everybody, at once, whatever they have not yet read."""
        encoded: dict[str, bytes] = {}
        for to in list(self._subscribers.get((feed, subject), ())):
            codec = to.session.codec
            if codec.name not in encoded:
                encoded[codec.name] = envelope(codec, feed, seq, body)
            to.session.send_bytes(encoded[codec.name])
        for listen in self._listeners:
            listen(feed, subject, seq, body)

    # views

    def _look(self, seq: int, feed: Feed, subject: str) -> None:
        """Render a view somebody has open; it is shown when it is durable."""
        present = self._subscribers.get((feed, subject))
        if not present:
            return
        view = self._view(feed, subject)
        if view is None:  # there is no more to see
            over = m.Refused(unknown("order", subject).error, feed)
            for to in list(present):
                self.unsubscribe(to.session, feed)
                to.session.send(over)
            return
        body = _encode(view)
        for to in present:
            self._hold(seq, partial(self._show, to, body))

    def _view(self, feed: Feed, subject: str) -> m.Route | m.Tracking | None:
        s: State = self._engine.state
        if feed == "route":
            reached = self._logs.approaches.stop_reached(CourierId(subject))
            return route_told(s, CourierId(subject), self._offers, self._engine.now, reached)
        seen = for_customers.track(s, OrderId(subject), self._now())
        return None if seen is None else tracking_told(seen)

    def _show(self, to: Subscriber, body: bytes) -> None:
        """The newest state, if it is news; later, if the reader is slow."""
        to.newest = None
        if body == to.shown:
            return
        if to.is_slow:
            to.newest = body
            return
        to.shown = body
        self._send_next(to, body)

    def _send_next(self, to: Subscriber, body: bytes) -> None:
        if to.session.subscriptions.get(to.feed) is to:
            to.seq += 1
            to.session.send_bytes(envelope(to.session.codec, to.feed, to.seq, body))

    # the city

    def _flush_city(self) -> None:
        """The same changes for everybody who keeps up; for who does not, they add up."""
        present = self._subscribers.get(CITY)
        if not present:
            self.city.forget()
            return
        changes, kpis = self.city.take(self._now())
        self._flush(present, changes, partial(self._city_body, kpis=kpis))

    def _city_body(self, changes: Changes, kpis: m.Kpis | None) -> bytes:
        if not changes and kpis is None:
            return b""
        return _encode(self.city.told(changes, kpis, self._now()))

    def _flush_fleets(self) -> None:
        self._fleets.listen(self._now())
        for fleet in self._fleets.looked_at:
            if present := self._subscribers.get(("fleet", fleet)):
                self._flush(present, self._fleets.take(fleet), self._fleet_body)
            else:
                self._fleets.forget(fleet)

    def _fleet_body(self, changes: Changes) -> bytes:
        return _encode(self._fleets.told(changes, self._now())) if changes else b""

    def _flush(
        self,
        present: dict[Subscriber, None],
        changes: Changes,
        body_of: Callable[[Changes], bytes],
    ) -> None:
        common = body_of(changes)
        for to in present:
            if not to.began or to.is_slow:
                to.changes.add(changes)
            elif to.changes:
                to.changes.add(changes)
                self._send_later(to, body_of(to.changes))
                to.changes = Changes()
            else:
                self._send_later(to, common)

    def _send_later(self, to: Subscriber, body: bytes) -> None:
        if body:
            self._hold(self._folded, partial(self._send_next, to, body))

    def _now(self) -> Millis:
        """Also while nothing happens: silence is a matter of time."""
        return self._engine.now if self._clock is None else self._clock.now()
