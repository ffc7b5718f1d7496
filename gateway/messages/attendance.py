"""Who works in a store: duties planned, timecards kept, and hours worked."""

from typing import Literal

from gateway.messages.values import Asked, Part, Time, Told

Job = Literal["picker", "cashier"]


class Break(Asked, frozen=True):
    """Of somebody at work, and over."""

    started_at: Time
    ended_at: Time
    paid: bool = False


class BreakTaken(Part, frozen=True):
    """`ended_at`: none while it goes on."""

    started_at: str
    ended_at: str | None
    paid: bool


class Duty(Told, frozen=True):
    """When somebody is to work; `draft` until the roster is published, `dropped` for good."""

    duty: str
    status: Literal["draft", "published", "dropped"]
    staff: str
    job: Job
    starts_at: str
    ends_at: str


class Timecard(Told, frozen=True):
    """When somebody worked. `status` is `clocked_in`, `on_break` or `clocked_out`; `forgotten`:
    nobody clocked out; `reason` of what was written down or corrected afterwards."""

    timecard: str
    status: Literal["clocked_in", "on_break", "clocked_out"]
    staff: str
    job: Job
    started_at: str
    breaks: list[BreakTaken]
    ended_at: str | None = None
    reason: str = ""
    forgotten: bool = False


class HoursWorked(Part, frozen=True):
    """Of one person within the time asked for. Paid = there, less unpaid breaks."""

    staff: str
    paid_s: int
    paid_breaks_s: int
    unpaid_breaks_s: int


class Timecards(Told, frozen=True):
    """`next`, if there is more: pass it as `after`. `hours` are of the cards on this page."""

    timecards: list[Timecard]
    hours: list[HoursWorked]
    next: str | None = None


class Roster(Told, frozen=True):
    """Duties that overlap the time asked for, by when they begin. `pickers`: who pick there now;
    none if the store has never published a roster, then nobody is counted."""

    duties: list[Duty]
    pickers: int | None = None


class StaffPresent(Told, frozen=True):
    """Who is clocked in."""

    timecards: list[Timecard]


class ClockedIn(Told, frozen=True):
    """The timecard that was opened, or written down."""

    timecard: str
