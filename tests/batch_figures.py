"""The figures of projections once more, from a whole list of records at leisure.

Written without looking at engine/projections: everything is kept, nothing is folded, and each
figure is looked up anew. What streams must come to the same.
"""

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np

from engine import commands as c
from engine import events as e
from engine.rules.emissions import GRAMS_PER_KM
from engine.values import HOUR
from geo.cells import cell_of
from geo.sphere import straight_mm

ENDS = (e.OrderFulfilled, e.OrderCancelled, e.OrderReturned, e.OrderWrittenOff)


AMENDS = (e.OrderEdited, e.OrderReduced, e.SubstituteProposed, e.SubstituteAccepted)


class Day:
    """A list of (at, event), and every question about it."""

    def __init__(self, records) -> None:
        self.records = list(records)
        self.events = [(r.at, x, r) for r in self.records for x in r.events]
        self.placed = {x.order: x for _, x, _ in self.events if isinstance(x, e.OrderPlaced)}
        self.ends = [(at, x) for at, x, _ in self.events if isinstance(x, ENDS)]

    def all(self, *kinds):
        return [(at, x) for at, x, _ in self.events if isinstance(x, kinds)]

    # sales

    def lines(self, order):
        return self.bargain(order)[0]

    def due(self, order):
        return self.bargain(order)[1]

    def bargain(self, order):
        """(lines, what is owed for them), everything that changed it taken in turn."""
        lines, due, offered = self.placed[order].lines, self.placed[order].total_minor, {}
        for _, x in self.all(*AMENDS):
            if x.order != order:
                continue
            if isinstance(x, e.OrderEdited):
                lines, due = x.amendment.lines, x.amendment.total_minor
            elif isinstance(x, e.OrderReduced):
                lines, due = x.lines, due - x.reduction_minor
            elif isinstance(x, e.SubstituteProposed):
                offered[x.missing] = x.line
            else:
                line = offered[x.missing]
                lines, due = [*lines, line], due + line.quantity * line.price_minor
        return lines, due

    def promised_at(self, order):
        """As last agreed on with the customer; trying once more breaks it, and makes no other."""
        edits = [x for _, x in self.all(e.OrderEdited) if x.order == order]
        return edits[-1].amendment.promised_at if edits else self.placed[order].promised_at

    def store(self, order):
        """Who had it in the end."""
        moves = [x.store for _, x in self.all(e.OrderMoved) if x.order == order]
        return moves[-1] if moves else self.placed[order].store

    def goods(self, order):
        return sum(x.quantity * x.price_minor - x.discount_minor for x in self.lines(order))

    def by_store_hour(self, amount, *kinds):
        """amount(order) summed over ended orders of these kinds, by (hour, store)."""
        total = Counter()
        for at, x in self.all(*kinds):
            store = x.store if isinstance(x, e.OrderPlaced) else self.store(x.order)
            total[at // HOUR, store] += amount(x.order)
        return +total

    def categories(self):
        category, total = {}, Counter()
        for at, x, _ in self.events:
            if isinstance(x, e.ProductListed):
                category[x.product] = x.category
            elif isinstance(x, e.OrderFulfilled):
                for line in self.lines(x.order):
                    minor = line.quantity * line.price_minor - line.discount_minor
                    total[at // HOUR, category[line.product]] += minor
        return +total

    def books(self):
        total = Counter()
        for at, x in self.all(e.LedgerPosted):
            for p in x.postings:
                kind = p.account if p.account.startswith("platform:") else p.account.split(":")[0]
                total[at // HOUR, kind] += p.amount_minor
        return {key: amount for key, amount in total.items() if amount}

    # refusals and demand

    def refusals(self):
        return Counter(
            f"{type(r.command).__name__}/{x.reason}"
            for _, x, r in self.events
            if isinstance(x, e.CommandRejected)
        )

    def cells(self):
        total = defaultdict(lambda: [0, 0, 0])
        for at, x, r in self.events:
            if isinstance(x, e.QuoteOffered) and x.fulfillment == "delivery":
                total[at // HOUR, cell_of(x.dropoff, 8)][0] += 1
            elif isinstance(x, e.OrderPlaced) and x.fulfillment == "delivery":
                total[at // HOUR, cell_of(x.dropoff, 8)][2] += 1
            elif isinstance(x, e.CommandRejected) and _is_refused_quote(r.command, x):
                total[at // HOUR, cell_of(r.command.dropoff, 8)][1] += 1
        return dict(total)

    # the clock: each time by looking through everything again

    def clock(self, order):
        """(placed, taken, in store, ready, picked up, promised, door), None where it never was."""
        deliveries = {x.delivery for _, x in self.all(e.DeliveryCreated) if x.order == order}
        own = [(at, x) for at, x in self.all(*CLOCK) if _is_of(x, order, deliveries)]
        fetched = next(
            (n for n, (_, x) in enumerate(own) if isinstance(x, e.DeliveryPickedUp)), None
        )
        if fetched is None:
            return None
        before = own[:fetched]
        lost = max(
            (n for n, (_, x) in enumerate(before) if isinstance(x, e.DeliveryUnassigned)),
            default=-1,
        )
        since = before[lost + 1 :]
        taken = [at for at, x in since if isinstance(x, e.OfferAccepted)]
        never = -1
        there = [
            max(taken[-1] if taken else never, e.happened_at(x, at))
            for at, x in since
            if isinstance(x, e.CourierArrived) and x.stop == "pickup"
        ]
        ready = [at for at, x in own if isinstance(x, e.OrderReady)]
        at, first = own[fetched]
        fetched_at = max(there[-1] if there else never, e.happened_at(first, at))
        door = next(
            max(fetched_at, x.delivered_at) if x.delivered_at else at
            for at, x in own
            if isinstance(x, e.OrderFulfilled)
        )
        placed = self.placed[order]
        last = lambda times: times[-1] if times else None  # noqa: E731
        times = last(taken), last(there), last(ready), fetched_at
        return (placed.placed_at, *times, self.promised_at(order), door)

    def durations(self):
        """Of all delivered, by name, in milliseconds."""
        found = defaultdict(list)
        for _, x in self.all(e.OrderFulfilled):
            times = self.clock(x.order)
            if times is None:
                continue
            placed, taken, there, ready, fetched, promised, door = times
            for name, start, end in (
                ("click_to_door", placed, door),
                ("click_to_taken", placed, taken),
                ("ready_to_pickup", ready, fetched),
                ("in_store_to_pickup", there, fetched),
                ("ready_to_door", ready, door),
                ("drop_off_lateness", promised, door),
            ):
                if start is not None and end is not None:
                    found[name].append(end - start)
        return found

    # couriers

    def at_work(self, courier):
        """(on duty, busy) intervals in milliseconds, from a list of every change."""
        on_shift, carrying, changes = False, set(), []
        for at, x, r in self.events:
            if getattr(x, "courier", None) != courier:
                continue
            match x:
                case e.ShiftStarted():
                    on_shift = True
                case e.ShiftEnded():
                    on_shift = False
                case e.OfferAccepted():
                    carrying.add(x.delivery)
                case (
                    e.DeliveryCompleted()
                    | e.DeliveryReturned()
                    | e.DeliveryUnassigned()
                    | e.DeliveryStranded()
                    | e.DeliveryCancelled()
                ):
                    carrying.discard(x.delivery)
                case _:
                    continue
            changes.append((at, r.seq, on_shift or bool(carrying), frozenset(carrying)))
        return changes

    def worked_ms(self, courier):
        """(on duty, busy), until the last record."""
        now = self.records[-1].at
        changes = [*self.at_work(courier), (now, 0, False, frozenset())]
        duty = sum(b[0] - a[0] for a, b in pairwise(changes) if a[2])
        busy = sum(b[0] - a[0] for a, b in pairwise(changes) if a[3])
        return duty, busy

    def on_duty_by_hour(self, couriers):
        """Milliseconds, of all together."""
        total, now = Counter(), self.records[-1].at
        for courier in couriers:
            for a, b in pairwise([*self.at_work(courier), (now, 0, False, frozenset())]):
                for hour in range(a[0] // HOUR, b[0] // HOUR + 1) if a[2] else ():
                    total[hour] += max(0, min(b[0], (hour + 1) * HOUR) - max(a[0], hour * HOUR))
        return +total

    def earned(self):
        total = Counter()
        for _, x in self.all(e.LedgerPosted):
            for p in x.postings:
                if p.account.startswith("courier:") and p.amount_minor < 0:
                    total[p.account.removeprefix("courier:")] -= p.amount_minor
        return +total

    def moved(self):
        """How often a plan gave a delivery to another courier than the plan before it, who was
        still there."""
        total = 0
        plans = self.all(e.RoutePlanned, e.DeliveryUnassigned, e.DeliveryStranded, e.ShiftEnded)
        told = [x for _, x in plans]
        for n, x in enumerate(told):
            if not isinstance(x, e.RoutePlanned):
                continue
            for delivery in {stop.delivery for stop in x.stops}:
                at = next((k for k in range(n - 1, -1, -1) if _concerns(told[k], delivery)), n)
                last, since = told[at], told[at + 1 : n]
                if isinstance(last, e.RoutePlanned) and last.courier != x.courier:
                    left = (y.courier for y in since if isinstance(y, e.ShiftEnded))
                    total += last.courier not in left
        return total

    # riding

    def legs(self, courier):
        """What counts of a courier's way, as (record number, millimeters).

        Positions are read every five seconds, and before what he carries or his duty changes.
        """
        number = next(x.number for _, x in self.all(e.CourierRegistered) if x.courier == courier)
        legs, anchor, newest, on_duty, read_at = [], None, None, False, 0
        changes = {seq: duty for _, seq, duty, _ in self.at_work(courier)}

        def read(seq):
            nonlocal anchor
            if newest is None or (anchor is not None and newest[2] <= anchor[2]):
                return
            if anchor is not None:
                mm = straight_mm(anchor[0], anchor[1], newest[0], newest[1])
                if mm < 10_000:
                    return
                if on_duty and mm * 1_000 <= 60_000 * (newest[2] - anchor[2]):
                    legs.append((seq, mm))
            anchor = newest

        for r in self.records:
            for x in r.events:
                if isinstance(x, e.PositionsReported):
                    columns = np.array([y.tolist() for y in x.batch.columns()]).T.tolist()
                    newest = next((tuple(y[1:]) for y in columns if y[0] == number), newest)
                    if r.at - read_at >= 5_000:
                        read_at = r.at
                        read(r.seq)
            if r.seq in changes:
                is_shift = all(
                    isinstance(x, e.ShiftStarted | e.ShiftEnded)
                    for x in r.events
                    if getattr(x, "courier", None) == courier and isinstance(x, CHANGES)
                )
                if not is_shift or changes[r.seq] != on_duty:
                    read(r.seq)
                if changes[r.seq] != on_duty:
                    on_duty, anchor, newest = changes[r.seq], None, None
        return legs

    def shared_ug(self, couriers):
        """Micrograms of each order: every courier's legs, shared among what he carried then."""
        orders = {x.delivery: x.order for _, x in self.all(e.DeliveryCreated)}
        vehicle = {x.courier: x.vehicle for _, x in self.all(e.CourierRegistered)}
        total, mm_of = Counter(), Counter()
        for courier in couriers:
            legs = self.legs(courier)
            bounds = [*self.at_work(courier), (0, 10**12, False, frozenset())]
            for before, after in pairwise(bounds):
                ridden = sum(mm for seq, mm in legs if before[1] < seq <= after[1])
                for delivery in before[3]:
                    part = ridden / len(before[3])
                    mm_of[orders[delivery]] += part
                    total[orders[delivery]] += part * GRAMS_PER_KM[vehicle[courier]]
        return total, mm_of


CHANGES = (
    e.ShiftStarted,
    e.ShiftEnded,
    e.OfferAccepted,
    e.DeliveryCompleted,
    e.DeliveryReturned,
    e.DeliveryUnassigned,
    e.DeliveryStranded,
    e.DeliveryCancelled,
)

CLOCK = (
    e.OfferAccepted,
    e.DeliveryUnassigned,
    e.CourierArrived,
    e.DeliveryPickedUp,
    e.OrderReady,
    e.OrderFulfilled,
)


def _is_refused_quote(command, x):
    if not isinstance(command, c.RequestQuote) or x.reason == "malformed":
        return False
    return command.fulfillment == "delivery"


def _is_of(x, order, deliveries):
    return getattr(x, "delivery", None) in deliveries or getattr(x, "order", None) == order


def _concerns(x, delivery):
    if isinstance(x, e.RoutePlanned):
        return any(stop.delivery == delivery for stop in x.stops)
    return getattr(x, "delivery", None) == delivery
