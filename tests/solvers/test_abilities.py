"""Solvers hear who may carry what: nobody is planned for what he may not carry, and nothing that
somebody may carry is forgotten."""

from collections.abc import Callable

import pytest

from engine import commands as c
from engine import events as e
from engine.values import HOUR, Line, Millis
from gateway.commands.explain import lines
from solvers.check import violations
from solvers.crossing import abilities
from solvers.crossing.bridge import answer
from solvers.crossing.explanation import explain
from solvers.explaining.relaxation import Constraint
from solvers.policies.insertion import insertion
from solvers.portfolio import SOLVERS
from solvers.problem import Budget
from solvers.validation import check_problem
from tests.solvers.test_bridge import NO_TIME, Evening

COLD, AGE = "cold_box", "age_check"


class Cellar(Evening):
    """Besides noodles there are ice and wine; couriers have the skills that are given."""

    def __init__(self, *skills: list[str]) -> None:
        super().__init__(couriers=len(skills), open_deliveries_per_courier=99)
        for name, skill in (("ice", COLD), ("wine", AGE)):
            self.do(1, c.ListProduct(name, name, "food", skills=[skill]))
            self.do(1, c.SetPrice("s", name, 500))
            self.do(1, c.ReceiveStock("s", name, 99))
        for n, has in enumerate(skills):
            self.do(2, c.EndShift(f"c{n}"))
            self.do(2, c.ChangeCourier(f"c{n}", "scooter", 10, has))
            self.do(2, c.StartShift(f"c{n}", Millis(20 * HOUR)))

    def wanted(self, second: int, name: str, *products: str) -> None:
        """Ready at once."""
        home = self.engine.state.stores["s"].location
        bought = [Line(x, 1) for x in products]
        self.do(second, c.RequestQuote(f"q-{name}", "svc", "ann", "s", bought, home))
        self.do(second, c.PlaceOrder(name, "svc", f"q-{name}", "bank"))
        amount = self.engine.state.orders[name].due_minor
        self.do(second, c.ReportAuthorization("bank", f"{name}/1", True, amount))
        self.do(second, c.AcceptOrder("s", name, Millis(second * 1_000)))

    def courier(self, order: str) -> str | None:
        return self.engine.state.deliveries[f"{order}/1"].courier


def busy(times: int = 3) -> Cellar:
    evening = Cellar([], [COLD], [COLD, AGE], [])
    for n, products in enumerate((["p"], ["ice"], ["wine"], ["ice", "wine"], ["p", "ice"]) * times):
        evening.wanted(10, f"o{n}", *products)
    return evening


@pytest.mark.parametrize("name", SOLVERS)
def test_no_solver_plans_it_for_who_may_not_carry_it(name):
    evening = busy(1 if name == "exact" else 3)
    briefing = evening.brief(11)
    check_problem(briefing.problem)
    plan = SOLVERS[name].solver(briefing.problem, Budget(iterations=20))
    assert violations(briefing.problem, plan) == []
    events = evening.do(11, answer(briefing, plan))
    assert not [x for x in events if isinstance(x, e.RouteSkipped)]
    assert any(isinstance(x, e.RoutePlanned) for x in events)


def test_nothing_that_somebody_may_carry_is_forgotten():
    evening = busy()
    evening.plan(11)
    carriers = {f"o{n}": evening.courier(f"o{n}") for n in range(15)}
    assert None not in carriers.values()
    assert {x for o, x in carriers.items() if int(o[1:]) % 5 == 3} == {"c2"}


def test_the_only_one_who_may_is_asked_again_when_he_said_no():
    evening = Cellar([], [COLD], [])
    evening.wanted(10, "o", "ice")
    evening.plan(11)
    assert evening.courier("o") == "c1"
    evening.do(12, c.DeclineOffer("c1", "o/1", "too_far"))
    for second in range(14, 40, 2):
        if evening.engine.state.planning_rounds.open is not None:
            evening.plan(second)
    assert (evening.courier("o"), evening.status("o/1")) == ("c1", "offered")


def test_of_two_who_may_the_other_is_asked_when_one_said_no():
    evening = Cellar([], [COLD], [COLD])
    evening.wanted(10, "o", "ice")
    evening.plan(11)
    first = evening.courier("o")
    evening.do(12, c.DeclineOffer(first, "o/1", "too_far"))
    for second in range(14, 40, 2):
        if evening.engine.state.planning_rounds.open is not None:
            evening.plan(second)
    assert {first, evening.courier("o")} == {"c1", "c2"}


def asked_in_turn(evening: Cellar, leave: Callable[[str], list[c.AnyCommand]]) -> list[str]:
    """Three plans ask somebody for the same ice, who says no; the first leaves at once."""
    evening.wanted(10, "o", "ice")
    asked = list[str]()
    for second in (11, 21, 31):
        evening.plan(second)
        courier = evening.courier("o")
        assert courier is not None
        asked.append(courier)
        said = [c.DeclineOffer(courier, "o/1", "too_far")]
        for command in said + (leave(courier) if second == 11 else []):
            evening.do(second + 1, command)
    return asked


def test_the_third_who_may_is_asked_when_the_first_said_no_and_went_home():
    evening = Cellar([COLD], [COLD], [COLD])
    asked = asked_in_turn(evening, lambda first: [c.EndShift(first)])
    assert sorted(asked) == ["c0", "c1", "c2"]
    evening.plan(41)
    assert evening.courier("o") in asked[1:], "all at work said no once: they are asked again"


def test_who_may_not_carry_it_any_more_is_nobody_less_to_ask():
    evening = Cellar([COLD], [COLD], [COLD])

    def without_box(first: str) -> list[c.AnyCommand]:
        changed = c.ChangeCourier(first, "scooter", 10, [])
        return [c.EndShift(first), changed, c.StartShift(first, Millis(20 * HOUR))]

    asked = asked_in_turn(evening, without_box)
    assert sorted(asked) == ["c0", "c1", "c2"]


def test_more_skills_than_there_are_bits_wait_for_the_older(monkeypatch):
    """Nobody is planned for what could not be said; once the older are told, it is their turn."""
    monkeypatch.setattr(abilities, "SKILLS_MAX", 1)
    evening = Cellar([COLD, AGE], [])
    evening.wanted(10, "o", "ice")
    evening.wanted(10, "x", "wine")
    briefing = evening.brief(11)
    check_problem(briefing.problem)
    plan = insertion(briefing.problem, NO_TIME)
    assert [briefing.deliveries[x] for x in plan.unserved] == ["x/1"]
    evening.do(11, answer(briefing, plan))
    evening.do(12, c.AcceptOffer("c0", "o/1"))
    evening.do(13, c.ReportPickup("c0", "o/1"))
    evening.do(14, c.ReportDropoff("c0", "o/1"))
    for second in range(16, 40, 2):
        if evening.engine.state.planning_rounds.open is not None:
            evening.plan(second)
    assert evening.courier("x") == "c0"


def test_an_order_that_nobody_may_carry_names_what_is_missing():
    evening = Cellar([], [COLD])
    evening.wanted(10, "o", "ice")
    evening.do(11, c.EndShift("c1"))
    evening.plan(12)
    found = explain(evening.engine.state, "o", Millis(12_000))
    assert (found.courier, found.alternatives) == (None, [])
    assert found.remedy.binding == [Constraint.SKILLS]
    assert (found.remedy.courier, found.remedy.skills) == ("c0", [COLD])
    text = "\n".join(lines(found, evening.engine.state.orders["o"], Millis(12_000)))
    assert "the least that places it: c0 with the skills cold_box" in text
