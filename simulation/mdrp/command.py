"""`o2o mdrp DIR --out OUT`: a public meal-delivery day in simulated time, for the referee."""

import argparse
import csv
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from simulation.mdrp.dispatcher import USUAL, Policy
from simulation.mdrp.instance import Instance, read_instance
from simulation.mdrp.scorecard import Scorecard, scorecard
from simulation.mdrp.simulated_day import DayResult, run_day


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instance", type=Path, metavar="DIR", help="folder of the four files")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for solution.csv and moves.csv"
    )
    parser.add_argument(
        "--iterations",
        type=int,
        default=USUAL.iterations,
        help="of ruin and recreate, each minute",
    )


def run(args: argparse.Namespace) -> int:
    """0: done; 1: the fleet refused an instruction, or the engine broke an invariant."""
    if args.iterations < 0:
        raise ValueError(f"--iterations: {args.iterations} is negative")
    instance = read_instance(args.instance)
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(instance.name)
        policy = Policy(iterations=args.iterations)
        result = run_day(
            instance, policy, lambda minute, last: bar.update(task, completed=minute, total=last)
        )
    _write(args.out, result)
    Console().print(_table(instance, scorecard(instance, result.delivered, len(result.moved))))
    for problem in (*result.refused, *result.violations):
        console.print(problem, style="red", highlight=False)
    return 1 if result.refused or result.violations else 0


def _write(out: Path, result: DayResult) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (out / "solution.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["order_id", "courier_id", "assign_time", "pickup_time", "dropoff_time"])
        for x in result.delivered:
            times = (x.assigned_min, x.picked_up_min, x.dropped_off_min)
            rows.writerow([x.order, x.courier, *times])
    with (out / "moves.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["courier_id", "depart_time", "restaurant_id"])
        rows.writerows([x.courier, x.left_min, x.restaurant] for x in result.moved)


def _table(instance: Instance, card: Scorecard) -> Table:
    terms = instance.terms
    table = Table(title=f"{instance.name}: {card.orders} orders, {len(instance.couriers)} couriers")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for figure, value in (
        ("undelivered", f"{card.undelivered}"),
        (f"later than {terms.max_click_to_door_min:g} min", f"{card.late}"),
        ("click-to-door, min", f"{card.click_to_door_min:.2f}"),
        ("... of which unavoidable", f"{card.floor_min:.2f}"),
        ("... above that", f"{card.excess_min:.2f}"),
        ("ready to pickup, min", f"{card.ready_to_pickup_min:.2f}"),
        ("orders per trip", f"{card.orders_per_trip:.3f}"),
        ("cost per order, $", f"{card.cost_per_order:.2f}"),
        ("repositioning moves", f"{card.moves}"),
    ):
        table.add_row(figure, value)
    return table
