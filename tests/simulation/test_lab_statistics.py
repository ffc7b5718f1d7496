"""The lab's statistics: what is said is wrong as seldom as it claims, however often one looks."""

from math import inf, sqrt
from random import Random
from statistics import fmean

import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from simulation.lab.deciding import Rule, early_findings, findings, is_clear
from simulation.lab.figures import HEADLINES
from simulation.lab.pareto import front
from simulation.lab.statistics import (
    EFFECT_VARIANCE,
    anytime_half_width,
    half_width,
    holm,
    p_value,
    paired,
)

GIVEN = [0.3, -0.2, 0.8, 0.5, 0.1, 0.9, 0.4]


def test_students_interval_and_test_are_those_of_the_library():
    x, reference = paired(GIVEN), ttest_1samp(GIVEN, 0)
    interval = reference.confidence_interval(0.95)
    assert x.mean - half_width(x, 0.05) == pytest.approx(interval.low)
    assert x.mean + half_width(x, 0.05) == pytest.approx(interval.high)
    assert p_value(x) == pytest.approx(reference.pvalue)


def test_no_difference_at_all_is_none_and_the_same_difference_always_is_one():
    nothing, always = paired([0.0] * 6), paired([0.1] * 6)
    assert (p_value(nothing), half_width(nothing, 0.05)) == (1.0, 0.0)
    assert (p_value(always), half_width(always, 0.05)) == (0.0, 0.0)


def test_two_differences_that_happen_to_be_alike_prove_nothing():
    for x in (paired([0.1] * 2), paired([0.0] * 5)):
        assert (p_value(x), half_width(x, 0.05), anytime_half_width(x, 0.05)) == (1.0, inf, inf)


def test_holm_rejects_step_by_step_and_says_at_which_level():
    """The textbook's: levels a/4, a/3, a/2, a in the order of the p-values, until one is not."""
    assert holm([0.01, 0.04, 0.03, 0.005], 0.05) == [
        (True, pytest.approx(0.05 / 3)),
        (False, pytest.approx(0.05 / 2)),
        (False, pytest.approx(0.05 / 2)),
        (True, pytest.approx(0.05 / 4)),
    ]
    assert [x for x, _ in holm([0.001, 0.002], 0.05)] == [True, True]
    assert holm([], 0.05) == []


def test_the_anytime_interval_is_where_the_mixture_of_t_stays_below_its_bound():
    """Against the ratio of densities it stands for: of t if the effect is normal, and if zero."""
    for n in (8, 20, 60):
        x = paired([GIVEN[k % 7] + 0.01 * k for k in range(n)])
        alpha, wider = 0.01, sqrt(1 + n * EFFECT_VARIANCE)
        at_border = anytime_half_width(x, alpha) / x.deviation * sqrt(n)
        ratio = student.pdf(at_border / wider, n - 1) / wider / student.pdf(at_border, n - 1)
        assert ratio == pytest.approx(1 / alpha, rel=1e-6)
    assert anytime_half_width(paired([1.0, 2.0]), 0.001) == inf


def test_one_may_look_at_an_anytime_interval_as_often_as_one_likes():
    """A thousand series without an effect: the share that ever excludes zero is what was allowed."""
    random, alpha, misses = Random(1), 0.1, 0
    for _ in range(1_000):
        series = [random.gauss(0, 1) for _ in range(40)]
        misses += any(
            abs(x.mean) > anytime_half_width(x, alpha)
            for x in (paired(series[:n]) for n in range(2, 41))
        )
    assert misses / 1_000 < alpha + 3 * sqrt(alpha * (1 - alpha) / 1_000)
    assert misses > 0, "a bound that is never reached is none"


def test_students_interval_looked_at_after_every_seed_would_err_far_too_often():
    """Why the other one is needed."""
    random, misses = Random(1), 0
    for _ in range(300):
        series = [random.gauss(0, 1) for _ in range(40)]
        misses += any(
            abs(x.mean) > half_width(x, 0.1) for x in (paired(series[:n]) for n in range(2, 41))
        )
    assert misses / 300 > 0.25


# the whole procedure, on figures that are made up


def columns(random: Random, n: int, shift: float = 0.0, skewed: bool = False) -> dict:
    def value() -> float:
        noise = random.expovariate(1.0) - 1 if skewed else random.gauss(0, 1)
        return 50 + noise + shift

    return {x.key: [value() for _ in range(n)] for x in HEADLINES}


