"""A comparison as a page: the verdict in words first, then the plots, then everything."""

from collections.abc import Iterator, Sequence
from math import inf
from statistics import fmean
from typing import Any

from simulation.lab import reliability
from simulation.lab.arms import Arm
from simulation.lab.asides import MONEY, asides, saves_co2e
from simulation.lab.deciding import Finding
from simulation.lab.figures import BY_KEY, FIGURES, HEADLINES, Figure
from simulation.lab.pareto import AXES, front
from simulation.lab.results import Question
from simulation.lab.statistics import half_width, paired
from simulation.lab.sweep import Sweep
from simulation.lab.wording import verdict
from simulation.pages import BLUE, ORANGE, PALETTE, Page, label

REPORT_FILE = "report.html"
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon")
MOVED_APART = 1.0  # an hour: less is no curve to look at
FEW = 4  # arms that are named; more are counted
Shape = dict[str, Any]
LEGEND_BELOW: Shape = {"legend": {"orientation": "h", "yanchor": "top", "y": -0.3}, "height": 390}


def sentences(sweep: Sweep, found: Sequence[Sequence[Finding]]) -> list[str]:
    """A verdict of every arm but the baseline."""
    currency = sweep.arms[0].scenario.engine.currency
    base, said = sweep.columns(0), list[str]()
    for n, (arm, findings) in enumerate(zip(sweep.arms[1:], found, strict=True), 1):
        more = asides(base, sweep.columns(n), findings, currency)
        said.append(" ".join([verdict(arm, findings, currency), *more]))
    return said


def report(question: Question, sweep: Sweep, found: Sequence[Sequence[Finding]]) -> str:
    """The HTML. The same comparison, the same bytes."""
    arms, rule = sweep.arms, sweep.rule
    base = arms[0]
    page = Page(
        f"What if: {question.scenario}",
        f"{len(arms)} arms, {sweep.runs} runs of one day each, compared seed by seed",
    )
    _glance(page, sweep)
    page.section("In words", f"Everything is beside {base.title}, the baseline.")
    for said in sentences(sweep, found) or ["There is one arm: nothing to compare it with."]:
        page.words(said)
    page.text(
        f"All statements together are wrong in at most {100 * rule.alpha:g} of 100 comparisons "
        "such as this one. ± is the half width of an interval at the level its figure was tested "
        "at. “The same” means: differs by less than "
        f"{100 * rule.margin:g} % of the baseline, or half a point of a share."
    )
    if found:
        page.section("Differences to the baseline", "Dots are means of paired differences.")
        for n, figure in enumerate(HEADLINES):
            _differences(page, sweep, figure, [row[n] for row in found])
    _carbon(page, sweep, found)
    _responses(page, sweep)
    _churn(page, sweep)
    reliability.add_to(page, sweep)
    _trade_offs(page, sweep)
    _days(page, sweep)
    _all_figures(page, sweep)
    _what_to_know(page, question, sweep)
    return page.html()


def _glance(page: Page, sweep: Sweep) -> None:
    """Which arm is the best at what, and all five figures."""
    every = [sweep.means(n) for n in range(len(sweep.arms))]
    page.section("At a glance")
    if len(every) > 1:
        best = [_best(figure, sweep, every) for figure in HEADLINES]
        page.words(f"{' '.join(best)} Which differences are more than luck, the words below say.")
    header = ["arm", "", *(f"{BY_KEY[x].title}, {_unit(BY_KEY[x], sweep)}" for x in AXES), "front"]
    page.table(
        "The five figures",
        header,
        [
            [arm.label, arm.name, *(round(mean[x], 2) for x in AXES), "yes" if keep else ""]
            for arm, mean, keep in zip(sweep.arms, every, front(every), strict=True)
        ],
        "Means over the baseline's days. On the front is who is not beaten: no other arm is at "
        "least as good in all five, and better in one.",
    )


