"""Whether a store takes orders at a moment, and when it next will."""

from engine.rejections import Detail, RejectionReason
from engine.rules.horizons import PLANNED_MS
from engine.rules.hours import DAY_MIN, FIRST_DAY, hours_fault
from engine.rules.working_time import next_picker_at
from engine.state.staff import Staff
from engine.state.stores import Store
from engine.terms import Hours, SpecialDay
from engine.values import DAY, MINUTE, StoreId

DAYS_MAX = 400  # special ones of one store: more than a year
LOOK_AHEAD_DAYS = 60  # for the next opening
WHOLE_DAY = [Hours(0, DAY_MIN)]


def closure(store: Store, at: int, utc_offset_min: int) -> tuple[RejectionReason, Detail] | None:
    """Why nothing may be ordered for that moment; `opens_at` if that is known."""
    if not store.is_open:
        return RejectionReason.STORE_CLOSED, {}
    if at >= store.paused_until and not (store.weekly or store.days):
        return None
    opens_at = next_opening(store, max(at, store.paused_until), utc_offset_min)
    if opens_at == at:
        return None
    return RejectionReason.STORE_CLOSED, {} if opens_at is None else {"opens_at": opens_at}


def desertion(staff: Staff, store: StoreId, now: int) -> tuple[RejectionReason, Detail] | None:
    """Why nothing may be ordered for now: nobody is there to pick; until when, says the roster."""
    if not staff.is_deserted(store):
        return None
    opens_at = next_picker_at(staff, store, now)
    is_known = opens_at is not None and opens_at > now
    return RejectionReason.STORE_CLOSED, {"opens_at": opens_at or 0} if is_known else {}


def takes_orders(store: Store, at: int, utc_offset_min: int) -> bool:
    return closure(store, at, utc_offset_min) is None


def next_opening(store: Store, at: int, utc_offset_min: int) -> int | None:
    """The first moment from `at` on within its hours; none if that is a long time off."""
    minute = at // MINUTE + utc_offset_min
    today, now_min = divmod(minute, DAY_MIN)
    for day in range(today, today + LOOK_AHEAD_DAYS):
        for hours in _of_day(store, day):
            if day == today and hours.opens_min <= now_min < hours.closes_min:
                return at
            if day > today or hours.opens_min > now_min:
                return (day * DAY_MIN + hours.opens_min - utc_offset_min) * MINUTE
    return None


def special_days_fault(days: list[SpecialDay], now: int) -> Detail | None:
    """Each of them once, not in a distant year, with hours in order and within it."""
    last = (now + PLANNED_MS) // DAY + 1  # somewhere it is tomorrow already
    if len(days) > DAYS_MAX:
        return {"limit": DAYS_MAX}
    known = dict[int, None]()
    for x in days:
        if x.day in known:
            return {"hint": "twice", "day_at": x.day * DAY}
        if not 0 <= x.day <= last:
            return {"limit_at": last * DAY}
        if fault := _day_fault(x):
            return {**fault, "day_at": x.day * DAY}
        known[x.day] = None
    return None


def _day_fault(day: SpecialDay) -> Detail | None:
    """Its hours are told by the clock alone."""
    if day.hours and day.hours[-1].closes_min > DAY_MIN:
        return {"hint": "ends_before_it_begins"}
    fault = hours_fault(day.hours)
    if fault and isinstance(overlap := fault.get("overlap"), list):
        return {"overlap": [x.partition(" ")[2] for x in overlap]}
    return fault


def _of_day(store: Store, day: int) -> list[Hours]:
    """Its hours in minutes of that day; days are counted since the epoch, in local time."""
    special = store.days.get(day)
    if special is not None:
        return special
    if not store.weekly:
        return WHOLE_DAY
    start = (day + FIRST_DAY) % 7 * DAY_MIN
    found = (
        Hours(max(0, x.opens_min - start), min(DAY_MIN, x.closes_min - start)) for x in store.weekly
    )
    return [x for x in found if x.opens_min < x.closes_min]
