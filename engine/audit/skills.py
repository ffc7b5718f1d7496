"""Nothing is on the route of anybody who has not what it takes; and what asks for it is counted."""

from collections import Counter
from collections.abc import Iterator

from engine.rules.skills import lacking
from engine.stages import NOT_TOLD
from engine.state import State
from engine.values import Skill

Counts = dict[tuple[Skill, ...], int]


def violations(s: State) -> Iterator[str]:
    yield from _carried(s)
    asked = Counter(tuple(x.skills) for x in s.deliveries.open.values() if x.skills)
    yield from _miscounted("open deliveries", s.deliveries.open_with, asked)
    promised = Counter(
        tuple(x.placed.skills)
        for x in s.orders.orders.values()
        if x.status in NOT_TOLD and x.placed.skills and not x.placed.window_from_at
    )
    yield from _miscounted("orders not dispatched", s.orders.undispatched_with, promised)
    had = Counter(tuple(x.skills) for x in s.couriers.couriers.values())
    yield from _miscounted("couriers", s.couriers.skilled, had)


def _carried(s: State) -> Iterator[str]:
    """On board, told or only planned: and an order and its delivery ask for the same."""
    for key, delivery in s.deliveries.open.items():
        if delivery.courier is not None:
            missing = lacking(delivery.skills, s.couriers[delivery.courier].skills)
            if missing:
                yield f"{key} is on the route of {delivery.courier}, who lacks {missing}"
        if not delivery.change and delivery.skills != s.orders[delivery.order].placed.skills:
            yield f"{key} asks for {delivery.skills}, its order for something else"


def _miscounted(what: str, counted: Counts, found: Counts) -> Iterator[str]:
    if counted != found:
        yield f"{what}: counted by skills are {counted}, there are {found}"
