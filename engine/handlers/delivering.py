"""Delivering: what couriers report, from the start of a shift to the last drop-off."""

from dataclasses import dataclass
from typing import NoReturn

from engine.commands import (
    AcceptOffer,
    ChangeCourier,
    DeclineOffer,
    EndShift,
    ExpireOffer,
    RegisterCourier,
    ReportArrival,
    ReportBreakdown,
    ReportDropoff,
    ReportFailure,
    ReportPickup,
    StartShift,
    TakeBreak,
)
from engine.events import (
    BreakPlanned,
    CourierArrived,
    CourierChanged,
    CourierRegistered,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryOffered,
    DeliveryPickedUp,
    DeliveryRecalled,
    DeliveryStranded,
    DeliveryUnassigned,
    OfferAccepted,
    OrderRecalled,
    ProofMissed,
    ReturnMissed,
    RoutePlanned,
    ShiftEnded,
    ShiftStarted,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.cancelling import REASONS
from engine.rules.eligibility import fits, return_position
from engine.rules.locality import is_near
from engine.rules.occurrence import believed_at, bounds_at
from engine.rules.proving import age_fault, is_same_code, label_fault
from engine.rules.skills import are_skills
from engine.state.couriers import Courier, Couriers
from engine.state.deliveries import (
    ACCEPTED,
    AT_DOOR,
    ON_BOARD,
    Deliveries,
    Delivery,
    DeliveryStatus,
)
from engine.state.orders import Orders
from engine.state.positions import Positions
from engine.state.products import Products
from engine.state.settings import CurrentSettings
from engine.state.timers import Timers
from engine.turn import Turn
from engine.values import Actor, CourierId, DeliveryId, FleetId, Millis, Proof, Stop, StopKind

S = DeliveryStatus
HOUSE = FleetId("")
Report = ReportArrival | ReportPickup | ReportDropoff | ReportFailure


@dataclass(eq=False, slots=True)
class Delivering:
    settings: CurrentSettings
    timers: Timers
    orders: Orders
    couriers: Couriers
    positions: Positions
    deliveries: Deliveries
    products: Products

    # commands

    def register_courier(self, turn: Turn, c: RegisterCourier) -> None:
        if c.capacity < 1:
            turn.reject(Reason.MALFORMED, field="capacity")
        if not are_skills(c.skills):
            turn.reject(Reason.MALFORMED, field="skills")
        if c.fleet and not _is_name_of(c.fleet, c.courier):
            turn.reject(Reason.UNKNOWN, what="courier", id=c.courier)
        if self.couriers.get(c.courier):
            turn.reject(Reason.ALREADY_EXISTS)
        number, skills = self.couriers.next_number(), sorted(c.skills)
        turn.emit(CourierRegistered(c.courier, number, c.vehicle, c.capacity, skills, c.fleet))

    def change_courier(self, turn: Turn, c: ChangeCourier) -> None:
        """Only of who has nothing to do: plans were made for what he could carry."""
        if c.capacity < 1:
            turn.reject(Reason.MALFORMED, field="capacity")
        if c.skills and not are_skills(c.skills):
            turn.reject(Reason.MALFORMED, field="skills")
        courier = self._courier(turn, c.courier, c.fleet)
        if courier.on_shift or self.deliveries.route(c.courier).stops:
            turn.reject(Reason.AT_WORK)
        skills = courier.skills if c.skills is None else sorted(c.skills)
        turn.emit(CourierChanged(c.courier, c.vehicle, c.capacity, skills))

    def start_shift(self, turn: Turn, c: StartShift) -> None:
        self._check_shift_time(turn, "ends_at", c.ends_at)
        if self._courier(turn, c.courier).on_shift:
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(ShiftStarted(c.courier, c.ends_at))

    def end_shift(self, turn: Turn, c: EndShift) -> None:
        if not self._courier(turn, c.courier, c.fleet).on_shift:
            turn.reject(Reason.OFF_SHIFT)
        turn.emit(ShiftEnded(c.courier, reason=c.reason))

    def take_break(self, turn: Turn, c: TakeBreak) -> None:
        self._check_shift_time(turn, "until", c.until)
        if not self._courier(turn, c.courier).on_shift:
            turn.reject(Reason.OFF_SHIFT)
        turn.emit(BreakPlanned(c.courier, c.until))

    def report_breakdown(self, turn: Turn, c: ReportBreakdown) -> None:
        """Whoever still carries something may break down, on shift or not."""
        on_shift = self._courier(turn, c.courier, c.fleet).on_shift
        if not on_shift and not self.deliveries.route(c.courier).stops:
            turn.reject(Reason.OFF_SHIFT)
        if on_shift:
            turn.emit(ShiftEnded(c.courier, True, c.reason))
        else:
            self._strand(turn, c.courier)

    def accept_offer(self, turn: Turn, c: AcceptOffer) -> None:
        delivery = self._own_delivery(turn, c.courier, c.delivery)
        if delivery.status is not S.OFFERED:
            self._illegal(turn, delivery, S.ASSIGNED)
        turn.emit(OfferAccepted(c.delivery, c.courier))

    def decline_offer(self, turn: Turn, c: DeclineOffer) -> None:
        """Also after accepting, as long as the goods are not on board."""
        delivery = self._own_delivery(turn, c.courier, c.delivery)
        if delivery.status not in (S.OFFERED, *ACCEPTED):
            self._illegal(turn, delivery, S.CREATED)
        reason = "declined" if delivery.status is S.OFFERED else "given_back"
        turn.emit(DeliveryUnassigned(c.delivery, c.courier, reason, c.reason))

    def report_arrival(self, turn: Turn, c: ReportArrival) -> None:
        delivery = self._own_delivery(turn, c.courier, c.delivery)
        if c.stop is StopKind.RETURN:
            if delivery.status is not S.RETURNING or delivery.at_store:
                self._illegal(turn, delivery, S.RETURNED)
        else:
            at = S.ARRIVED_AT_PICKUP if c.stop is StopKind.PICKUP else S.ARRIVED_AT_DROPOFF
            if at not in delivery.next_statuses:
                self._illegal(turn, delivery, at)
        turn.emit(CourierArrived(c.delivery, c.courier, c.stop, self._occurred_at(turn, c)))

    def report_pickup(self, turn: Turn, c: ReportPickup) -> None:
        delivery = self._own_delivery(turn, c.courier, c.delivery)
        if delivery.status not in ACCEPTED:
            self._illegal(turn, delivery, S.PICKED_UP)
        substitutes = self.orders[delivery.order].substitutes
        if substitutes:
            until = max(x.expires_at for x in substitutes.values())
            turn.reject(Reason.SUBSTITUTE_PENDING, expires_at=until)
        if not delivery.change:
            turn.reject_for(label_fault(self.orders[delivery.order].labels, c.scanned))
        self._check_load(turn, c)
        occurred_at = self._occurred_at(turn, c)
        turn.emit(DeliveryPickedUp(c.delivery, c.courier, delivery.order, occurred_at))

    def report_dropoff(self, turn: Turn, c: ReportDropoff) -> None:
        delivery = self._own_delivery(turn, c.courier, c.delivery)
        if delivery.status not in AT_DOOR:
            self._illegal(turn, delivery, S.DELIVERED)
        lines = self.orders[delivery.order].lines
        turn.reject_for(age_fault(self.products, lines, checked=c.age_checked))
        occurred_at = self._occurred_at(turn, c)
        if self._is_proven(turn, c, delivery):
            shown = c.proof, c.evidence, occurred_at, c.age_checked
            turn.emit(DeliveryCompleted(c.delivery, c.courier, delivery.order, *shown))

    def report_failure(self, turn: Turn, c: ReportFailure) -> None:
        delivery = self._own_delivery(turn, c.courier, c.delivery)
        fetches = bool(delivery.change) and delivery.status in ACCEPTED
        if delivery.status not in AT_DOOR and not fetches:
            self._illegal(turn, delivery, S.CANCELLED if delivery.change else S.RETURNING)
        if c.reason not in REASONS[Actor.COURIER]:
            allowed = list(REASONS[Actor.COURIER])
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=Actor.COURIER, allowed=allowed)
        occurred_at = self._occurred_at(turn, c)
        if fetches:  # he came for goods, and leaves without
            turn.emit(ReturnMissed(delivery.change, c.reason))
            missed_at = occurred_at or turn.at
            turn.emit(DeliveryCancelled(c.delivery, c.courier, missed_at=missed_at))
            return
        return_at = self._return_at(c.courier, c.delivery)
        turn.emit(DeliveryFailed(c.delivery, c.courier, c.reason, return_at, occurred_at))

    def expire_offer(self, turn: Turn, c: ExpireOffer) -> None:
        """The timer of the first that was waited for: all that have lapsed, and then the next."""
        for key in self.deliveries.offers.due(turn.at):
            courier = self.deliveries[key].courier
            assert courier is not None
            turn.emit(DeliveryUnassigned(key, courier, "lapsed"))
        self._wait(turn)

    # follow-ups

    def await_answer(self, turn: Turn, _: DeliveryOffered) -> None:
        self._wait(turn)

    def clear_route(self, turn: Turn, e: ShiftEnded) -> None:
        """Who leaves gives back everything that is not on board, or everything."""
        reason = "broken_down" if e.broken_down else "off_shift"
        route = self.deliveries.route(e.courier)
        for stop in list(route.stops):
            told = self.deliveries[stop.delivery].status in (S.OFFERED, *ACCEPTED)
            if stop.kind is StopKind.PICKUP and told:
                turn.emit(DeliveryUnassigned(stop.delivery, e.courier, reason))
        stops = self.deliveries.route(e.courier).stops
        carried = [x for x in stops if self.deliveries[x.delivery].status in ON_BOARD]
        if len(carried) < len(stops):
            turn.emit(RoutePlanned(e.courier, carried))
        if e.broken_down:
            self._strand(turn, e.courier)

    def take_back_offers(self, turn: Turn, e: BreakPlanned) -> None:
        """What is not answered yet goes to somebody else; it was not refused."""
        for stop in list(self.deliveries.route(e.courier).stops):
            if self.deliveries[stop.delivery].status is S.OFFERED:
                turn.emit(DeliveryUnassigned(stop.delivery, e.courier, "on_break"))

    def turn_back(self, turn: Turn, e: OrderRecalled) -> None:
        """Where it is; whoever was to fetch it for the door need not come for that."""
        key = self.deliveries.of_order[e.order]
        delivery = self.deliveries[key]
        if delivery.is_return:
            return  # it was to go out once more, and will not
        courier = delivery.courier
        if delivery.status in AT_DOOR:
            assert courier is not None
            return_at = self._return_at(courier, key)
            turn.emit(DeliveryFailed(key, courier, e.reason, return_at, recalled=True))
            return
        if courier is not None and delivery.status is S.CREATED:
            stops = self.deliveries.route(courier).stops
            turn.emit(RoutePlanned(courier, [x for x in stops if x.delivery != key]))
        elif courier is not None:
            turn.emit(DeliveryUnassigned(key, courier, "recalled"))
        turn.emit(DeliveryRecalled(key, e.reason))

    # internals

    def _wait(self, turn: Turn) -> None:
        """One timer for all, set for the first of them."""
        if first := self.deliveries.offers.first():
            until, key = first
            expire = ExpireOffer(key, self.deliveries[key].offers)
            turn.look_by(until, expire, self.timers.planned(ExpireOffer))

    def _return_at(self, courier: CourierId, key: DeliveryId) -> int:
        capacity, stops = self.couriers[courier].capacity, self.deliveries.route(courier).stops
        return return_position(capacity, stops, key, self.deliveries.deliveries)

    def _strand(self, turn: Turn, courier: CourierId) -> None:
        """Goods on board wait where the courier was last seen, if that can be true."""
        seen = self.positions.get(self.couriers[courier].number)
        for stop in list(self.deliveries.route(courier).stops):
            delivery = self.deliveries[stop.delivery]
            if delivery.status in ON_BOARD:
                is_plausible = seen is not None and is_near(delivery.pickup, seen)
                pickup = seen if is_plausible and seen else delivery.pickup
                attempt = delivery.attempt + 1
                turn.emit(DeliveryStranded(stop.delivery, courier, pickup, attempt))

    def _check_load(self, turn: Turn, c: ReportPickup) -> None:
        """Out of order is fine, as long as everything told so far can still be carried."""
        stops, pickup = self.deliveries.route(c.courier).stops, Stop(StopKind.PICKUP, c.delivery)
        if stops[0] == pickup:
            return
        sooner = [pickup, *(x for x in stops if x != pickup)]
        if not fits(self.couriers[c.courier].capacity, sooner, self.deliveries.deliveries):
            turn.reject(Reason.WRONG_STOP, next=stops[0].delivery)

    def _occurred_at(self, turn: Turn, c: Report) -> Millis:
        """What the phone said, as far as it can be true; 0 if it said nothing."""
        if not c.occurred_at:
            return Millis(0)
        route, delivery = self.deliveries.route(c.courier), self.deliveries[c.delivery]
        step_before = Millis(max(route.step_at, delivery.offered_at))
        earliest, latest = bounds_at(turn.at, step_before)
        believed = believed_at(c.occurred_at, earliest, latest)
        if believed is None:
            turn.reject(Reason.TIME_NOT_BELIEVED, earliest_at=earliest, latest_at=latest)
        return believed

    def _is_proven(self, turn: Turn, c: ReportDropoff, delivery: Delivery) -> bool:
        """Wrong codes count: whoever guesses has only a few tries."""
        order = self.orders[delivery.order]
        placed = order.placed
        if placed.proof is Proof.NONE:
            return True
        if c.proof is not placed.proof or not c.evidence:
            turn.reject(Reason.PROOF_REQUIRED, proof=placed.proof)
        if placed.proof is not Proof.PIN:
            return True
        tries_left = self.settings.current.proof_tries_max - order.missed_proofs
        if tries_left < 1:
            turn.reject(Reason.PROOF_LOCKED)
        if is_same_code(c.evidence, placed.pin):
            return True
        turn.refuse(Reason.PROOF_MISMATCH, tries_left=tries_left - 1)
        turn.emit(ProofMissed(delivery.order, order.missed_proofs + 1))
        return False

    def _check_shift_time(self, turn: Turn, field: str, at: int) -> None:
        """Later than now, and nobody works for ever."""
        limit_at = turn.at + self.settings.current.shift_max_ms
        if not turn.at < at <= limit_at:
            turn.reject(Reason.MALFORMED, field=field, limit_at=limit_at)

    def _courier(self, turn: Turn, key: CourierId, fleet: FleetId = HOUSE) -> Courier:
        courier = self.couriers.known_to(fleet, key)
        if not courier:
            turn.reject(Reason.UNKNOWN, what="courier", id=key)
        return courier

    def _own_delivery(self, turn: Turn, courier: CourierId, key: DeliveryId) -> Delivery:
        """Planned routes are nobody's business yet: CREATED counts as not his own."""
        delivery = self.deliveries.get(key)
        if not delivery or delivery.courier != courier or delivery.status is S.CREATED:
            turn.reject(Reason.UNKNOWN, what="delivery", id=key)
        return delivery

    def _illegal(self, turn: Turn, delivery: Delivery, to: DeliveryStatus) -> NoReturn:
        allowed = [str(x) for x in delivery.next_statuses if x != to]  # not by what was asked
        turn.reject(
            Reason.ILLEGAL_TRANSITION, **{"from": delivery.status, "to": to}, allowed=allowed
        )


def _is_name_of(fleet: FleetId, courier: CourierId) -> bool:
    """`fleet:name`: what else there is cannot be asked for by taking its name."""
    return ":" not in fleet and len(courier) > len(fleet) + 1 and courier.startswith(f"{fleet}:")
