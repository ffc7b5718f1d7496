"""Whether what customers are told holds as often as it says: each arm's promise, and its median."""

from simulation.lab.sweep import Sweep
from simulation.pages import BLUE, ORANGE, Page, label

HALF = 50.0


def points(sweep: Sweep) -> list[tuple[int, float, float]]:
    """The arm, how often it should be so, and how often it was, in percent."""
    found = []
    for n, arm in enumerate(sweep.arms):
        wanted = arm.scenario.engine.promise_kept_permille / 10
        if wanted:  # else nothing is learned, and nothing is said of how often
            mean = sweep.means(n)
            if "by_expected_percent" in mean:  # some were told such a time
                found += [(n, HALF, mean["by_expected_percent"])]
            found += [(n, wanted, 100 - mean["late_percent"])]
    return found


def add_to(page: Page, sweep: Sweep) -> None:
    told = points(sweep)
    if not told:
        return
    page.plot(
        "Said and so",
        "How often customers were to be served by the time they were told, and how often they "
        "were: the promise of each arm, and the time by which half should be there. On the line "
        "it is as was said, above it better. What was learned late in a day counts, too.",
        [
            {
                "type": "scatter",
                "mode": "lines",
                "name": "as was said",
                "x": [0, 100],
                "y": [0, 100],
                "line": {"color": ORANGE, "dash": "dot"},
            },
            {
                "type": "scatter",
                "mode": "markers+text",
                "name": "arms",
                "x": [x for _, x, _ in told],
                "y": [y for _, _, y in told],
                "text": [label(sweep.arms[n].label) for n, _, _ in told],
                "hovertext": [label(sweep.arms[n].title) for n, _, _ in told],
                "textposition": "top left",
                "marker": {"color": BLUE, "size": 9},
            },
        ],
        xaxis={"title": {"text": "should be, %"}, "range": [0, 100]},
        yaxis={"title": {"text": "were, %"}, "range": [0, 100]},
    )
