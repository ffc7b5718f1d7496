"""What if: the arms, the words, the same days for all, and a comparison that was interrupted."""

import argparse
import errno
import io
import os
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb
import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from engine import events as e
from engine.commands import RequestQuote
from engine.engine import Record
from simulation.days.city import couriers_of
from simulation.lab import command
from simulation.lab import sweep as lab_sweep
from simulation.lab.arms import arms_of
from simulation.lab.deciding import Rule
from simulation.lab.parquet import rows
from simulation.lab.processes import processes
from simulation.lab.results import ComparisonError, Results, question_of
from simulation.lab.sweep import Sweep
from simulation.lab.variation import axis_of
from simulation.lab.wording import verdict
from simulation.lab.worker import play
from simulation.run import simulate
from simulation.scenarios.scenario_file import scenario_of
from simulation.streams import RandomStreams
from tests.simulated_city import SMALL, eventful

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ("comparison.json", "findings.json", "report.html", "runs.parquet")
TINY = SMALL.replace("hours = 0.75", "hours = 0.15").replace("orders = 45", "orders = 9")


def document() -> dict:
    return tomllib.loads(SMALL)


# the same days


@cache
def played(policy: str) -> list[Record]:
    scenario, records = eventful(), list[Record]()
    many = [replace(x, cooks=200, rejects=0.1, missing=0.2) for x in scenario.stores]
    planner = replace(scenario.planner, policy=policy)
    troubled = replace(scenario.demand, changes_mind=0.1, absent=0.2, wants_pin=0.3)
    bank = replace(scenario.bank, declines=0.1, late=0.1)
    changed = replace(scenario, stores=many, planner=planner, demand=troubled, bank=bank)
    simulate(changed, 3, records.append)
    return records


def times(records: list[Record], first: type, second: type) -> dict:
    """By what both are about: from the first event of it to the second."""
    began, took = {}, {}
    named = [
        x for x in ("delivery", "payment", "order") if hasattr(second, x) and hasattr(first, x)
    ]
    for record in records:
        for event in record.events:
            if type(event) is first:
                began[getattr(event, named[0])] = record.at
            elif type(event) is second and getattr(event, named[0]) in began:
                key = getattr(event, named[0])
                took[key] = record.at - began[key]
    return took


def test_another_policy_changes_nothing_of_what_customers_kitchens_and_banks_do():
    """Common random numbers, by entity: not the n-th draw, but this order's."""
    one, other = played("insertion"), played("matching")
    assert one != other
    asked = [
        [(x.at, x.command) for x in records if isinstance(x.command, RequestQuote)]
        for records in (one, other)
    ]
    first = [{q.quote: (at, q) for at, q in x if not q.quote.endswith("/2")} for x in asked]
    assert len(first[0]) > 60
    assert first[0] == first[1]
    for pair in (
        (e.OrderAccepted, e.OrderReady),  # in kitchens without a queue: what it takes to cook
        (e.PaymentRequested, e.PaymentAuthorized),
        (e.OrderConfirmed, e.OrderAccepted),
        (e.CourierArrived, e.DeliveryCompleted),  # at the door: the pickup's is overwritten
    ):
        mine, yours = times(one, *pair), times(other, *pair)
        both = [x for x in mine if x in yours]
        assert len(both) > 20, pair
        assert {x: mine[x] for x in both} == {x: yours[x] for x in both}, pair


def test_a_smaller_fleet_is_the_first_part_of_a_larger_one():
    streams, scenario = RandomStreams(1), scenario_of(document())
    few = replace(scenario, couriers=[replace(x, count=5) for x in scenario.couriers])
    assert [(x.id, x.home, x.pace_permille) for x in couriers_of(few, streams)] == [
        (x.id, x.home, x.pace_permille) for x in couriers_of(scenario, streams)[:5]
    ]


@pytest.mark.slow
def test_twenty_seeds_of_one_arm_beside_twenty_others_of_the_same_show_no_difference():
    """A/A: the same scenario, other days; every look and the last one."""
    (arm,) = arms_of(tomllib.loads(TINY), [], [])
    other = replace(arm, label="B", digest="another")
    sweep = Sweep([arm, other], 1, Rule(replications=20))
    for seed in range(1, 21):
        sweep.add(0, play(arm.scenario, seed))
        sweep.add(1, replace(play(arm.scenario, seed + 20), seed=seed))
    (row,) = sweep.findings()
    assert {x.answer for x in row} <= {"same", "unclear"}


def test_an_arm_beside_itself_is_the_same_as_soon_as_one_may_look():
    (arm,) = arms_of(tomllib.loads(TINY), [], [])
    sweep = Sweep([arm, replace(arm, label="B", digest="another")], 1, Rule(replications=20))
    for seed in range(1, 13):
        run = play(arm.scenario, seed)
        sweep.add(0, run)
        sweep.add(1, run)
    assert sweep.is_clear[1]
    assert not list(sweep.jobs())
    assert {x.answer for x in sweep.findings()[0]} == {"same"}
    assert "changes nothing" in verdict(sweep.arms[1], sweep.findings()[0], "CNY")


