"""Staffing: who is to work in a store, and who is there."""

from dataclasses import dataclass
from typing import NoReturn

from engine.commands import (
    ClockIn,
    ClockOut,
    CorrectTimecard,
    DraftDuty,
    DropDuty,
    EndBreak,
    ExpireTimecard,
    PublishRoster,
    RecordTimecard,
    StartBreak,
)
from engine.events import (
    BreakEnded,
    BreakStarted,
    DutyDrafted,
    DutyDropped,
    RosterPublished,
    TimecardClosed,
    TimecardCorrected,
    TimecardOpened,
    TimecardRecorded,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.horizons import PLANNED_MS, horizon_fault
from engine.state.staff import Staff, Timecard
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import (
    DAY,
    HOUR,
    Break,
    DutyId,
    Millis,
    StaffId,
    StoreId,
    TimecardId,
)

WORK_MAX_MS = 16 * HOUR  # of one duty or timecard
BACK_MAX_MS = 31 * DAY  # for what is written down afterwards
BREAKS_MAX = 20


@dataclass(eq=False, slots=True)
class Staffing:
    stores: Stores
    staff: Staff

    # commands

    def draft_duty(self, turn: Turn, c: DraftDuty) -> None:
        if not 0 < c.ends_at - c.starts_at <= WORK_MAX_MS or c.ends_at <= turn.at:
            turn.reject(Reason.MALFORMED, field="ends_at", limit_at=c.starts_at + WORK_MAX_MS)
        turn.reject_for(horizon_fault(turn.at, c.starts_at, PLANNED_MS, "starts_at"))
        if c.duty in self.staff.duties:
            turn.reject(Reason.ALREADY_EXISTS)
        self._check_store(turn, c.store)
        for key, duty in self.staff.duties_within(c.staff, c.starts_at, c.ends_at):
            self._overlaps(turn, key, duty.starts_at, duty.ends_at)
        turn.emit(DutyDrafted(c.store, c.duty, c.staff, c.job, c.starts_at, c.ends_at, turn.at))

    def drop_duty(self, turn: Turn, c: DropDuty) -> None:
        duty = self.staff.duties.get(c.duty)
        if not duty or duty.dropped or duty.store != c.store:
            turn.reject(Reason.UNKNOWN, what="duty", id=c.duty)
        turn.emit(DutyDropped(c.duty))

    def publish_roster(self, turn: Turn, c: PublishRoster) -> None:
        self._check_store(turn, c.store)
        duties = ((x, self.staff.duties[x]) for x in self.staff.duties_at.get(c.store, ()))
        drafts = [key for key, x in duties if not (x.published or x.dropped)]
        turn.emit(RosterPublished(c.store, drafts))

    def clock_in(self, turn: Turn, c: ClockIn) -> None:
        """A person is at one place at a time, whatever store he clocks in at."""
        self._check_store(turn, c.store)
        for key, card in self.staff.timecards_within(c.staff, turn.at, turn.at + 1):
            self._overlaps(turn, key, card.started_at, card.ended_at)
        timecard = self.staff.next_timecard(c.staff)
        turn.emit(TimecardOpened(timecard, c.store, c.staff, c.job, turn.at))
        turn.set_timer(WORK_MAX_MS, ExpireTimecard(timecard))

    def clock_out(self, turn: Turn, c: ClockOut) -> None:
        key, _ = self._clocked_in(turn, c.store, c.staff, to="clocked_out")
        turn.emit(TimecardClosed(key, turn.at))

    def start_break(self, turn: Turn, c: StartBreak) -> None:
        key, card = self._clocked_in(turn, c.store, c.staff, to="on_break")
        if card.on_break:
            self._illegal(turn, "on_break", "on_break", ["clocked_in", "clocked_out"])
        turn.emit(BreakStarted(key, c.paid, turn.at))

    def end_break(self, turn: Turn, c: EndBreak) -> None:
        key, card = self._clocked_in(turn, c.store, c.staff, to="clocked_in")
        if not card.on_break:
            self._illegal(turn, "clocked_in", "clocked_in", ["on_break", "clocked_out"])
        turn.emit(BreakEnded(key, turn.at))

    def record_timecard(self, turn: Turn, c: RecordTimecard) -> None:
        self._check_period(turn, c.started_at, c.ended_at)
        if not _are_sound(c.breaks, c.started_at, c.ended_at):
            turn.reject(Reason.MALFORMED, field="breaks")
        self._check_store(turn, c.store)
        self._check_free(turn, c.staff, c.started_at, c.ended_at)
        timecard = self.staff.next_timecard(c.staff)
        turn.emit(
            TimecardRecorded(
                timecard,
                c.store,
                c.staff,
                c.job,
                c.started_at,
                c.ended_at,
                c.breaks,
                c.reason,
            )
        )

    def correct_timecard(self, turn: Turn, c: CorrectTimecard) -> None:
        self._check_period(turn, c.started_at, c.ended_at)
        card = self.staff.timecards.get(c.timecard)
        if not card or card.store != c.store:
            turn.reject(Reason.UNKNOWN, what="timecard", id=c.timecard)
        if card.is_open:
            self._illegal(turn, "clocked_in", "corrected", ["clocked_out"])
        self._check_free(turn, card.staff, c.started_at, c.ended_at, but=c.timecard)
        turn.emit(TimecardCorrected(c.timecard, c.started_at, c.ended_at, c.reason))

    def expire_timecard(self, turn: Turn, c: ExpireTimecard) -> None:
        card = self.staff.timecards.get(c.timecard)
        if card and card.is_open:
            turn.emit(TimecardClosed(c.timecard, turn.at, forgotten=True))

    # internals

    def _check_store(self, turn: Turn, store: StoreId) -> None:
        if not self.stores.get(store):
            turn.reject(Reason.UNKNOWN, what="store", id=store)

    def _check_period(self, turn: Turn, started_at: Millis, ended_at: Millis) -> None:
        """Over, not long ago, and not longer than anybody works."""
        if not turn.at - BACK_MAX_MS <= started_at < ended_at:
            turn.reject(Reason.MALFORMED, field="started_at", limit_at=turn.at - BACK_MAX_MS)
        if ended_at > min(turn.at, started_at + WORK_MAX_MS):
            limit_at = min(turn.at, started_at + WORK_MAX_MS)
            turn.reject(Reason.MALFORMED, field="ended_at", limit_at=limit_at)

    def _check_free(
        self, turn: Turn, staff: StaffId, started_at: Millis, ended_at: Millis, but: str = ""
    ) -> None:
        for key, card in self.staff.timecards_within(staff, started_at, ended_at):
            if key != but:
                self._overlaps(turn, key, card.started_at, card.ended_at)

    def _clocked_in(
        self, turn: Turn, store: StoreId, staff: StaffId, to: str
    ) -> tuple[TimecardId, Timecard]:
        """In this store: what somebody does elsewhere is not known here."""
        key = self.staff.open_timecard(staff)
        if key is None or self.staff[key].store != store:
            self._illegal(turn, "clocked_out", to, ["clocked_in"])
        return key, self.staff[key]

    def _overlaps(
        self, turn: Turn, key: DutyId | TimecardId, from_at: Millis, to_at: Millis
    ) -> NoReturn:
        detail = {"to_at": to_at} if to_at else {}  # an open timecard has no end
        turn.reject(Reason.OVERLAPPING, **{"with": key}, from_at=from_at, **detail)

    def _illegal(self, turn: Turn, now: str, to: str, allowed: list[str]) -> NoReturn:
        turn.reject(Reason.ILLEGAL_TRANSITION, **{"from": now, "to": to}, allowed=allowed)


def _are_sound(breaks: list[Break], started_at: int, ended_at: int) -> bool:
    """In order, apart, within the time worked, and over."""
    ends = started_at
    for x in breaks:
        if not ends <= x.started_at < x.ended_at <= ended_at:
            return False
        ends = x.ended_at
    return len(breaks) <= BREAKS_MAX
