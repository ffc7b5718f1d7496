"""`o2o shadow DIR --policy NAME`: a challenger beside the planner in charge, round by round.

It reads the journal of a server that runs, decides, and tells nobody: the city notices nothing.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gateway.storage.journal import JOURNAL_FILE, JournalReader
from solvers.crossing.shadowing import TERMS, Day, Shadow, scorecards
from solvers.portfolio import SOLVERS
from solvers.problem import Budget

BIAS = (
    "Each round starts from the plan in charge, not from the challenger's own earlier plans: what "
    "a policy gains over hours is not in these figures (o2o replay and o2o fork show that)."
)
POLL_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("--policy", default="improvement", choices=sorted(SOLVERS))
    parser.add_argument("--iterations", type=int, default=200, help="of a round (default: 200)")
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="the days as JSON")


def run(args: argparse.Namespace) -> int:
    """0; 1 if no round was planned. Reads beside a server that runs."""
    budget = Budget(iterations=max(0, args.iterations))
    shadow = Shadow(SOLVERS[args.policy].solver, budget)
    _catch_up(shadow, args.folder)
    try:
        while args.follow:
            time.sleep(POLL_S)
            _catch_up(shadow, args.folder)
    except KeyboardInterrupt:
        pass
    days = list(scorecards(shadow.duels))
    if args.json:
        sys.stdout.write(msgspec.json.encode(days).decode() + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(days, args.policy))
    return 0 if days else 1


def _catch_up(shadow: Shadow, folder: Path) -> None:
    """What was written since the last look."""
    with JournalReader(folder / JOURNAL_FILE) as journal:
        for record in journal.read(shadow.engine.seq + 1):
            shadow.see(record)


def lines(days: list[Day], policy: str) -> Iterator[str]:
    """For people."""
    if not days:
        yield "no planning round was answered: nothing to compare"
        return
    for x in days:
        date = datetime.fromtimestamp(x.day * 86_400, UTC).date()
        yield f"{date}  {x.rounds} rounds, {x.orders:.0f} orders open on average"
        width = f" ± {x.half_width:.0f}" if x.half_width != float("inf") else ""
        yield f"  {policy}: {x.verdict}"
        yield f"  it saves {x.saved:.0f}{width} a round ({x.saved_pct:.1f} %)"
        yield f"  cheaper in {x.better_pct:.0f} % of rounds, dearer in {x.worse_pct:.0f} %"
        for name, both, unit in (
            ("planned lateness", x.late_min, "min"),
            ("riding", x.ride_min, "min"),
            ("stops moved", x.moved, ""),
        ):
            yield f"  {name}: {both[0]:.1f} {unit} in charge, {both[1]:.1f} {unit} in the shadow"
        saved = ", ".join(f"{t.replace('_', ' ')} {x.terms[t]:+.0f}" for t in TERMS if x.terms[t])
        yield f"  saved by term: {saved or 'nothing'}"
    yield BIAS
