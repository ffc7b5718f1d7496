"""Attendance: nobody is at two places at once, and who is counted as there is."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from engine.state import State
from engine.state.staff import Timecard
from engine.values import Job, StaffId

FOR_EVER = 10**15


def violations(s: State) -> Iterator[str]:
    cards: dict[StaffId, list[Timecard]] = {}
    for card in s.staff.timecards.values():
        cards.setdefault(card.staff, []).append(card)
    for staff, known in cards.items():
        known.sort(key=lambda x: x.started_at)
        for a, b in pairwise(known):
            if (a.ended_at or FOR_EVER) > b.started_at:
                yield f"{staff} works twice from {b.started_at}"
    open_ = [x for x in s.staff.timecards.values() if x.is_open and x.job is Job.PICKER]
    for kind, counted, found in (
        ("present", s.staff.present, Counter(x.store for x in open_)),
        ("picking", s.staff.picking, Counter(x.store for x in open_ if not x.on_break)),
    ):
        for store, number in counted.items():
            if number != found[store]:
                yield f"{store}: {number} counted as {kind}, {found[store]} are"
