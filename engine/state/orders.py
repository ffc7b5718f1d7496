"""Orders: who bought what, and how far the bargain has come. Nothing about couriers.

What has ended long ago lies in the archive. Whoever asks for it by name is told of it as of any
other; it cannot change any more.
"""

from collections.abc import Collection, Iterator

from msgspec import Struct, field, msgpack
from msgspec.structs import asdict, replace

from engine.archive import Archive
from engine.changes import Changes
from engine.counts import count
from engine.deadlines import Deadlines
from engine.events import (
    Amendment,
    ArchivingPlanned,
    EditDropped,
    EditRequested,
    OrderAccepted,
    OrderCancelled,
    OrderConfirmed,
    OrderEdited,
    OrderFulfilled,
    OrderHandedOver,
    OrderLabelled,
    OrderMoved,
    OrderPlaced,
    OrderReady,
    OrderReattempted,
    OrderRecalled,
    OrderReduced,
    OrderReturned,
    OrdersArchived,
    OrderScheduled,
    OrderWrittenOff,
    ProofMissed,
    ProofRenewed,
    ReadyTimeChanged,
    RedeliveryRequested,
    StoreAsked,
    SubstituteAccepted,
    SubstituteDropped,
    SubstituteProposed,
)
from engine.stages import EDITABLE as EDITABLE
from engine.stages import ENDED as ENDED
from engine.stages import HOLDS_STOCK as HOLDS_STOCK
from engine.stages import NEVER_COLLECTED, NOT_TOLD
from engine.stages import TO_PREPARE as TO_PREPARE
from engine.stages import TRANSITIONS as TRANSITIONS
from engine.stages import OrderStatus as OrderStatus
from engine.terms import Substitute as Substitute
from engine.values import (
    Actor,
    CustomerId,
    Fulfillment,
    Line,
    Millis,
    OrderId,
    PaymentId,
    PricedLine,
    ProductId,
    Rescue,
    Skill,
    StoreId,
)


class Edit(Struct, frozen=True, array_like=True):
    """Waits for its payment."""

    amendment: Amendment
    added: list[Line]
    payment: PaymentId


class Order(Struct, array_like=True):
    placed: OrderPlaced  # the bargain, as it stands
    lines: list[PricedLine]  # what is left of it after picking
    due_minor: int  # what is owed for it
    status: OrderStatus = OrderStatus.PLACED
    ready_at: Millis = Millis(0)  # as last said by the store; 0 before it accepted
    accepted_at: Millis = Millis(0)
    ended_at: Millis = Millis(0)
    why: str = ""  # actor/reason of an early end
    missed_proofs: int = 0  # wrong codes since the right one was set
    recalled: tuple[Actor, str] | None = None  # by whom and why it is to come back
    is_redelivery_wanted: bool = False  # once it is back
    reattempts: int = 0
    substitutes: dict[ProductId, Substitute] = {}  # by what is missing
    edit: Edit | None = None
    number: int = 0  # the n-th that was placed
    moves: int = 0  # from one store to another
    answer_until: Millis = Millis(0)  # the store that is asked; 0: none is
    labels: list[str] = []  # on its bags; none: nothing is read when they are fetched
    delivered_at: Millis = Millis(0)  # at the door, if that was told later; 0: as it ended

    @property
    def next_statuses(self) -> tuple[OrderStatus, ...]:
        """TRANSITIONS, but nobody collects what is not ready, or brings back what he fetched; and
        another store is asked once, if it may be."""
        status = self.status
        following = TRANSITIONS[status]
        if status not in NEVER_COLLECTED:
            return following
        never = NEVER_COLLECTED[status] if self.is_collection else None
        stays = status is OrderStatus.ACCEPTED and not self.may_move
        if never is None and not stays:
            return following
        again = OrderStatus.CONFIRMED if stays else None
        return tuple(x for x in following if x not in (never, again))

    @property
    def may_move(self) -> bool:
        """Whether all of it may come from another store, as long as nobody has packed it."""
        return Rescue.OTHER_STORE in self.placed.if_missing and not self.moves

    @property
    def is_collection(self) -> bool:
        return self.placed.fulfillment is Fulfillment.COLLECTION

    @property
    def waits_for_customer(self) -> bool:
        """Packed for who comes for it: the promise is kept, and who is late is he."""
        return self.status is OrderStatus.READY and self.is_collection


