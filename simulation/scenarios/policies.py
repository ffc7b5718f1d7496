"""Planners in a word, as command lines and requests name them."""

from simulation.scenarios.flaws import did_you_mean
from simulation.scenarios.scenario import Planner as Policy
from solvers.portfolio import SOLVERS

REPOSITIONS, HOLDS = "+repositions", "+holds"


def name_of(policy: Policy) -> str:
    """As it is written on the command line."""
    iterations = f":{policy.iterations}" if policy.iterations else ""
    moves, waits = REPOSITIONS if policy.repositions else "", HOLDS if policy.holds else ""
    return f"{policy.policy}{iterations}{moves}{waits}"


def policy_of(text: str) -> Policy:
    """`insertion`, or `improvement:400+repositions+holds`. Raises ValueError for what is none."""
    rest = text.removesuffix(HOLDS)
    name, _, iterations = rest.removesuffix(REPOSITIONS).partition(":")
    if name not in SOLVERS:
        hint = did_you_mean(name, SOLVERS) or f"; there are {', '.join(SOLVERS)}"
        raise ValueError(f"no solver {name}{hint}")
    if iterations and not iterations.isdecimal():
        raise ValueError(f"{text}: a policy is a solver's name, or NAME:ITERATIONS")
    return Policy(
        policy=name,
        iterations=int(iterations or 0),
        repositions=rest.endswith(REPOSITIONS),
        holds=rest != text,
    )
