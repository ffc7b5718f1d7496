"""Reading instances and solutions: both formats, and every way a line can be wrong."""

from pathlib import Path

import numpy as np
import pytest

from solvers.pdptw import (
    InstanceError,
    InstanceFileError,
    Solution,
    SolutionFileError,
    check,
    read,
    read_solution,
    write_solution,
)

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
LI_LIM = SHARED / "data" / "pdptw" / "li_lim"

LI_LIM_TEXT = """2 10 1
0 0 0 0 0 100 0 0 0
1 3 4 5 0 50 2 0 2
2 6 8 -5 0 80 2 1 0
3 0 5 4 0 50 2 0 4
4 0 9 -4 0 80 2 3 0
"""

SARTORI_BURIOL_TEXT = """NAME: tiny-n5-1
LOCATION: Nowhere
COMMENT: made by hand
TYPE: PDPTW
SIZE: 5
DISTRIBUTION: random
DEPOT: central
ROUTE-TIME: 100
TIME-WINDOW: 60
CAPACITY: 10
NODES
0 41.1 2.1 0 0 100 0 0 0
1 41.2 2.2 5 0 50 2 0 3
2 41.3 2.3 4 0 50 2 0 4
3 41.4 2.4 -5 0 80 2 1 0
4 41.5 2.5 -4 0 80 2 2 0
EDGES
0 1 2 3 4
9 0 2 3 4
8 1 0 3 4
7 1 2 0 4
6 1 2 3 0
EOF
"""