def ask(rule: Rule, baseline: dict, arms: list[dict]):
    """As a sweep does: look after every seed, then once more at the end."""
    clear, cut = [], []
    questions = len(arms) * len(HEADLINES)
    for arm in arms:
        n = next(
            (
                n
                for n in range(2, rule.replications)
                if is_clear(
                    rule,
                    questions,
                    {k: x[:n] for k, x in baseline.items()},
                    {k: x[:n] for k, x in arm.items()},
                )
            ),
            0,
        )
        clear.append(bool(n))
        cut.append({k: x[: n or rule.replications] for k, x in arm.items()})
    return findings(rule, baseline, cut, clear), clear


@pytest.mark.parametrize("skewed", [False, True], ids=["normal", "skewed"])
def test_two_arms_that_are_the_same_are_seldom_called_different(skewed):
    """Three arms without an effect, five figures each, a look after every seed: one wrong word in
    any of them may be said in 5 of 100 comparisons."""
    random, rule, wrong = Random(2), Rule(replications=20, margin=0.1), 0
    for _ in range(400):
        baseline = columns(random, 20, skewed=skewed)
        found, _ = ask(rule, baseline, [columns(random, 20, skewed=skewed) for _ in range(3)])
        wrong += any(x.answer in ("less", "more") for row in found for x in row)
    assert wrong / 400 <= rule.alpha + 3 * sqrt(0.05 * 0.95 / 400)


def test_a_large_difference_is_clear_early_and_said_with_its_sign():
    random, rule = Random(3), Rule(replications=30)
    baseline = columns(random, 30)
    (row,), (is_early,) = ask(rule, baseline, [columns(random, 30, shift=-15.0)])
    assert is_early
    assert row[0].n < 20
    assert {x.answer for x in row} == {"less"}
    assert all(abs(x.difference + 15) < x.half_width for x in row)


def test_the_same_within_a_margin_is_clear_too():
    random, rule = Random(4), Rule(replications=40, margin=0.2)
    baseline = columns(random, 40)
    arm = {k: [y + random.gauss(0, 0.01) for y in x] for k, x in baseline.items()}
    (row,), (is_early,) = ask(rule, baseline, [arm])
    assert is_early
    assert {x.answer for x in row} == {"same"}


def test_what_is_not_clear_is_called_so():
    random, rule = Random(5), Rule(replications=6)
    (row,), (is_early,) = ask(rule, columns(random, 6), [columns(random, 6)])
    assert not is_early
    assert "unclear" in {x.answer for x in row}
    assert all(x.p is not None and x.level > 0.95 for x in row)


def test_who_does_not_look_early_spends_everything_at_the_end():
    random = Random(6)
    baseline, arm = columns(random, 12), columns(random, 12, shift=3.0)
    thrifty, patient = Rule(replications=12), Rule(replications=12, early=0.0)
    assert not is_clear(patient, 5, baseline, arm)
    widths = [findings(x, baseline, [arm], [False])[0][0].half_width for x in (thrifty, patient)]
    assert widths[1] < widths[0]


def test_an_interval_covers_the_truth_as_often_as_it_says():
    random, rule, misses = Random(7), Rule(replications=10, early=0.0), 0
    for _ in range(300):
        baseline = columns(random, 10)
        arm = {k: [y + random.gauss(2, 1) for y in x] for k, x in baseline.items()}
        (row,) = findings(rule, baseline, [arm], [False])
        misses += any(abs(x.difference - 2) > x.half_width for x in row[:1])
    assert misses / 300 < 0.05 + 3 * sqrt(0.05 * 0.95 / 300)


def test_early_findings_are_those_of_the_seeds_seen_so_far():
    random, rule = Random(8), Rule()
    baseline, arm = columns(random, 9), columns(random, 9, shift=5)
    level = rule.alpha * rule.early / 15
    for x in early_findings(rule, 15, baseline, arm):
        differences = [b - a for a, b in zip(baseline[x.figure], arm[x.figure], strict=True)]
        assert (x.n, x.difference, x.p) == (9, pytest.approx(fmean(differences)), None)
        assert x.half_width == anytime_half_width(paired(differences), level)
        assert x.level == 1 - level, "its share of what may be spent before the end"


def test_the_front_is_of_those_nobody_beats():
    arms = [
        {"cost_per_order": c, "late_percent": late, "served_percent": s}
        for c, late, s in [(6, 10, 95), (5, 12, 95), (6, 11, 95), (6, 10, 96), (5, 12, 95)]
    ]
    axes = ("cost_per_order", "late_percent", "served_percent")
    assert front(arms, axes) == [False, True, False, True, True]
    assert front(arms[:1], axes) == [True]
