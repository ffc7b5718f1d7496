"""When an order will be there: the promise a quote makes."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from engine.columns import Int32s, Int64s
from engine.rejections import Detail, RejectionReason
from engine.settings import Settings
from engine.state.couriers import Couriers
from engine.state.deliveries import Deliveries
from engine.state.orders import Orders
from engine.state.positions import Positions
from engine.state.promises import Promises
from engine.state.staff import Staff
from engine.state.stores import USUAL_PERMILLE, Store
from engine.values import MINUTE, SECOND, Skill, StoreId
from geo.points import Point
from geo.sphere import nearest, straight_mm
from geo.travel import Vehicle

BUSY_MAX = 4
Fault = tuple[RejectionReason, Detail]


class Workload(Struct, frozen=True):
    """What a promise depends on, besides the store and the way."""

    couriers: int  # on shift
    open_deliveries: int
    nearest_ms: int  # to the store, for the nearest courier on shift
    busy: int = 0  # deliveries for each courier, up to BUSY_MAX
    margin_ms: int = 0  # what was learned from promises of a fleet as busy: kept, or not
    median_ms: int = 0  # and from what half of them took


class Fleet(NamedTuple):
    """Who is at work and has what it takes, where they were seen last, and how much waits for them.

    `open_deliveries`: what was promised and has not been asked for yet is one, too. Where skills
    are asked for, this and `couriers` are of whom is busiest of all that have one of them.
    """

    couriers: int
    open_deliveries: int
    numbers: Int32s  # theirs; whether they were ever seen is in the columns
    lat_e7: Int32s  # by number, as all three
    lon_e7: Int32s
    measured_at: Int64s  # NEVER: nobody knows where


def fleet_at_work(
    couriers: Couriers,
    positions: Positions,
    deliveries: Deliveries,
    orders: Orders,
    skills: Sequence[Skill] = (),
) -> Fleet:
    """Those of it who may carry what asks for these skills."""
    working, seen = couriers.working(), positions
    open_deliveries = len(deliveries.open) + orders.undispatched
    columns = seen.lat_e7, seen.lon_e7, seen.measured_at
    if not skills:
        return Fleet(working.size, open_deliveries, working, *columns)
    scarce = _busiest(couriers, deliveries, orders, skills)
    if not working.size or scarce[1] * working.size < open_deliveries * scarce[0]:
        scarce = working.size, open_deliveries
    return Fleet(scarce[0], scarce[1], couriers.able(skills).numbers, *columns)


def _busiest(
    couriers: Couriers, deliveries: Deliveries, orders: Orders, skills: Sequence[Skill]
) -> tuple[int, int]:
    """Who has one of these skills, or all, and what asks for it: of these, where most waits for
    each. Where nobody has what is asked for, nobody.
    """
    busiest = couriers.able(skills).numbers.size, 0
    for asked in (skills, *([x] for x in skills)):
        waiting = sum(
            number
            for counts in (deliveries.open_with, orders.undispatched_with)
            for kind, number in counts.items()
            if all(x in kind for x in asked)
        )
        able = couriers.able(asked).numbers.size
        if waiting * busiest[0] > busiest[1] * able:
            busiest = able, waiting
    return busiest


def workload(settings: Settings, fleet: Fleet, store: Point, promises: Promises) -> Workload:
    """As it is for this store."""
    near_ms, waiting = nearest_ms(settings, store, fleet), fleet.open_deliveries
    busy = min(BUSY_MAX, waiting // max(1, fleet.couriers))
    learned = promises.margin_ms(busy), promises.median_ms(busy)
    return Workload(fleet.couriers, waiting, near_ms, busy, *learned)


def ride_ms(settings: Settings, store: Point, dropoff: Point) -> int:
    """By scooter, from the one to the other."""
    speed = settings.travel.speed_mm_s(Vehicle.SCOOTER)
    return settings.travel.travel_ms(store, dropoff, speed)


IDLE = Workload(couriers=1, open_deliveries=0, nearest_ms=0)  # as if somebody waited for it


def promised_ms(settings: Settings, preparation_ms: int, ride_ms: int, load: Workload) -> int:
    """From acceptance to the door; rounded up to whole minutes.

    The store prepares while a courier comes: the longer of the two counts. A busy fleet comes
    later: with k open deliveries per courier, half of k rides stand before this one.
    """
    spare_ms = settings.promise_buffer_ms + load.margin_ms
    whole = _by_formula_ms(settings, preparation_ms, ride_ms, load) + spare_ms
    return max(settings.promise_min_ms, -(-whole // MINUTE) * MINUTE)


def sooner_ms(
    settings: Settings, promised: int, preparation_ms: int, ride_ms: int, load: Workload
) -> int:
    """How much sooner than promised half of such are there: whole minutes, one at least, so that
    it goes on being learned. 0: nothing is."""
    if not settings.promise_kept_permille:
        return 0
    expected = _by_formula_ms(settings, preparation_ms, ride_ms, load) + load.median_ms
    return max(MINUTE, min(promised, promised - -(-expected // MINUTE) * MINUTE))


def _by_formula_ms(settings: Settings, preparation_ms: int, ride_ms: int, load: Workload) -> int:
    queue_ms = ride_ms * load.open_deliveries // (2 * max(1, load.couriers))
    to_pickup_ms = max(preparation_ms, load.nearest_ms + queue_ms)
    return to_pickup_ms + 2 * settings.handling_ms + ride_ms


def broken_promise(
    settings: Settings, promised: int, preparation_ms: int, ride_ms: int, load: Workload
) -> Fault | None:
    """Why what was promised can no longer be kept, if it cannot: not even without its buffer."""
    if not has_capacity(settings, load):
        return RejectionReason.NO_CAPACITY_NOW, {"retry_after_s": retry_after_s(settings)}
    now_ms = promised_ms(settings, preparation_ms, ride_ms, load)
    spare_ms = settings.promise_buffer_ms + min(0, load.margin_ms)
    if now_ms - spare_ms > promised:
        told = {"promised_s": promised // SECOND, "now_s": now_ms // SECOND}
        return RejectionReason.PROMISE_STALE, {**told}
    return None


def retry_after_s(settings: Settings) -> int:
    """When it may be worth asking for a courier again."""
    return settings.planning_heartbeat_ms // SECOND * 4


def ready_within_ms(preparation_ms: int) -> int:
    """From acceptance to the counter; a started minute counts."""
    return max(MINUTE, -(-preparation_ms // MINUTE) * MINUTE)


def crowd_permille(waiting: int, pickers: int | None) -> int:
    """Orders to prepare for each picker who is there, in thousandths; -1: nobody is counted."""
    return -1 if pickers is None else USUAL_PERMILLE * waiting // max(1, pickers)


def late_preparation_ms(store: Store) -> int:
    """What about nine of ten orders of this store are ready within: its estimate and two mean
    deviations (for a normal distribution, 1.6 standard deviations); longer in a rush."""
    usual_ms = store.preparation_ms + 2 * store.spread_ms
    return usual_ms * store.busy_permille // USUAL_PERMILLE


def preparation_now_ms(store: Store, waiting: int, pickers: int | None) -> int:
    """What nine of ten orders that come now are ready within, behind those that wait already.

    The estimate is learned with the queue there usually is: k orders for each picker, and this
    one. With more of them, or with fewer pickers, it takes as many times longer; never less.
    """
    usual_ms, crowd = late_preparation_ms(store), crowd_permille(waiting, pickers)
    if crowd <= store.crowd_permille:
        return usual_ms
    return usual_ms * (USUAL_PERMILLE + crowd) // (USUAL_PERMILLE + store.crowd_permille)


def preparing_ms(store: Store, orders: Orders, staff: Staff, key: StoreId) -> int:
    """What nine of ten orders of this store that come now are ready within, as it is there now."""
    return preparation_now_ms(store, orders.to_prepare(key), staff.pickers(key))


def has_capacity(settings: Settings, load: Workload) -> bool:
    """Whether anyone could take one more without drowning the rest."""
    limit = load.couriers * settings.open_deliveries_per_courier
    return load.couriers > 0 and load.open_deliveries < limit


def nearest_ms(settings: Settings, store: Point, fleet: Fleet) -> int:
    """From the nearest courier at work to the store by scooter; 0 if nobody was ever seen."""
    columns = fleet.lat_e7, fleet.lon_e7, fleet.measured_at
    travel = settings.travel
    speed = travel.speed_mm_s(Vehicle.SCOOTER)
    if travel.streets is not None:
        return travel.line_ms(
            max(0, travel.streets.nearest_mm(store, fleet.numbers, *columns)), speed
        )
    k: int = nearest(store.lat_e7, store.lon_e7, fleet.numbers, *columns)
    if k < 0:
        return 0
    there = fleet.lat_e7.item(k), fleet.lon_e7.item(k)
    mm: int = straight_mm(store.lat_e7, store.lon_e7, *there)
    return travel.line_ms(mm, speed)