def written(tmp_path, text, name="tiny.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def replaced(text, line, new):
    lines = text.splitlines()
    lines[line - 1] = new
    return "\n".join(lines) + "\n"


def test_a_li_lim_file_says_what_its_columns_say(tmp_path):
    instance = read(written(tmp_path, LI_LIM_TEXT))
    assert instance.name == "tiny"
    assert instance.vehicles.tolist() == [2]
    assert instance.capacity == 10
    assert instance.pickup.tolist() == [1, 3]
    assert instance.delivery.tolist() == [2, 4]
    assert instance.travel[0, 1] == 5.0
    assert instance.due.tolist() == [100, 50, 80, 50, 80]
    assert instance.service.tolist() == [0, 2, 2, 2, 2]


def test_carriage_returns_and_blank_lines_change_nothing(tmp_path):
    plain = read(written(tmp_path, LI_LIM_TEXT))
    windows = read(written(tmp_path, LI_LIM_TEXT.replace("\n", "\r\n\r\n"), "windows.txt"))
    assert np.array_equal(plain.travel, windows.travel)
    assert np.array_equal(plain.quantity, windows.quantity)


def test_a_sartori_buriol_file_keeps_its_asymmetric_table(tmp_path):
    instance = read(written(tmp_path, SARTORI_BURIOL_TEXT))
    assert instance.name == "tiny-n5-1"
    assert instance.capacity == 10
    assert instance.travel[0, 1] == 1.0
    assert instance.travel[1, 0] == 9.0
    assert instance.pickup.tolist() == [1, 2]
    assert instance.delivery.tolist() == [3, 4]
    assert instance.vehicles.tolist() == [2]


@pytest.mark.parametrize(
    ("line", "new", "what"),
    [
        (1, "2 ten 1", "capacity is 'ten'"),
        (1, "2", "1 columns, expected 3"),
        (1, "0 10 1", "must be positive"),
        (2, "0 0 0 7 0 100 0 0 0", "node 0 is the depot"),
        (3, "1 3 4 5 0 50 2 0", "8 columns, expected 9"),
        (3, "7 3 4 5 0 50 2 0 2", "id is 7, expected 1"),
        (3, "1 3 nan 5 0 50 2 0 2", "y is 'nan', expected a finite number"),
        (3, "1 3 4 5.5 0 50 2 0 2", "demand is '5.5', expected an integer"),
        (3, "1 3 4 5 60 50 2 0 2", "due at 50, before it is ready at 60"),
        (3, "1 3 4 5 0 50 -2 0 2", "service is -2"),
        (3, "1 3 4 5 0 50 2 0 0", "either a pickup or a delivery partner"),
        (3, "1 3 4 5 0 50 2 0 9", "partner 9 of node 1 is not another node"),
        (3, "1 3 4 5 0 50 2 0 4", "partner 4 of node 1 names 3"),
        (3, "1 3 4 -5 0 50 2 0 2", "demand is -5, expected > 0"),
        (3, "1 3 4 6 0 50 2 0 2", "not the opposite of its partner's"),
        (1, "2 4 1", "more than the capacity 4"),
    ],
)
def test_a_malformed_line_is_named_with_what_is_wrong(tmp_path, line, new, what):
    with pytest.raises(InstanceFileError, match=what) as caught:
        read(written(tmp_path, replaced(LI_LIM_TEXT, line, new)))
    assert caught.value.line == (3 if "capacity 4" in what else line)


@pytest.mark.parametrize(
    ("line", "new", "error_line", "what"),
    [
        (5, "SIZE: five", 5, "SIZE is 'five'"),
        (5, "SIZE: 4", 16, "expected EDGES after 4 nodes"),
        (5, "SIZE: 6", 18, "expected EDGES after 6 nodes"),
        (5, "SIZE:", 5, "followed by one number"),
        (10, "CAPACITY: 0", 10, "expected 1 or more"),
        (10, "COLOR: 3", 11, "no line CAPACITY"),
        (11, "VERTICES", 23, "without a line NODES"),
        (18, "0 1 2 3", 18, "4 columns of EDGES, expected 5"),
        (18, "0 1 -2 3 4", 18, "column 2 is negative"),
        (22, "EOF", 22, "1 columns of EDGES"),
        (23, "6 1 2 3 0", 23, "expected EOF"),
    ],
)
def test_a_malformed_road_instance_is_named_by_its_line(tmp_path, line, new, error_line, what):
    with pytest.raises(InstanceFileError, match=what) as caught:
        read(written(tmp_path, replaced(SARTORI_BURIOL_TEXT, line, new)))
    assert caught.value.line == error_line


def test_a_table_that_ends_early_is_reported(tmp_path):
    short = "".join(SARTORI_BURIOL_TEXT.splitlines(keepends=True)[:-3])
    with pytest.raises(InstanceFileError, match="3 rows of EDGES, expected 5"):
        read(written(tmp_path, short))


def test_empty_binary_and_headless_files_are_reported(tmp_path):
    for content, what in (
        (b"", "empty"),
        (b"2 10 1\n\xff\xfe\n", "not text"),
        (b"2 10 1", "no depot"),
    ):
        with pytest.raises(InstanceFileError, match=what):
            read(written(tmp_path, content))


def test_every_instance_error_is_a_value_error():
    assert issubclass(InstanceFileError, InstanceError)
    assert issubclass(InstanceError, ValueError)


def test_routes_survive_being_written_and_read(tmp_path):
    instance = read(written(tmp_path, LI_LIM_TEXT))
    solution = Solution(routes=((1, 2), (3, 4)), depots=(0, 0))
    path = tmp_path / "tiny.sol"
    write_solution(path, instance, solution)
    assert "Route 1 : 1 2\nRoute 2 : 3 4\n" in path.read_text()
    assert read_solution(path, instance) == solution


def test_a_solution_with_words_for_stops_is_refused(tmp_path):
    instance = read(written(tmp_path, LI_LIM_TEXT))
    with pytest.raises(SolutionFileError, match=r"bad\.sol:2: a stop is not an integer"):
        read_solution(written(tmp_path, "Solution\nRoute 1 : 1 two\n", "bad.sol"), instance)
    with pytest.raises(SolutionFileError, match="no line of the form"):
        read_solution(written(tmp_path, "Solution\n", "none.sol"), instance)


@pytest.mark.skipif(not LI_LIM.exists(), reason="the Li & Lim instances are not beside the project")
def test_every_stored_instance_can_be_read():
    for path in sorted(LI_LIM.glob("*.txt")):
        instance = read(path)
        assert len(instance.pickup) * 2 == len(instance.ready) - 1


@pytest.mark.parametrize(
    ("routes", "what"),
    [
        (((1, 2),), "node 3 is visited 0 times"),
        (((1, 2, 1), (3, 4)), "node 1 is visited 2 times"),
        (((2, 1), (3, 4)), "2 is visited before its pickup 1"),
        (((1, 4, 3), (2,)), "only one of 1 -> 2"),
        (((1, 2), (3, 4, 9)), "node 9 is not"),
        (((1, 2, 3, 4),), "late"),
        (((1, 3, 2, 4),), "load 11"),
        (((1, 2), (3, 4), ()), "3 vehicles, there are 2"),
    ],
)
def test_the_checker_sees_each_kind_of_error(tmp_path, routes, what):
    text = LI_LIM_TEXT.replace("3 0 5 4 0 50", "3 0 5 6 0 20").replace("4 0 9 -4", "4 0 9 -6")
    instance = read(written(tmp_path, text))
    verdict = check(instance, Solution(routes=routes, depots=(0,) * len(routes)))
    assert not verdict.feasible
    assert any(what in error for error in verdict.errors), verdict.errors


def test_the_checker_measures_what_it_accepts(tmp_path):
    instance = read(written(tmp_path, LI_LIM_TEXT))
    verdict = check(instance, Solution(routes=((1, 2), (3, 4)), depots=(0, 0)))
    assert verdict.feasible
    assert verdict.vehicles == 2
    assert verdict.distance == pytest.approx(20.0 + 18.0)
