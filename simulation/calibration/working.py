"""Who works when: couriers' shifts as they were, and groups of them without an hour of nobody."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from engine.values import HOUR, MINUTE, Millis
from simulation.calibration.observed import CourierDay, Shift
from simulation.scenarios.scenario import CourierGroup

SHORT_MS = 30 * MINUTE  # somebody called back for a last order works no shift
LEAST_H = 0.1


def shifts_of(courier: CourierDay) -> Iterator[Shift]:
    """One after another. Who goes on after a break-down is still on the same one."""
    ended = Millis(0)
    for n, shift in enumerate(courier.shifts):
        if n == 0 or (shift[0] >= ended - MINUTE and shift[1] - shift[0] >= SHORT_MS):
            yield shift
        ended = max(ended, shift[1])


def hours_of(shift: Shift, starts: Millis) -> tuple[int, int]:
    """Whole hours after the beginning: who comes and goes within the same is of one group."""
    begins, ends = (round((at - starts) / HOUR) for at in shift)
    return begins, ends


def without_gaps(groups: Sequence[CourierGroup], hours: float) -> list[CourierGroup]:
    """A scenario has somebody on shift for as long as customers come. Where a day had nobody, who
    was there last stays until the next one comes; who came first, or left last, is there from the
    beginning, or to the end."""
    made = sorted(groups, key=lambda x: (x.from_h, x.to_h))
    made[0] = replace(made[0], from_h=0.0)
    last = 0
    for n, group in enumerate(made):
        if group.from_h > made[last].to_h:
            made[last] = replace(made[last], to_h=group.from_h)
        if made[n].to_h > made[last].to_h:
            last = n
    if made[last].to_h < hours:
        made[last] = replace(made[last], to_h=hours)
    return made
