"""`o2o explain`: why an order goes with whom it goes, or with nobody, and how it came to that."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.engine import Engine, Record
from engine.stages import ENDED, OrderStatus
from engine.state.orders import Order
from engine.values import Millis, OrderId
from gateway.commands.serve import read_objective
from gateway.commands.shadow import OBJECTIVE_FILE
from gateway.local_time import local_text, moment
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import collector_paused
from gateway.wire import time_text
from solvers.crossing.bridge import USUAL
from solvers.crossing.decisions import Decision, decisions
from solvers.crossing.explanation import Alternative, Explanation, Remedy, explain

BEFORE_PLANS = {  # why no plan has it
    OrderStatus.PLACED: "not paid yet",
    OrderStatus.SCHEDULED: "for later: its store is asked when its window is near",
    OrderStatus.CONFIRMED: "not accepted by its store yet",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("order", help="the order's id")
    parser.add_argument(
        "--top", type=int, default=5, help="so many couriers, the cheapest first (default: 5)"
    )
    parser.add_argument(
        "--at", metavar="TIME", help="as things were then, as 2025-03-07T12:00:00+08:00"
    )
    parser.add_argument(
        "--objective",
        type=Path,
        metavar="FILE",
        help="weights and rules of plans, as `o2o serve` was given them; "
        f"if not told, DIR/{OBJECTIVE_FILE} where there is one",
    )


def run(args: argparse.Namespace) -> int:
    """0. Reads beside a server that runs. Raises ValueError if there is no such order."""
    usual = args.folder / OBJECTIVE_FILE
    said = args.objective or (usual if usual.exists() else None)
    objective, top = read_objective(said) if said else USUAL, max(1, args.top)
    at = moment(args.at, "--at") if args.at else None
    engine, order = Engine(), OrderId(args.order)
    with JournalReader(args.folder / JOURNAL_FILE) as journal, collector_paused():
        records = _until(journal.read(1), at)
        history = list(decisions(records, engine, order, top, objective))
    now = engine.now if at is None else at
    known = engine.state.orders.get(order)
    if known is None:
        then = f" at {local_text(now, _offset(engine))}" if args.at else ""
        raise ValueError(f"no order {args.order} in {args.folder}{then}")
    found = explain(engine.state, order, now, top, objective, holds_back=True)
    told = [*lines(found, known, now, _offset(engine)), *way(history, _offset(engine))]
    sys.stdout.writelines(f"{line}\n" for line in told)
    return 0


def lines(found: Explanation, order: Order, now: Millis, offset_min: int = 0) -> Iterator[str]:
    """For people. Costs in units of the objective, by term."""
    yield f"{found.order} at {local_text(now, offset_min)}: {_standing(found, order)}"
    if found.delivery and found.settled:
        yield "settled: nobody else comes into question"
    if found.wait is not None:
        until, store = _clock(found.wait.until, offset_min), found.wait.store
        gain = f"{found.wait.saves_per_min:.0f} a minute for {found.wait.costs_per_min:.0f}"
        yield f"with --hold held until {until} at the latest, because an order likely to come "
        yield f"at {store} could share the ride: expected to save {gain}"
    for n, x in enumerate(found.alternatives, 1):
        yield f"{n}. {_alternative(x, offset_min)}"
    if found.remedy is not None:
        yield from _remedy(found.remedy)


def way(history: Iterable[Decision], offset_min: int = 0) -> Iterator[str]:
    """How it came to that: all who had it, and who could have had it when a plan chose."""
    for n, x in enumerate(history):
        if not n:
            yield "how it came to that:"
        who = x.courier or ("on no route" if x.what == "planned" else "")
        why = f" ({x.why})" if x.why else ""
        yield f"  {_clock(x.at, offset_min)}  {x.what} {who}".rstrip() + why
        for other in x.could:
            yield f"              {_alternative(other, offset_min)}"


def _until(records: Iterable[Record], at: Millis | None) -> Iterator[Record]:
    """Raises ValueError if the journal knows nothing of that time."""
    began = last = None
    for record in records:
        began = record.at if began is None else began
        if at is not None and record.at > at:
            last = None
            break
        last = record.at
        yield record
    if at is None or began is None:
        return
    if at < began:
        raise ValueError(f"{time_text(at)} is before the journal begins, at {time_text(began)}")
    if last is not None and at > last:
        raise ValueError(f"{time_text(at)} is after the journal ends, at {time_text(last)}")


def _offset(engine: Engine) -> int:
    return engine.state.settings.current.utc_offset_min


def _clock(at: Millis, offset_min: int) -> str:
    return local_text(at, offset_min)[11:19]


def _standing(found: Explanation, order: Order) -> str:
    """How it is with the order, and with its delivery as long as there is something open."""
    status = order.status.replace("_", " ")
    if order.status in ENDED:
        why = f" ({order.why})" if order.why else ""
        return f"{status}{why}" + (f", {found.courier}" if found.courier else "")
    if found.status is not None:
        return f"{found.status.replace('_', ' ')}, {found.courier or 'on no route'}"
    if order.status in BEFORE_PLANS:
        return BEFORE_PLANS[order.status]
    return f"{status}, and collected by the customer: nobody is to carry it"


def _alternative(x: Alternative, offset_min: int) -> str:
    terms = ((name, getattr(x.terms, name)) for name in x.terms.__struct_fields__)
    parts = ", ".join(f"{name.replace('_', ' ')} {value:+.0f}" for name, value in terms if value)
    times = f"store {_clock(x.at_store, offset_min)}, door {_clock(x.at_door, offset_min)}"
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
    if remedy.skills:
        changes.append(f"the skills {', '.join(remedy.skills)}")
    if remedy.unserved_cost is not None:
        changes.append(f"an order worth {remedy.unserved_cost:.0f}")
    if changes:
        yield f"the least that places it: {remedy.courier} with {' and '.join(changes)}"
