"""One future in a process of its own. Imports no more than it takes to play: that is waited for."""

import pickle

from simulation.forking.future import play
from simulation.forking.likely import Past
from simulation.forking.outcome import Outcome
from simulation.scenarios.scenario import Planner as Policy

_shared: dict[bytes, tuple[bytes, Past]] = {}  # what this process was told last


def get_ready() -> None:
    """Once this is back, everything is imported."""


def play_shared(shared: bytes, policy: Policy, seed: int, hours: float, demand: float) -> Outcome:
    """`shared`: a pickled pair of a state and its past; read once, as long as it is the same."""
    if shared not in _shared:
        _shared.clear()
        _shared[shared] = pickle.loads(shared)
    state, past = _shared[shared]
    return play(state, past, policy, seed, hours, demand)
