"""Kitchens are queues: what theory says of them, the simulator says too."""

from heapq import heapify, heappop, heappush
from math import sqrt
from statistics import fmean

import pytest

from benchmarks.queueing import COOKING_S, Queue, scenario_of, sojourns, theory
from engine.events import OrderAccepted, OrderReady
from simulation.people import conduct
from simulation.run import simulate
from simulation.streams import RandomStreams

CUSTOMERS = 40_000


def test_the_formula_is_that_of_the_textbook():
    """M/M/1 by hand: rho / (mu - lambda) in line. M/M/2 at 70 %: 5.765 min (tables of Erlang C)."""
    line, whole = theory(Queue(1, 0.7))
    assert line == pytest.approx(0.7 / (10 - 7) * 60)
    assert whole - line == pytest.approx(COOKING_S / 60)
    assert theory(Queue(2, 0.7))[0] == pytest.approx(5.7647, abs=1e-4)


@pytest.mark.parametrize("load", [0.5, 0.7])
def test_a_kitchen_of_one_cook_is_an_m_m_1_queue(load):
    """Within four standard errors, known for this queue: the variance of a long mean of the time in
    line is rho (2 + 5 rho - 4 rho^2 + rho^3) / ((1 - rho)^4 mu^2 n) (D. J. Daley, 1968)."""
    lines = [x for x, _ in sojourns(Queue(1, load), CUSTOMERS, 1)]
    square = load * (2 + 5 * load - 4 * load**2 + load**3) / (1 - load) ** 4
    error_min = sqrt(square / len(lines)) * COOKING_S / 60
    assert error_min < 0.1 * theory(Queue(1, load))[0], "sharp enough to mean something"
    assert fmean(lines) == pytest.approx(theory(Queue(1, load))[0], abs=4 * error_min)


@pytest.mark.parametrize("cooks", [2, 4])
def test_a_kitchen_of_several_cooks_is_an_m_m_c_queue(cooks):
    """Fewer wait than at one cook of the same load, so its relative error is a generous bound."""
    queue = Queue(cooks, 0.6)
    whole = fmean(x for _, x in sojourns(queue, CUSTOMERS, 1))
    assert whole == pytest.approx(theory(queue)[1], rel=0.04)
    assert (
        theory(Queue(cooks + 1, queue.load * cooks / (cooks + 1)))[1] < theory(queue)[1] * 0.96
    ), "one cook more would be seen"


@pytest.mark.parametrize("cooks", [1, 3])
def test_in_the_whole_engine_dishes_are_ready_when_the_recursion_says(cooks):
    """Lindley's and Kiefer and Wolfowitz' recursion, written here, over the same cooking times: not
    about as long on average, but every order to the millisecond."""
    scenario, streams = scenario_of(Queue(cooks, 0.7), 150), RandomStreams(4)
    accepted, ready = {}, {}

    def see(record):
        for event in record.events:
            if type(event) is OrderAccepted:
                accepted[event.order] = record.at
            elif type(event) is OrderReady:
                ready[event.order] = record.at

    simulate(scenario, 4, see)
    free = [0] * cooks
    heapify(free)
    for order, at in accepted.items():
        takes = conduct.cooking(streams, scenario.stores[0], order).preparation_ms
        done = max(at, heappop(free)) + takes
        heappush(free, done)
        assert ready[order] == done
    assert len(accepted) > 120
    assert any(ready[x] - at > 3 * COOKING_S * 1_000 for x, at in accepted.items()), "some waited"
