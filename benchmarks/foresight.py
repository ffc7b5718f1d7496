"""What looking ahead brings: the same days with and without it, seed by seed.

`python -m benchmarks.foresight --switch repositions --seeds 6`: a table in Markdown; differences
are paired by seed, with a 95 % interval.
"""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev

from msgspec.structs import replace
from scipy.stats import t as student

from engine.engine import Record
from engine.events import CourierRepositioned
from simulation.run import Run, simulate
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import load

SWITCHES = ("repositions", "holds")
SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
FIGURES: dict[str, Callable[[Run], float]] = {
    "ready to pickup, s": lambda x: x.scorecard.service.ready_to_pickup.mean_s,
    "click to door, s": lambda x: x.scorecard.service.click_to_door.mean_s,
    "on time, %": lambda x: 100 * x.scorecard.service.on_time_share,
    "busy couriers, %": lambda x: 100 * x.scorecard.fleet.utilization,
    "km per delivery": lambda x: x.scorecard.fleet.km_per_delivery,
    "delivered": lambda x: x.scorecard.orders.delivered,
}


def played(scenario: Scenario, seed: int) -> tuple[Run, int]:
    """The run, and how often somebody was sent to wait elsewhere."""
    moves = 0

    def see(record: Record) -> None:
        nonlocal moves
        moves += sum(isinstance(x, CourierRepositioned) for x in record.events)

    run = simulate(scenario, seed, see)
    assert run.is_sound, run.scorecard.violations + run.scorecard.stuck
    return run, moves


def compared(name: str, switch: str, first: int, seeds: int) -> None:
    scenario = load(SCENARIOS / f"{name}.toml")
    usual = replace(scenario, planner=replace(scenario.planner, **{switch: False}))
    ahead = replace(scenario, planner=replace(scenario.planner, **{switch: True}))
    pairs = [(played(usual, seed)[0], *played(ahead, seed)) for seed in range(first, first + seeds)]
    moves = f", {fmean(x for _, _, x in pairs):.0f} moves a run" if switch == SWITCHES[0] else ""
    print(f"\n### {name}, {switch}: {seeds} seeds from {first}{moves}\n")
    print("| figure | without | with | difference | 95 % of it |\n|---|---|---|---|---|")
    for figure, of in FIGURES.items():
        without, having = [of(x) for x, _, _ in pairs], [of(x) for _, x, _ in pairs]
        steps = [b - a for a, b in zip(without, having, strict=True)]
        reach = student.ppf(0.975, seeds - 1) * stdev(steps) / seeds**0.5
        print(
            f"| {figure} | {fmean(without):.2f} | {fmean(having):.2f} | {fmean(steps):+.2f} "
            f"| {fmean(steps) - reach:+.2f} … {fmean(steps) + reach:+.2f} |",
            flush=True,
        )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=["lunch_rush", "stormy_friday"])
    parser.add_argument("--switch", choices=SWITCHES, default=SWITCHES[0])
    parser.add_argument("--seeds", type=int, default=6, help="how many, at least 2")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    args = parser.parse_args()
    for name in args.scenarios:
        compared(name, args.switch, args.first, args.seeds)


if __name__ == "__main__":
    main()
