"""How soon a live city's next hours are known: `python -m benchmarks.fork`.

A city of 5,000 orders a day at one in the afternoon; `o2o fork` plays its next two hours under
four policies, five draws each. All is counted: start-up, reading the journal, every process. In
CPU time, for machines are shared; the wall and the load are told beside it.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from msgspec.structs import replace

from engine.engine import Record
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from simulation.run import simulate
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import find, load

AT = "2025-03-07T13:00:00+08:00"
POLICIES = "insertion,matching,regret,improvement:50"
DRAWS, HOURS, LIMIT_S = 5, 2, 20


class Measured(NamedTuple):
    cpu_s: float  # of the command and all its processes
    wall_s: float
    load: float  # processes that wanted a core meanwhile, on average over a minute


def city(orders: int) -> Scenario:
    """Like `day_20k`, with as many customers and couriers for each order."""
    whole, share = load(find("day_20k")), orders / 20_000
    customers = round(whole.demand.customers * share)
    demand = replace(whole.demand, orders=float(orders), customers=customers)
    couriers = [replace(x, count=round(x.count * share)) for x in whole.couriers]
    return replace(whole, demand=demand, couriers=couriers)


def lived(folder: Path, orders: int) -> None:
    records: list[Record] = []
    simulate(city(orders), 1, records.append)
    with SqliteJournal(folder / JOURNAL_FILE) as journal:
        journal.append(records)


def asked(folder: Path) -> Measured:
    command = [sys.executable, "-m", "gateway.cli", "fork", str(folder), "--at", AT, "--json"]
    command += ["--hours", str(HOURS), "--policies", POLICIES, "--draws", str(DRAWS)]
    began, before = perf_counter(), _children_s()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Measured(_children_s() - before, perf_counter() - began, os.getloadavg()[0])


def _children_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=3)
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with TemporaryDirectory() as name:
        lived(Path(name), args.orders)
        asked(Path(name))  # kernels are compiled once on a machine
        print(f"| CPU s, all in all | per core of {cores} | limit | wall s | load |")
        print("|--:|--:|--:|--:|--:|")
        for x in sorted(asked(Path(name)) for _ in range(args.times)):
            told = f"{x.cpu_s:.1f} | {x.cpu_s / cores:.1f} | {LIMIT_S} | {x.wall_s:.1f}"
            print(f"| {told} | {x.load:.1f} |", flush=True)


if __name__ == "__main__":
    main()
