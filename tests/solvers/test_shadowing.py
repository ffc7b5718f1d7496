"""A challenger in the shadow: judged on the rounds that were, and heard by nobody."""

import json
from functools import cache

import pytest

from engine import snapshot
from engine.commands import AdoptPlan
from engine.engine import Engine, Record
from gateway.cli import main
from gateway.commands.shadow import lines
from simulation.run import simulate
from simulation.scenarios.scenario_file import find, load
from solvers.crossing.shadowing import Shadow, scorecards
from solvers.policies.insertion import insertion
from solvers.policies.matching import matching
from solvers.portfolio import SOLVERS
from solvers.problem import Budget


@cache
def day() -> list[Record]:
    records: list[Record] = []
    simulate(load(find("lunch_rush")), 6, records.append)
    return records


def shadowed(name: str, iterations: int = 50) -> Shadow:
    shadow = Shadow(SOLVERS[name].solver, Budget(iterations=iterations))
    for record in day():
        shadow.see(record)
    return shadow


def test_the_policy_in_charge_does_exactly_as_well_as_itself():
    """The day was planned by insertion: its shadow gives the same answers, so nothing is saved."""
    shadow = shadowed("insertion")
    [card] = scorecards(shadow.duels)
    assert card.rounds > 100
    assert card.saved == pytest.approx(0.0, abs=1e-6)
    assert (card.better_pct, card.worse_pct) == (0.0, 0.0)
    assert card.verdict == "no clear difference"
    assert card.late_min[0] == card.late_min[1]


def test_a_better_challenger_is_seen_to_be_better_term_by_term():
    [card] = scorecards(shadowed("improvement").duels)
    assert card.better_pct > 30
    assert card.worse_pct < 5, "it starts from the running plan and never ends worse"
    assert card.saved > 0
    assert sum(card.terms.values()) == pytest.approx(card.saved, rel=1e-6)


def test_a_worse_challenger_is_seen_to_be_worse():
    [card] = scorecards(shadowed("matching").duels)
    assert card.saved < 0
    assert "-" in "\n".join(lines([card], "matching"))


def test_it_disturbs_nothing_and_every_answered_round_is_judged_once():
    shadow, alone = shadowed("insertion"), Engine()
    alone.apply_all(day())
    assert snapshot.dump(shadow.engine) == snapshot.dump(alone)
    answered = sum(isinstance(x.command, AdoptPlan) for x in day())
    assert 0.5 * answered < len(shadow.duels) <= answered


def test_the_command_prints_a_card_a_day(tmp_path, capsys):
    folder = tmp_path / "day"
    assert main(["simulate", "lunch_rush", "--seed", "6", "--out", str(folder)]) == 0
    capsys.readouterr()
    assert main(["shadow", str(folder), "--policy", "insertion"]) == 0
    out = capsys.readouterr().out
    assert "2025-03-07" in out
    assert "not from the challenger's own earlier plans" in out
    assert main(["shadow", str(folder), "--policy", "matching", "--json"]) == 0
    [card] = json.loads(capsys.readouterr().out)
    assert card["rounds"] > 100


def test_solvers_of_the_test_are_those_of_the_portfolio():
    assert SOLVERS["insertion"].solver is insertion
    assert SOLVERS["matching"].solver is matching
