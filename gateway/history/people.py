"""Rows of who works in stores: timecards as they were last corrected, and duties as planned."""

from engine import events as e
from engine.rules.working_time import worked
from engine.state.staff import Duty, Timecard
from engine.values import Break, DutyId, Millis, TimecardId
from gateway.history.rows import Rows


class People:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._cards: dict[TimecardId, Timecard] = {}
        self._duties: dict[DutyId, Duty] = {}

    def drafted(self, _: Millis, x: e.DutyDrafted) -> None:
        self._duties[x.duty] = Duty(x.store, x.staff, x.job, x.starts_at, x.ends_at)

    def dropped(self, _: Millis, x: e.DutyDropped) -> None:
        self._duties[x.duty].dropped = True

    def published(self, _: Millis, x: e.RosterPublished) -> None:
        for key in x.duties:
            self._duties[key].published = True

    def clocked_in(self, _: Millis, x: e.TimecardOpened) -> None:
        self._cards[x.timecard] = Timecard(x.store, x.staff, x.job, x.at, breaks=[])

    def recorded(self, _: Millis, x: e.TimecardRecorded) -> None:
        times = x.started_at, x.ended_at
        self._cards[x.timecard] = Timecard(x.store, x.staff, x.job, *times, x.breaks, x.reason)

    def break_started(self, _: Millis, x: e.BreakStarted) -> None:
        self._cards[x.timecard].breaks.append(Break(x.at, Millis(0), x.paid))

    def break_ended(self, _: Millis, x: e.BreakEnded) -> None:
        breaks = self._cards[x.timecard].breaks
        breaks[-1] = Break(breaks[-1].started_at, x.at, breaks[-1].paid)

    def clocked_out(self, at: Millis, x: e.TimecardClosed) -> None:
        card = self._cards[x.timecard]
        if card.on_break:
            self.break_ended(at, e.BreakEnded(x.timecard, x.at))
        card.ended_at, card.forgotten = x.at, x.forgotten

    def corrected(self, _: Millis, x: e.TimecardCorrected) -> None:
        card = self._cards[x.timecard]
        card.started_at, card.ended_at, card.reason = x.started_at, x.ended_at, x.reason
        card.forgotten = False

    def finish(self, now: Millis) -> None:
        """Who is still there has worked until now."""
        for key, card in self._cards.items():
            until = max(now, card.ended_at)  # written down beforehand, it may be to come
            spent = worked(card, card.started_at, until, until)
            self._rows["timecards"].append(
                (
                    *(key, card.store, card.staff, card.job.value),
                    *(card.started_at, card.ended_at or None),
                    *(spent.paid_ms, spent.paid_breaks_ms, spent.unpaid_breaks_ms),
                    *(card.forgotten, card.reason or None),
                )
            )
        for duty, x in self._duties.items():
            times = x.starts_at, x.ends_at
            row = (duty, x.store, x.staff, x.job.value, *times, x.published, x.dropped)
            self._rows["duties"].append(row)