def _best(figure: Figure, sweep: Sweep, every: Sequence[dict[str, float]]) -> str:
    """ "Least late: A, C (8.9 %)": who is level with the best, as far as the figure is shown."""
    pick = min if figure.less_is_better else max
    shown = [f"{x[figure.key]:.{figure.digits}f}" for x in every]
    least = pick(shown, key=float)
    arms = [x.label for x, value in zip(sweep.arms, shown, strict=True) if value == least]
    names = ", ".join(arms[:FEW]) + (f" and {len(arms) - FEW} more" if len(arms) > FEW else "")
    return f"{figure.best}: {names} ({least} {_unit(figure, sweep)})."


def _headed(title: str) -> str:
    return title[0].upper() + title[1:]


def _unit(figure: Figure, sweep: Sweep) -> str:
    return figure.unit.format(currency=sweep.arms[0].scenario.engine.currency)


def _differences(page: Page, sweep: Sweep, figure: Figure, found: Sequence[Finding]) -> None:
    names = [label(x.title) for x in sweep.arms[1:]]
    wide = [x.half_width if x.half_width < inf else None for x in found]
    colors = [BLUE if x.answer in ("less", "more") else ORANGE for x in found]
    better = "left" if figure.less_is_better else "right"
    dots: Shape = {
        "type": "scatter",
        "mode": "markers",
        "x": [x.difference for x in found],
        "y": names,
        "error_x": {"type": "data", "array": wide, "thickness": 2, "color": "#5b6770"},
        "marker": {
            "size": 11,
            "color": colors,
            "symbol": ["circle" if x == BLUE else "diamond" for x in colors],
        },
    }
    unit = "points" if figure.unit == "%" else _unit(figure, sweep)
    page.plot(
        _headed(figure.title),
        f"Better is to the {better}. Blue dots differ, orange diamonds do not, or it is not clear.",
        [dots],
        height=130 + 34 * len(names),
        xaxis={
            "title": {"text": f"difference, {unit}"},
            "zeroline": True,
            "zerolinewidth": 2,
            "rangemode": "tozero",  # so that one sees how far from nothing it is
        },
        yaxis={"range": [len(names) - 0.4, -0.6]},  # the first at the top
    )


def _carbon(page: Page, sweep: Sweep, found: Sequence[Sequence[Finding]]) -> None:
    """What a kilogram of CO2e saved costs in minutes and money, where one is saved for certain."""
    rows: list[list[str | float]] = []
    for arm, findings in zip(sweep.arms[1:], found, strict=True):
        by = {x.figure: x for x in findings}
        if saves_co2e(findings):
            kg = -by["co2e_g_per_order"].difference / 1_000
            cost, minutes = by["cost_per_order"].difference, by["click_to_door_min"].difference
            rows.append([arm.label, arm.name, 1_000 * kg, minutes / kg, cost / kg])
    if rows:
        currency = sweep.arms[0].scenario.engine.currency
        said = "Where less is emitted for certain, and not by serving fewer."
        page.section("What a kilogram of CO2e less costs", said)
        header = ["arm", "", "g less per order", "minutes later per kg", f"{currency} more per kg"]
        page.table("", header, rows, "Ratios of mean differences; negative: earlier, or cheaper.")


def _responses(page: Page, sweep: Sweep) -> None:
    """How the headlines follow the first number that was varied in three steps or more."""
    axis = _numeric_axis(sweep.arms)
    if axis is None:
        return
    page.section(f"What follows from {axis}", "Bars are 95 % intervals of the mean.")
    groups: dict[str, list[int]] = {}
    for n, arm in enumerate(sweep.arms):
        rest = {key: x for key, x in arm.settings.items() if key != axis}
        groups.setdefault(", ".join(f"{k} {x}" for k, x in rest.items()), []).append(n)
    every = [sweep.means(n) for n in range(len(sweep.arms))]
    money = [BY_KEY[key] for key, _ in MONEY if len({x[key] for x in every}) > 1]
    for figure in (*HEADLINES, *money):
        lines = []
        for k, (name, members) in enumerate(groups.items()):
            members.sort(key=lambda n: float(sweep.arms[n].settings[axis]))
            columns = [sweep.columns(n)[figure.key] for n in members]
            lines.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": label(name),
                    "x": [sweep.arms[n].settings[axis] for n in members],
                    "y": [every[n][figure.key] for n in members],
                    "error_y": {"type": "data", "array": [_reach(x) for x in columns]},
                    "marker": {"symbol": SYMBOLS[k % len(SYMBOLS)], "size": 9},
                    "line": {"color": PALETTE[k % len(PALETTE)]},
                }
            )
        title = f"{_headed(figure.title)}, {_unit(figure, sweep)}"
        page.plot(
            title,
            "",
            lines,
            xaxis={"title": {"text": axis}},
            showlegend=len(groups) > 1,
            **LEGEND_BELOW,
        )


