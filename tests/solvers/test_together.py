"""Solvers keep together what belongs together: the engine takes every line of every plan."""

import pytest

from engine import commands as c
from engine import events as e
from engine.values import Line, Millis
from geo.points import Point
from solvers.check import violations
from solvers.crossing.bridge import answer
from solvers.portfolio import SOLVERS
from solvers.problem import Budget
from solvers.validation import check_problem
from tests.solvers.test_bridge import CENTER, Evening

HOMES = [Point.of_degrees(31.225, 121.465), Point.of_degrees(31.239, 121.475)]


class Street(Evening):
    """Two stores, one at either end; customers are here and there, far from each other."""

    def __init__(self, couriers: int) -> None:
        super().__init__(couriers, open_deliveries_per_courier=99, offer_timeout_ms=0)
        self.do(1, c.RegisterStore("t", "Tea", CENTER, 600_000))
        self.do(1, c.SetPrice("t", "p", 900))
        self.do(1, c.ReceiveStock("t", "p", 99))

    def wanted(self, second: int, name: str, store: str, home: Point, group: str = "") -> None:
        quote = c.RequestQuote(f"q-{name}", "svc", "ann", store, [Line("p", 1)], home)
        self.do(second, quote)
        self.do(second, c.PlaceOrder(name, "svc", f"q-{name}", "bank"))
        amount = self.engine.state.orders[name].due_minor
        self.do(second, c.ReportAuthorization("bank", f"{name}/1", True, amount))
        self.do(second, c.AcceptOrder(store, name, Millis(second * 1_000)))
        if group:
            self.do(second, c.GroupOrders(group, [name]))


def busy(pairs: int) -> Street:
    """Two go together although their stores and doors are at different ends; others go alone."""
    evening = Street(couriers=4)
    for n in range(pairs):
        evening.wanted(10, f"a{n}", "s", HOMES[n % 2], f"g{n}")
        evening.wanted(10, f"b{n}", "t", HOMES[1 - n % 2], f"g{n}")
        evening.wanted(10, f"x{n}", "t", HOMES[n % 2])
    return evening


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_keeps_together_what_belongs_together(name):
    pairs = 1 if name == "exact" else 4
    evening = busy(pairs)
    deliveries = evening.engine.state.deliveries
    for second in (11, 13, 15, 17):
        if evening.engine.state.planning_rounds.open is None:
            continue
        briefing = evening.brief(second)
        check_problem(briefing.problem)
        assert max(briefing.problem.group.tolist()) == pairs - 1
        plan = SOLVERS[name].solver(briefing.problem, Budget(iterations=10))
        assert violations(briefing.problem, plan) == []
        events = evening.do(second, answer(briefing, plan))
        assert not [x for x in events if isinstance(x, e.RouteSkipped)]
    together = [(deliveries[f"a{n}/1"], deliveries[f"b{n}/1"]) for n in range(pairs)]
    assert all(None in (a.courier, b.courier) or a.courier == b.courier for a, b in together)
    if name in ("insertion", "regret", "improvement"):
        assert all(a.courier == b.courier is not None for a, b in together)


def test_a_told_one_takes_the_other_along_whoever_would_be_nearer():
    evening = Street(couriers=2)
    evening.wanted(10, "a", "s", HOMES[0], "g")
    evening.wanted(10, "b", "t", HOMES[1], "g")
    evening.plan(11)
    couriers = {evening.engine.state.deliveries[f"{x}/1"].courier for x in "ab"}
    assert len(couriers) == 1
