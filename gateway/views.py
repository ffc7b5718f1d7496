"""What queries find, in the public shapes: one function per thing told."""

from collections.abc import Container

from engine import events as e
from engine.projections.movements import Movement
from engine.queries.arrivals import arrivals
from engine.queries.for_couriers import NextStop, OfferMade, Work, work_of
from engine.queries.for_customers import Tracked
from engine.queries.for_operators import courier_status, stops_with_places
from engine.queries.signals import risk_of, signal_of
from engine.queries.statuses import delivery_status
from engine.rules.opening import takes_orders
from engine.state import State
from engine.state.deliveries import BEFORE_PICKUP, DeliveryStatus
from engine.state.orders import OrderStatus
from engine.values import (
    MINUTE,
    SECOND,
    CourierId,
    DeliveryId,
    InstructionId,
    Millis,
    OrderId,
    PaymentId,
    Stop,
    StoreId,
)
from gateway import messages as m
from gateway.translation.editing import substitutes_told
from gateway.translation.goods import priced
from gateway.wire import expected_told, money, place, time_text, time_told, window_told

TOLD = (DeliveryStatus.CREATED, DeliveryStatus.OFFERED)  # until then nobody has accepted


def order_told(
    s: State,
    key: OrderId,
    at: Millis,
    statuses: tuple[str, str] | None = None,
    occurred_at: Millis | None = None,
) -> m.Order:
    """As of `at`; `statuses` are what they were at one event, else as they are."""
    order = s.orders[key]
    placed = order.placed
    bargain, goods = statuses or (order.status, delivery_status(s, key, order))
    delivery_key = s.deliveries.of_order.get(key)
    delivery = s.deliveries[delivery_key] if delivery_key is not None else None
    accepted = delivery is not None and delivery.status not in TOLD
    return m.Order(
        key,
        placed.store,
        placed.customer,
        bargain,  # type: ignore[arg-type]
        goods,  # type: ignore[arg-type]
        delivery.attempt if delivery else 1,
        money(order.due_minor, s.settings.current.currency),
        time_text(placed.placed_at),
        time_text(placed.promised_at),
        time_text(at),
        delivery_key,
        delivery.courier if delivery and accepted else None,
        time_told(order.ready_at),
        order.why or None,
        placed.fulfillment.value,
        order.missed_proofs,
        window_told(placed.window_from_at, placed.window_to_at),
        substitutes_told(order, s.settings.current.currency),
        order.edit.payment if order.edit else None,
        placed.exchange or None,
        (delivery.failure or None) if delivery else None,
        occurred_at=time_told(occurred_at or order.delivered_at),
        group=s.groups.of_order.get(key),
    )


def remedied_told(s: State, x: e.ShortageRemedied) -> m.ShortageRemedied:
    """With the order as the turn left it; for what is cancelled nothing is owed."""
    order = s.orders[x.order]
    due_minor = 0 if order.status is OrderStatus.CANCELLED else order.due_minor
    return m.ShortageRemedied(
        x.order,
        x.remedy.value,
        order.placed.store,
        time_text(order.placed.promised_at),
        money(due_minor, s.settings.current.currency),
        x.product or None,
        x.quantity,
        x.substitute or None,
    )


def tracking_told(seen: Tracked) -> m.Tracking:
    placed = seen.order.placed
    courier = None
    if seen.courier is not None:
        at = time_text(seen.courier_seen_at)
        courier = m.CourierSeen(seen.courier.lat_deg, seen.courier.lon_deg, at)
    return m.Tracking(
        seen.key,
        seen.delivery_status,  # type: ignore[arg-type]
        seen.attempt,
        time_text(placed.promised_at),
        seen.store_name,
        place(placed.dropoff),
        courier,
        seen.order.why or None,
        placed.fulfillment.value,
        seen.order.status.value,
        placed.pin if seen.is_code_shown else None,
        window_told(placed.window_from_at, placed.window_to_at),
        eta_told(seen.eta_at),
        None
        if seen.order.reattempts or seen.order.moves
        else expected_told(placed.promised_at, placed.sooner_ms),
    )