def _churn(page: Page, sweep: Sweep) -> None:
    """What steadier plans cost in punctuality: a curve of each policy, by how much is moved."""
    every = [sweep.means(n) for n in range(len(sweep.arms))]
    moved = [x["moved_per_h"] for x in every]
    if max(moved) - min(moved) < MOVED_APART:
        return
    groups: dict[str, list[int]] = {}
    for n, arm in enumerate(sweep.arms):
        rest = (f"{key} {x}" for key, x in arm.settings.items() if key != "moves_per_h")
        groups.setdefault(", ".join(rest), []).append(n)
    lines = []
    for k, (name, members) in enumerate(groups.items()):
        members.sort(key=lambda n: every[n]["moved_per_h"])
        columns = [sweep.columns(n) for n in members]
        lines.append(
            {
                "type": "scatter",
                "mode": "lines+markers+text",
                "name": label(name or "moves_per_h"),
                "x": [every[n]["moved_per_h"] for n in members],
                "y": [every[n]["late_percent"] for n in members],
                "error_x": {"type": "data", "array": [_reach(x["moved_per_h"]) for x in columns]},
                "error_y": {"type": "data", "array": [_reach(x["late_percent"]) for x in columns]},
                "text": [label(sweep.arms[n].label) for n in members],
                "hovertext": [label(sweep.arms[n].title) for n in members],
                "textposition": "top right",
                "marker": {"symbol": SYMBOLS[k % len(SYMBOLS)], "size": 9},
                "line": {"color": PALETTE[k % len(PALETTE)]},
            }
        )
    page.section("Steady plans and punctuality", "Bars are 95 % intervals of the mean.")
    page.plot(
        "Churn and lateness",
        "To the left plans are steadier, down they are more punctual.",
        lines,
        xaxis={"title": {"text": "orders given to another courier, an hour"}},
        yaxis={"title": {"text": "late, %"}},
        showlegend=len(groups) > 1,
        **LEGEND_BELOW,
    )


def _numeric_axis(arms: Sequence[Arm]) -> str | None:
    for key in arms[0].settings:
        values = {x.settings[key] for x in arms}
        if len(values) > 2 and all(type(x) in (int, float) for x in values):
            return key
    return None


def _reach(values: Sequence[float]) -> float:
    return half_width(paired(values), 0.05) if len(values) > 1 else 0.0


def _trade_offs(page: Page, sweep: Sweep) -> None:
    every = [sweep.means(n) for n in range(len(sweep.arms))]
    kept = front(every, ("cost_per_order", "late_percent"))
    page.section(
        "What punctuality costs",
        "On the front is who is not beaten in these two: nobody is as cheap and as punctual, and "
        "better in one. By means: see the intervals above before choosing.",
    )
    points = []
    for chosen, name, symbol in ((True, "on the front", "circle"), (False, "beaten", "x")):
        rows = [n for n, is_kept in enumerate(kept) if is_kept is chosen]
        points.append(
            {
                "type": "scatter",
                "mode": "markers+text",
                "name": name,
                "x": [every[n]["cost_per_order"] for n in rows],
                "y": [every[n]["late_percent"] for n in rows],
                "text": [label(sweep.arms[n].label) for n in rows],
                "hovertext": [label(sweep.arms[n].title) for n in rows],
                "textposition": "top center",
                "marker": {"symbol": symbol, "size": 11, "color": BLUE if chosen else ORANGE},
            }
        )
    currency = sweep.arms[0].scenario.engine.currency
    page.plot(
        "Cost and punctuality",
        "Down and to the left is better.",
        points,
        xaxis={"title": {"text": f"cost per order, {currency}"}},
        yaxis={"title": {"text": "late, %"}},
    )


