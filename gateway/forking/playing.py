"""The next hours, played by a process beside the engine: it reads the journal and nothing else.

A question comes in as one line, lines go out: how far it is, at last the answer. When whoever
asked is gone, so is this process and all it has started.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Literal

import msgspec
from msgspec import Struct

from engine import snapshot
from engine.errors import EngineError
from gateway import messages as m
from gateway.forking.past import read
from gateway.wire import time_text
from simulation.calibration.fitting import TooLittleError
from simulation.forking.future import policy_of
from simulation.forking.futures import Difference, Question, ask
from simulation.forking.futures import Outlook as Found
from simulation.forking.outcome import FIGURES

NICENESS = 15  # the engine and the planner come first


class Said(Struct, frozen=True, omit_defaults=True):
    """One line of what goes out."""

    done: int = 0
    of: int = 0
    outlook: m.Outlook | None = None
    failed: Literal["too_little_known", "fork_failed", ""] = ""
    why: str = ""


def answer(folder: Path, asked: m.StartFork, say: Callable[[Said], None]) -> None:
    """Says how far it is, then the outlook, or that there is none and why."""
    try:
        policies = [policy_of(x) for x in asked.policies]
        question = Question(policies, asked.hours, asked.draws, demand=asked.demand)
        engine, past = read(folder)
        found = ask(
            snapshot.dump(engine),
            engine.now,
            engine.seq,
            past,
            question,
            lambda done, of: say(Said(done, of)),
            max(1, (os.cpu_count() or 1) - 1),
        )
    except TooLittleError as error:
        say(Said(failed="too_little_known", why=str(error)))
    except (EngineError, OSError, ValueError) as error:
        say(Said(failed="fork_failed", why=str(error)))
    else:
        say(Said(outlook=told(found, asked.draws)))


def told(found: Found, draws: int) -> m.Outlook:
    columns = [found.differences(n) for n in range(len(found.policies))]
    rows = [
        m.ForkRow(name, title, better, [_figure(column[k], n) for n, column in enumerate(columns)])  # type: ignore[arg-type]
        for k, (name, title, better) in enumerate(FIGURES)
    ]
    at = time_text(found.at)
    rate = round(found.visits_per_h, 1)
    return m.Outlook(at, found.seq, found.hours, draws, rate, found.policies, rows)


def _figure(x: Difference, policy: int) -> m.ForkFigure:
    if policy == 0:
        return m.ForkFigure(round(x.mean, 3))
    width = None if x.half_width == float("inf") else round(x.half_width, 3)
    return m.ForkFigure(round(x.mean, 3), round(x.difference, 3), width, x.is_clear)


def _end_with_who_asked() -> None:
    """The other end of our input is held open as long as somebody waits for the answer."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def _say(said: Said) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    os.nice(NICENESS)
    asked = msgspec.json.decode(sys.argv[2], type=m.StartFork)
    Thread(target=_end_with_who_asked, daemon=True).start()
    answer(Path(sys.argv[1]), asked, _say)