def test_means_of_an_arm_that_was_clear_early_are_not_those_of_its_own_days():
    """The first days were good ones: whoever stopped there is not better for it."""
    (arm,) = arms_of(tomllib.loads(TINY), [], [])
    arms = [arm, replace(arm, label="B", digest="b"), replace(arm, label="C", digest="c")]
    run, other = play(arm.scenario, 1), play(replace(arm.scenario, hours=0.3), 2)
    sweep = Sweep(arms, 1, Rule(replications=12))
    for seed in range(1, 13):
        day, another = (run, other) if seed < 7 else (other, run)
        sweep.add(0, replace(day, seed=seed))
        sweep.add(1, replace(day, seed=seed))
        sweep.add(2, replace(day if seed % 2 else another, seed=seed))
    assert (sweep.is_clear[1], sweep.is_clear[2]) == (True, False)
    assert sweep.count(1) < sweep.count(0) == 12
    assert sweep.means(1) == pytest.approx(sweep.means(0))


def test_what_is_said_does_not_depend_on_which_run_came_back_first():
    arms = arms_of(tomllib.loads(TINY), [axis_of("couriers=2,8")], [])
    runs = [(n, play(arm.scenario, seed)) for seed in (1, 2, 3) for n, arm in enumerate(arms)]
    found = []
    for order in (runs, runs[::-1]):
        sweep = Sweep(arms, 1, Rule(replications=3))
        for n, run in order:
            sweep.add(n, run)
        found.append(sweep.findings())
    assert found[0] == found[1]


# the command, and a folder that is left and found again


