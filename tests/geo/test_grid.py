"""The live grid against brute force: nobody nearer is ever missed, at no cell border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.grid import PositionGrid
from geo.points import Point, places
from geo.sphere import cosines, straight_mm_between

SOUTH, WEST = 411_000_000, -86_700_000
EDGE = 1 << 14  # cells of about 180 m: 16384 e7 high, and as wide
CELL_M = 180


def grid_of(cells: int = 8, west: int = WEST, south: int = SOUTH) -> PositionGrid:
    size = cells * EDGE
    east = (west + size + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    return PositionGrid(Point(south, west), Point(south + size, east), CELL_M)


def columns(points: dict[int, Point]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = places(list(points.values())).astype(np.int32)
    return np.array(list(points), np.int32), rows[:, 0], rows[:, 1]


def brute_force(points: dict[int, Point], center: Point, k: int, within_m: int | None):
    """Everyone measured, ordered by the unrounded distance and then by number."""
    numbers, lat, lon = (x.astype(np.int64) for x in columns(points))
    rows = np.column_stack((lat, lon))
    turn = np.abs(lon - center.lon_e7)
    turn = np.minimum(turn, 3_600_000_000 - turn)
    here = cosines(np.array([center.lat_e7]))
    square = (lat - center.lat_e7) ** 2 + here * cosines(lat) * turn**2
    mm = straight_mm_between(np.array([[center.lat_e7, center.lon_e7]]), rows)
    order = np.lexsort((numbers, square))
    order = order[mm[order] <= (1 << 60 if within_m is None else within_m * 1_000)][:k]
    return numbers[order].tolist(), mm[order].tolist()


def as_lists(found: tuple[np.ndarray, np.ndarray]) -> tuple[list[int], list[int]]:
    return found[0].tolist(), found[1].tolist()


# Offsets on a cell's edge, just before it and just after, and some outside the box of 8 cells.
offset = st.builds(lambda cell, off: cell * EDGE + off, st.integers(-2, 10), st.integers(-2, 2))
fleets = st.dictionaries(st.integers(0, 40), st.tuples(offset, offset), min_size=1, max_size=25)
boxes = st.sampled_from(
    [(SOUTH, WEST), (-20_000, 1_799_950_000), (896_000_000, 5), (-899_999_999, 0)]
)


@settings(max_examples=300, deadline=None)  # the first one compiles
@given(
    boxes, fleets, st.tuples(offset, offset), st.integers(0, 30), st.none() | st.integers(0, 3_000)
)
def test_the_nearest_are_those_that_measuring_everyone_finds(box, fleet, center, k, within_m):
    def place(at: tuple[int, int]) -> Point:
        lat = min(max(box[0] + at[0], -900_000_000), 900_000_000)
        return Point(lat, (box[1] + at[1] + 1_800_000_000) % 3_600_000_000 - 1_800_000_000)

    grid = grid_of(south=box[0], west=box[1])
    points = {number: place(at) for number, at in fleet.items()}
    grid.update(*columns(points))
    found = grid.nearest(place(center), k, within_m)
    assert as_lists(found) == brute_force(points, place(center), k, within_m)


def test_far_north_the_last_row_of_cells_is_narrower_than_the_box():
    """It reaches 23 km beyond the box, to where a degree of longitude is 4 % shorter."""
    grid = PositionGrid(Point(850_000_000, 0), Point(850_000_010, 600_000_000), 20_000)
    lat, next_cell = 852_000_000, 2 << 24
    center = Point(lat, next_cell - 990_000)
    points = {1: Point(lat, center.lon_e7 - 1_000_000), 2: Point(lat, next_cell)}
    grid.update(*columns(points))
    assert grid.nearest(center, 1)[0].tolist() == brute_force(points, center, 1, None)[0] == [2]


def test_a_thousand_random_moves_are_followed():
    random = np.random.default_rng(11)
    grid, points = grid_of(40), {}
    for _ in range(60):
        moved = {
            int(n): Point(SOUTH + int(y), WEST + int(x))
            for n, y, x in random.integers([0, -20_000, -20_000], [200, 700_000, 700_000], (40, 3))
        }
        points.update(moved)
        grid.update(*columns(moved))
        gone = np.unique(random.integers(0, 220, 7)).astype(np.int32)
        grid.remove(gone)
        for number in gone.tolist():
            points.pop(number, None)
        assert len(grid) == len(points)
        center = Point(SOUTH + int(random.integers(700_000)), WEST + int(random.integers(700_000)))
        assert as_lists(grid.nearest(center, 10)) == brute_force(points, center, 10, None)
        assert as_lists(grid.within(center, 900)) == brute_force(points, center, 999, 900)


def test_many_questions_at_once_get_the_answers_of_each():
    random = np.random.default_rng(2)
    rows = random.integers([SOUTH, WEST], [SOUTH + 600_000, WEST + 600_000], (500, 2))
    grid = grid_of(40)
    grid.update(np.arange(500, dtype=np.int32), *rows.astype(np.int32).T)
    numbers, mm, found = grid.nearest_each(rows[:50], 9, within_m=800)
    assert found.min() >= 1
    for i, row in enumerate(rows[:50].tolist()):
        alone = as_lists(grid.nearest(Point(*row), 9, within_m=800))
        assert (numbers[i, : found[i]].tolist(), mm[i, : found[i]].tolist()) == alone
        assert alone[1][0] == 0
        assert alone[0][0] == i


def test_those_at_the_same_distance_come_by_number():
    grid = grid_of()
    here, there = Point(SOUTH + 50_000, WEST + 50_000), Point(SOUTH + 50_000, WEST + 40_000)
    grid.update(*columns({5: there, 3: there, 9: there, 1: there}))
    assert grid.nearest(here, 3)[0].tolist() == [1, 3, 5]


def test_the_later_of_two_rows_of_a_batch_counts():
    grid = grid_of()
    twice = np.array([4, 4], np.int32)
    grid.update(twice, np.array([SOUTH, SOUTH + 99], np.int32), np.array([WEST, WEST], np.int32))
    assert len(grid) == 1
    assert grid.nearest(Point(SOUTH + 99, WEST), 5)[1].tolist() == [0]


def test_an_empty_grid_has_no_neighbors():
    grid = grid_of()
    nothing = np.empty(0, np.int32)
    grid.update(nothing, nothing, nothing)
    grid.remove(np.array([3, -1], np.int32))
    assert grid.nearest(Point(SOUTH, WEST), 5)[0].size == 0
    assert grid.within(Point(SOUTH, WEST), 5_000)[0].size == 0
    assert grid.nearest_each(places([Point(SOUTH, WEST)]), 5)[2].tolist() == [0]


def test_nonsense_is_refused_before_it_is_stored():
    one = np.array([1], np.int32)
    with pytest.raises(ValueError, match="length"):
        grid_of().update(one, one, np.array([1, 2], np.int32))
    with pytest.raises(ValueError, match="negative"):
        grid_of().update(-one, one, one)
    with pytest.raises(ValueError, match="south-west"):
        PositionGrid(Point(SOUTH, WEST), Point(SOUTH - 1, WEST + 1), 100)
    with pytest.raises(ValueError, match="too many"):
        PositionGrid(Point(0, 0), Point(800_000_000, 800_000_000), 100)