def eta_told(at: Millis | None) -> str | None:
    """The next whole minute: seconds would promise more than anybody knows."""
    return None if at is None else time_text(-(-at // MINUTE) * MINUTE)


# stores


def ticket_told(s: State, key: OrderId) -> m.Ticket:
    order = s.orders[key]
    delivery_key = s.deliveries.of_order.get(key)
    delivery = s.deliveries[delivery_key] if delivery_key is not None else None
    coming = delivery and delivery.status in BEFORE_PICKUP and delivery.status not in TOLD
    return m.Ticket(
        key,
        order.status.value,
        delivery_status(s, key, order),  # type: ignore[arg-type]
        priced(order.lines, s.settings.current.currency),
        time_text(order.placed.placed_at),
        time_text(order.placed.promised_at),
        time_told(order.ready_at),
        delivery.courier if delivery and coming else None,
        delivery_key,
        order.placed.fulfillment.value,
        window_told(order.placed.window_from_at, order.placed.window_to_at),
        order.labels,
    )


def return_told(s: State, key: DeliveryId) -> m.ReturnDue:
    delivery = s.deliveries[key]
    change = s.order_changes.get(delivery.change)
    reason = change.reason if change else delivery.failure
    return m.ReturnDue(key, delivery.order, delivery.courier or "", reason)


def moved_told(x: Movement) -> m.StockMoved:
    left, by = x.left, x.by
    return m.StockMoved(
        x.store,
        x.product,
        time_text(x.at),
        x.seq,
        x.cause,
        x.actor,
        left.on_hand,
        left.reserved,
        left.safety,
        left.damaged,
        left.incoming,
        left.available,
        by.on_hand,
        by.reserved,
        by.safety,
        by.damaged,
        by.incoming,
        x.order,
        x.reason,
        x.reference,
    )


# payment providers


def payment_told(s: State, key: PaymentId) -> m.PaymentDue:
    payment = s.payments[key]
    amount = money(payment.amount_minor, s.settings.current.currency)
    return m.PaymentDue(key, payment.order, amount)


def instruction_told(s: State, key: InstructionId) -> m.InstructionDue:
    instruction = s.payments.instruction(key)
    amount = money(instruction.amount_minor, s.settings.current.currency)
    return m.InstructionDue(key, instruction.payment, instruction.kind.value, amount)


# couriers


def route_told(
    s: State,
    courier: CourierId,
    expires_at: dict[DeliveryId, Millis],
    now: Millis,
    reached: Stop | None,
) -> m.Route:
    """`reached`: the stop whose fence he is in."""
    work: Work = work_of(s, courier)
    etas = {x.stop: x.eta_at for x in arrivals(s, courier, now)} if work.stops else {}
    currency = s.settings.current.currency
    return m.Route(
        work.on_shift,
        [_offer(s, x, expires_at.get(x.key, Millis(0)), currency) for x in work.offers],
        [_stop(x, etas.get(x.stop), reached) for x in work.stops],
        work.under_way,
        None if work.wait_near is None else _wait_near(s, work.wait_near),
    )


def _wait_near(s: State, key: StoreId) -> m.WaitNear:
    store = s.stores[key]
    return m.WaitNear(key, store.name, place(store.location))


def _offer(s: State, x: OfferMade, expires_at: Millis, currency: str) -> m.Offer:
    return m.Offer(
        x.key,
        x.delivery.order,
        time_text(expires_at),
        x.store_name,
        place(x.delivery.pickup),
        place(x.delivery.dropoff),
        x.delivery.load,
        money(x.fee_minor, currency),
        x.distance_m,
        bool(x.delivery.change),
        [*x.delivery.skills],
        "" if x.delivery.change else s.groups.of_order.get(x.delivery.order, ""),
    )


def _stop(x: NextStop, eta_at: Millis | None, reached: Stop | None) -> m.RouteStop:
    placed, is_dropoff = x.order.placed, x.stop.kind == "dropoff"
    return m.RouteStop(
        x.stop.kind.value,
        x.stop.delivery,
        placed.order,
        place(x.place),
        None if is_dropoff else x.store_name,
        time_text(x.ready_at) if x.stop.kind == "pickup" and x.ready_at else None,
        time_text(placed.promised_at) if is_dropoff else None,
        placed.proof.value if is_dropoff else "none",
        time_text(placed.window_from_at) if is_dropoff and placed.window_from_at else None,
        x.stop.kind == "pickup" and x.at_door,
        eta_told(eta_at),
        x.stop == reached,
        len(x.order.labels) if x.stop.kind == "pickup" and not x.at_door else 0,
        x.age_check,
    )


# operators


def city_store(s: State, key: StoreId, orders: int, now: Millis) -> m.CityStore:
    store = s.stores[key]
    at, offset_min = store.location, s.settings.current.utc_offset_min
    is_open = takes_orders(store, now, offset_min) and not s.staff.is_deserted(key)
    return m.CityStore(key, store.name, at.lat_deg, at.lon_deg, is_open, orders)


def city_courier(
    s: State,
    key: CourierId,
    now: Millis,
    device: m.DeviceTold | None = None,
    doubted: int = 0,
) -> m.CityCourier:
    courier = s.couriers[key]
    seen = s.positions.get(courier.number)
    route = [
        m.CityStop(stop.kind.value, stop.delivery, at.lat_deg, at.lon_deg)
        for stop, at in stops_with_places(s, key)
    ]
    return m.CityCourier(
        key,
        courier.vehicle.value,
        courier_status(s, key),  # type: ignore[arg-type]
        route,
        seen.lat_deg if seen else None,
        seen.lon_deg if seen else None,
        signal_of(s, key, now),
        device,
        doubted,
        [*courier.skills],
        courier.fleet,
        age_s(s, courier.number, now) if seen else None,
    )


def age_s(s: State, number: int, now: Millis) -> int:
    """Of the last position of who was seen: his phone's clock may be a little ahead of ours."""
    return max(0, now - int(s.positions.measured_at[number])) // SECOND


def city_order(
    s: State, key: OrderId, now: Millis, late: Container[DeliveryId] = ()
) -> m.CityOrder:
    """`late`: deliveries whose delay can be seen coming."""
    order = s.orders[key]
    placed, at = order.placed, order.placed.dropoff
    delivery_key = s.deliveries.of_order.get(key)
    return m.CityOrder(
        key,
        placed.store,
        at.lat_deg,
        at.lon_deg,
        order.status.value,
        delivery_status(s, key, order),  # type: ignore[arg-type]
        time_text(placed.placed_at),
        time_text(placed.promised_at),
        s.deliveries[delivery_key].courier if delivery_key else None,
        risk_of(s, key, now) or ("late" if delivery_key in late else ""),  # type: ignore[arg-type]
        placed.fulfillment.value,
        order.waits_for_customer,
        s.groups.of_order.get(key, ""),
    )
