"""Staff: who is to work in a store, and who did: duties planned, timecards kept."""

from collections.abc import Iterator

from msgspec import Struct

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
from engine.values import DAY, Break, DutyId, Job, Millis, StaffId, StoreId, TimecardId

KEPT_MS = 62 * DAY  # two months: what payrolls look back on


class Duty(Struct, array_like=True):
    store: StoreId
    staff: StaffId
    job: Job
    starts_at: Millis
    ends_at: Millis
    published: bool = False
    dropped: bool = False


class Timecard(Struct, array_like=True):
    """Open until `ended_at`; on a break while the last one has no end."""

    store: StoreId
    staff: StaffId
    job: Job
    started_at: Millis
    ended_at: Millis = Millis(0)
    breaks: list[Break] = []
    reason: str = ""  # of what was written down or corrected afterwards
    forgotten: bool = False  # nobody clocked out

    @property
    def is_open(self) -> bool:
        return self.ended_at == 0

    @property
    def on_break(self) -> bool:
        return self.is_open and bool(self.breaks) and self.breaks[-1].ended_at == 0

    @property
    def picks(self) -> bool:
        return self.is_open and self.job is Job.PICKER and not self.on_break


class Staff(Struct, dict=True):
    """Invariant: nobody is at two places at once; at most one timecard of a person is open."""

    duties: dict[DutyId, Duty] = {}
    timecards: dict[TimecardId, Timecard] = {}
    opened: int = 0  # timecards, ever
    rostered: dict[StoreId, Millis] = {}  # stores with a roster: how far ahead it is known

    def __post_init__(self) -> None:
        # Derived, hence not fields: what is known of a person, the oldest first; whose duties a
        # store has; and how many pick there now.
        self.duties_of: dict[StaffId, list[DutyId]] = {}
        self.timecards_of: dict[StaffId, list[TimecardId]] = {}
        self.duties_at: dict[StoreId, dict[DutyId, None]] = {}
        self.timecards_at: dict[StoreId, dict[TimecardId, None]] = {}
        self.clocked_in: dict[StaffId, TimecardId] = {}
        self.present: dict[StoreId, int] = {}
        self.picking: dict[StoreId, int] = {}  # present, and not on a break
        for key, duty in self.duties.items():
            self._index_duty(key, duty)
        for card, timecard in self.timecards.items():
            self._index_timecard(card, timecard)

    # queries

    def __getitem__(self, timecard: TimecardId) -> Timecard:
        return self.timecards[timecard]

    def pickers(self, store: StoreId) -> int | None:
        """How many pick there now; None if the store keeps no roster."""
        return self.picking.get(store, 0) if store in self.rostered else None

    def is_deserted(self, store: StoreId) -> bool:
        """It keeps a roster, and no picker is there, not even on a break."""
        return store in self.rostered and not self.present.get(store)

    def next_timecard(self, staff: StaffId) -> TimecardId:
        return TimecardId(f"{staff}/{self.opened + 1}")

    def open_timecard(self, staff: StaffId) -> TimecardId | None:
        """The one somebody is clocked in with."""
        return self.clocked_in.get(staff)

    def timecards_within(
        self, staff: StaffId, from_at: int, to_at: int
    ) -> Iterator[tuple[TimecardId, Timecard]]:
        """Those of a person that overlap this time; one that is open has no end."""
        for key in self.timecards_of.get(staff, ()):
            card = self.timecards[key]
            if card.started_at < to_at and (card.is_open or from_at < card.ended_at):
                yield key, card

    def duties_within(
        self, staff: StaffId, from_at: int, to_at: int
    ) -> Iterator[tuple[DutyId, Duty]]:
        for key in self.duties_of.get(staff, ()):
            duty = self.duties[key]
            if duty.starts_at < to_at and from_at < duty.ends_at and not duty.dropped:
                yield key, duty

    # events

    def duty_drafted(self, e: DutyDrafted) -> None:
        assert e.duty not in self.duties
        duty = Duty(e.store, e.staff, e.job, e.starts_at, e.ends_at)
        known = self.duties_of.get(e.staff, [])
        while known and self.duties[known[0]].ends_at < e.at - KEPT_MS:
            self._forget_duty(known[0])
        self.duties[e.duty] = duty
        self._index_duty(e.duty, duty)

    def duty_dropped(self, e: DutyDropped) -> None:
        self.duties[e.duty].dropped = True

    def roster_published(self, e: RosterPublished) -> None:
        known_until = self.rostered.get(e.store, Millis(0))
        for key in e.duties:
            duty = self.duties[key]
            duty.published = True
            known_until = max(known_until, duty.ends_at)
        self.rostered[e.store] = known_until

    def timecard_opened(self, e: TimecardOpened) -> None:
        assert self.open_timecard(e.staff) is None
        self._add(e.timecard, Timecard(e.store, e.staff, e.job, e.at))

    def timecard_recorded(self, e: TimecardRecorded) -> None:
        card = Timecard(e.store, e.staff, e.job, e.started_at, e.ended_at, e.breaks, e.reason)
        assert not any(self.timecards_within(e.staff, e.started_at, e.ended_at))
        self._add(e.timecard, card)

    def break_started(self, e: BreakStarted) -> None:
        card = self.timecards[e.timecard]
        assert card.is_open
        assert not card.on_break
        self._count(card, card.picks, -1)
        card.breaks.append(Break(e.at, Millis(0), e.paid))

    def break_ended(self, e: BreakEnded) -> None:
        card = self.timecards[e.timecard]
        assert card.on_break
        self._end_break(card, e.at)
        self._count(card, card.picks)

    def timecard_closed(self, e: TimecardClosed) -> None:
        card = self.timecards[e.timecard]
        assert card.is_open
        self._count(card, card.picks, -1)
        if card.on_break:
            self._end_break(card, e.at)
        card.ended_at, card.forgotten = e.at, e.forgotten
        del self.clocked_in[card.staff]
        if card.job is Job.PICKER:
            self.present[card.store] -= 1

    def timecard_corrected(self, e: TimecardCorrected) -> None:
        card = self.timecards[e.timecard]
        assert not card.is_open
        others = self.timecards_within(card.staff, e.started_at, e.ended_at)
        assert all(key == e.timecard for key, _ in others)
        card.started_at, card.ended_at, card.reason = e.started_at, e.ended_at, e.reason
        card.forgotten = False

    # internals

    def _add(self, key: TimecardId, card: Timecard) -> None:
        assert key not in self.timecards
        self.opened += 1
        known = self.timecards_of.get(card.staff, [])
        while known and self._is_old(self.timecards[known[0]], card.started_at):
            old = known.pop(0)
            del self.timecards_at[self.timecards[old].store][old]
            del self.timecards[old]
        self.timecards[key] = card
        self._index_timecard(key, card)

    def _is_old(self, card: Timecard, now: int) -> bool:
        return not card.is_open and card.ended_at < now - KEPT_MS

    def _end_break(self, card: Timecard, at: Millis) -> None:
        last = card.breaks[-1]
        card.breaks[-1] = Break(last.started_at, at, last.paid)

    def _count(self, card: Timecard, picks: bool, change: int = 1) -> None:
        if picks:
            self.picking[card.store] = self.picking.get(card.store, 0) + change
            assert self.picking[card.store] >= 0

    def _index_duty(self, key: DutyId, duty: Duty) -> None:
        self.duties_of.setdefault(duty.staff, []).append(key)
        self.duties_at.setdefault(duty.store, {})[key] = None

    def _forget_duty(self, key: DutyId) -> None:
        duty = self.duties.pop(key)
        self.duties_of[duty.staff].remove(key)
        del self.duties_at[duty.store][key]

    def _index_timecard(self, key: TimecardId, card: Timecard) -> None:
        self.timecards_of.setdefault(card.staff, []).append(key)
        self.timecards_at.setdefault(card.store, {})[key] = None
        if card.is_open:
            self.clocked_in[card.staff] = key
            if card.job is Job.PICKER:
                self.present[card.store] = self.present.get(card.store, 0) + 1
        self._count(card, card.picks)
