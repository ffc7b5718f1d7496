"""The arms of a comparison: every combination of what is varied, and who plans."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from msgspec import Struct

from simulation.lab.variation import Axis, Scalar, VaryError, vary
from simulation.scenarios.flaws import Flaw, ScenarioError, did_you_mean
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import Document, scenario_of
from simulation.scorecard import digest_of
from solvers.portfolio import SOLVERS

ITERATIONS = 300  # of a policy that searches, where the scenario does not say how many
ARMS_MAX = 200
POLICY = "policy"  # not a path of a scenario: it sets a solver and its budget
# What people call them, beside their names in the portfolio.
CALLED = {"greedy": "insertion", "ruin_recreate": "improvement"}


class Arm(Struct, frozen=True):
    """One way to run the day. `label` is what the verdict calls it."""

    label: str
    settings: dict[str, Scalar]  # as they were asked for, the policy among them
    digest: str
    scenario: Scenario

    @property
    def name(self) -> str:
        """Only what was varied."""
        return ", ".join(f"{key} {shown(value)}" for key, value in self.settings.items())

    @property
    def title(self) -> str:
        return f"{self.label} ({self.name})" if self.name else self.label


def arms_of(document: Document, axes: Sequence[Axis], policies: Sequence[str]) -> list[Arm]:
    """The baseline first: the scenario as it is, if it is among them, or the first combination.

    Raises ScenarioError with all flaws of all arms, VaryError.
    """
    keys = [x.key for x in axes] + [POLICY for _ in policies[:1]]
    if twice := [x for n, x in enumerate(keys) if x in keys[:n]]:
        raise VaryError(f"{twice[0]} is varied twice: give all its values at once")
    usual = digest_of(scenario_of(document))
    choices: list[list[dict[str, Scalar]]] = [[{x.key: v} for v in x.values] for x in axes]
    if policies:
        choices.append([{POLICY: x} for x in policies])
    found: list[tuple[dict[str, Scalar], Scenario]] = []
    flaws: dict[Flaw, None] = {}
    for combination in product(*choices):
        settings = {key: value for part in combination for key, value in part.items()}
        try:
            found.append((settings, _scenario(document, settings)))
        except ScenarioError as error:
            flaws.update(dict.fromkeys(error.flaws))
    if flaws:
        raise ScenarioError(list(flaws))
    if len(found) > ARMS_MAX:
        raise VaryError(f"{len(found)} arms are more than {ARMS_MAX}")
    found.sort(key=lambda x: digest_of(x[1]) != usual)  # stable: the others keep their order
    arms = [Arm(_label(n), s, digest_of(x), x) for n, (s, x) in enumerate(found)]
    for n, arm in enumerate(arms):
        for other in arms[:n]:
            if other.digest == arm.digest:
                raise VaryError(f"{other.title} and {arm.title} are the same")
    return arms


def _scenario(document: Document, settings: dict[str, Scalar]) -> Scenario:
    """Raises VaryError where one setting takes back what another has set."""
    varied = _with(document, settings)
    scenario = scenario_of(varied)
    for key, value in settings.items():
        if _with(varied, {key: value}) != varied:
            others = " and ".join(x for x in settings if x != key)
            raise VaryError(f"{key} and {others} set the same thing: vary one of them")
    return scenario


def _with(document: Document, settings: dict[str, Scalar]) -> Document:
    policy = settings.get(POLICY)
    varied = vary(document, {key: x for key, x in settings.items() if key != POLICY})
    if policy is not None:
        _set_policy(varied, str(policy))
    return varied


def _set_policy(document: Document, policy: str) -> None:
    """`improvement`, or with a budget `improvement:500`."""
    called, colon, budget = policy.partition(":")
    name = CALLED.get(called, called)
    planner: dict[str, Any] = document.setdefault("planner", {})
    planner["policy"] = name
    if name not in SOLVERS:
        detail = f'"{called}" is not in the portfolio{did_you_mean(called, [*SOLVERS, *CALLED])}'
        raise ScenarioError([Flaw("unknown_policy", "policy", detail)])
    if colon and not budget.isdecimal():
        detail = f'"{budget}" is no number of iterations'
        raise ScenarioError([Flaw("wrong_value", "policy", detail)])
    if not SOLVERS[name].uses_budget:
        if colon:
            detail = f'"{called}" has no budget to set'
            raise ScenarioError([Flaw("wrong_value", "policy", detail)])
        planner["iterations"] = 0
    elif colon:
        planner["iterations"] = int(budget)
    elif not planner.get("iterations"):
        planner["iterations"] = ITERATIONS


def _label(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    label = ""
    while number >= 0:
        number, letter = divmod(number, 26)
        label = chr(ord("A") + letter) + label
        number -= 1
    return label


def shown(value: Scalar) -> str:
    """As people write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)
