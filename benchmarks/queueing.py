"""The simulator beside the theory of queues: kitchens with c cooks against M/M/1 and M/M/c.

`python -m benchmarks.queueing`: a table in Markdown. The simulator's own arrivals, cooking times
and kitchen; then the whole engine with customers, bank and couriers around it.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from math import factorial, sqrt
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from engine.events import OrderAccepted, OrderReady
from engine.values import MINUTE, OrderId
from geo.sphere import Floats
from simulation.days.arrivals import Arrivals
from simulation.people import conduct
from simulation.people.stores import Kitchen
from simulation.run import simulate
from simulation.scenarios.quantities import Varying
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import find, load
from simulation.streams import RandomStreams

COOKING_S = 360.0
BATCHES = 40


class Queue(NamedTuple):
    """c cooks, each busy so much of the time."""

    cooks: int
    load: float

    @property
    def arrivals_per_h(self) -> float:
        return self.load * self.cooks * 3_600 / COOKING_S


class Mean(NamedTuple):
    """Minutes, and the standard error of batch means."""

    value: float
    error: float


def theory(queue: Queue) -> tuple[float, float]:
    """Mean minutes in line and until done: A. K. Erlang (1917), in the form of L. Kleinrock,
    Queueing Systems I (1975), eq. 3.40: the probability to wait, over the spare rate."""
    c, offered = queue.cooks, queue.load * queue.cooks
    last = offered**c / factorial(c) / (1 - queue.load)
    waits = last / (sum(offered**k / factorial(k) for k in range(c)) + last)
    line_min = waits * COOKING_S / 60 / (c * (1 - queue.load))
    return line_min, line_min + COOKING_S / 60


def scenario_of(queue: Queue, customers: int) -> Scenario:
    """The library's single counter, with these cooks, for so many customers."""
    usual = load(find("single_counter"))
    hours = customers / queue.arrivals_per_h
    [store], [runners] = usual.stores, usual.couriers
    return replace(
        usual,
        hours=hours,
        demand=replace(usual.demand, orders=float(customers)),
        stores=[replace(store, cooks=queue.cooks, preparation_s=Varying(mean=COOKING_S))],
        couriers=[replace(runners, to_h=hours + 50)],
    )


def sojourns(queue: Queue, customers: int, seed: int) -> Iterator[tuple[float, float]]:
    """Minutes in line and until done of every customer, by the simulator's own actors."""
    scenario, streams = scenario_of(queue, customers), RandomStreams(seed)
    group, kitchen = scenario.stores[0], Kitchen(queue.cooks, scenario.starts_ms)
    for visit in Arrivals(scenario, streams):
        cooking = conduct.cooking(streams, group, OrderId(f"o{visit.number}"))
        done = kitchen.take(visit.at, cooking.preparation_ms)
        whole = (done - visit.at) / MINUTE
        yield whole - cooking.preparation_ms / MINUTE, whole


def engine_sojourns(queue: Queue, customers: int, seed: int) -> list[float]:
    """Minutes from accepted to ready, of every order of a whole simulated city."""
    accepted: dict[OrderId, int] = {}
    took: list[float] = []

    def see(record) -> None:  # type: ignore[no-untyped-def]
        for event in record.events:
            if type(event) is OrderAccepted:
                accepted[event.order] = record.at
            elif type(event) is OrderReady:
                took.append((record.at - accepted.pop(event.order)) / MINUTE)

    run = simulate(scenario_of(queue, customers), seed, see)
    assert run.is_sound
    assert run.scorecard.orders.delivered == run.scorecard.orders.customers
    return took


def mean(values: Floats) -> Mean:
    """Neighbors wait alike, so the error is that of batches."""
    batches = values[: len(values) // BATCHES * BATCHES].reshape(BATCHES, -1).mean(axis=1)
    return Mean(float(values.mean()), float(batches.std(ddof=1)) / sqrt(BATCHES))


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=4_000_000, help="of the actors alone")
    parser.add_argument("--orders", type=int, default=150_000, help="of the whole engine")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print("| queue | load | what | formula, min | simulated, min | off by | standard error |")
    print("|---|--:|---|--:|--:|--:|--:|")
    for queue in (Queue(1, 0.5), Queue(1, 0.7), Queue(2, 0.7), Queue(4, 0.7), Queue(8, 0.7)):
        flat = (x for pair in sojourns(queue, args.customers, args.seed) for x in pair)
        columns = np.fromiter(flat, np.float64).reshape(-1, 2).T
        for what, formula, column in zip(
            ("in line", "until ready"), theory(queue), columns, strict=True
        ):
            _row(queue, f"{what}, {args.customers:,} customers", formula, mean(column))
    for queue in (Queue(1, 0.5), Queue(2, 0.5)):
        took = mean(np.array(engine_sojourns(queue, args.orders, args.seed)))
        what = f"until ready, {args.orders:,} orders through the engine"
        _row(queue, what, theory(queue)[1], took)


def _row(queue: Queue, what: str, formula: float, got: Mean) -> None:
    print(
        f"| M/M/{queue.cooks} | {queue.load:.0%} | {what} | {formula:.3f} | {got.value:.3f} "
        f"| {got.value / formula - 1:+.2%} | {got.error / formula:.2%} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