_THAW = msgpack.Decoder(Order).decode
_THAW_ALL = msgpack.Decoder(dict[OrderId, Order]).decode


class Orders(Struct, dict=True):
    """Invariant: an order only ever moves along TRANSITIONS."""

    orders: dict[OrderId, Order] = {}  # all but the archived
    archive: Archive[OrderId] = field(default_factory=Archive)
    of_customer: dict[CustomerId, list[OrderId]] = {}  # the oldest first, the archived too
    served: dict[CustomerId, None] = {}  # by an order that is archived
    open_count: int = 0
    count: int = 0
    archiving_at: Millis = Millis(0)  # when the next will be archived; 0: nobody is to look

    def __post_init__(self) -> None:
        # Derived, hence not fields: how many open orders of a store have a window from when.
        self.windows: dict[StoreId, dict[Millis, int]] = {}
        self.kitchens: dict[StoreId, dict[OrderId, None]] = {}  # what a store has to prepare
        self.unpaid: dict[StoreId, int] = {}  # to be prepared now, once they are paid
        self.awaited: dict[CustomerId, int] = {}  # placed and not paid, windows included
        self.undispatched = 0  # to be carried now, and nobody has been asked to yet
        self.undispatched_with: dict[tuple[Skill, ...], int] = {}  # how many ask for these
        self.changes = Changes[OrderId]()  # of status and ready time
        self.unanswered = Deadlines((k, x.answer_until) for k, x in self.orders.items())
        over = [(x.ended_at, key) for key, x in self.orders.items() if x.status in ENDED]
        self.over = {key: None for _, key in sorted(over)}  # ended, the first to end first
        for key, order in self.orders.items():
            if order.status in TO_PREPARE:
                self.kitchens.setdefault(order.placed.store, {})[key] = None
            if order.status not in ENDED:
                self._count_window(order.placed, 1)
            self._count_early(order.placed, order.status, 1)

    # queries

    def __getitem__(self, order: OrderId) -> Order:
        found = self.orders.get(order) or self.get(order)
        if found is None:
            raise KeyError(order)
        return found

    def get(self, order: OrderId) -> Order | None:
        found = self.orders.get(order)
        if found is None and (frozen := self.archive.get(order)) is not None:
            return _THAW(frozen)
        return found

    def everything(self) -> Iterator[tuple[OrderId, Order]]:
        """The archived first; otherwise in no order anybody may rely on."""
        yield from self.archive.thawed(_THAW_ALL)
        yield from self.orders.items()

    def in_kitchen(self, store: StoreId) -> Collection[OrderId]:
        """Confirmed or accepted, and not ready; in no order anybody may rely on."""
        return self.kitchens.get(store, {})

    def to_prepare(self, store: StoreId) -> int:
        """How many this store has to prepare now, those included that wait for their payment."""
        return len(self.kitchens.get(store, ())) + self.unpaid.get(store, 0)

    def in_slot(self, store: StoreId, from_at: int, to_at: int) -> int:
        """How many open orders of this store have a window that begins within these times."""
        return sum(n for at, n in self.windows.get(store, {}).items() if from_at <= at < to_at)

    def has_ordered(self, customer: CustomerId) -> bool:
        """Something that is open or was fulfilled."""
        mine = map(self.orders.get, self.of_customer.get(customer, ()))
        return customer in self.served or any(x is not None and not x.why for x in mine)

    # events

    def order_placed(self, e: OrderPlaced) -> None:
        assert self.get(e.order) is None
        self.count += 1
        self.orders[e.order] = Order(e, e.lines, e.total_minor, number=self.count)
        self.changes.trim()
        self.of_customer.setdefault(e.customer, []).append(e.order)
        self.open_count += 1
        self._count_window(e, 1)
        self._count_early(e, OrderStatus.PLACED, 1)

    def order_scheduled(self, e: OrderScheduled) -> None:
        self._move(e.order, OrderStatus.SCHEDULED)

    def order_confirmed(self, e: OrderConfirmed) -> None:
        self._move(e.order, OrderStatus.CONFIRMED)

    def store_asked(self, e: StoreAsked) -> None:
        self.orders[e.order].answer_until = e.until
        self.unanswered.note(e.order, e.until)

    def order_accepted(self, e: OrderAccepted) -> None:
        order = self._move(e.order, OrderStatus.ACCEPTED)
        order.ready_at, order.accepted_at = e.ready_at, e.at

    def ready_time_changed(self, e: ReadyTimeChanged) -> None:
        self.orders[e.order].ready_at = e.ready_at
        self.changes.note(e.order)

    def order_labelled(self, e: OrderLabelled) -> None:
        self.orders[e.order].labels = e.labels

    def order_ready(self, e: OrderReady) -> None:
        self._move(e.order, OrderStatus.READY).ready_at = e.ready_at

    def order_reduced(self, e: OrderReduced) -> None:
        order = self.orders[e.order]
        order.lines = e.lines
        order.due_minor -= e.reduction_minor
        assert order.due_minor >= 0

    def order_moved(self, e: OrderMoved) -> None:
        order = self.orders[e.order]
        assert order.may_move
        assert order.placed.store == e.before
        if order.status is OrderStatus.ACCEPTED:
            self._move(e.order, OrderStatus.CONFIRMED)
        assert order.status is OrderStatus.CONFIRMED
        self._count_window(order.placed, -1)
        del self.kitchens[e.before][e.order]
        order.placed = replace(order.placed, store=e.store, promised_at=e.promised_at)
        self.kitchens.setdefault(e.store, {})[e.order] = None
        self._count_window(order.placed, 1)
        order.moves, order.ready_at, order.accepted_at = order.moves + 1, Millis(0), Millis(0)
        order.labels = []
        self.changes.note(e.order)

    def order_handed_over(self, e: OrderHandedOver) -> None:
        self._move(e.order, OrderStatus.HANDED_OVER)

    def proof_missed(self, e: ProofMissed) -> None:
        self.orders[e.order].missed_proofs = e.tries

    def proof_renewed(self, e: ProofRenewed) -> None:
        order = self.orders[e.order]
        order.placed, order.missed_proofs = replace(order.placed, pin=e.pin), 0

    def edit_requested(self, e: EditRequested) -> None:
        order = self.orders[e.order]
        assert order.status in EDITABLE
        assert order.edit is None
        order.edit = Edit(e.amendment, e.added, e.payment)

    def edit_dropped(self, e: EditDropped) -> None:
        assert self.orders[e.order].edit is not None
        self.orders[e.order].edit = None

    def order_edited(self, e: OrderEdited) -> None:
        order, new = self.orders[e.order], e.amendment
        assert order.status in EDITABLE
        order.lines, order.due_minor, order.edit = new.lines, new.total_minor, None
        self._count_early(order.placed, order.status, -1)
        order.placed = replace(order.placed, **asdict(new))
        self._count_early(order.placed, order.status, 1)

    def substitute_proposed(self, e: SubstituteProposed) -> None:
        order = self.orders[e.order]
        assert order.status in TO_PREPARE
        assert e.missing not in order.substitutes
        offered = Substitute(e.quantity, e.line, e.expires_at)
        order.substitutes = {**order.substitutes, e.missing: offered}

    def substitute_accepted(self, e: SubstituteAccepted) -> None:
        order = self.orders[e.order]
        line = self._answered(order, e.missing).line
        order.lines = [*order.lines, line]
        order.due_minor += line.quantity * line.price_minor

    def substitute_dropped(self, e: SubstituteDropped) -> None:
        self._answered(self.orders[e.order], e.missing)

    def order_recalled(self, e: OrderRecalled) -> None:
        order = self.orders[e.order]
        assert order.status is OrderStatus.HANDED_OVER
        order.recalled, order.is_redelivery_wanted = (e.actor, e.reason), False

    def redelivery_requested(self, e: RedeliveryRequested) -> None:
        order = self.orders[e.order]
        assert order.status is OrderStatus.HANDED_OVER
        order.is_redelivery_wanted = True

    def order_reattempted(self, e: OrderReattempted) -> None:
        order = self._move(e.order, OrderStatus.READY)
        order.placed = replace(order.placed, promised_at=e.promised_at)
        order.reattempts, order.is_redelivery_wanted = order.reattempts + 1, False

    def order_fulfilled(self, e: OrderFulfilled) -> None:
        self._end(OrderStatus.FULFILLED, e.order, e.at).delivered_at = e.delivered_at

    def order_cancelled(self, e: OrderCancelled) -> None:
        assert self.orders[e.order].status in HOLDS_STOCK
        self._end_early(OrderStatus.CANCELLED, e)

    def order_returned(self, e: OrderReturned) -> None:
        self._end_early(OrderStatus.RETURNED, e)

    def order_written_off(self, e: OrderWrittenOff) -> None:
        assert self.orders[e.order].status is OrderStatus.HANDED_OVER
        self._end_early(OrderStatus.CANCELLED, e)

    def archiving_planned(self, e: ArchivingPlanned) -> None:
        self.archiving_at = e.at

    def orders_archived(self, e: OrdersArchived) -> None:
        ended = {key: self.orders.pop(key) for key in e.orders}
        for key, order in ended.items():
            assert order.status in ENDED
            del self.over[key]
            if not order.why:
                self.served[order.placed.customer] = None
        self.archive.put(ended)

    # internals

    def _answered(self, order: Order, missing: ProductId) -> Substitute:
        substitute = order.substitutes[missing]
        order.substitutes = {k: x for k, x in order.substitutes.items() if k != missing}
        return substitute

    def _end_early(
        self, status: OrderStatus, e: OrderCancelled | OrderReturned | OrderWrittenOff
    ) -> None:
        self._end(status, e.order, e.at).why = f"{e.actor}/{e.reason}"

    def _end(self, status: OrderStatus, key: OrderId, at: Millis) -> Order:
        order = self._move(key, status)
        order.ended_at = at
        self.over[key] = None
        self.open_count -= 1
        self._count_window(order.placed, -1)
        return order

    def _count_window(self, placed: OrderPlaced, change: int) -> None:
        if placed.window_from_at:
            count(self.windows.setdefault(placed.store, {}), placed.window_from_at, change)

    def _count_early(self, placed: OrderPlaced, status: OrderStatus, change: int) -> None:
        """What a customer owes us; what store and couriers have to do now and do not know yet."""
        if status not in NOT_TOLD:
            return
        is_unpaid = status is OrderStatus.PLACED
        if is_unpaid:
            count(self.awaited, placed.customer, change)
        if placed.window_from_at:
            return
        if placed.fulfillment is Fulfillment.DELIVERY:
            self.undispatched += change
            if placed.skills:
                count(self.undispatched_with, tuple(placed.skills), change)
        if is_unpaid:
            count(self.unpaid, placed.store, change)

    def _move(self, key: OrderId, status: OrderStatus) -> Order:
        """The only line in the project that changes an order's status."""
        order = self.orders[key]
        placed, before = order.placed, order.status
        assert status in order.next_statuses, f"{key}: {before} to {status}"
        if status in TO_PREPARE:
            self.kitchens.setdefault(placed.store, {})[key] = None
        elif before in TO_PREPARE:
            del self.kitchens[placed.store][key]
        if before is OrderStatus.CONFIRMED:
            order.answer_until = Millis(0)
            self.unanswered.forget(key)
        self._count_early(placed, before, -1)
        self._count_early(placed, status, 1)
        order.status = status
        self.changes.note(key)
        return order
