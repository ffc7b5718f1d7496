"""`o2o explain`: why an order goes with whom it goes, or with nobody, as of a journal's end."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.values import Millis, OrderId
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import recover
from gateway.wire import time_text
from solvers.crossing.explanation import Alternative, Explanation, Remedy, explain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("order", help="the order's id")
    parser.add_argument("--top", type=int, default=5, help="so many couriers, the cheapest first")


def run(args: argparse.Namespace) -> int:
    """0; 1 if there is no such order. Reads beside a server that runs."""
    with JournalReader(args.folder / JOURNAL_FILE) as journal:
        engine = recover(journal)
    try:
        found = explain(
            engine.state, OrderId(args.order), engine.now, max(1, args.top), holds_back=True
        )
    except KeyError:
        raise ValueError(f"no order {args.order} in {args.folder}") from None
    sys.stdout.writelines(f"{line}\n" for line in lines(found, engine.now))
    return 0


def lines(found: Explanation, now: Millis) -> Iterator[str]:
    """For people. Costs in units of the objective, by term."""
    status = found.status.replace("_", " ") if found.status else "not accepted by its store yet"
    carrier = f", {found.courier}" if found.courier else ", on no route"
    yield f"{found.order} at {time_text(now)}: {status}{carrier if found.delivery else ''}"
    if found.settled:
        yield "settled: nobody else comes into question"
    if found.wait is not None:
        until, store = time_text(found.wait.until)[11:19], found.wait.store
        gain = f"{found.wait.saves_per_min:.0f} a minute for {found.wait.costs_per_min:.0f}"
        yield f"with --hold held until {until} at the latest, because an order likely to come "
        yield f"at {store} could share the ride: expected to save {gain}"
    for n, x in enumerate(found.alternatives, 1):
        yield f"{n}. {_alternative(x)}"
    if found.remedy is not None:
        yield from _remedy(found.remedy)


def _alternative(x: Alternative) -> str:
    terms = ((name, getattr(x.terms, name)) for name in x.terms.__struct_fields__)
    parts = ", ".join(f"{name.replace('_', ' ')} {value:+.0f}" for name, value in terms if value)
    times = f"store {time_text(x.at_store)[11:19]}, door {time_text(x.at_door)[11:19]}"
    return f"{x.courier}: {x.cost:+.0f} ({parts or 'nothing'}); {times}"


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield f"kept from being served by: {', '.join(remedy.binding) or 'nothing but time to plan'}"
    if remedy.courier is None:
        return
    changes = []
    if remedy.extend_shift_s:
        changes.append(f"a shift longer by {remedy.extend_shift_s:.0f} s")
    if remedy.add_capacity:
        changes.append(f"{remedy.add_capacity} more units of capacity")
    if remedy.unserved_cost is not None:
        changes.append(f"an order worth {remedy.unserved_cost:.0f}")
    if changes:
        yield f"the least that places it: {remedy.courier} with {' and '.join(changes)}"
