"""How long somebody worked, and when the next picker comes."""

from msgspec import Struct

from engine.state.staff import Staff, Timecard
from engine.values import Job, StoreId


class Worked(Struct, frozen=True):
    """Milliseconds. Paid = there, less unpaid breaks."""

    paid_ms: int
    paid_breaks_ms: int
    unpaid_breaks_ms: int


def worked(card: Timecard, from_at: int, to_at: int, now: int) -> Worked:
    """Within that time, and not beyond now. Breaks count as far as they lie within the card."""
    began = max(card.started_at, from_at)
    ended = min(now if card.is_open else card.ended_at, to_at, now)
    breaks_ms = {True: 0, False: 0}
    for x in card.breaks:
        until = min(x.ended_at or ended, ended)
        breaks_ms[x.paid] += max(0, until - max(x.started_at, began))
    there_ms = max(0, ended - began)
    return Worked(there_ms - breaks_ms[False], breaks_ms[True], breaks_ms[False])


def next_picker_at(staff: Staff, store: StoreId, now: int) -> int | None:
    """When somebody is next to pick there, by the published roster; None if nobody is."""
    starts = [
        max(duty.starts_at, now)
        for duty in (staff.duties[x] for x in staff.duties_at.get(store, ()))
        if duty.published and not duty.dropped and duty.job is Job.PICKER and duty.ends_at > now
    ]
    return min(starts, default=None)
