"""Which arms nobody beats: no other is at least as good in all of a few figures, and better in one.

Means decide; a front of two arms that differ by less than their intervals is a front by chance.
"""

from collections.abc import Sequence

from simulation.lab.figures import BY_KEY

AXES = ("cost_per_order", "late_percent", "click_to_door_min", "co2e_g_per_order", "served_percent")


def front(arms: Sequence[dict[str, float]], axes: Sequence[str] = AXES) -> list[bool]:
    """For each arm, by its means, whether it is on the front."""
    costs = [[x[key] if BY_KEY[key].less_is_better else -x[key] for key in axes] for x in arms]
    return [not any(_beats(other, mine) for other in costs) for mine in costs]


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    as_good = all(a <= b for a, b in zip(one, other, strict=True))
    return as_good and any(a < b for a, b in zip(one, other, strict=True))
