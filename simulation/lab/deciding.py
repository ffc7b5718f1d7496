"""When a comparison is clear, and what it says in the end. The same runs, the same answer.

Of the probability to err, `early` is spent on looking after every replication (anytime-valid
intervals, Bonferroni over all questions) and the rest on the last look (Student, Holm): a strict
boundary on the way and nearly the usual test at the end, as R. Peto et al. proposed in the British
Journal of Cancer 34 (1976); the two shares add up by Boole's inequality, whatever was seen.
"""

from collections.abc import Mapping, Sequence
from math import inf
from statistics import fmean
from typing import Literal

from msgspec import Struct

from simulation.lab.figures import HEADLINES, Figure
from simulation.lab.statistics import anytime_half_width, half_width, holm, p_value, paired

Answer = Literal["less", "more", "same", "unclear"]
Columns = Mapping[str, Sequence[float]]  # figure -> a value of each seed, in their order


class Rule(Struct, frozen=True):
    """How sure to be, of how little difference, and after how many replications at least."""

    replications: int = 20
    alpha: float = 0.05
    early: float = 0.2  # of alpha, for looking before the end; 0: never stop early
    margin: float = 0.01  # of the baseline's mean: less is no difference
    least: int = 6

    def margin_of(self, figure: Figure, baseline_mean: float) -> float:
        return figure.margin or self.margin * abs(baseline_mean)


class Finding(Struct, frozen=True):
    """One figure of one arm beside the baseline: mean difference and its interval."""

    figure: str
    n: int
    baseline: float
    arm: float
    difference: float
    half_width: float
    level: float  # of the interval: 1 - the level it was tested at
    p: float | None  # None if it was clear before the end
    answer: Answer


def is_clear(rule: Rule, questions: int, baseline: Columns, arm: Columns) -> bool:
    """Whether every headline is answered by now: different, or less different than matters."""
    n = len(next(iter(arm.values())))
    if not rule.early or n < rule.least:
        return False
    return all(x.answer != "unclear" for x in early_findings(rule, questions, baseline, arm))


def early_findings(rule: Rule, questions: int, baseline: Columns, arm: Columns) -> list[Finding]:
    """What may be said of an arm at any time. `questions` there are in all: arms x headlines."""
    level = rule.alpha * rule.early / questions
    findings = []
    for figure in HEADLINES:
        of, beside = arm[figure.key], baseline[figure.key]
        x = paired([b - a for a, b in zip(beside, of, strict=True)])
        wide = anytime_half_width(x, level)
        findings.append(_finding(rule, figure, beside, of, wide, level, None))
    return findings


def findings(
    rule: Rule, baseline: Columns, arms: Sequence[Columns], was_clear: Sequence[bool]
) -> list[list[Finding]]:
    """Of every arm, one for each headline. `baseline` has at least as many seeds as any arm."""
    questions = len(arms) * len(HEADLINES)
    results: list[list[Finding]] = []
    open_p: list[float] = []
    for arm, is_early in zip(arms, was_clear, strict=True):
        for figure in HEADLINES:
            pairs = zip(baseline[figure.key], arm[figure.key], strict=False)
            p = 1.0 if is_early else p_value(paired([b - a for a, b in pairs]))
            open_p.append(p)
    tested = iter(zip(open_p, holm(open_p, rule.alpha * (1 - rule.early)), strict=True))
    for arm, is_early in zip(arms, was_clear, strict=True):
        n = len(next(iter(arm.values())))
        beside = {key: x[:n] for key, x in baseline.items()}
        own = [next(tested) for _ in HEADLINES]
        if is_early:
            results.append(early_findings(rule, questions, beside, arm))
            continue
        row = []
        for figure, (p, (_, level)) in zip(HEADLINES, own, strict=True):
            of, was = arm[figure.key], beside[figure.key]
            x = paired([b - a for a, b in zip(was, of, strict=True)])
            row.append(_finding(rule, figure, was, of, half_width(x, level), level, p))
        results.append(row)
    return results


def _finding(
    rule: Rule,
    figure: Figure,
    baseline: Sequence[float],
    arm: Sequence[float],
    wide: float,
    level: float,
    p: float | None,
) -> Finding:
    before, after = fmean(baseline), fmean(arm)
    difference = fmean(b - a for a, b in zip(baseline, arm, strict=True))
    margin = rule.margin_of(figure, before)
    answer: Answer = "unclear"
    if wide < inf and abs(difference) > wide:
        answer = "less" if difference < 0 else "more"
    elif abs(difference) + wide <= margin:
        answer = "same"
    return Finding(figure.key, len(arm), before, after, difference, wide, 1 - level, p, answer)
