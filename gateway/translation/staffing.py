"""What stores ask for about who works there, as commands."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.table import Table
from gateway.wire import millis


def _draft_duty(b: m.DraftDuty, who: Identity, _: str) -> ExternalCommand:
    return c.DraftDuty(
        v.StoreId(who.subject),
        v.DutyId(b.duty),
        v.StaffId(b.staff),
        v.Job(b.job),
        millis(b.starts_at, "starts_at"),
        millis(b.ends_at, "ends_at"),
    )


def _record_timecard(b: m.RecordTimecard, who: Identity, _: str) -> ExternalCommand:
    breaks = [
        v.Break(millis(x.started_at, "breaks"), millis(x.ended_at, "breaks"), x.paid)
        for x in b.breaks
    ]
    return c.RecordTimecard(
        v.StoreId(who.subject),
        v.StaffId(b.staff),
        v.Job(b.job),
        millis(b.started_at, "started_at"),
        millis(b.ended_at, "ended_at"),
        breaks,
        b.reason,
    )


def _correct_timecard(b: m.CorrectTimecard, who: Identity, _: str) -> ExternalCommand:
    return c.CorrectTimecard(
        v.StoreId(who.subject),
        v.TimecardId(b.timecard),
        millis(b.started_at, "started_at"),
        millis(b.ended_at, "ended_at"),
        b.reason,
    )


COMMAND_OF: Table = {
    m.DraftDuty: _draft_duty,
    m.DropDuty: lambda b, who, _: c.DropDuty(who.subject, b.duty),
    m.PublishRoster: lambda _, who, __: c.PublishRoster(who.subject),
    m.ClockIn: lambda b, who, _: c.ClockIn(who.subject, b.staff, v.Job(b.job)),
    m.ClockOut: lambda b, who, _: c.ClockOut(who.subject, b.staff),
    m.StartBreak: lambda b, who, _: c.StartBreak(who.subject, b.staff, b.paid),
    m.EndBreak: lambda b, who, _: c.EndBreak(who.subject, b.staff),
    m.RecordTimecard: _record_timecard,
    m.CorrectTimecard: _correct_timecard,
}
