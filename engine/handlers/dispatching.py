"""Dispatching: asking for plans, adopting what still holds of them, and making offers."""

from dataclasses import dataclass

from engine.commands import (
    AdoptPlan,
    AssignDelivery,
    ClosePlanningRound,
    ImprovePlan,
    OpenPlanningRound,
    RepositionCourier,
    RouteLine,
)
from engine.events import (
    AnyEvent,
    CourierRepositioned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryCreated,
    DeliveryFailed,
    DeliveryOffered,
    DeliveryPickedUp,
    DeliveryReturned,
    DeliveryUnassigned,
    LegStarted,
    OfferAccepted,
    OrderAccepted,
    OrderCancelled,
    OrderReattempted,
    OrderWrittenOff,
    PlanningRequested,
    PlanningRoundClosed,
    PlanningRoundOpened,
    ReturnFetched,
    RoutePlanned,
    RouteSkipped,
    WaitEnded,
    happened_at,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.eligibility import objection, release_objection
from engine.rules.grouping import carriages, may_be_told, torn
from engine.rules.scheduling import pickup_from, search_until
from engine.rules.skills import lacking
from engine.state.couriers import Couriers
from engine.state.deliveries import ACCEPTED, ON_BOARD, Deliveries, Delivery, DeliveryStatus
from engine.state.groups import Groups
from engine.state.order_changes import OrderChanges
from engine.state.orders import Orders
from engine.state.planning_rounds import PlanningRounds
from engine.state.settings import CurrentSettings
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import CourierId, DeliveryId, Fulfillment, Millis, Stop, StopKind
from geo.points import Point

S = DeliveryStatus
LegEvent = (  # what may leave a courier free for the next stop
    RoutePlanned
    | OfferAccepted
    | DeliveryUnassigned
    | DeliveryPickedUp
    | DeliveryCompleted
    | DeliveryFailed
    | DeliveryReturned
    | DeliveryCancelled
)


@dataclass(eq=False, slots=True)
class Dispatching:
    settings: CurrentSettings
    stores: Stores
    orders: Orders
    couriers: Couriers
    deliveries: Deliveries
    planning_rounds: PlanningRounds
    changes: OrderChanges
    groups: Groups

    # commands

    def open_planning_round(self, turn: Turn, c: OpenPlanningRound) -> None:
        due_at = self.planning_rounds.due_at
        if self.planning_rounds.open is None and due_at is not None and due_at <= turn.at:
            self._open_round(turn)

    def close_planning_round(self, turn: Turn, c: ClosePlanningRound) -> None:
        if self.planning_rounds.open == c.planning_round:
            self._close_round(turn)

    def adopt_plan(self, turn: Turn, c: AdoptPlan) -> None:
        if self.planning_rounds.open != c.planning_round:
            turn.reject(Reason.STALE)
        if not self._adopt(turn, c.lines):
            self.request_plan(turn)
        self._close_round(turn)

    def improve_plan(self, turn: Turn, c: ImprovePlan) -> None:
        """Unasked, hence nobody waits for it: what does not hold any more is dropped."""
        self._adopt(turn, c.lines)

    def assign_delivery(self, turn: Turn, c: AssignDelivery) -> None:
        """By hand: last on the route, and offered at once."""
        delivery, worker = self.deliveries.get(c.delivery), self.couriers.get(c.courier)
        if not delivery or not worker:
            what, key = ("courier", c.courier) if delivery else ("delivery", c.delivery)
            turn.reject(Reason.UNKNOWN, what=what, id=key)
        if delivery.status is not S.CREATED:
            allowed = [str(x) for x in delivery.next_statuses]
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": delivery.status, "to": S.OFFERED},
                allowed=allowed,
            )
        together = self._with_it(turn, c, delivery)
        route = self.deliveries.route(c.courier)
        kept = [x for x in route.stops if x.delivery not in together]
        stops = [*kept, *(Stop(StopKind.PICKUP, x) for x in together)]
        stops += [Stop(x.last_stop, key) for key, x in together.items()]
        known = self.deliveries.deliveries
        reason = objection(c.courier, worker, route, stops, known, turn.at)
        reason = reason or release_objection(worker, [c.delivery], known, turn.at)
        if reason is Reason.SKILL_MISSING:
            asked = dict.fromkeys(skill for x in together.values() for skill in x.skills)
            turn.reject(reason, skills=[str(x) for x in lacking([*asked], worker.skills)])
        if reason is not None:
            turn.reject(reason)
        for holder in dict.fromkeys(x.courier for x in together.values()):
            if holder not in (None, c.courier):
                others = self.deliveries.route(holder).stops
                rest = [x for x in others if x.delivery not in together]
                turn.emit(RoutePlanned(holder, rest))
        turn.emit(RoutePlanned(c.courier, stops))
        for key in together:
            self._offer(turn, c.courier, key, c.reason)

    def reposition_courier(self, turn: Turn, c: RepositionCourier) -> None:
        """Only who has nothing to do is sent to wait somewhere else."""
        worker = self.couriers.get(c.courier)
        if not worker or not self.stores.get(c.store):
            what, key = ("store", c.store) if worker else ("courier", c.courier)
            turn.reject(Reason.UNKNOWN, what=what, id=key)
        if not worker.on_shift or worker.is_on_break(turn.at):
            turn.reject(Reason.OFF_SHIFT)
        stops = self.deliveries.route(c.courier).stops
        if any(self.deliveries[x.delivery].status is not S.CREATED for x in stops):
            turn.reject(Reason.PINNED)
        turn.emit(CourierRepositioned(c.courier, c.store))

    # follow-ups

    def create_delivery(self, turn: Turn, e: OrderAccepted | OrderReattempted) -> None:
        order, before = self.orders[e.order], self.deliveries.of_order.get(e.order)
        placed, attempt = order.placed, 1 + (self.deliveries[before].attempt if before else 0)
        if placed.fulfillment is Fulfillment.COLLECTION:
            return
        home, from_at = self.stores[placed.store].location, 0
        if placed.window_from_at:
            opens_at = placed.window_from_at
            from_at = pickup_from(self.settings.current, home, placed.dropoff, opens_at)
        until = search_until(self.settings.current, turn.at, placed.promised_at, order.ready_at)
        turn.emit(
            DeliveryCreated(
                DeliveryId(f"{e.order}/{order.reattempts + order.moves + 1}"),
                e.order,
                attempt,
                placed.store,
                home,
                placed.dropoff,
                placed.load,
                Millis(from_at),
                skills=placed.skills,
                search_until=until,
            )
        )

    def fetch(self, turn: Turn, e: ReturnFetched) -> None:
        """From the door to the store: what is rescued for it goes the same way."""
        change = self.changes[e.change]
        door, home = self.orders[change.order].placed.dropoff, self.stores[change.store].location
        turn.emit(
            DeliveryCreated(
                e.delivery,
                change.order,
                1,
                change.store,
                door,
                home,
                change.load,
                change=e.change,
                due_at=e.due_at,
                skills=change.skills,
            )
        )

    def cancel_delivery(self, turn: Turn, e: OrderCancelled | OrderWrittenOff) -> None:
        key = self.deliveries.of_order.get(e.order)
        if key is not None:
            turn.emit(DeliveryCancelled(key, self.deliveries[key].courier))

    def request_plan(self, turn: Turn, _: AnyEvent | None = None) -> None:
        """Something changed that a plan should know. At once, if the last round is long ago."""
        if not self.deliveries.are_waiting:
            return  # everyone has been told; nothing is left to decide
        rounds = self.planning_rounds
        just_now = rounds.open is not None and rounds.opened_at == turn.at
        if just_now and any(isinstance(x, PlanningRoundOpened) for x in turn.events):
            return  # its solver is briefed after this turn, and will know
        interval = self.settings.current.planning_interval_ms
        due = Millis(max(turn.at, rounds.opened_at + interval) if rounds.count else turn.at)
        if rounds.open is None and due == turn.at:
            self._open_round(turn)
        elif rounds.due_at is None or due < rounds.due_at:
            turn.emit(PlanningRequested(due))
            if rounds.open is None:
                turn.set_timer(due - turn.at, OpenPlanningRound())

    def start_leg(self, turn: Turn, e: LegEvent) -> None:
        """The next stop of a courier who is free, if it is settled that it is his."""
        if e.courier is None:
            return
        route = self.deliveries.route(e.courier)
        if route.stops and not route.under_way:
            head = self.deliveries[route.stops[0].delivery]
            if head.status in ACCEPTED or head.status in ON_BOARD:
                place = self._just_left(e)
                left_at = happened_at(e, turn.at) if place else Millis(0)
                turn.emit(LegStarted(e.courier, place, left_at))
                if self.couriers[e.courier].asked_to_wait_at is not None:
                    turn.emit(WaitEnded(e.courier))

    # internals

    def _with_it(
        self, turn: Turn, c: AssignDelivery, delivery: Delivery
    ) -> dict[DeliveryId, Delivery]:
        """What nobody was told of and goes with it, itself included: all of its group."""
        found = {c.delivery: delivery}
        for key, x in carriages(self.groups, self.deliveries, delivery.order):
            if key is None or x is None:
                turn.reject(Reason.NOT_TOGETHER, because="not_accepted")
            if x.status is S.CREATED:
                found[key] = x
            elif x.courier != c.courier:
                turn.reject(Reason.NOT_TOGETHER, because="under_way", order=x.order)
        return found

    def _just_left(self, e: LegEvent) -> Point | None:
        """Where he is who has just done something at a stop."""
        match e:
            case DeliveryPickedUp():
                return self.deliveries[e.delivery].pickup
            case DeliveryCompleted():
                return self.deliveries[e.delivery].dropoff
        return None

    def _open_round(self, turn: Turn) -> None:
        opened = PlanningRoundOpened(self.planning_rounds.next_id(), turn.at)
        turn.emit(opened)
        timeout_ms = self.settings.current.planning_timeout_ms
        turn.set_timer(timeout_ms, ClosePlanningRound(opened.planning_round))

    def _close_round(self, turn: Turn) -> None:
        """And see to the next: at once, when it was asked for, or after a while."""
        rounds = self.planning_rounds
        assert rounds.open is not None
        turn.emit(PlanningRoundClosed(rounds.open))
        if rounds.due_at is None:
            if not self.deliveries.are_waiting:
                return
            heartbeat_ms = self.settings.current.planning_heartbeat_ms
            turn.emit(PlanningRequested(Millis(turn.at + heartbeat_ms)))
        assert rounds.due_at is not None
        turn.set_timer(max(0, rounds.due_at - turn.at), OpenPlanningRound())

    def _adopt(self, turn: Turn, lines: list[RouteLine]) -> bool:
        """The lines that still hold; False if some did not."""
        objections = self._objections(lines, turn.at)
        holding = [line for line in lines if line.courier not in objections]
        for courier, reason in objections.items():
            turn.emit(RouteSkipped(courier, reason))
        for line in holding:
            if line.stops != self.deliveries.route(line.courier).stops:
                turn.emit(RoutePlanned(line.courier, line.stops))
        for line in holding:
            for delivery in line.release:
                self._offer(turn, line.courier, delivery)
        return not objections

    def _offer(self, turn: Turn, courier: CourierId, key: DeliveryId, reason: str = "") -> None:
        delivery = self.deliveries.get(key)
        if delivery is None or delivery.courier != courier or delivery.status is not S.CREATED:
            return
        order, groups = delivery.order, self.groups
        if order in groups.of_order and not may_be_told(groups, self.deliveries, courier, order):
            return
        timeout_ms = self.settings.current.offer_timeout_ms
        offer = delivery.offers + 1
        turn.emit(DeliveryOffered(key, courier, offer, Millis(turn.at + timeout_ms), reason))
        if not timeout_ms:
            turn.emit(OfferAccepted(key, courier))

    def _objections(self, lines: list[RouteLine], now: Millis) -> dict[CourierId, Reason]:
        """Which lines do not hold any more, or hold only together with one that does not."""
        objections: dict[CourierId, Reason] = {}
        stops_of: dict[CourierId, list[Stop]] = {}
        for line in lines:
            reason = self._objection(line, line.courier in stops_of, now)
            stops_of[line.courier] = line.stops
            if reason is not None:
                objections[line.courier] = reason
        changed = True
        while changed:
            changed = False
            taken: dict[DeliveryId, CourierId] = {}
            for line in lines:
                if line.courier in objections:
                    continue
                if self._conflicts(line, objections, stops_of, taken):
                    objections[line.courier] = Reason.STALE
                    changed = True
            if self.groups.groups:
                plan = {x.courier: x.stops for x in lines if x.courier not in objections}
                parting = torn(self.groups, self.deliveries, plan)
                objections.update(dict.fromkeys(parting, Reason.NOT_TOGETHER))
                changed = changed or bool(parting)
        return objections

    def _objection(self, line: RouteLine, again: bool, now: Millis) -> Reason | None:
        courier = line.courier
        worker = self.couriers.get(courier)
        if again:
            return Reason.MALFORMED
        if not worker:
            return Reason.UNKNOWN
        route = self.deliveries.route(courier)
        if route.version != line.version:
            return Reason.STALE
        known = self.deliveries.deliveries
        reason = objection(courier, worker, route, line.stops, known, now)
        return reason or release_objection(worker, line.release, known, now)

    def _conflicts(
        self,
        line: RouteLine,
        objections: dict[CourierId, Reason],
        stops_of: dict[CourierId, list[Stop]],
        taken: dict[DeliveryId, CourierId],
    ) -> bool:
        """A delivery planned for somebody else may come over only if that route lets go of it."""
        courier, deliveries = line.courier, self.deliveries.deliveries
        for stop in line.stops:
            if taken.setdefault(stop.delivery, courier) != courier:
                return True
            holder = deliveries[stop.delivery].courier
            if holder is None or holder == courier:
                continue
            if holder in objections or holder not in stops_of:
                return True
            if any(x.delivery == stop.delivery for x in stops_of[holder]):
                return True
        return False
