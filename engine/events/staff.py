"""Facts about who works in a store, as planned and as it was."""

from engine.events.event import Event
from engine.values import Break, DutyId, Job, Millis, StaffId, StoreId, TimecardId


class DutyDrafted(Event, frozen=True):
    store: StoreId
    duty: DutyId
    staff: StaffId
    job: Job
    starts_at: Millis
    ends_at: Millis
    at: Millis


class DutyDropped(Event, frozen=True):
    duty: DutyId


class RosterPublished(Event, frozen=True):
    """From here on the store picks with who is clocked in."""

    store: StoreId
    duties: list[DutyId]


class TimecardOpened(Event, frozen=True):
    """Clocked in."""

    timecard: TimecardId
    store: StoreId
    staff: StaffId
    job: Job
    at: Millis


class BreakStarted(Event, frozen=True):
    timecard: TimecardId
    paid: bool
    at: Millis


class BreakEnded(Event, frozen=True):
    timecard: TimecardId
    at: Millis


class TimecardClosed(Event, frozen=True):
    """Clocked out; `forgotten`: by the engine, because nobody did. Ends a break, too."""

    timecard: TimecardId
    at: Millis
    forgotten: bool = False


class TimecardRecorded(Event, frozen=True):
    """Written down afterwards."""

    timecard: TimecardId
    store: StoreId
    staff: StaffId
    job: Job
    started_at: Millis
    ended_at: Millis
    breaks: list[Break]
    reason: str


class TimecardCorrected(Event, frozen=True):
    timecard: TimecardId
    started_at: Millis
    ended_at: Millis
    reason: str
