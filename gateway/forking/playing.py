"""The next hours, played by a process beside the engine: it reads the journal and nothing else.

A question comes in as one line, lines go out: how far it is, at last the answer.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from engine import snapshot
from engine.errors import EngineError
from gateway import messages as m
from gateway.forking.past import read
from gateway.wire import time_text
from simulation.calibration.fitting import TooLittleError
from simulation.forking.futures import Difference, Question, ask, players
from simulation.forking.futures import Outlook as Found
from simulation.forking.outcome import FIGURES
from simulation.scenarios.policies import policy_of


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
        with players(max(1, (os.cpu_count() or 1) - 1)) as pool:
            engine, past = read(folder)
            found = ask(
                snapshot.dump(engine),
                engine.now,
                engine.seq,
                past,
                question,
                pool,
                lambda done, of: say(Said(done, of)),
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
