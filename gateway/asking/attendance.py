"""Who works in a store, as it is told: in its feed when it changes, and when asked for."""

from collections.abc import Iterator

from engine import events as e
from engine.engine import Engine
from engine.rules.working_time import Worked, worked
from engine.state import State
from engine.state.staff import Timecard
from engine.values import SECOND, DutyId, StoreId, TimecardId
from gateway import messages as m
from gateway.tokens import Identity
from gateway.wire import millis, time_text, time_told

TIMECARD_EVENTS = (
    e.TimecardOpened,
    e.BreakStarted,
    e.BreakEnded,
    e.TimecardClosed,
    e.TimecardRecorded,
    e.TimecardCorrected,
)
TELLS = frozenset((*TIMECARD_EVENTS, e.DutyDrafted, e.DutyDropped, e.RosterPublished))
News = tuple[StoreId, m.Timecard | m.Duty]  # whose it is, what is told


def news_of(event: e.AnyEvent, s: State) -> Iterator[News]:
    """As the turn left it."""
    match event:
        case e.DutyDrafted(duty=key) | e.DutyDropped(duty=key):
            yield s.staff.duties[key].store, _duty(s, key)
        case e.RosterPublished(duties=keys):
            for key in keys:
                yield event.store, _duty(s, key)
        case _ if isinstance(event, TIMECARD_EVENTS):
            yield s.staff[event.timecard].store, _timecard(s, event.timecard)


def present(s: State, store: StoreId) -> m.StaffPresent:
    cards = s.staff.timecards_at.get(store, ())
    return m.StaffPresent([_timecard(s, x) for x in cards if s.staff[x].is_open])


def list_timecards(b: m.ListTimecards, who: Identity, engine: Engine) -> m.Timecards:
    s, store = engine.state, StoreId(who.subject)
    from_at, to_at = millis(b.from_at, "from_at"), millis(b.to_at, "to_at")
    found: list[TimecardId] = []
    skipping = b.after in s.staff.timecards_at.get(store, ())
    for key in s.staff.timecards_at.get(store, ()):
        card = s.staff[key]
        is_within = card.started_at < to_at and (card.is_open or from_at < card.ended_at)
        if is_within and not skipping:
            found.append(key)
        skipping = skipping and key != b.after
    page = found[: b.limit]
    hours: dict[str, list[Worked]] = {}
    for key in page:
        spent = worked(s.staff[key], from_at, to_at, engine.now)
        hours.setdefault(s.staff[key].staff, []).append(spent)
    return m.Timecards(
        [_timecard(s, x) for x in page],
        [_hours(staff, x) for staff, x in hours.items()],
        page[-1] if len(found) > b.limit else None,
    )


def list_roster(b: m.ListRoster, who: Identity, engine: Engine) -> m.Roster:
    s, store = engine.state, StoreId(who.subject)
    from_at, to_at = millis(b.from_at, "from_at"), millis(b.to_at, "to_at")
    duties = [(x, s.staff.duties[x]) for x in s.staff.duties_at.get(store, ())]
    within = sorted(
        (x.starts_at, key) for key, x in duties if x.starts_at < to_at and from_at < x.ends_at
    )
    return m.Roster([_duty(s, key) for _, key in within], s.staff.pickers(store))


def _hours(staff: str, spent: list[Worked]) -> m.HoursWorked:
    return m.HoursWorked(
        staff,
        sum(x.paid_ms for x in spent) // SECOND,
        sum(x.paid_breaks_ms for x in spent) // SECOND,
        sum(x.unpaid_breaks_ms for x in spent) // SECOND,
    )


def _duty(s: State, key: DutyId) -> m.Duty:
    x = s.staff.duties[key]
    return m.Duty(
        key,
        "dropped" if x.dropped else "published" if x.published else "draft",
        x.staff,
        x.job.value,
        time_text(x.starts_at),
        time_text(x.ends_at),
    )


def _timecard(s: State, key: TimecardId) -> m.Timecard:
    x = s.staff[key]
    return m.Timecard(
        key,
        _status(x),  # type: ignore[arg-type]
        x.staff,
        x.job.value,
        time_text(x.started_at),
        [m.BreakTaken(time_text(y.started_at), time_told(y.ended_at), y.paid) for y in x.breaks],
        time_told(x.ended_at),
        x.reason,
        x.forgotten,
    )


def _status(x: Timecard) -> str:
    if not x.is_open:
        return "clocked_out"
    return "on_break" if x.on_break else "clocked_in"
