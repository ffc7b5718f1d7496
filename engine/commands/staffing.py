"""Who works in a store: the roster, and who is really there."""

from engine.commands.command import Command
from engine.values import Break, DutyId, Job, Millis, StaffId, StoreId, TimecardId


class DraftDuty(Command, frozen=True):
    """Somebody is to work then; nobody is told before the roster is published."""

    store: StoreId
    duty: DutyId
    staff: StaffId
    job: Job
    starts_at: Millis
    ends_at: Millis


class DropDuty(Command, frozen=True):
    """Not after all, published or not."""

    store: StoreId
    duty: DutyId


class PublishRoster(Command, frozen=True):
    """All drafts of this store hold from now on."""

    store: StoreId


class ClockIn(Command, frozen=True):
    store: StoreId
    staff: StaffId
    job: Job


class ClockOut(Command, frozen=True):
    store: StoreId
    staff: StaffId


class StartBreak(Command, frozen=True):
    store: StoreId
    staff: StaffId
    paid: bool


class EndBreak(Command, frozen=True):
    store: StoreId
    staff: StaffId


class RecordTimecard(Command, frozen=True):
    """Somebody worked and forgot to clock in."""

    store: StoreId
    staff: StaffId
    job: Job
    started_at: Millis
    ended_at: Millis
    breaks: list[Break]
    reason: str


class CorrectTimecard(Command, frozen=True):
    """It was from then to then. Breaks outside do not count any more."""

    store: StoreId
    timecard: TimecardId
    started_at: Millis
    ended_at: Millis
    reason: str


class ExpireTimecard(Command, frozen=True):
    """Nobody works for so long: somebody forgot to clock out."""

    timecard: TimecardId
