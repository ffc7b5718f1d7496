"""Both forecasts of demand on the same public meal-delivery days: which expects what then comes?

    python -m benchmarks.forecasts DIR...       # folders of instances; minutes of CPU

Every quarter of an hour each says what it expects at every restaurant within the horizon. Told
is the mean log-likelihood of an order under that (Poisson): the higher, the better.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.commands import Tick
from engine.engine import Record
from engine.events import OrderPlaced, StoreRegistered
from engine.values import (
    HOUR,
    MINUTE,
    CustomerId,
    Millis,
    Minor,
    OrderId,
    Proof,
    ProviderId,
    ServiceId,
    StoreId,
)
from geo.points import Point
from simulation.mdrp.instance import read_instance
from solvers.crossing.forecast import DemandForecast
from solvers.meals.forecast import MINUTE_S, Forecast

HERE = Point.of_degrees(0.0, 0.0)
LOOK_MIN = 15
LEAST = 1e-6  # orders expected: nobody is ruined by one surprise


def expected(folder: Path, horizon_min: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(what came, what the live forecast expected, what that of meal days did), look by look."""
    instance = read_instance(folder)
    stores = [StoreId(x.id) for x in instance.restaurants]
    row = {x: n for n, x in enumerate(stores)}
    orders = sorted((x.placed_min, StoreId(x.restaurant)) for x in instance.orders)
    live, meal = DemandForecast(), Forecast(len(stores), 0.0)
    registered = [StoreRegistered(x, x, HERE, 8 * MINUTE) for x in stores]
    live.fold(Record(1, Millis(0), Tick(), [*registered], ""))
    seen, now = 0, orders[0][0] + LOOK_MIN
    while now < orders[-1][0]:
        while seen < len(orders) and orders[seen][0] <= now:
            at, store = orders[seen]
            live.fold(Record(1, Millis(round(at * MINUTE)), Tick(), [_placed(store, at)], ""))
            meal.learn(row[store], at * MINUTE_S, at * MINUTE_S)
            seen += 1
        came = np.zeros(len(stores))
        for at, store in orders[seen:]:
            if at > now + horizon_min:
                break
            came[row[store]] += 1
        foreseen = live.expected(Millis(round(now * MINUTE)), horizon_min * MINUTE)
        demand = meal.demand(now * MINUTE_S, horizon_min * MINUTE_S, 0.5, MINUTE_S)
        if demand is not None:
            yield came, np.array([foreseen[x] for x in stores]), demand.orders
        now += LOOK_MIN


def _placed(store: StoreId, at_min: float) -> OrderPlaced:
    at = Millis(round(at_min * MINUTE))
    free, until = Minor(0), Millis(at + HOUR)
    return OrderPlaced(
        order=OrderId("o"), service=ServiceId("s"), customer=CustomerId("c"), store=store, lines=[],
        dropoff=HERE, delivery_fee_minor=free, total_minor=free, provider=ProviderId("bank"),
        proof=Proof.NONE, pin="", load=1, placed_at=at, promised_at=until,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--horizon-min", type=int, default=15)
    args = parser.parse_args()
    for folder in args.folders:
        total, sums = 0.0, np.zeros(2)
        for came, *both in expected(folder, args.horizon_min):
            total += came.sum()
            for n, x in enumerate(both):
                sums[n] += (came * np.log(np.maximum(x, LEAST)) - x).sum()
        live, meal = sums / total
        sys.stdout.write(f"{folder.name}: live {live:.3f}, meal days {meal:.3f}\n")


if __name__ == "__main__":
    main()
