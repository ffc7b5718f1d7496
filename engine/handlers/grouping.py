"""Grouping: orders that one courier carries; and when they are better parted."""

from dataclasses import dataclass

from engine.commands import DissolveGroup, GroupOrders, ReviewGroup
from engine.events import (
    DeliveryCreated,
    DeliveryFailed,
    DeliveryUnassigned,
    GroupDissolved,
    OrderCancelled,
    OrderEdited,
    OrderFulfilled,
    OrderGrouped,
    OrderLeftGroup,
    OrderMoved,
    OrderPlaced,
    OrderRecalled,
    OrderReturned,
    OrderWrittenOff,
    RoutePlanned,
    ShiftEnded,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.grouping import carriages, last_call_at, member_of, members, together_fault
from engine.state.couriers import Couriers
from engine.state.deliveries import ACCEPTED, ON_BOARD, Deliveries, DeliveryStatus
from engine.state.groups import Groups
from engine.state.orders import ENDED, Orders
from engine.state.settings import CurrentSettings
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import CourierId, GroupId, OrderId

TOLD = (DeliveryStatus.OFFERED, *ACCEPTED)
LEAVING = {
    OrderCancelled: "cancelled",
    OrderRecalled: "recalled",
    OrderMoved: "moved",
    OrderFulfilled: "delivered",
    OrderReturned: "returned",
    OrderWrittenOff: "written_off",
}
LeavingEvent = (
    OrderCancelled
    | OrderRecalled
    | OrderMoved
    | OrderFulfilled
    | OrderReturned
    | OrderWrittenOff
    | DeliveryFailed
)


@dataclass(eq=False, slots=True)
class Grouping:
    settings: CurrentSettings
    stores: Stores
    orders: Orders
    couriers: Couriers
    deliveries: Deliveries
    groups: Groups

    # commands

    def group_orders(self, turn: Turn, c: GroupOrders) -> None:
        if not c.orders or len(dict.fromkeys(c.orders)) < len(c.orders):
            turn.reject(Reason.MALFORMED, field="orders")
        found = members(self.groups, self.stores, self.orders, self.deliveries, c.group)
        for key in c.orders:
            order = self.orders.get(key)
            if not order:
                turn.reject(Reason.UNKNOWN, what="order", id=key)
            if key in self.groups.of_order:
                turn.reject(Reason.ALREADY_EXISTS, group=self.groups.of_order[key])
            if order.status in ENDED:
                turn.reject(Reason.NOT_TOGETHER, because="ended", order=key)
            found.append(member_of(key, order, self.stores, self.deliveries))
        turn.reject_for(together_fault(self.settings.current, self.couriers, found))
        for key in c.orders:
            turn.emit(OrderGrouped(c.group, key))

    def dissolve_group(self, turn: Turn, c: DissolveGroup) -> None:
        if c.group not in self.groups.groups:
            turn.reject(Reason.UNKNOWN, what="group", id=c.group)
        self._dissolve(turn, c.group, "by_hand")

    def review_group(self, turn: Turn, c: ReviewGroup) -> None:
        """Whoever waits for the others until his promise is at stake waits no longer."""
        found = members(self.groups, self.stores, self.orders, self.deliveries, c.group)
        settings = self.settings.current
        waits = any(x.is_waiting and last_call_at(settings, x) <= turn.at for x in found)
        if waits and len(found) > 1:
            self._dissolve(turn, c.group, "late")

    # follow-ups

    def join(self, turn: Turn, e: OrderPlaced) -> None:
        if e.group:
            turn.emit(OrderGrouped(e.group, e.order))

    def gather(self, turn: Turn, e: OrderGrouped) -> None:
        """Only one courier is still planned for them."""
        self._plan_review(turn, e.order)
        keeper: CourierId | None = None
        for key, x in carriages(self.groups, self.deliveries, e.order):
            if x is None or x.courier is None:
                continue
            keeper = keeper or x.courier
            if x.courier != keeper:
                stops = self.deliveries.route(x.courier).stops
                turn.emit(RoutePlanned(x.courier, [y for y in stops if y.delivery != key]))

    def wait(self, turn: Turn, e: DeliveryCreated) -> None:
        self._plan_review(turn, e.order)

    def leave(self, turn: Turn, e: LeavingEvent) -> None:
        failed = isinstance(e, DeliveryFailed)
        order = self.deliveries[e.delivery].order if isinstance(e, DeliveryFailed) else e.order
        group = self.groups.of_order.get(order)
        if group is not None:
            turn.emit(OrderLeftGroup(group, order, "failed" if failed else LEAVING[type(e)]))

    def review_edited(self, turn: Turn, e: OrderEdited) -> None:
        """It may be larger now, and its promise another."""
        group = self.groups.of_order.get(e.order)
        if group is None:
            return
        found = members(self.groups, self.stores, self.orders, self.deliveries, group)
        if len(found) > 1 and sum(x.load for x in found) > self.settings.current.load_max:
            self._dissolve(turn, group, "too_large")
        else:
            self._plan_review(turn, e.order)

    def keep_together(self, turn: Turn, e: DeliveryUnassigned) -> None:
        """Who does not carry one of them carries none, unless he has one on board."""
        order = self.deliveries[e.delivery].order
        group = self.groups.of_order.get(order)
        if group is None or self.deliveries[e.delivery].change:
            return
        found = [*carriages(self.groups, self.deliveries, order)]
        mine = [(key, x) for key, x in found if key and x and x.courier == e.courier]
        if any(x.status in ON_BOARD for _, x in mine):
            self._dissolve(turn, group, "split")
            return
        for key, x in mine:
            if x.status in TOLD:
                turn.emit(DeliveryUnassigned(key, e.courier, e.reason))

    def part(self, turn: Turn, e: ShiftEnded) -> None:
        """Who goes home brings what he has on board, and fetches nothing that belongs to it."""
        for stop in list(self.deliveries.route(e.courier).stops):
            order = self.deliveries[stop.delivery].order
            found = [x for _, x in carriages(self.groups, self.deliveries, order)]
            if any(x is None or x.status not in ON_BOARD for x in found):
                self._dissolve(turn, self.groups.of_order[order], "split")

    # internals

    def _plan_review(self, turn: Turn, order: OrderId) -> None:
        """Of one that waits for a courier, and for the others: when it gets late."""
        group = self.groups.of_order.get(order)
        if group is None:
            return
        member = member_of(order, self.orders[order], self.stores, self.deliveries)
        if member.is_waiting:
            due_at = last_call_at(self.settings.current, member)
            turn.set_timer(max(0, due_at - turn.at), ReviewGroup(group))

    def _dissolve(self, turn: Turn, group: GroupId, reason: str) -> None:
        turn.emit(GroupDissolved(group, self.groups.groups[group], reason))