def compare(*words: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    screen = Console(file=io.StringIO(), width=120)
    code = command.run(parser.parse_args(words), screen)
    assert isinstance(screen.file, io.StringIO)
    return code, screen.file.getvalue()


@pytest.fixture
def tiny(tmp_path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.mark.slow
def test_a_comparison_leaves_a_verdict_a_page_and_every_run_as_a_row(tiny, tmp_path):
    out = tmp_path / "out"
    words = [str(tiny), "--vary", "couriers=2,8", "--policies", "insertion,matching"]
    code, text = compare(*words, "--replications", "3", "--out", str(out), "--workers", "2")
    assert code == command.ANSWERED
    assert "B (couriers" in text
    html = (out / "report.html").read_text()
    for said in (
        "In words",
        "1 to 3",
        "Said and so",
        "numba",
        "Student",
        "scenario digest",
        "default-src 'none'",
    ):
        assert said in html
    path = str(out / "runs.parquet")
    table = duckdb.sql(
        f"select arm, couriers, policy, seed, is_sound, \"orders.placed\" from '{path}'"
    ).fetchall()
    assert len(table) == 12
    assert {x[0] for x in table} == {"A", "B", "C", "D"}
    assert all(x[4] for x in table)
    told = msgspec.json.decode((out / "findings.json").read_bytes())
    assert [x["arm"] for x in told] == ["B", "C", "D"]
    assert len(told[0]["findings"]) == 5
    again, same = compare(*words, "--replications", "3", "--out", str(out))
    assert (again, same) == (code, text)


@pytest.mark.slow
def test_a_comparison_that_was_killed_goes_on_where_it_was(tiny, tmp_path):
    """kill -9 in the middle: what was done stays done, byte for byte, and nothing else differs."""
    out, whole = tmp_path / "killed", tmp_path / "whole"
    words = [str(tiny), "--vary", "couriers=2,8", "--replications", "4"]
    call = [
        sys.executable,
        "-m",
        "gateway.cli",
        "compare",
        *words,
        "--workers",
        "1",
        "--out",
        str(out),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(call, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    runs = out / "runs"
    for _ in range(3_000):
        if runs.exists() and len(list(runs.glob("*.json"))) >= 3:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {x.name: x.read_bytes() for x in runs.glob("*.json")}
    assert 3 <= len(kept) < 8
    (runs / next(iter(kept))).write_bytes(b'{"arm": "torn')
    code, text = compare(*words, "--workers", "1", "--out", str(out))
    assert code == command.ANSWERED
    torn, *rest = kept
    assert all((runs / x).read_bytes() == kept[x] for x in rest), "not played again"
    assert (runs / torn).read_bytes() != b'{"arm": "torn'
    _, expected = compare(*words, "--workers", "1", "--out", str(whole))
    assert text.replace("killed", "whole") == expected
    for name in RESULTS:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


class Dying:
    """Workers of which one is killed whenever a run is done, as many times as it is said."""

    def __init__(self, times: int) -> None:
        self.left = times

    @contextmanager
    def __call__(self, count: int):
        with processes(count) as pool:
            if self.left:
                self.left -= 1
                pool.submit(os._exit, 9)
            yield pool


@pytest.mark.slow
def test_workers_that_are_killed_are_replaced_and_nothing_is_lost(tiny, tmp_path, monkeypatch):
    words = [str(tiny), "--vary", "couriers=2,8", "--replications", "2", "--workers", "1"]
    monkeypatch.setattr(lab_sweep, "processes", Dying(2))
    assert compare(*words, "--out", str(tmp_path / "killed"))[0] == command.ANSWERED
    monkeypatch.undo()
    assert compare(*words, "--out", str(tmp_path / "whole"))[0] == command.ANSWERED
    for name in RESULTS:
        here, there = (tmp_path / x / name for x in ("killed", "whole"))
        assert here.read_bytes() == there.read_bytes(), name


@pytest.mark.slow
def test_workers_that_are_always_killed_end_it_and_the_same_call_goes_on(
    tiny, tmp_path, monkeypatch, capsys
):
    words = [str(tiny), "--vary", "couriers=2,8", "--replications", "2", "--workers", "1"]
    monkeypatch.setattr(lab_sweep, "processes", Dying(100))
    assert compare(*words, "--out", str(tmp_path / "x"))[0] == command.UNUSABLE
    assert "0 runs are kept; the same call goes on" in capsys.readouterr().err


def test_a_disk_that_is_full_is_said_and_what_was_played_is_kept(
    tiny, tmp_path, monkeypatch, capsys
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = tmp_path / "out"
    words = [str(tiny), "--vary", "couriers=2,8", "--replications", "2", "--workers", "1"]
    monkeypatch.setattr(os, "fsync", full)
    assert compare(*words, "--out", str(out))[0] == command.UNUSABLE
    assert "No space left" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr(command, "write_runs", full)
    assert compare(*words, "--out", str(out))[0] == command.UNUSABLE
    assert "4 runs are kept; the same call goes on" in capsys.readouterr().err
    monkeypatch.undo()
    assert compare(*words, "--out", str(out))[0] == command.ANSWERED


def test_two_at_once_do_not_write_into_one_folder(tiny, tmp_path, capsys):
    arms = arms_of(document(), [axis_of("couriers=4,8")], [])
    with (
        Results(tmp_path / "x", question_of("x", arms, 1, Rule())),
        pytest.raises(ComparisonError, match="another `o2o compare`"),
    ):
        Results(tmp_path / "x", question_of("x", arms, 1, Rule()))
    (tmp_path / "file").write_text("")
    assert compare(str(tiny), "--out", str(tmp_path / "file"))[0] == command.UNUSABLE
    assert "is a file" in capsys.readouterr().err


def test_what_was_not_whole_when_it_was_killed_is_swept_up(tmp_path):
    arms = arms_of(document(), [axis_of("couriers=4,8")], [])
    folder, question = tmp_path / "x", question_of("x", arms, 1, Rule())
    folder.mkdir()
    (folder / "comparison.json.part").write_text("{")
    with Results(folder, question):
        (folder / "runs" / "y-1.json.part").write_text("{")
    with Results(folder, question):
        assert not [*folder.rglob("*.part")]


def test_runs_that_were_under_way_when_all_was_clear_change_nothing():
    """How many there were is chance: what counts of the baseline is what arms are laid beside."""
    (arm,) = arms_of(tomllib.loads(TINY), [], [])
    arms = [arm, replace(arm, label="B", digest="another")]
    run, told = play(arm.scenario, 1), []
    for more in (0, 3):
        sweep = Sweep(arms, 1, Rule(replications=20))
        for seed in range(1, 9 + more):
            for n in range(2):
                sweep.add(n, replace(run, seed=seed))
        assert sweep.is_clear[1]
        told.append((sweep.runs, sweep.columns(0), [*rows(sweep)]))
    assert told[0] == told[1]


def test_a_folder_with_something_else_in_it_is_left_alone(tiny, tmp_path, capsys):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "notes").write_text("mine")
    code, _ = compare(str(tiny), "--out", str(tmp_path / "precious"))
    assert code == command.UNUSABLE
    assert "holds no comparison" in capsys.readouterr().err


def test_a_folder_with_another_comparison_in_it_is_not_mixed_with_this(tmp_path):
    arms = arms_of(document(), [axis_of("couriers=4,8")], [])
    for _ in range(2):
        with Results(tmp_path / "x", question_of("x", arms, 1, Rule())):
            pass
    with pytest.raises(ComparisonError, match="rule differ"):
        Results(tmp_path / "x", question_of("x", arms, 1, Rule(replications=30)))
    with pytest.raises(ComparisonError, match="arms differ"):
        Results(tmp_path / "x", question_of("x", arms[:1], 1, Rule()))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--replications", "1"], "one day is no comparison"),
        (["--alpha", "2"], "no probability"),
        (["--vary", "couriers"], "KEY=VALUE"),
        (["--vary", "couriesr=3"], 'did you mean "couriers"'),
        (["--policies", "mathcing"], 'did you mean "matching"'),
        (["--workers", "0"], "at least 1"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_before_anything_is_written(
    words, said, tiny, tmp_path, capsys
):
    code, _ = compare(str(tiny), "--out", str(tmp_path / "out"), *words)
    assert code == command.UNUSABLE
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "out").exists()
