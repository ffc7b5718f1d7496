"""A challenger in the shadow: judged on the rounds that were, and heard by nobody."""

import json
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine import snapshot
from engine.commands import AdoptPlan
from engine.engine import Engine, Record
from engine.values import MINUTE
from gateway.cli import main
from gateway.commands.shadow import lines, over, so_far
from simulation.run import simulate
from simulation.scenarios.scenario_file import find, load
from solvers.crossing.shadowing import Shadow, scorecards
from solvers.policies.insertion import insertion
from solvers.policies.matching import matching
from solvers.portfolio import SOLVERS
from solvers.problem import Budget

ROOT = Path(__file__).resolve().parents[2]
FOLLOWED = """
import sys
from gateway.cli import main
from gateway.commands import shadow
catch_up = shadow._catch_up
def told(*args):
    catch_up(*args)
    print("caught up", flush=True)
    shadow._catch_up = catch_up
shadow._catch_up = told
sys.exit(main())
"""


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
    shadow = shadowed("matching")
    [card] = scorecards(shadow.duels)
    assert card.saved < 0
    told = "\n".join(lines([card], "matching"))
    assert f"it costs {-card.saved:.0f} more a round" in told
    assert "saves" not in told
    said = so_far(shadow, "matching")
    assert f"{card.rounds} rounds today, matching: {card.verdict} until now" in said


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


def test_days_are_the_city_s_own_and_each_is_told_when_it_is_over():
    shadow = shadowed("insertion")
    middle = (shadow.duels[0].at + shadow.duels[-1].at) // 2
    offset_min = (-middle // MINUTE) % (24 * 60)  # then it is midnight there
    first, second = scorecards(shadow.duels, offset_min)
    assert second.day == first.day + 1
    assert first.rounds + second.rounds == len(shadow.duels)
    rounds = len(shadow.duels)
    settings = shadow.engine.state.settings
    settings.current = replace(settings.current, utc_offset_min=offset_min)
    assert over(shadow) == [first]
    assert (len(shadow.duels), over(shadow)) == (rounds - first.rounds, [])


@pytest.mark.slow
def test_who_follows_is_told_at_the_end_what_there_was(tmp_path):
    """SIGTERM is as good as Ctrl-C: a nightly job is ended so."""
    folder = tmp_path / "day"
    assert main(["simulate", "lunch_rush", "--seed", "6", "--out", str(folder)]) == 0
    words = ["shadow", str(folder), "--policy", "insertion", "--follow", "--json"]
    call = [sys.executable, "-c", FOLLOWED, *words]
    with subprocess.Popen(call, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"caught up\n"
        process.send_signal(signal.SIGTERM)
        [card] = json.loads(process.stdout.read())
    assert process.returncode == 0
    assert card["rounds"] > 100
    assert card["hours"] >= 2


def test_it_is_judged_by_what_the_server_plans_by(tmp_path, capsys):
    folder = tmp_path / "day"
    assert main(["simulate", "lunch_rush", "--seed", "6", "--out", str(folder)]) == 0
    capsys.readouterr()
    costs = []
    for weights in ({}, {"weights": {"lateness_per_s": 0.0}}):
        (folder / "objective.json").write_text(json.dumps(weights))
        assert main(["shadow", str(folder), "--policy", "matching", "--json"]) == 0
        [card] = json.loads(capsys.readouterr().out)
        costs.append(card["terms"]["lateness"])
    assert costs[0] != 0.0
    assert costs[1] == 0.0
    assert main(["shadow", str(folder), "--iterations", "-1"]) != 0
    assert "less than nothing" in capsys.readouterr().err


def test_solvers_of_the_test_are_those_of_the_portfolio():
    assert SOLVERS["insertion"].solver is insertion
    assert SOLVERS["matching"].solver is matching
