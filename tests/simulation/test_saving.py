"""A run that is paused, looked at, gone on with and led another way, beside one that never stopped."""

from functools import cache
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from engine import snapshot
from engine.engine import Record
from engine.values import MINUTE, Millis
from gateway.cli import main
from gateway.commands.simulate import _open
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from simulation import command
from simulation.run import Simulation, Switch, simulate
from simulation.scenarios.scenario import Planner
from tests.simulated_city import SMALL, eventful

MATCHING = replace(eventful().planner, policy="matching")


@cache
def whole() -> tuple[tuple[Record, ...], str]:
    records: list[Record] = []
    run = simulate(eventful(), 3, records.append)
    return tuple(records), run.scorecard.digest


def played(*switches: Switch, stops_min: tuple[int, ...] = ()) -> list[Record]:
    simulation, records = Simulation(eventful(), 3, switches), list[Record]()
    simulation.world.watch(records.append)
    for minute in stops_min:
        run = simulation.go_on(Millis(simulation.scenario.starts_ms + minute * MINUTE))
        assert run is None
        snapshot.dump(simulation.world.engine)  # looked at
    run = simulation.go_on(None)
    assert run is not None
    assert run.is_sound
    return records


def test_paused_and_resumed_is_the_same_as_never_stopped():
    records = played(stops_min=(1, 7, 7, 30))
    assert tuple(records) == whole()[0]


def test_who_plans_from_then_on_changes_nothing_before_and_the_same_planner_nothing_at_all():
    at = len(whole()[0]) // 2
    assert tuple(played(Switch(at, eventful().planner))) == whole()[0]
    other = played(Switch(at, MATCHING))
    assert tuple(other[:at]) == whole()[0][:at]
    assert tuple(other) != whole()[0]
    assert other == played(Switch(at, MATCHING)), "and each time the same"


def test_two_planners_never_answer_one_round():
    records = played(Switch(len(whole()[0]) // 2, MATCHING))
    refused = [
        x for x in records if x.rejection is not None and type(x.command).__name__ == "AdoptPlan"
    ]
    assert not refused


# the command


@pytest.fixture
def small(tmp_path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def ok(*words: object) -> None:
    assert main(["simulate", *map(str, words)]) == 0


def bytes_of(folder: Path) -> tuple[bytes, bytes]:
    with JournalReader(folder / JOURNAL_FILE) as journal:
        return journal.head()[1], (folder / "scorecard.json").read_bytes()


def test_a_planner_pauses_forks_and_resumes(small, tmp_path, capsys):
    paused, fork, other = (tmp_path / x for x in ("paused", "fork", "other"))
    ok(small, "--seed", 4, "--out", tmp_path / "whole")
    ok(small, "--seed", 4, "--out", paused, "--until", 0.2)
    assert "paused at 0.20 h" in capsys.readouterr().out
    with JournalReader(paused / JOURNAL_FILE) as journal:
        before = journal.head()
    ok(paused, "--out", fork)
    ok(paused, "--out", other, "--policy", "matching")
    with JournalReader(paused / JOURNAL_FILE) as journal:
        assert journal.head() == before, "a fork leaves it alone"
    ok(paused, "--until", 0.4)
    ok(paused)
    assert bytes_of(paused) == bytes_of(fork) == bytes_of(tmp_path / "whole")
    assert bytes_of(other) != bytes_of(fork)
    ok(other, "--out", tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(other), "a fork can be forked"


def test_a_run_that_was_killed_goes_on_after_its_last_batch(small, tmp_path):
    ok(small, "--seed", 4, "--out", tmp_path / "whole")
    ok(small, "--seed", 4, "--out", tmp_path / "killed", "--until", 0.3)
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "run.json").write_bytes((tmp_path / "killed" / "run.json").read_bytes())
    with JournalReader(tmp_path / "killed" / JOURNAL_FILE) as journal:
        records = list(journal.read(1))
    kept = _open(tmp_path / "torn")
    kept.append(records[:100])
    kept.close()
    ok(tmp_path / "torn")
    assert bytes_of(tmp_path / "torn") == bytes_of(tmp_path / "whole")


def test_a_journal_that_would_be_made_otherwise_is_not_written_on(small, tmp_path, capsys):
    folder = tmp_path / "paused"
    ok(small, "--seed", 4, "--out", folder, "--until", 0.2)
    run = msgspec.json.decode((folder / "run.json").read_bytes())
    (folder / "run.json").write_bytes(msgspec.json.encode(run | {"seed": 5}))
    with JournalReader(folder / JOURNAL_FILE) as journal:
        before = journal.head()
    assert main(["simulate", str(folder)]) == 2
    assert "not the same run" in capsys.readouterr().err
    with JournalReader(folder / JOURNAL_FILE) as journal:
        assert journal.head() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{small}", "--until", "1"], "say with --out"),
        (["{small}", "--policy", "mathcing"], 'did you mean "matching"'),
        (["{small}", "--policy", "improvement"], "improvement:100"),
        (["{empty}"], "holds no run"),
        (["{paused}", "--seed", "3"], "a run of its own"),
        (["{paused}", "--policy", "matching"], "say with --out"),
        (["{over}"], "is over"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(words, said, small, tmp_path, capsys):
    places = {x: tmp_path / x for x in ("empty", "paused", "over")} | {"small": small}
    places["empty"].mkdir()
    ok(small, "--out", places["paused"], "--until", 0.1)
    ok(small, "--out", places["over"])
    capsys.readouterr()
    assert main(["simulate", *(x.format(**places) for x in words)]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_policy_keeps_what_else_the_scenario_s_planner_does():
    usual = replace(eventful(), planner=Planner(repositions=True, moves_per_h=5))
    planned = command._planned_by("improvement:50", usual).planner
    assert planned == Planner(policy="improvement", iterations=50, repositions=True, moves_per_h=5)
    assert command._planned_by(None, usual) == usual
