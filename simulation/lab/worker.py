"""One run in a process of its own: a scenario and a seed in, how it went out."""

import os
import signal
import threading
from multiprocessing import parent_process
from time import perf_counter, process_time

import msgspec

from simulation.lab.results import Played
from simulation.run import simulate
from simulation.scenario import Scenario
from simulation.scorecard import digest_of


def prepare() -> None:
    """Ctrl-C is for the parent to hear; without a parent there is nobody to work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def play(scenario: Scenario, seed: int) -> Played:
    """Play it here."""
    began, began_cpu = perf_counter(), process_time()
    scorecard = simulate(scenario, seed).scorecard
    cpu_s, wall_s = process_time() - began_cpu, perf_counter() - began
    return Played(digest_of(scenario), seed, scorecard, round(cpu_s, 3), round(wall_s, 3))


def play_encoded(scenario: bytes, seed: int) -> bytes:
    """The same over a pipe, as JSON both ways."""
    return msgspec.json.encode(play(msgspec.json.decode(scenario, type=Scenario), seed))
