"""Fitting distributions: what was drawn from one is given back, cut off or not."""

import numpy as np
import pytest

from simulation.calibration.distributions import (
    FEWEST,
    censored,
    critical_distance,
    distance_between,
    kitchen,
    log_normal,
    population,
    tolerance,
)
from simulation.scenarios.quantities import Varying

OTHERWISE = Varying(median=1.0, p90=2.0)


def drawn(median: float, sigma: float, count: int, seed: int = 5) -> np.ndarray:
    return median * np.exp(sigma * np.random.default_rng(seed).normal(size=count))


def test_a_log_normal_is_given_back():
    found = log_normal(drawn(300, 0.4, 4_000).tolist(), OTHERWISE)
    assert found.median == pytest.approx(300, rel=0.03)
    assert found.p90 == pytest.approx(300 * np.exp(0.4 * 1.2816), rel=0.04)


def test_too_few_values_are_not_believed():
    assert log_normal([3.0] * (FEWEST - 1), OTHERWISE) is OTHERWISE
    assert censored([(3.0, True)] * (FEWEST - 1), OTHERWISE) is OTHERWISE
    assert tolerance([(3.0, True)] * 50, OTHERWISE) is OTHERWISE, "nobody has ever said no"


def test_what_was_cut_off_is_not_taken_for_the_end():
    """Patience of 25 minutes, but nine of ten were served before it ran out."""
    patience, served = drawn(25, 0.6, 5_000), drawn(12, 0.7, 5_000, seed=6)
    bounds = [(float(min(a, b)), bool(a <= b)) for a, b in zip(patience, served, strict=True)]
    found = censored(bounds, OTHERWISE)
    assert found.median == pytest.approx(25, rel=0.06)
    naive = log_normal([x for x, seen in bounds if seen], OTHERWISE)
    assert naive.median < 18, "looking only at who left says they leave sooner"


def test_what_people_accept_is_seen_in_what_they_took():
    limit, offered = drawn(50, 0.3, 4_000), drawn(45, 0.4, 4_000, seed=7)
    shown = [(float(b), bool(b <= a)) for a, b in zip(limit, offered, strict=True)]
    found = tolerance(shown, OTHERWISE)
    assert found.median == pytest.approx(50, rel=0.03)
    assert found.p90 == pytest.approx(50 * np.exp(0.3 * 1.2816), rel=0.05)


@pytest.mark.parametrize("cooks", [1, 2, 4])
def test_the_cooks_of_a_busy_kitchen_are_counted(cooks):
    rng = np.random.default_rng(8)
    prepares = drawn(400_000, 0.2, 300, seed=9)
    accepted = np.cumsum(rng.exponential(400_000 / cooks / 0.95, 300))
    free, stays = [0.0] * cooks, []
    for at, takes in zip(accepted, prepares, strict=True):
        k = int(np.argmin(free))
        free[k] = max(at, free[k]) + takes
        stays.append((round(at), round(free[k])))
    found, took_s = kitchen(stays)
    assert found == cooks
    assert np.median(took_s) == pytest.approx(400, rel=0.06)


def test_an_idle_kitchen_tells_nothing_of_its_cooks_but_how_long_it_takes():
    stays = [(k * 10_000_000, k * 10_000_000 + 300_000 + k) for k in range(20)]
    cooks, took_s = kitchen(stays)
    assert cooks == 1
    assert np.median(took_s) == pytest.approx(300, rel=0.01)


def test_people_who_were_not_seen_are_counted_too():
    rng = np.random.default_rng(10)
    visits = np.bincount(rng.integers(0, 2_000, 1_500), minlength=2_000)
    assert population([int(x) for x in visits if x]) == pytest.approx(2_000, rel=0.1)
    assert population([]) == 1


def test_two_samples_of_one_distribution_are_told_from_two_of_two():
    rng = np.random.default_rng(11)
    same = [rng.normal(size=200) for _ in range(100)]
    limit = critical_distance(200, 200)
    false = sum(
        distance_between(a.tolist(), b.tolist()) > limit
        for a, b in zip(same[::2], same[1::2], strict=True)
    )
    assert false <= 8, "a twentieth of fifty, and chance"
    assert distance_between(same[0].tolist(), (same[1] + 0.5).tolist()) > limit
    assert np.isnan(distance_between([], [1.0]))
