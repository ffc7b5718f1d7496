"""What stores ask for about who works there."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.attendance import Break, Job
from gateway.messages.values import Id, Reason, Ref, Sent, Time


class DraftDuty(Sent, frozen=True):
    """Somebody is to work then, at most 16 hours; it holds once the roster is published."""

    duty: Id
    staff: Id
    job: Job
    starts_at: Time
    ends_at: Time


class DropDuty(Sent, frozen=True):
    """Not after all, published or not."""

    duty: Id


class PublishRoster(Sent, frozen=True):
    """All drafts hold from now on. From the first time on, the store prepares with the pickers
    who are clocked in, and takes no orders while none is."""


class ClockIn(Sent, frozen=True):
    """Answered by `clocked_in`."""

    staff: Id
    job: Job


class ClockOut(Sent, frozen=True):
    staff: Id


class StartBreak(Sent, frozen=True):
    staff: Id
    paid: bool = False


class EndBreak(Sent, frozen=True):
    staff: Id


class RecordTimecard(Sent, frozen=True):
    """Somebody worked and forgot to clock in: within a month, and over. Answered by
    `clocked_in`."""

    staff: Id
    job: Job
    started_at: Time
    ended_at: Time
    reason: Reason
    breaks: Annotated[list[Break], Meta(max_length=20)] = []


class CorrectTimecard(Sent, frozen=True):
    """It was from then to then."""

    timecard: Ref
    started_at: Time
    ended_at: Time
    reason: Reason


class ListTimecards(Sent, frozen=True):
    """That overlap this time, in the order they were opened. Answered by `timecards`."""

    from_at: Time
    to_at: Time
    after: Ref | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class ListRoster(Sent, frozen=True):
    """Answered by `roster`."""

    from_at: Time
    to_at: Time


StaffingRequest = (
    ClockIn
    | ClockOut
    | CorrectTimecard
    | DraftDuty
    | DropDuty
    | EndBreak
    | ListRoster
    | ListTimecards
    | PublishRoster
    | RecordTimecard
    | StartBreak
)
