"""A day in simulated time: the dispatcher beside a fleet that follows the public rules."""

from collections.abc import Callable, Iterator
from itertools import groupby
from math import ceil

from msgspec import Struct

from engine.audit import violations
from simulation.mdrp.dispatcher import USUAL, Dispatcher, Policy
from simulation.mdrp.fleet import Delivered, Fleet, Moved, RefusedError
from simulation.mdrp.instance import Instance, MealOrder

Progress = Callable[[int, int], None]  # minute, last minute


class DayResult(Struct, frozen=True):
    """What became of it. `refused` and `violations` are empty unless something is wrong."""

    delivered: list[Delivered]
    moved: list[Moved]
    refused: list[str]  # instructions the fleet did not follow, and why
    violations: list[str]  # of the engine's own invariants
    records: int  # of the engine


def run_day(
    instance: Instance, policy: Policy = USUAL, progress: Progress | None = None
) -> DayResult:
    """Minute by minute until the last shift has ended and everything is at the door."""
    dispatcher = Dispatcher(instance.terms, instance.restaurants, instance.couriers, policy)
    fleet, refused = Fleet(instance), []
    last = ceil(max((x.off_min for x in instance.couriers), default=0.0))
    minutes = _by_minute(instance.orders)
    due = next(minutes, None)
    for minute in range(last + 1):
        fleet.advance(minute)
        new: list[MealOrder] = []
        if due and due[0] == minute:
            new = due[1]
            due = next(minutes, None)
        for told in dispatcher.tick(float(minute), new, fleet.view(minute)):
            try:
                fleet.follow(minute, told)
            except RefusedError as why:
                refused.append(f"minute {minute}, courier {told.courier}: {why}")
        if progress:
            progress(minute, last)
    fleet.advance(float("inf"))
    dispatcher.finish()
    found = violations(dispatcher.engine.state)
    return DayResult(fleet.delivered, fleet.moved, refused, found, dispatcher.engine.seq)


def _by_minute(orders: list[MealOrder]) -> Iterator[tuple[int, list[MealOrder]]]:
    """Each order at the first whole minute it is known."""
    queue = sorted(orders, key=lambda x: (x.placed_min, x.id))
    for minute, group in groupby(queue, key=lambda x: ceil(x.placed_min)):
        yield minute, list(group)
