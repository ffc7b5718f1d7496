"""Problems that make no sense are refused by name, before any search."""

import numpy as np
import pytest

from solvers.portfolio import SOLVERS
from solvers.problem import Budget, Rules, Weights
from solvers.validation import Fault, ProblemError, check_problem
from tests.solver_problems import plain_problem, running

NAN, INF = np.nan, np.inf
N = 3  # orders; stop N + o drops order o off


def column(name, row, value, problem=None):
    """The plain problem with one number changed."""
    problem = problem or plain_problem(N, 2)
    changed = getattr(problem, name).copy()
    changed[row] = value
    return plain_problem(N, 2, **{name: changed})


def ints(*values):
    return np.array(values, np.int32)


def planned(*routes, **changes):
    return running(plain_problem(N, 2), [list(r) for r in routes], **changes)


def table(**entries):
    seconds = np.full((8, 8), 60.0, np.float32)
    for where, value in entries.items():
        seconds[int(where[1]), int(where[2])] = value
    return plain_problem(N, 2, table_s=seconds)


WRONG = [
    (Fault.SHAPE, plain_problem(N, 2, due_s=np.zeros(2))),
    (Fault.SHAPE, plain_problem(N, 2, quantity=np.ones((N, 2), np.int32))),
    (Fault.SHAPE, plain_problem(N, 2, store=np.zeros(N))),
    (Fault.NOT_A_NUMBER, column("due_s", 1, NAN)),
    (Fault.NOT_A_NUMBER, column("xy_s", 1, NAN)),
    (Fault.NOT_A_NUMBER, column("courier_end_s", 0, NAN)),
    (Fault.NOT_A_NUMBER, column("unserved_cost", 0, INF)),
    (Fault.NOT_A_NUMBER, plain_problem(N, 2, weights=Weights(travel_per_s=NAN))),
    (Fault.NEGATIVE, column("pickup_service_s", 0, -1.0)),
    (Fault.NEGATIVE, column("courier_capacity", 0, -1)),
    (Fault.NEGATIVE, column("quantity", 0, -1)),
    (Fault.NEGATIVE, plain_problem(N, 2, weights=Weights(lateness_per_s=-1.0))),
    (Fault.SPEED, column("courier_speed", 1, 0.0)),
    (Fault.NEGATIVE_WINDOW, column("ready_p90_s", 1, -1e6)),
    (Fault.UNKNOWN_PLACE, column("pickup_place", 1, 99)),
    (Fault.UNKNOWN_COURIER, column("bound_to", 1, 2)),
    (Fault.TABLE_SHAPE, plain_problem(N, 2, table_s=np.zeros((3, 4), np.float32))),
    (Fault.TABLE_SHAPE, plain_problem(N, 2, table_s=np.zeros((3, 3), np.float32))),
    (Fault.TABLE_DISCONNECTED, table(t12=INF)),
    (Fault.TABLE_NEGATIVE, table(t12=-1.0)),
    (Fault.NOT_A_NUMBER, table(t12=NAN)),
    (Fault.ROUTE_SHAPE, plain_problem(N, 2, route_start=ints(0, 0))),
    (Fault.ROUTE_SHAPE, plain_problem(N, 2, route_start=ints(0, 2, 1))),
    (Fault.UNKNOWN_STOP, planned([0, N, 6], [])),
    (Fault.REPEATED_STOP, planned([0, N, 0], [])),
    (Fault.PRECEDENCE, planned([N, 0], [])),
    (Fault.PRECEDENCE, planned([0], [N])),
    (Fault.PRECEDENCE, planned([0], [])),
    (Fault.PRECEDENCE, planned([N], [])),  # never picked up, and not on board
    (Fault.ON_BOARD_MISSING, planned([], [], on_board=ints(0, -1, -1))),
    (Fault.ON_BOARD_MISSING, planned([], [N], on_board=ints(0, -1, -1))),
    (Fault.BINDING, planned([N], [], on_board=ints(0, -1, -1), bound_to=ints(1, -1, -1))),
    (Fault.BINDING, plain_problem(N, 2, group=ints(5, 5, -1), bound_to=ints(0, 1, -1))),
    (Fault.PIN_RANGE, planned([0, N], [], pinned=ints(3, 0))),
    (Fault.PIN_COURIER, planned([0, N], [], pinned=ints(1, 0), bound_to=ints(1, -1, -1))),
    (Fault.PIN_SKILLS, planned([0, N], [], pinned=ints(1, 0), skills=np.array([1, 0, 0]))),
    (Fault.PIN_SKILLS, planned([N], [], on_board=ints(0, -1, -1), skills=np.array([1, 0, 0]))),
    (Fault.PIN_CAPACITY, planned([0, N], [], pinned=ints(1, 0), quantity=ints([9], [1], [1]))),
    (Fault.PIN_CAPACITY, planned([N], [], on_board=ints(0, -1, -1), quantity=ints([9], [1], [1]))),
    (
        Fault.PIN_TRIPS,
        planned(
            [0, 1, N, N + 1],
            [],
            bound_to=ints(0, 0, -1),
            rules=Rules(single_store_trips=True),
        ),
    ),
]


@pytest.mark.parametrize(("code", "problem"), WRONG, ids=lambda x: getattr(x, "value", ""))
def test_what_is_wrong_has_a_name(code, problem):
    with pytest.raises(ProblemError) as caught:
        check_problem(problem)
    assert caught.value.code == code
    assert caught.value.detail in str(caught.value)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_asks_first(name):
    with pytest.raises(ProblemError):
        SOLVERS[name].solver(column("due_s", 0, NAN), Budget(iterations=1))


def test_what_is_unusual_passes():
    check_problem(plain_problem(0, 1))
    check_problem(planned([0, N], [N + 1], on_board=ints(-1, 1, -1), pinned=ints(2, 1)))
    check_problem(column("courier_end_s", 0, -60.0))  # the shift is over
    check_problem(column("due_s", 0, -60.0))  # the promise is broken
    check_problem(table())


def test_a_table_that_may_not_change_is_looked_through_once():
    problem = table()
    problem.table_s.flags.writeable = False
    check_problem(problem)
    problem.table_s.flags.writeable = True
    problem.table_s[1, 2] = INF
    problem.table_s.flags.writeable = False
    check_problem(problem)  # the word given was broken, and nobody looked
    problem.table_s.flags.writeable = True
    with pytest.raises(ProblemError):
        check_problem(problem)
