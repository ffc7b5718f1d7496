"""The feeds that are logs: every change numbered, the latest kept, so that nobody misses one.

Numbers and contents are functions of the journal alone: a server that recovers from a snapshot
and the records after it continues exactly where the one before was cut.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct, field, msgpack

from engine import events as e
from engine.engine import Record
from engine.projections.movements import Movement, Movements
from engine.queries.open_work import DELIVERY_BECOMES, ORDER_BECOMES, OpenWork, order_of
from engine.state import State
from engine.values import ChangeId, CourierId, DeliveryId, Millis, OrderId, StoreId
from gateway import messages as m
from gateway.asking import attendance, supply
from gateway.asking.changes import expected_told
from gateway.messages import DeltaBody, Feed, SnapshotBody
from gateway.telling import crm
from gateway.telling.approaches import Approaches
from gateway.telling.baskets import FOLLOWED as IN_BASKETS
from gateway.telling.baskets import Baskets
from gateway.telling.doubts import Doubts
from gateway.telling.shelves import Packed, Shelves
from gateway.translation.returning import change_told
from gateway.views import (
    instruction_told,
    moved_told,
    order_told,
    payment_told,
    remedied_told,
    return_told,
    ticket_told,
)

KEPT: dict[Feed, int] = {
    "orders": 8_192,
    "payments": 4_096,
    "tickets": 128,
    "stock": 96,
    "crm": 8_192,
    "staff": 512,
}
EVERY_STORE, EVERY_STORE_KEPT = "", 2_048  # stock, as operators hear it
RETURN_EVENTS = (
    e.DeliveryFailed,
    e.DeliveryPickedUp,
    e.DeliveryReturned,
    e.DeliveryStranded,
    e.DeliveryCancelled,
)
BARGAINS = (  # not lines only: what waits for an answer, and what came of it
    e.EditRequested,
    e.EditDropped,
    e.OrderEdited,
    e.SubstituteProposed,
    e.SubstituteAccepted,
    e.SubstituteDropped,
)
AFTER_SALES = (
    e.ChangeConfirmed,
    e.ReturnFetched,
    e.ReturnMissed,
    e.ChangeReceived,
    e.ChangeExchanged,
    e.ExchangeDropped,
    e.CreditReturned,
    e.ChangeClosed,
)
FOLLOWED = frozenset(  # most events, timers above all, are nobody's news
    (
        *ORDER_BECOMES,
        *DELIVERY_BECOMES,
        *AFTER_SALES,
        e.CourierArrived,
        e.DeliveryPickedUp,
        e.LegStarted,
        e.ReadyTimeChanged,
        e.OrderReduced,
        e.OrderLabelled,
        e.ShortageRemedied,
        e.OrderGrouped,
        e.GroupDissolved,
        e.ProofMissed,
        e.ProofRenewed,
        *BARGAINS,
        e.PaymentRequested,
        e.PaymentAuthorized,
        e.PaymentFailed,
        e.InstructionIssued,
        e.InstructionSettled,
        e.InstructionFailed,
    )
)
News = tuple[Feed, str, int, bytes]  # the feed, whose it is, its number, what is told
Change = tuple[Feed, str, DeltaBody]  # the feed, whose it is, what is told

_encode = msgpack.Encoder().encode


class Log(Struct, array_like=True):
    """`latest[-1]` has number `seq`; bodies are MessagePack."""

    seq: int = 0
    latest: list[bytes] = field(default_factory=list)

    def append(self, body: bytes, kept: int) -> int:
        self.seq += 1
        self.latest.append(body)
        if len(self.latest) >= 2 * kept:  # amortized: now and then, not every time
            del self.latest[:-kept]
        return self.seq

    def after(self, seq: int) -> list[bytes] | None:
        """What was missed since; None if it is not kept any more, or never was."""
        missed = self.seq - seq
        if not 0 <= missed <= len(self.latest):
            return None
        return self.latest[len(self.latest) - missed :]


class SavedFeeds(Struct, array_like=True):
    """What is saved beside a snapshot of the engine."""

    seq: int
    logs: list[tuple[Feed, str, Log]]
    offers: dict[DeliveryId, Millis]
    projections: bytes | list[int] = b""  # a list: an older gateway's, which counted less
    shelves: Packed = {}
    approaches: bytes = b""
    doubts: dict[CourierId, int] = {}
    contacts: bytes = b""


class Logs:
    """Every log there is, by (feed, subject)."""

    def __init__(
        self,
        s: State,
        logs: dict[tuple[Feed, str], Log],
        first: int = 0,
        shelves: Shelves | None = None,
        approaches: bytes = b"",
        doubts: dict[CourierId, int] | None = None,
        contacts: bytes = b"",
    ) -> None:
        self.logs = logs
        self.shelves = shelves or Shelves({})
        self.work = OpenWork.of(s)
        self.movements = Movements.of(s)
        self.baskets = Baskets.of(s)
        self.approaches = Approaches(s, approaches)
        self.doubts = Doubts(s, doubts, contacts)
        self._first = first  # where a log that is not known begins
        self._state = s

    def log(self, feed: Feed, subject: str) -> Log:
        log = self.logs.get((feed, subject))
        return log if log is not None else Log(self._first)

    def fold(self, record: Record) -> list[News]:
        """Number what a turn changed; the state is as it left it. Returns what to tell."""
        told: dict[tuple[str, str, OrderId], DeltaBody] = {}
        news: list[News] = []
        for event in record.events:
            if type(event) in crm.TELLS:
                told_of = crm.news_of(event, self._state, record.at)
                news += [self._numbered("crm", crm.EVERYBODY, x) for x in told_of]
            if type(event) in supply.TELLS:
                stores, told_to_all = supply.news_of(event, self._state)
                news += self._stock_told(stores, _encode(told_to_all))
            if type(event) in attendance.TELLS:
                for store, told_there in attendance.news_of(event, self._state):
                    news.append(self._numbered("staff", store, told_there))
            if type(event) in IN_BASKETS:
                for service, unavailable in self.baskets.fold(event, record.at):
                    news.append(self._numbered("orders", service, unavailable))
            if type(event) not in FOLLOWED:
                continue
            for feed, subject, body in self._changes(event, record.at):
                if isinstance(body, m.Ticket | m.Order):
                    whose = feed, subject, OrderId(body.order)
                    if told.get(whose) == body:
                        continue  # one turn, one news of a ticket, or of an order that is as it was
                    told[whose] = body
                news.append(self._numbered(feed, subject, body))
        for moved in self.movements.fold(record):
            news += self._stock_news(moved)
        for feed, subject, told_now in (*self.approaches.fold(record), *self.doubts.fold(record)):
            news.append(self._numbered(feed, subject, told_now))
        return news

    def snapshot(self, feed: Feed, subject: str, at: Millis, seq: int = 0) -> SnapshotBody:
        """Everything open; the number to go on from is that of the log now."""
        s, work = self._state, self.work
        match feed:
            case "orders":
                keys = work.of_service.get(subject, ())  # type: ignore[call-overload]
                return m.OrdersOpen([order_told(s, key, at) for key in keys])
            case "tickets":
                tickets = work.tickets.get(subject, ())  # type: ignore[call-overload]
                returns = work.returns.get(subject, ())  # type: ignore[call-overload]
                return m.Tickets(
                    [ticket_told(s, key) for key in tickets],
                    [return_told(s, key) for key in returns],
                    expected_told(s, StoreId(subject)),
                )
            case "payments":
                payments = work.payments.get(subject, ())  # type: ignore[call-overload]
                instructions = work.instructions.get(subject, ())  # type: ignore[call-overload]
                return m.PaymentsDue(
                    [payment_told(s, key) for key in payments],
                    [instruction_told(s, key) for key in instructions],
                )
            case "stock":
                return m.StockFollowed(seq)
            case "staff":
                return attendance.present(s, StoreId(subject))
            case "crm":
                return crm.open_matters(s)
        raise AssertionError(f"{feed} is not a log")

    # internals

    def _numbered(self, feed: Feed, subject: str, body: DeltaBody) -> News:
        encoded = _encode(body)
        log = self.logs.setdefault((feed, subject), Log(self._first))
        return feed, subject, log.append(encoded, KEPT[feed]), encoded

    def _stock_news(self, moved: Movement) -> Iterator[News]:
        body = _encode(moved_told(moved))
        yield from self._stock_told((moved.store,), body)
        self.shelves.note(moved)

    def _stock_told(self, stores: Iterable[str], body: bytes) -> Iterator[News]:
        """To each of them, and to operators."""
        for subject in (*stores, EVERY_STORE):
            log = self.logs.setdefault(("stock", subject), Log(self._first))
            kept = KEPT["stock"] if subject else EVERY_STORE_KEPT
            yield "stock", subject, log.append(body, kept), body

    def _changes(self, event: e.AnyEvent, at: Millis) -> Iterator[Change]:
        s, work = self._state, self.work
        key = order_of(event, s)
        if key is None:
            work.fold(event, s)
            if isinstance(event, e.ProofMissed | e.ProofRenewed):
                yield from self._order_changes(event.order, at, None)
            elif isinstance(event, e.OrderLabelled):
                yield from self._ticket_changes(event.order, was_open=False)
            elif isinstance(event, (e.ReadyTimeChanged, e.OrderReduced, *BARGAINS)):
                yield from self._order_changes(event.order, at, None)
                yield from self._ticket_changes(event.order, was_open=False)
            elif isinstance(event, e.ShortageRemedied):
                service = s.orders[event.order].placed.service
                yield "orders", service, remedied_told(s, event)
            elif isinstance(event, e.OrderGrouped):
                yield from self._order_changes(event.order, at, None)
            elif isinstance(event, e.GroupDissolved):
                yield from self._parted(event, at)
            elif isinstance(event, AFTER_SALES):
                yield from self._after_sales(event.change)
            else:
                yield from self._payment_changes(event)
            return
        store = s.orders[key].placed.store
        was_open = key in work.tickets.get(store, ())
        was_due = dict(work.returns.get(store, ()))
        moved = work.fold(event, s)
        if isinstance(event, e.OrderMoved):
            yield "tickets", event.before, m.TicketClosed(key, "confirmed", "moved")
            moved = key, work.statuses[key]  # as confirmed as before, perhaps, but by another store
        if moved is not None:
            occurred_at = e.happened_at(event, Millis(0))
            yield from self._order_changes(key, at, moved[1], occurred_at)
            yield from self._ticket_changes(key, was_open)
        if isinstance(event, RETURN_EVENTS):
            yield from self._return_changes(event.delivery, store, was_due)

    def _order_changes(
        self,
        key: OrderId,
        at: Millis,
        statuses: tuple[str, str] | None,
        occurred_at: Millis | None = None,
    ) -> Iterator[Change]:
        s = self._state
        now = statuses or self.work.statuses.get(key)
        yield "orders", s.orders[key].placed.service, order_told(s, key, at, now, occurred_at)

    def _parted(self, event: e.GroupDissolved, at: Millis) -> Iterator[Change]:
        told = m.GroupDissolved(event.group, [*event.orders], event.reason)  # type: ignore[arg-type]
        services = (self._state.orders[x].placed.service for x in event.orders)
        for service in dict.fromkeys(services):
            yield "orders", service, told
        for key in event.orders:
            yield from self._order_changes(key, at, None)

    def _after_sales(self, key: ChangeId) -> Iterator[Change]:
        """For who sold it and for the store it comes back to; not of a preview nobody agreed to."""
        s = self._state
        change = s.order_changes.get(key)
        if change is not None:
            told = change_told(key, change, s.settings.current.currency)
            yield "orders", change.service, told
            yield "tickets", change.store, told

    def _ticket_changes(self, key: OrderId, was_open: bool) -> Iterator[Change]:
        s = self._state
        order = s.orders[key]
        store = order.placed.store
        if key in self.work.tickets.get(store, ()):
            yield "tickets", store, ticket_told(s, key)
        elif was_open:
            closed = m.TicketClosed(key, order.status.value, order.why or None)
            yield "tickets", store, closed

    def _return_changes(
        self, key: DeliveryId, store: StoreId, was_due: dict[DeliveryId, None]
    ) -> Iterator[Change]:
        is_due = key in self.work.returns.get(store, ())
        if is_due and key not in was_due:
            yield "tickets", store, return_told(self._state, key)
        elif key in was_due and not is_due:
            delivery = self._state.deliveries[key]
            newest = self._state.deliveries.of_order[delivery.order]
            again = newest if newest != key and not delivery.change else None
            yield "tickets", store, m.ReturnClosed(key, again)

    def _payment_changes(self, event: e.AnyEvent) -> Iterator[Change]:
        s = self._state
        match event:
            case e.PaymentRequested():
                yield "payments", event.provider, payment_told(s, event.payment)
            case e.PaymentAuthorized(late=False) | e.PaymentFailed():
                status = "failed" if isinstance(event, e.PaymentFailed) else "authorized"
                closed = m.PaymentClosed(event.payment, status)  # type: ignore[arg-type]
                yield "payments", s.payments[event.payment].provider, closed
            case e.InstructionIssued():
                provider = s.payments[event.payment].provider
                yield "payments", provider, instruction_told(s, event.instruction)
            case e.InstructionSettled() | e.InstructionFailed():
                payment = s.payments.instruction(event.instruction).payment
                succeeded = isinstance(event, e.InstructionSettled)
                done = m.InstructionClosed(event.instruction, succeeded)
                yield "payments", s.payments[payment].provider, done
