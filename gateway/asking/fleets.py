"""What is asked about couriers: by a fleet about its own, by operators about everybody's."""

from engine.engine import Engine
from engine.projections import Projections
from engine.projections.shifts import Worked, WorkedShift
from engine.queries.for_couriers import is_told
from engine.rules.emissions import SOURCES
from engine.state import State
from engine.state.deliveries import ENDED
from engine.values import DAY, SECOND, CourierId, DeliveryId, FleetId, Millis
from gateway import messages as m
from gateway.asking.finding import courier_asked
from gateway.asking.paging import page_after
from gateway.codes import Refusal, unknown
from gateway.tokens import LIFE_MAX_S, Identity, Tokens
from gateway.translation.table import fleet_of
from gateway.wire import millis, money, place, time_text, time_told

SHIFTS_SPAN_MAX_MS, WORK_SPAN_MAX_MS = 8 * DAY, 31 * DAY
MM, GRAM_UG = 1_000, 1_000_000


def admit_courier(
    b: m.AdmitCourier, who: Identity, s: State, tokens: Tokens, wall_ms: int
) -> m.CourierAdmitted:
    """Raises Refusal("unknown")."""
    courier = courier_asked(b.courier, who, s)
    now_s, ttl_s = wall_ms // SECOND, LIFE_MAX_S["courier"]
    token = tokens.mint("courier", courier, ttl_s, now_s)
    return m.CourierAdmitted(courier, token, time_text((now_s + ttl_s) * SECOND))


def get_delivery(b: m.GetDelivery, who: Identity, engine: Engine) -> m.Delivery:
    """What was never told to a courier of theirs is not there. Raises Refusal("unknown")."""
    s, key = engine.state, DeliveryId(b.delivery)
    delivery = s.deliveries.get(key)
    courier = delivery.courier if delivery is not None and is_told(delivery) else None
    if delivery is None or courier is None or not s.couriers.known_to(fleet_of(who), courier):
        raise unknown("delivery", b.delivery)
    return m.Delivery(
        key,
        delivery.order,
        delivery.attempt,
        delivery.status.value,
        courier,
        delivery.store,
        s.stores[delivery.store].name,
        delivery.load,
        time_text(s.orders[delivery.order].placed.promised_at),
        delivery.is_return,
        delivery.failure,
        None if delivery.status in ENDED else place(delivery.dropoff),
    )


def list_shifts(b: m.ListShifts, who: Identity, engine: Engine, p: Projections) -> m.Shifts:
    """Raises Refusal: `unknown`, or `malformed`."""
    s = engine.state
    from_at, to_at = _span(b, SHIFTS_SPAN_MAX_MS)
    more: CourierId | None = None
    if who.role == "courier":
        couriers = [courier_asked(b.courier or who.subject, who, s)]
    elif b.courier is not None:
        couriers = [courier_asked(b.courier, who, s)]
    else:
        couriers, more = page_after(list(_couriers(s, fleet_of(who))), b.after, b.limit)
    planned = [
        m.PlannedShift(courier, shift, time_text(x.starts_at), time_text(x.ends_at))
        for courier in couriers
        for shift, x in s.shifts.of(courier).items()
        if x.starts_at < to_at and from_at < x.ends_at
    ]
    currency = s.settings.current.currency
    worked = [
        _worked(courier, x, currency)
        for courier in couriers
        for x in _shifts(courier, from_at, to_at, engine.now, p)
    ]
    return m.Shifts(planned, worked, more)


def get_fleet_work(
    b: m.GetFleetWork, who: Identity, engine: Engine, p: Projections
) -> m.FleetsWorked:
    """Raises Refusal("malformed")."""
    s, (from_at, to_at) = engine.state, _span(b, WORK_SPAN_MAX_MS)
    fleets = [fleet_of(who)] if who.role == "fleet" else s.couriers.fleets
    currency = s.settings.current.currency
    told = []
    for fleet in fleets:
        couriers, now = s.couriers.of_fleet(fleet), engine.now
        sums = p.shifts.worked(couriers, from_at, to_at, now, p.utilization, p.emissions)
        told.append(_work(fleet, *sums, currency))
    return m.FleetsWorked(told, SOURCES)


# parts


def _span(b: m.ListShifts | m.GetFleetWork, most_ms: int) -> tuple[Millis, Millis]:
    from_at, to_at = millis(b.from_at, "from_at"), millis(b.to_at, "to_at")
    if not 0 < to_at - from_at <= most_ms:
        raise Refusal("malformed", f"at most {most_ms // DAY} days", {"field": "to_at"})
    return from_at, to_at


def _couriers(s: State, fleet: FleetId) -> list[CourierId]:
    return s.couriers.of_fleet(fleet) if fleet else s.couriers.ids


def _shifts(
    courier: CourierId, from_at: int, to_at: int, now: Millis, p: Projections
) -> list[WorkedShift]:
    since = p.shifts.since(courier, from_at, now, p.utilization, p.emissions)
    return [x for x in since if x.started_at < to_at]


def _worked(courier: CourierId, x: WorkedShift, currency: str) -> m.WorkedShift:
    work = x.done.work
    return m.WorkedShift(
        courier,
        x.vehicle.value,
        time_text(x.started_at),
        time_text(x.until),
        time_told(Millis(max(0, x.ended_at))),
        x.broken_down,
        work.on_duty_ms // SECOND,
        work.busy_ms // SECOND,
        work.delivered,
        x.done.on_time,
        x.done.ridden_mm // MM,
        round(x.co2e_ug / GRAM_UG, 1),
        money(work.earned_minor, currency),
    )


def _work(fleet: FleetId, couriers: int, x: Worked, currency: str) -> m.FleetWork:
    return m.FleetWork(
        fleet,
        couriers,
        x.shifts,
        x.on_duty_ms // SECOND,
        x.busy_ms // SECOND,
        x.delivered,
        x.on_time,
        x.ridden_mm // MM,
        round(x.co2e_ug / GRAM_UG, 1),
        money(x.earned_minor, currency),
    )
