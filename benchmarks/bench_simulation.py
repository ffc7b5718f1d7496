"""How fast a day passes: 20,000 orders and 600 couriers, on one core, planning included.

Once from six to six, and once all of it within ten hours, which is harder on whoever counts in
times real time. Beside it SimPy's own event loop, which nothing built on it can be faster than.
The budgets are CPU seconds of this process, so a busy machine does not fail them for others' work;
it makes them dearer, though: two hyperthreads share one core.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import process_time

import pytest
import simpy
from msgspec.structs import replace

from simulation.run import Simulation, simulate
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import load
from simulation.scorecard import Scorecard
from simulation.streams import RandomStreams

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
DAY = "day_20k.toml"  # as many orders within ten hours
DAYS = ("round_the_clock.toml", DAY)
POLICIES = ("insertion", "nearest")  # the first is the default
BUDGET_S = 25.0
CHAINS = 1_500  # appointments that are open at a time, as in that day
PAGE = 4_096
pytestmark = pytest.mark.benchmark(timer=process_time)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    """Kernels are compiled once per machine, before anything is measured."""
    simulate(with_policy("quiet_evening.toml", "insertion"), 1)
    simulate(with_policy("quiet_evening.toml", "nearest"), 1)


def with_policy(scenario: str, policy: str) -> Scenario:
    found = load(SCENARIOS / scenario)
    return replace(found, planner=replace(found.planner, policy=policy))


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", DAYS)
def test_a_day_of_20_000_orders_and_600_couriers_twice(benchmark, name, policy):
    scenario, digests, cpu_s = with_policy(name, policy), [], []

    def day() -> Scorecard:
        began = process_time()
        card = simulate(scenario, 7).scorecard
        cpu_s.append(process_time() - began)
        digests.append(card.digest)
        return card

    card = benchmark.pedantic(day, rounds=2)
    assert card.orders.placed >= 19_000
    assert card.fleet.couriers == 600
    assert not card.stuck
    assert not card.violations
    assert digests[0] == digests[1]
    benchmark.extra_info.update(
        cpu_s=[round(x, 1) for x in cpu_s],
        records=card.records,
        us_per_record=round(min(cpu_s) / card.records * 1e6, 1),
        times_real_time=round(card.simulated_h * 3600 / min(cpu_s)),
        on_time_share=card.service.on_time_share,
    )
    print(f"\n{benchmark.extra_info}")
    assert min(cpu_s) < BUDGET_S


@pytest.mark.slow
def test_simpy_alone_has_as_many_appointments(benchmark):
    """The limit: appointments that nobody keeps; and what a real day leaves in memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        appointments, orders, left_mb = fresh.submit(a_day).result()

    def empty_day() -> None:
        env, left = simpy.Environment(), appointments

        def again(timeout: simpy.Timeout) -> None:
            nonlocal left
            left -= 1
            if left >= CHAINS:
                env.timeout(1 + left * 7_919 % 90_000, None).callbacks.append(again)

        for n in range(CHAINS):
            env.timeout(n, None).callbacks.append(again)
        env.run()

    benchmark.pedantic(empty_day, rounds=5)
    simpy_s = benchmark.stats.stats.median
    benchmark.extra_info.update(
        appointments=appointments,
        appointments_per_order=round(appointments / orders, 1),
        us_per_appointment=round(simpy_s / appointments * 1e6, 2),
        simpy_s=round(simpy_s, 2),
        left_mb=round(left_mb),
        left_kb_per_order=round(left_mb * 1_000 / orders, 1),
    )
    print(f"\n{benchmark.extra_info}")


def a_day() -> tuple[int, int, float]:
    """Appointments and orders of one, and by how many megabytes the process is larger after it."""
    simulate(with_policy("quiet_evening.toml", "insertion"), 1)
    before = resident_mb()
    simulation = Simulation(with_policy(DAY, "insertion"), 7)
    run = simulation.run()
    appointments = next(simulation.world.env._eid)
    return appointments, run.state.orders.count, resident_mb() - before


def resident_mb() -> float:
    """Of this process, as Linux has it."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * PAGE / 1e6


def test_the_default_scenario(benchmark):
    scenario = load(SCENARIOS / "lunch_rush.toml")
    benchmark.pedantic(simulate, (scenario, 7), rounds=3)


@pytest.mark.parametrize("draw", ["random", "log_normal"])
def test_a_named_stream_and_one_number(benchmark, draw):
    streams = RandomStreams(7)
    draws: dict[str, Callable[[], float]] = {
        "random": lambda: streams.named("order", "12345").random(),
        "log_normal": lambda: streams.named("order", "12345").log_normal(480.0, 0.4),
    }
    benchmark(draws[draw])
