"""What is expected of stores, on days whose truth is known."""

from random import Random

import pytest

from engine.codec import decode, encode
from engine.commands import Tick
from engine.engine import Record
from engine.events import OrderPlaced, StoreClosed, StoreOpened, StoreRegistered
from engine.values import HOUR, MINUTE, Proof
from geo.points import Point
from solvers.crossing.forecast import DemandForecast

HERE = Point.of_degrees(31.23, 121.47)


def record(at: int, *events) -> Record:
    return Record(1, int(at), Tick(), list(events), "")


def order(at: int, store: str) -> Record:
    placed = int(at), int(at) + HOUR
    bargain = [], HERE, 0, 0, "bank", Proof.NONE, "", 1
    return record(at, OrderPlaced("o", "app", "ann", store, *bargain, *placed))


def stores(*names: str) -> Record:
    return record(0, *(StoreRegistered(x, x, HERE, 8 * MINUTE) for x in names))


def poisson(rng: Random, rates_per_h: dict[str, float], begin: int, end: int) -> list[Record]:
    orders = []
    for store, rate in rates_per_h.items():
        at = begin + rng.expovariate(rate) * HOUR
        while at < end:
            orders.append(order(at, store))
            at += rng.expovariate(rate) * HOUR
    return sorted(orders, key=lambda x: x.at)


def forecast(*records: Record) -> DemandForecast:
    seen = DemandForecast()
    for x in records:
        seen.fold(x)
    return seen


def test_nothing_seen_nothing_expected():
    assert forecast(stores("a", "b")).expected(HOUR, HOUR) == {"a": 0.0, "b": 0.0}


def test_the_rate_of_a_steady_store_is_found():
    """On average over many days: one day's sample is what it is."""
    expected = [
        forecast(stores("a", "b"), *poisson(Random(n), {"a": 30, "b": 6}, 0, 3 * HOUR)).expected(
            3 * HOUR, HOUR
        )
        for n in range(200)
    ]
    a, b = (sum(x[s] for x in expected) / len(expected) for s in ("a", "b"))
    assert a + b == pytest.approx(36, rel=0.05)
    assert 22 < a < 30  # drawn towards the mean of the city
    assert 6 < b < 14


def test_it_is_better_than_the_mean_of_the_city():
    error = naive = 0.0
    rates = {"a": 40.0, "b": 20.0, "c": 4.0, "d": 2.0}
    for n in range(50):
        expected = forecast(stores(*rates), *poisson(Random(n), rates, 0, 2 * HOUR)).expected(
            2 * HOUR, HOUR
        )
        error += sum((expected[s] - rates[s]) ** 2 for s in rates)
        mean = sum(expected.values()) / len(rates)
        naive += sum((mean - rates[s]) ** 2 for s in rates)
    assert error < 0.25 * naive


def test_what_was_long_ago_is_forgotten():
    rng = Random(1)
    morning, evening = poisson(rng, {"a": 60}, 0, HOUR), poisson(rng, {"a": 6}, HOUR, 4 * HOUR)
    seen = forecast(stores("a"), *morning)
    assert seen.expected(HOUR, HOUR)["a"] > 40
    for x in evening:
        seen.fold(x)
    assert seen.expected(4 * HOUR, HOUR)["a"] < 12


def test_a_first_order_is_not_yet_a_rush():
    assert forecast(stores("a", "b"), order(HOUR, "a")).expected(HOUR, 10 * MINUTE)["a"] < 8


def test_a_closed_store_expects_nothing_until_it_opens():
    seen = forecast(stores("a"), *(order(n * MINUTE, "a") for n in range(30)))
    usual = seen.expected(HOUR, MINUTE)["a"]
    seen.fold(record(HOUR, StoreClosed("a")))
    assert seen.expected(HOUR, MINUTE)["a"] == 0.0
    seen.fold(record(HOUR, StoreOpened("a")))
    assert seen.expected(HOUR, MINUTE)["a"] == usual > 0


def test_the_horizon_is_proportional():
    seen = forecast(stores("a"), *(order(n * MINUTE, "a") for n in range(30)))
    assert seen.expected(HOUR, 2 * MINUTE)["a"] == pytest.approx(
        2 * seen.expected(HOUR, MINUTE)["a"]
    )


def test_the_same_records_give_the_same_forecast_and_asking_changes_nothing():
    records = [stores("a", "b"), *poisson(Random(7), {"a": 30, "b": 6}, 0, HOUR)]
    written = [decode(encode(x)) for x in records]
    asked = forecast(*records[:20])
    asked.expected(HOUR // 2, MINUTE)
    for x in records[20:]:
        asked.fold(x)
    assert asked.expected(HOUR, MINUTE) == forecast(*written).expected(HOUR, MINUTE)


@pytest.mark.parametrize("arguments", [(0.0, 1.0), (1.0, 0.0), (float("nan"), 1.0)])
def test_memory_and_prior_must_be_positive(arguments):
    with pytest.raises(ValueError, match="positive"):
        DemandForecast(*arguments)
