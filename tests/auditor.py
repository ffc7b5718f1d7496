"""The auditor: keeps its own books from the events alone, and compares them with the state.

Written without looking at any state module: plain sums of what was said to have happened.
"""

from collections import Counter
from collections.abc import Iterator

from engine import events as e
from engine.engine import Record
from engine.state import State
from engine.values import (
    CourierId,
    CustomerId,
    DeliveryId,
    Fulfillment,
    InstructionId,
    InstructionKind,
    Line,
    OrderId,
    PaymentId,
    ProductId,
    StopKind,
    StoreId,
)
from geo.points import Point
from geo.zones import Polygon

Place = tuple[StoreId, ProductId]


class Auditor:
    """`fold` every record, in order; `differences(state)` whenever you like."""

    def __init__(self) -> None:
        self.records = 0
        self.problems: list[str] = []
        self.on_hand: Counter[Place] = Counter()
        self.reserved: Counter[Place] = Counter()
        self.damaged: Counter[Place] = Counter()
        self.incoming: Counter[Place] = Counter()
        self.held: dict[OrderId, Counter[Place]] = {}  # by order: taken and not yet ended
        self.open_orders: dict[OrderId, None] = {}
        self.ended_orders: dict[OrderId, str] = {}
        self.customers: dict[OrderId, CustomerId] = {}
        self.bought: Counter[CustomerId] = Counter()  # orders that were fulfilled
        self.holder: dict[
            DeliveryId, CourierId | None
        ] = {}  # open delivery -> who was told to carry it
        self.on_board: dict[DeliveryId, CourierId] = {}  # delivery -> who carries the goods
        self.promised: Counter[PaymentId] = Counter()  # by payment: authorized
        self.captured: Counter[PaymentId] = Counter()
        self.refunded: Counter[PaymentId] = Counter()
        self.instructions: dict[InstructionId, e.InstructionIssued] = {}
        self.books: Counter[str] = Counter()
        self.areas: dict[StoreId, Polygon | None] = {}  # as they were drawn last
        self.doors: dict[OrderId, Point] = {}

    def fold(self, record: Record) -> None:
        self.records += 1
        if record.seq != self.records:
            self.problems.append(f"record {record.seq} came as number {self.records}")
        for event in record.events:
            self._stock(event)
            self._bargain(event)
            self._money(event)
            self._way(event)
            self._area(event)

    def differences(self, s: State) -> list[str]:
        """What the engine says otherwise, and what was wrong in itself. Empty if all is well."""
        found = [*self.problems, *self._stock_differences(s), *self._money_differences(s)]
        for key, customer in s.customers.customers.items():
            if not customer.is_forgotten and customer.purchases != self.bought[key]:
                found.append(f"{key} bought {self.bought[key]} times, not {customer.purchases}")
        if len(self.open_orders) != s.orders.open_count:
            found.append(f"{len(self.open_orders)} open orders, {s.orders.open_count} in the state")
        for delivery, courier in self.holder.items():
            carrier = s.deliveries[delivery].courier
            if courier is not None and carrier != courier:
                found.append(f"{delivery}: {courier} was told, the state says {carrier}")
        return found

    def leftovers(self) -> list[str]:
        """What a day that is over must not leave behind."""
        found = [f"{order} never ended" for order in self.open_orders]
        found += [f"{delivery} is still open" for delivery in self.holder]
        found += [f"{courier} still carries {key}" for key, courier in self.on_board.items()]
        found += [f"{x} of {key} still reserved" for key, x in self.reserved.items() if x]
        return found

    # comparing

    def _stock_differences(self, s: State) -> Iterator[str]:
        for store, products in s.inventory.levels.items():
            for product, level in products.items():
                place = store, product
                found = (self.on_hand, self.reserved, self.damaged, self.incoming)
                mine = tuple(x[place] for x in found)
                yours = (level.on_hand, level.reserved, level.damaged, level.incoming)
                if mine != yours:
                    said = "on hand, reserved, damaged, incoming"
                    yield f"{place}: {mine} {said}; in the state {yours}"

    def _money_differences(self, s: State) -> Iterator[str]:
        instructions: set[InstructionId] = set()
        for key, payment, instructed in s.payments.everything():
            instructions.update(instructed)
            mine = self.promised[key], self.captured[key], self.refunded[key]
            yours = payment.amount_minor, payment.captured_minor, payment.refunded_minor
            if mine != yours:
                yield f"{key}: promised, captured, refunded {mine}, in the state {yours}"
        if set(self.instructions) != instructions:
            yield f"{len(self.instructions)} instructions, {len(instructions)} in the state"
        books = {account: amount for account, amount in self.books.items() if amount}
        if books != {account: x for account, x in s.ledger.balances.items() if x}:
            yield f"the books say {books}, the ledger {s.ledger.balances}"

    # one kind of fact each

    def _stock(self, event: e.AnyEvent) -> None:
        if not (self._sold(event) or self._kept(event) or self._supplied(event)):
            return
        if hasattr(event, "product"):
            products = [event.product]
        else:
            products = [x.product for x in event.lines]  # type: ignore[union-attr]
        for product in products:
            place = event.store, product  # type: ignore[union-attr]
            free = self.on_hand[place] - self.reserved[place]
            self._expect(self.reserved[place] >= 0 and free >= 0, f"{place}: {free} are free")
            self._expect(self.damaged[place] >= 0, f"{place}: fewer damaged than none")
            self._expect(self.incoming[place] >= 0, f"{place}: fewer incoming than none")

    def _sold(self, event: e.AnyEvent) -> bool:
        """To customers, or promised to them, or back from them."""
        match event:
            case e.StockSold(store=store, product=product, quantity=quantity):
                self.on_hand[store, product] -= quantity
            case e.StockReserved(store=store, order=order, lines=lines):
                more = Counter({(store, x.product): x.quantity for x in lines})
                self.held.setdefault(order, Counter()).update(more)
                self.reserved.update(more)
            case e.StockReleased(store=store, order=order, lines=lines):
                self._let_go(store, order, lines)
            case e.StockIssued(store=store, order=order, lines=lines):
                self._let_go(store, order, lines)
                self._add(self.on_hand, store, lines, -1)
            case e.StockReturned() | e.StockBroughtBack():
                fit = self.on_hand if event.sellable else self.damaged
                self._add(fit, event.store, event.lines)
            case _:
                return False
        return True

    def _kept(self, event: e.AnyEvent) -> bool:
        """What only the store has to do with."""
        match event:
            case e.StockCounted() | e.StockAdjusted():
                self.on_hand[event.store, event.product] += event.difference
            case e.StockQuarantined(store=store, product=product, quantity=quantity):
                self.on_hand[store, product] -= quantity
                self.damaged[store, product] += quantity
            case e.StockRestored(store=store, product=product, quantity=quantity):
                self.on_hand[store, product] += quantity
                self.damaged[store, product] -= quantity
            case e.StockDiscarded(store=store, product=product, quantity=quantity):
                self.damaged[store, product] -= quantity
            case _:
                return False
        return True

    def _supplied(self, event: e.AnyEvent) -> bool:
        """From suppliers and other stores, or on its way."""
        match event:
            case e.StockReceived(store=store, product=product, quantity=quantity):
                self.on_hand[store, product] += quantity
                self.incoming[store, product] -= event.expected
            case e.StockShipped(store=store, destination=destination, lines=lines):
                self._add(self.on_hand, store, lines, -1)
                self._add(self.incoming, destination, lines)
            case e.StockArrived(store=store, lines=lines, lost=lost):
                self._add(self.on_hand, store, lines)
                self._add(self.incoming, store, [*lines, *lost], -1)
            case e.StockExpected(store=store, lines=lines):
                self._add(self.incoming, store, lines)
            case e.StockNotComing(store=store, lines=lines):
                self._add(self.incoming, store, lines, -1)
            case _:
                return False
        return True

    def _add(self, book: Counter[Place], store: StoreId, lines: list[Line], sign: int = 1) -> None:
        for x in lines:
            book[store, x.product] += sign * x.quantity

    def _let_go(self, store: StoreId, order: OrderId, lines: list[Line]) -> None:
        for x in lines:
            self.reserved[store, x.product] -= x.quantity
            self.held[order][store, x.product] -= x.quantity
            self._expect(self.held[order][store, x.product] >= 0, f"{order} let go too much")

    def _bargain(self, event: e.AnyEvent) -> None:
        match event:
            case e.OrderPlaced(order=order):
                known = order in self.open_orders or order in self.ended_orders
                self._expect(not known, f"{order} placed twice")
                self._expect(
                    self.held.get(order) == _pieces(event), f"{order} does not hold what it sold"
                )
                self.open_orders[order] = None
                self.customers[order] = event.customer
            case e.OrderFulfilled() | e.OrderCancelled() | e.OrderReturned() | e.OrderWrittenOff():
                self._expect(event.order in self.open_orders, f"{event.order} ended twice")
                self.open_orders.pop(event.order, None)
                self.ended_orders[event.order] = type(event).__name__
                if isinstance(event, e.OrderFulfilled):
                    self.bought[self.customers[event.order]] += 1
                still = +self.held[event.order]
                released_next = isinstance(event, e.OrderCancelled)
                self._expect(released_next or not still, f"{event.order} ended holding {still}")
            case _:
                return

    def _money(self, event: e.AnyEvent) -> None:
        match event:
            case e.PaymentRequested(payment=payment, amount_minor=amount):
                self._expect(payment not in self.promised, f"{payment} requested twice")
                self.promised[payment] = amount
            case e.InstructionIssued(instruction=key, payment=payment, amount_minor=amount):
                self._expect(key not in self.instructions, f"{key} instructed twice")
                self.instructions[key] = event
                self._instructed(event.kind, payment, amount)
            case e.InstructionFailed(instruction=key):
                failed = self.instructions[key]
                self._instructed(failed.kind, failed.payment, -failed.amount_minor)
            case e.LedgerPosted(postings=postings):
                self._expect(sum(x.amount_minor for x in postings) == 0, f"unbalanced: {event}")
                for x in postings:
                    self.books[x.account] += x.amount_minor
            case _:
                return

    def _instructed(self, kind: InstructionKind, payment: PaymentId, amount: int) -> None:
        if kind is InstructionKind.CAPTURE:
            self.captured[payment] += amount
        elif kind is InstructionKind.REFUND:
            self.refunded[payment] += amount
        in_order = 0 <= self.refunded[payment] <= self.captured[payment] <= self.promised[payment]
        self._expect(in_order, f"{payment}: {kind} of {amount} is too much")

    def _way(self, event: e.AnyEvent) -> None:
        match event:
            case e.DeliveryCreated(delivery=key):
                self._expect(key not in self.holder, f"{key} created twice")
                self.holder[key] = None
            case e.DeliveryOffered(delivery=key, courier=courier):
                self._expect(
                    key in self.holder and self.holder[key] is None,
                    f"{key} offered to a second courier",
                )
                self.holder[key] = courier
            case e.DeliveryUnassigned(delivery=key, courier=courier):
                self._expect(self.holder[key] == courier, f"{key} taken from {courier}")
                self._expect(key not in self.on_board, f"{key} taken off board by a decision")
                self.holder[key] = None
            case e.DeliveryPickedUp(delivery=key, courier=courier):
                self._expect(self.holder[key] == courier, f"{key} picked up by {courier}")
                self._expect(key not in self.on_board, f"{key} picked up twice")
                self.on_board[key] = courier
            case e.CourierArrived(delivery=key, courier=courier, stop=stop):
                aboard = self.on_board.get(key) == courier
                self._expect(aboard != (stop is StopKind.PICKUP), f"{courier} arrived for {key}")
            case e.DeliveryFailed(delivery=key, courier=courier):
                self._expect(self.on_board.get(key) == courier, f"{key} failed by {courier}")
            case e.DeliveryStranded(delivery=key, courier=courier):
                self._expect(
                    self.on_board.pop(key, None) == courier, f"{key} stranded by {courier}"
                )
                self.holder[key] = None
            case e.DeliveryCompleted() | e.DeliveryReturned():
                mine = self.on_board.pop(event.delivery, None) == event.courier
                self._expect(mine, f"{event.delivery} ended by {event.courier}, who had it not")
                self.holder.pop(event.delivery, None)
            case e.DeliveryCancelled(delivery=key):
                self.holder.pop(key, None)
                self.on_board.pop(key, None)
            case _:
                return

    def _area(self, event: e.AnyEvent) -> None:
        """What is promised to be brought lies in the area of its store, as it is then."""
        match event:
            case e.AreaDrawn(store=store, area=area):
                self.areas[store] = area
            case e.QuoteOffered(fulfillment=Fulfillment.DELIVERY):
                self._expect_within(event.store, event.dropoff, event.quote)
            case e.OrderPlaced():
                self.doors[event.order] = event.dropoff
            case e.OrderEdited(order=order, amendment=amendment):
                self.doors[order] = amendment.dropoff
            case e.OrderMoved(order=order, store=store):
                self._expect_within(store, self.doors[order], order)

    def _expect_within(self, store: StoreId, door: Point, what: str) -> None:
        area = self.areas.get(store)
        self._expect(area is None or area.contains(door), f"{what}: {store} brings nothing there")

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.problems.append(otherwise)


def _pieces(placed: e.OrderPlaced) -> Counter[Place]:
    """What was sold, and nothing else, and once."""
    pieces: Counter[Place] = Counter()
    for line in placed.lines:
        for x in line.components:
            pieces[placed.store, x.product] += x.quantity
        if not line.components:
            pieces[placed.store, line.product] += line.quantity
    return pieces
