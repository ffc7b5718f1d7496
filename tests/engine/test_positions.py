"""Batches of positions: whatever order they arrive in, per courier the newest wins."""

from random import Random

import pytest

from engine import commands as c
from engine import events as e
from engine.columns import PositionBatch
from engine.rejections import RejectionReason as Reason
from geo.points import Point
from tests.cases import HOME, ROAD, Case, city, positions


def two_couriers() -> Case:
    return city(couriers=("kim", "lee"))


def test_within_a_batch_and_between_batches_the_newest_wins():
    case = two_couriers().at(10, positions((0, HOME, 5), (1, ROAD, 6), (0, ROAD, 7)))
    case.emits(e.PositionsReported(positions((0, ROAD, 7), (1, ROAD, 6)).batch))
    assert case.state.positions.get(0) == ROAD
    case.at(11, positions((0, HOME, 6), (1, HOME, 8)))
    case.emits(e.PositionsReported(positions((1, HOME, 8)).batch))  # only what is news
    assert case.state.positions.get(1) == HOME


def test_the_same_fix_twice_is_no_news():
    case = two_couriers().at(10, positions((0, HOME, 5)))
    case.at(11, positions((0, ROAD, 5))).rejects(Reason.STALE)
    assert case.state.positions.get(0) == HOME


def test_a_fix_from_the_future_waits_for_nobody():
    case = two_couriers().at(10, positions((0, HOME, 10.001))).rejects(Reason.STALE)
    case.at(10, positions((0, HOME, 10), (1, HOME, 99))).emits(
        e.PositionsReported(positions((0, HOME, 10)).batch)
    )


def test_nonsense_is_refused_as_a_whole():
    bad = Point(900_000_001, 0)
    for rows, reason, detail in (
        (((2, HOME, 5),), Reason.UNKNOWN, {"what": "courier", "id": "2"}),
        (((0, HOME, 5), (-1, HOME, 5)), Reason.UNKNOWN, {"what": "courier", "id": "-1"}),
        (((0, bad, 5),), Reason.MALFORMED, {"field": "position"}),
        (((7, bad, 5),), Reason.MALFORMED, {"field": "position"}),
        ((), Reason.STALE, {}),
    ):
        case = two_couriers().at(10, positions(*rows)).rejects(reason, **detail)
        assert case.state.positions.get(0) is None


@pytest.mark.parametrize("column", ["courier", "lat_e7", "lon_e7", "measured_at"])
@pytest.mark.parametrize("length", [0, 3, 5, 16])
def test_columns_of_unequal_length_are_malformed(column, length):
    batch = positions((0, HOME, 5)).batch
    columns = {x: getattr(batch, x) for x in batch.__struct_fields__}
    columns[column] = bytes(length)
    torn = c.ReportPositions(PositionBatch(**columns))
    two_couriers().at(10, torn).rejects(Reason.MALFORMED, field="batch")


def test_the_columns_agree_with_a_dictionary():
    """The same reports, once as arrays and once the obvious way."""
    rng, case, expected = Random(1), Case(), {}
    for n in range(50):
        case.at(0, c.RegisterCourier(f"c{n}", "bicycle", 1))
    for now in range(1, 120):
        rows = [
            (rng.randrange(50), Point(rng.randrange(99), rng.randrange(99)), now - rng.randrange(9))
            for _ in range(rng.randrange(1, 40))
        ]
        rows = [*{(number, second): (number, p, second) for number, p, second in rows}.values()]
        case.at(now, positions(*rows))
        for number, point, second in rows:
            if second > expected.get(number, (-1, None))[0]:
                expected[number] = second, point
    state = case.state.positions
    assert {n: state.get(n) for n in expected} == {n: point for n, (_, point) in expected.items()}
    assert len(expected) > 40
