"""`o2o shadow DIR --policy NAME`: a challenger beside the planner in charge, round by round.

It reads the journal of a server that runs, decides, and tells nobody: the city notices nothing.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import msgspec

from engine.values import HOUR, MINUTE
from gateway.commands.serve import read_objective
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from solvers.crossing.bridge import USUAL
from solvers.crossing.shadowing import TERMS, Day, Shadow, day_of, scorecards
from solvers.portfolio import SOLVERS
from solvers.problem import Budget

BIAS = (
    "Each round starts from the plan in charge, not from the challenger's own earlier plans: what "
    "a policy gains over hours is not in these figures (o2o replay and o2o fork show that)."
)
POLL_S = 1.0
OBJECTIVE_FILE = "objective.json"  # where `o2o demo` says by what its server plans


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("--policy", default="improvement", choices=sorted(SOLVERS))
    parser.add_argument("--iterations", type=int, default=200, help="of a round (default: 200)")
    parser.add_argument(
        "--objective",
        type=Path,
        metavar="FILE",
        help="weights and rules both are judged by, as `o2o serve` was given them; "
        f"if not told, DIR/{OBJECTIVE_FILE} where there is one",
    )
    parser.add_argument(
        "--follow", action="store_true", help="go on until Ctrl-C: each day's card when it is over"
    )
    parser.add_argument("--json", action="store_true", help="the days as JSON, a line each look")


def run(args: argparse.Namespace) -> int:
    """0; 1 if no round was planned. Reads beside a server that runs."""
    if args.iterations < 0:
        raise ValueError(f"less than nothing: --iterations {args.iterations}")
    usual = args.folder / OBJECTIVE_FILE
    said = args.objective or (usual if usual.exists() else None)
    budget, objective = Budget(iterations=args.iterations), read_objective(said) if said else USUAL
    shadow = Shadow(SOLVERS[args.policy].solver, budget, objective)
    told = 0
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        _catch_up(shadow, args.folder)
        if args.follow:
            sys.stderr.write(
                f"following {args.folder}: a line an hour, a card a day; Ctrl-C ends\n"
            )
        hour = shadow.engine.now // HOUR
        while args.follow:
            told += _tell(over(shadow), args)
            if hour < (hour := shadow.engine.now // HOUR):
                sys.stderr.write(f"{so_far(shadow, args.policy)}\n")
            time.sleep(POLL_S)
            _catch_up(shadow, args.folder)
    except KeyboardInterrupt:  # then the day as far as it has come
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
    told += _tell(list(scorecards(shadow.duels, _offset_min(shadow))), args)
    if not told:
        sys.stderr.write("no planning round was answered: nothing to compare\n")
    elif not args.json:
        sys.stdout.write(f"{BIAS}\n")
    return 0 if told else 1


def so_far(shadow: Shadow, policy: str) -> str:
    """The day until now, in a line, by the city's clock."""
    offset_min = _offset_min(shadow)
    time_of_day = (shadow.engine.now + offset_min * MINUTE) // MINUTE % (24 * HOUR // MINUTE)
    clock = f"{time_of_day // 60:02d}:{time_of_day % 60:02d}"
    for x in scorecards(shadow.duels, offset_min):
        return f"{clock}  {x.rounds} rounds today, {policy}: {x.verdict} until now"
    return f"{clock}  no round today until now"


def over(shadow: Shadow) -> list[Day]:
    """Cards of the days that have ended; their rounds are forgotten."""
    offset_min = _offset_min(shadow)
    today = day_of(shadow.engine.now, offset_min)
    ended = [x for x in shadow.duels if day_of(x.at, offset_min) < today]
    del shadow.duels[: len(ended)]
    return list(scorecards(ended, offset_min))


def _offset_min(shadow: Shadow) -> int:
    return shadow.engine.state.settings.current.utc_offset_min


def _stop(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(days: list[Day], args: argparse.Namespace) -> int:
    """How many there were."""
    if days and args.json:
        sys.stdout.write(msgspec.json.encode(days).decode() + "\n")
    elif days:
        sys.stdout.writelines(f"{line}\n" for line in lines(days, args.policy))
    sys.stdout.flush()
    return len(days)


def _catch_up(shadow: Shadow, folder: Path) -> None:
    """What was written since the last look."""
    with JournalReader(folder / JOURNAL_FILE) as journal:
        for record in journal.read(shadow.engine.seq + 1):
            shadow.see(record)


def lines(days: list[Day], policy: str) -> Iterator[str]:
    """For people."""
    for x in days:
        date = datetime.fromtimestamp(x.day * 86_400, UTC).date()
        yield f"{date}  {x.rounds} rounds, {x.orders:.0f} orders open on average"
        yield f"  {policy}: {x.verdict}"
        word = "saves" if x.saved >= 0 else "costs"
        much = f"{abs(x.saved):.0f} more" if word == "costs" else f"{x.saved:.0f}"
        percent = f"{abs(x.saved_pct):.1f} %"
        yield f"  it {word} {much} a round ({percent}), in units of the objective"
        if x.half_width == float("inf"):
            yield "  within one hour there is no interval"
        else:
            yield f"  ± {x.half_width:.0f}: a 95 % interval of the mean, over {x.hours} hours"
        yield f"  cheaper in {x.better_pct:.0f} % of rounds, dearer in {x.worse_pct:.0f} %"
        for name, both, unit in (
            ("planned lateness", x.late_min, "min"),
            ("riding", x.ride_min, "min"),
            ("stops moved", x.moved, "stops"),
        ):
            yield f"  {name}: {both[0]:.1f} {unit} in charge, {both[1]:.1f} {unit} in the shadow"
        saved = ", ".join(f"{t.replace('_', ' ')} {x.terms[t]:+.0f}" for t in TERMS if x.terms[t])
        yield f"  saved by term: {saved or 'nothing'}"
