"""Nothing is forgotten in the tables: each command decided, each event applied, all in the union."""

from typing import get_args

from engine import commands as c
from engine import events as e
from engine import wiring
from engine.state import State
from engine.wiring.applying import no_state
from engine.wiring.deciding import handler_of
from engine.wiring.handlers import handlers_over


def snake(name: str) -> str:
    return "".join("_" + x.lower() if x.isupper() else x for x in name)[1:]


def test_every_command_has_its_one_handler():
    table = wiring.wire(State()).handler_of
    commands = set(c.Command.__subclasses__())
    assert set(table) == commands == set(get_args(c.AnyCommand))
    assert {x.__name__ for x in commands} <= set(dir(c))


def test_a_handler_is_called_as_its_command_is():
    handlers = handlers_over(State())
    for command, handle in handler_of(handlers).items():
        assert handle.__name__ == snake(command.__name__)
        assert command in handle.__func__.__annotations__.values()


def test_every_event_has_its_one_owner_called_as_it_is():
    table = wiring.wire(State()).state_of
    assert set(table) == set(e.Event.__subclasses__()) == set(get_args(e.AnyEvent))
    for event, apply in table.items():
        assert hasattr(e, event.__name__)
        if apply is not no_state:
            assert apply.__name__ == snake(event.__name__)
            assert event in apply.__func__.__annotations__.values()


def test_only_events_that_inform_change_no_state():
    table = wiring.wire(State()).state_of
    silent = {event for event, apply in table.items() if apply is no_state}
    told = {e.ItemsMissing, e.OrderGivenUp, e.ShortageRemedied}  # what follows them does
    assert silent == {e.CommandRejected, e.RouteSkipped, *told}


def test_no_event_is_applied_by_two_owners():
    state = State()
    owned = [
        (name, method)
        for name in state.__struct_fields__
        for method in vars(type(getattr(state, name)))
        if method in {snake(event.__name__) for event in e.Event.__subclasses__()}
    ]
    methods = [method for _, method in owned]
    assert len(methods) == len({*methods}) == len(get_args(e.AnyEvent)) - 5


def test_what_follows_is_said_by_what_it_takes():
    """A follow-up's parameter names the events it may follow."""
    for event, follow_ups in wiring.wire(State()).follow_ups.items():
        for follow_up in follow_ups:
            annotations = follow_up.__func__.__annotations__
            [taken] = [x for name, x in annotations.items() if name not in ("turn", "return")]
            assert taken is event or event in get_args(taken), f"{event} -> {follow_up}"


def test_the_outside_may_not_do_what_only_the_inside_may():
    outside, inside = set(get_args(c.ExternalCommand)), set(get_args(c.InternalCommand))
    assert outside & inside == set()
    assert set(get_args(c.TimerCommand)) <= inside
    assert outside | inside == set(get_args(c.AnyCommand))
