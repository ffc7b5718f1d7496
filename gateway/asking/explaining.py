"""Who could take an order at what cost, or what keeps everybody from it."""

from typing import Any

from msgspec.structs import asdict

from engine.engine import Engine
from gateway import messages as m
from gateway.asking.finding import order_asked
from gateway.tokens import Identity
from gateway.wire import time_text


def explain_order(
    b: m.ExplainOrder, who: Identity, engine: Engine, planned_by: Any = None
) -> m.Explanation:
    """Milliseconds, once the kernels are compiled: whoever serves warms them up. Costs are what
    they are to the planner in charge, if there is one: by its objective. Raises Refusal."""
    from solvers.crossing.bridge import USUAL  # here, for they load the kernels
    from solvers.crossing.explanation import explain

    s = engine.state
    objective = USUAL if planned_by is None else planned_by
    found = explain(s, order_asked(b.order, who, s), engine.now, b.top, objective)
    ways = [
        m.Alternative(
            x.courier, x.cost, asdict(x.terms), time_text(x.at_store), time_text(x.at_door)
        )
        for x in found.alternatives
    ]
    why = None
    if found.remedy is not None:
        why = m.Remedy(**asdict(found.remedy))
    return m.Explanation(found.order, found.settled, ways, found.delivery, found.courier, why)