def _days(page: Page, sweep: Sweep) -> None:
    """Arms share their good and bad days: that is what pairing takes out."""
    lines = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label(arm.title),
            "x": list(sweep.seeds[: sweep.count(n)]),
            "y": sweep.columns(n)["click_to_door_min"],
            "marker": {"symbol": SYMBOLS[n % len(SYMBOLS)], "size": 7},
        }
        for n, arm in enumerate(sweep.arms[: len(PALETTE)])
    ]
    page.section("Day by day", "The same seed is the same day: customers, kitchens and doors.")
    page.plot(
        "Click to door",
        "Lines that rise and fall together are what makes a small difference visible.",
        lines,
        xaxis={"title": {"text": "seed"}, "dtick": 1},
        yaxis={"title": {"text": "minutes"}},
    )


def _all_figures(page: Page, sweep: Sweep) -> None:
    page.section("Everything that was measured", "Means over the baseline's days.")
    header = ["figure", *(x.label for x in sweep.arms)]
    every = [sweep.means(n) for n in range(len(sweep.arms))]
    rows = list[list[str | float | None]]()
    for x in FIGURES:
        unit = f", {_unit(x, sweep)}" if x.unit else ""
        rows.append([f"{x.title}{unit}", *(mean.get(x.key) for mean in every)])
    page.table("By arm", header, rows)


def _what_to_know(page: Page, question: Question, sweep: Sweep) -> None:
    page.section("What has to be known to repeat it", "And to judge it.")
    page.table("", ["what", "is"], list(_facts(question, sweep)))
    page.table(
        "The arms",
        ["arm", "varied", "replications that count", "scenario digest", "settings digest"],
        [
            [
                arm.label,
                arm.name,
                sweep.count(n),
                arm.digest,
                sweep.played[n, sweep.seeds[0]].scorecard.provenance.settings_digest,
            ]
            for n, arm in enumerate(sweep.arms)
        ],
    )


def _facts(question: Question, sweep: Sweep) -> Iterator[tuple[str, str]]:
    rule = sweep.rule
    yield "scenario", question.scenario
    for source in sweep.played[0, sweep.seeds[0]].scorecard.provenance.sources:
        yield "recorded day", source
    yield "seeds", f"{sweep.seeds[0]} to {sweep.seeds[-1]}, {len(sweep.seeds)} replications at most"
    yield (
        "draws",
        "one stream per customer, order, offer, door, payment and kitchen: common to all arms",
    )
    early, late = rule.alpha * rule.early, rule.alpha * (1 - rule.early)
    questions = (len(sweep.arms) - 1) * len(HEADLINES)
    yield (
        "probability to err",
        f"{rule.alpha:g} over all {questions} questions: {early:g} for looking after every "
        f"replication (anytime-valid intervals, Bonferroni), {late:g} for the last look "
        "(Student's t, Holm)",
    )
    yield (
        "no difference",
        f"within {100 * rule.margin:g} % of the baseline, half a point of a share",
    )
    ratios = [sweep.columns(n)["ride_time_ratio"] for n in range(len(sweep.arms))]
    yield (
        "ride time / planned",
        ", ".join(f"{arm.label} {fmean(x):.3f}" for arm, x in zip(sweep.arms, ratios, strict=True))
        + " (couriers' paces, weather and closed roads; 1 is the engine's own travel model)",
    )
    yield "versions", ", ".join(f"{name} {x}" for name, x in question.versions.items())
