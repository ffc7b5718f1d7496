"""Who does what. Three tables; read them first.

deciding.py    command -> the one handler that decides it
applying.py    event   -> the one state module that applies it
following.py   event   -> what must follow, in order, within the same turn
"""

from typing import Any, get_args

from msgspec import Struct

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason
from engine.rules.bounds import Bounds
from engine.state import State
from engine.turn import Turn
from engine.wiring.applying import Apply, state_of
from engine.wiring.deciding import Handle, handler_of
from engine.wiring.following import follow_ups
from engine.wiring.handlers import handlers_over


class Wiring(Struct):
    handler_of: dict[type[c.Command], Handle]
    state_of: dict[type[e.Event], Apply]
    follow_ups: dict[type[e.Event], tuple[Handle, ...]]  # of every event; of most, none


def wire(s: State) -> Wiring:
    handlers, owners = handlers_over(s), state_of(s)
    decide, following = handler_of(handlers), follow_ups(handlers)
    for command in get_args(c.ExternalCommand):
        decide[command] = _within_bounds(command, decide[command])
    return Wiring(decide, owners, {event: following.get(event, ()) for event in owners})


def _within_bounds(command: type[c.Command], handle: Handle) -> Handle:
    """No handler sees an empty id, a place off the map, or a number no book has room for."""
    bounds = Bounds(command)
    fault_of = bounds.fault

    def checked(turn: Turn, c: Any) -> None:
        fault = fault_of(c)
        if fault is not None:
            turn.reject(RejectionReason.MALFORMED, **fault)
        handle(turn, c)

    return checked if bounds.fields else handle
