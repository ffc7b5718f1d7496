"""Whether orders can go together: with one courier, without breaking a promise that was given."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from engine.events import QuoteOffered
from engine.rejections import Detail, RejectionReason
from engine.rules.promising import ride_ms
from engine.rules.skills import missing_anywhere, unable_now
from engine.settings import Settings
from engine.state.couriers import Couriers
from engine.state.deliveries import Deliveries, Delivery, DeliveryStatus
from engine.state.groups import Groups
from engine.state.orders import Order, Orders
from engine.state.stores import Stores
from engine.values import (
    CourierId,
    DeliveryId,
    Fulfillment,
    GroupId,
    Millis,
    OrderId,
    ServiceId,
    Skill,
    Stop,
)
from geo.points import Point

GROUP_MAX = 10  # orders
Fault = tuple[RejectionReason, Detail]
CREATED, NONE = DeliveryStatus.CREATED, DeliveryId("")


class Member(Struct, frozen=True):
    """What matters of one order, placed or about to be."""

    order: OrderId
    home: Point
    door: Point
    fulfillment: Fulfillment
    window: tuple[Millis, Millis]
    load: int
    skills: Sequence[Skill]
    promised_at: Millis
    ready_at: Millis = Millis(0)  # as its store says; 0: as was promised
    is_told: bool = False  # a courier knows of it already
    is_waiting: bool = False  # for one


def member_of(key: OrderId, order: Order, stores: Stores, deliveries: Deliveries) -> Member:
    placed, delivery = order.placed, deliveries.open.get(deliveries.of_order.get(key, NONE))
    return Member(
        key,
        stores[placed.store].location,
        placed.dropoff,
        placed.fulfillment,
        (placed.window_from_at, placed.window_to_at),
        placed.load,
        placed.skills,
        placed.promised_at,
        order.ready_at,
        delivery is not None and delivery.status is not CREATED,
        delivery is not None and delivery.status is CREATED,
    )


def quoted(
    settings: Settings, key: OrderId, offered: QuoteOffered, stores: Stores, promised_at: Millis
) -> Member:
    """An order that is about to be placed; by when it has to leave its store, its group aside."""
    found = Member(
        key,
        stores[offered.store].location,
        offered.dropoff,
        offered.fulfillment,
        (offered.window_from_at, offered.window_to_at),
        offered.load,
        offered.skills,
        promised_at,
    )
    if not offered.alone_ms:
        return found
    alone_at = Millis(promised_at - offered.promised_ms + offered.alone_ms)
    left_at = _leaves_at(settings, replace(found, promised_at=alone_at))
    return replace(found, ready_at=Millis(left_at - settings.handling_ms))


def promised_with(settings: Settings, so_far: Sequence[Member], alone: Member) -> Member:
    """With the promise it gets if it goes with these: to fetch all of them first, and the buffer.
    Never sooner than alone."""
    if not so_far or alone.window[1]:
        return alone
    left_at = _leaves_at(settings, alone)
    found = replace(alone, ready_at=Millis(left_at - settings.handling_ms))
    at = dict(_at_once(settings, [*so_far, found]))[alone.order] + settings.promise_buffer_ms
    return replace(found, promised_at=Millis(max(alone.promised_at, at)))


def group_of(service: ServiceId, group: GroupId) -> GroupId:
    """Each service has names of its own. Empty: of none."""
    return GroupId(f"{service}/{group}") if group else group


def together_fault(
    settings: Settings, couriers: Couriers, members: Sequence[Member]
) -> Fault | None:
    """Why these cannot go together, the first reason in order of precedence."""
    if len(members) > GROUP_MAX:
        return RejectionReason.MALFORMED, {"field": "group", "limit": GROUP_MAX}
    for x in members:
        if x.fulfillment is Fulfillment.COLLECTION:
            return _apart("collection", x)
        if x.window != members[0].window:
            return _apart("window", x)
        if x.is_told:
            return _apart("under_way", x)
    load = sum(x.load for x in members)
    if load > settings.load_max:
        return RejectionReason.TOO_LARGE, {"load": load, "limit": settings.load_max}
    skills = sorted({skill: None for x in members for skill in x.skills})
    if members[0].window[1]:
        fault = missing_anywhere(couriers, skills)
    else:
        fault = unable_now(settings, couriers, skills, load)
    if fault is not None:
        return fault
    late = _late(settings, members)
    return _apart("promise", late) if late else None


def last_call_at(settings: Settings, x: Member) -> Millis:
    """Who is to carry it has to know by then: what is left until the promise is the ride, what is
    done at the counter and the door, and the buffer."""
    way_ms = ride_ms(settings, x.home, x.door) + 2 * settings.handling_ms
    return Millis(x.promised_at - way_ms - settings.promise_buffer_ms)


def members(
    groups: Groups, stores: Stores, orders: Orders, deliveries: Deliveries, group: GroupId
) -> list[Member]:
    """Those of a group there are."""
    return [member_of(x, orders[x], stores, deliveries) for x in groups.groups.get(group, ())]


def carriages(
    groups: Groups, deliveries: Deliveries, order: OrderId
) -> Iterator[tuple[DeliveryId | None, Delivery | None]]:
    """The deliveries of its group, itself included; None for who has none yet."""
    for x in groups.together_with(order):
        key = deliveries.of_order.get(x)
        yield key, deliveries.open.get(key) if key else None


def may_be_told(groups: Groups, deliveries: Deliveries, courier: CourierId, order: OrderId) -> bool:
    """All of a group, once all of it is on this courier's route; and the rest of it, when he was
    told of one."""
    found = [x for _, x in carriages(groups, deliveries, order)]
    mine = [x for x in found if x is not None and x.courier == courier]
    return len(mine) == len(found) or any(x.status is not CREATED for x in mine)


def torn(
    groups: Groups, deliveries: Deliveries, plan: Mapping[CourierId, list[Stop]]
) -> list[CourierId]:
    """Whose planned routes would part a group: another of it is with somebody else, by this plan,
    or as it is and stays."""
    planned = {stop.delivery: x for x, stops in plan.items() for stop in stops}
    free = {
        stop.delivery: None
        for x in plan
        for stop in deliveries.route(x).stops
        if stop.delivery not in planned
    }
    found: dict[CourierId, None] = {}
    for key, courier in planned.items():
        for other, x in carriages(groups, deliveries, deliveries[key].order):
            if other is None or x is None or other in free:
                continue
            if planned.get(other, x.courier) not in (None, courier):
                found[courier] = None
    return [*found]


def _apart(why: str, x: Member) -> Fault:
    return RejectionReason.NOT_TOGETHER, {"because": why, "order": x.order}


def _late(settings: Settings, members: Sequence[Member]) -> Member | None:
    """Who would be late because of the others, whether they go at once or one after another."""
    alone = [x for x in members if _home_by(settings, x, _leaves_at(settings, x)) <= x.promised_at]
    at_once, in_turn = dict(_at_once(settings, members)), dict(_in_turn(settings, members))
    late = [x for x in alone if at_once[x.order] > x.promised_at]
    if late and any(in_turn[x.order] > x.promised_at for x in alone):
        return late[0]
    return None


def _home_by(settings: Settings, x: Member, left_at: int) -> int:
    """When it is handed over, if it leaves its store then and goes to its door."""
    return left_at + ride_ms(settings, x.home, x.door) + settings.handling_ms


def _leaves_at(settings: Settings, x: Member) -> int:
    """Its store: when that says so, else when it has to by the promise, less the buffer."""
    if x.ready_at:
        return x.ready_at + settings.handling_ms
    return x.promised_at - _home_by(settings, x, 0) - settings.promise_buffer_ms


def _at_once(settings: Settings, members: Sequence[Member]) -> Iterator[tuple[OrderId, int]]:
    """When each is handed over if all are fetched first, the first to be ready first."""
    stores = sorted(members, key=lambda x: (_leaves_at(settings, x), x.order))
    at, place, handling_ms = 0, stores[0].home, settings.handling_ms
    for x in stores:
        there = at + ride_ms(settings, place, x.home) + handling_ms if x.home != place else at
        at, place = max(there, _leaves_at(settings, x)), x.home
    for x in sorted(members, key=lambda x: (x.promised_at, x.order)):
        at += ride_ms(settings, place, x.door) + handling_ms if x.door != place else 0
        place = x.door
        yield x.order, at


def _in_turn(settings: Settings, members: Sequence[Member]) -> Iterator[tuple[OrderId, int]]:
    """When each is handed over if each is brought before the next is fetched."""
    at, place = 0, None
    for x in sorted(members, key=lambda x: (x.promised_at, x.order)):
        there = at + ride_ms(settings, place, x.home) + settings.handling_ms if place else 0
        at, place = _home_by(settings, x, max(there, _leaves_at(settings, x))), x.door
        yield x.order, at
