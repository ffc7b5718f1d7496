"""One run in a process of its own: a scenario and a seed in, how it went out.

Imports no more than it takes to play: that is waited for.
"""

from time import perf_counter, process_time

import msgspec
from msgspec import Struct

from simulation.run import simulate
from simulation.scenarios.scenario import Scenario
from simulation.scorecard import Scorecard, digest_of


class Played(Struct, frozen=True):
    """One run: an arm, a seed, how it went, and what it cost the computer."""

    arm: str  # its digest
    seed: int
    scorecard: Scorecard
    cpu_s: float
    wall_s: float


def play(scenario: Scenario, seed: int) -> Played:
    """Play it here."""
    began, began_cpu = perf_counter(), process_time()
    scorecard = simulate(scenario, seed).scorecard
    cpu_s, wall_s = process_time() - began_cpu, perf_counter() - began
    return Played(digest_of(scenario), seed, scorecard, round(cpu_s, 3), round(wall_s, 3))


def play_encoded(scenario: bytes, seed: int) -> bytes:
    """The same over a pipe, as JSON both ways."""
    return msgspec.json.encode(play(msgspec.json.decode(scenario, type=Scenario), seed))
