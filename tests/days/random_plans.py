"""A planner without judgment: its routes may be legal, and may answer an older question."""

from engine import commands as c
from engine.values import Stop, StopKind
from tests.good_deeds import last_stop


def draw(day, released: float = 0.7) -> c.AdoptPlan:
    """What waits is dealt out, dropped, shuffled, or kept; so much of it is offered at once."""
    state, rng = day.engine.state, day.rng
    deliveries = state.deliveries
    routes = {x: list(deliveries.route(x).stops) for x in state.couriers.couriers if x != "hero"}
    for key in deliveries.waiting:
        if rng.random() < 0.7:
            for courier in routes:
                routes[courier] = [x for x in routes[courier] if x.delivery != key]
            stops = routes[rng.choice([*routes])]
            i = rng.randrange(len(stops) + 1)
            stops.insert(i, Stop(StopKind.PICKUP, key))
            stops.insert(rng.randrange(i + 1, len(stops) + 1), last_stop(state, key))
    lines = []
    for courier, stops in routes.items():
        if rng.random() < 0.08:
            rng.shuffle(stops)
        if stops and rng.random() < 0.02:
            stops.append(rng.choice(stops))
        version = deliveries.route(courier).version - (rng.random() < 0.05)
        release = [x.delivery for x in stops if rng.random() < released]
        lines.append(c.RouteLine(courier, version, stops, release))
    lines = [x for x in lines if rng.random() < 0.9] + lines[: rng.random() < 0.03]
    if rng.random() < 0.2:  # a solver that thinks for long answers an older question
        day.draft, lines = lines, day.draft
    return c.AdoptPlan(state.planning_rounds.open or 0, lines)
