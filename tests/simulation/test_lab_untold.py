"""Figures that there was nothing to measure of on some days: they are not nothing, they are left out."""

import tomllib

import pytest
from msgspec.structs import replace

from simulation.lab import reliability
from simulation.lab.arms import arms_of
from simulation.lab.deciding import Rule
from simulation.lab.parquet import rows
from simulation.lab.report import report
from simulation.lab.results import question_of
from simulation.lab.sweep import Sweep
from simulation.lab.worker import play
from tests.simulated_city import SMALL

TINY = SMALL.replace("hours = 0.75", "hours = 0.15").replace("orders = 45", "orders = 9")


def told_of_half(run, share: float | None):
    """The same run, with such a share there by the time half of them should be."""
    card = run.scorecard
    service = replace(card.service, by_expected_share=share)
    return replace(run, scorecard=replace(card, service=service))


def test_days_on_which_no_such_time_was_told_count_neither_for_an_arm_nor_against_it():
    (arm,) = arms_of(tomllib.loads(TINY), [], [])
    engine = replace(arm.scenario.engine, promise_kept_permille=900)
    learns = replace(arm, scenario=replace(arm.scenario, engine=engine))
    arms = [learns, *(replace(learns, label=x, digest=x) for x in "BC")]
    run = play(arm.scenario, 1)
    sweep = Sweep(arms, 1, Rule(replications=4))
    shares = [(None, 0.4, 0.6, 0.5), (0.9, 0.5, None, 0.6), (None, None, None, None)]
    for n, told in enumerate(shares):
        for seed, share in enumerate(told, 1):
            sweep.add(n, replace(told_of_half(run, share), seed=seed))
    means = [sweep.means(n) for n in range(3)]
    assert means[0]["by_expected_percent"] == pytest.approx(50.0)
    assert means[1]["by_expected_percent"] == pytest.approx(60.0), "ten more where both were told"
    assert "by_expected_percent" not in means[2]
    assert means[2].keys() | {"by_expected_percent"} == means[0].keys()
    halves = [n for n, wanted, _ in reliability.points(sweep) if wanted == reliability.HALF]
    assert halves == [0, 1]
    html = report(question_of("x", arms, 1, sweep.rule), sweep, sweep.findings())
    assert "there by the time half should be, %" in html
    told = [x.get("figure.by_expected_percent") for x in rows(sweep)]
    assert told == [None, 40.0, 60.0, 50.0, 90.0, 50.0, None, 60.0, None, None, None, None]


def test_an_arm_whose_baseline_was_told_no_such_time_has_the_mean_of_its_own_days():
    (arm,) = arms_of(tomllib.loads(TINY), [], [])
    sweep = Sweep([arm, replace(arm, label="B", digest="b")], 1, Rule(replications=2))
    run = play(arm.scenario, 1)
    for seed, share in ((1, 0.4), (2, 0.6)):
        sweep.add(0, replace(told_of_half(run, None), seed=seed))
        sweep.add(1, replace(told_of_half(run, share), seed=seed))
    assert "by_expected_percent" not in sweep.means(0)
    assert sweep.means(1)["by_expected_percent"] == pytest.approx(50.0)
