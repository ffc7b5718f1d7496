"""Live positions in a grid of cells: who is near, asked thousands of times a second.

Each cell heads a doubly linked list of the couriers in it, so that a move is O(1) and allocates
nothing. Cell edges are powers of two in e7 units: a cell number is a shift, exact at its border.
"""

from math import log2, sqrt
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.points import Point
from geo.sphere import (
    FULL_TURN_E7,
    HALF_TURN_E7,
    MM_PER_E7,
    RIGHT_ANGLE_E7,
    Int64s,
    Places,
    cosines,
)

Int32s = NDArray[np.int32]
Found = tuple[Int32s, Int64s]  # numbers, and their distances in mm

NOBODY = -1
ABSENT = -1
ANY_DISTANCE_MM = 1 << 60
MAX_CELLS = 1 << 24

LAT, LON, CELL, NEXT, PREVIOUS = range(5)  # columns of a node
SOUTH, WEST, LAT_SHIFT, LON_SHIFT, ROWS, COLS = range(6)  # entries of a frame

# A little below one: a bound computed in floats must not exceed what it bounds.
SAFE = 1.0 - 1e-12


class PositionGrid:
    """Where couriers are now, by courier number. Not part of any state: rebuilt from positions.

    The box from south-west to north-east (over the date line, if east < west) should hold nearly
    all of them: everyone outside is still found, at the price of being looked at in each search.
    A cell is `cell_m` wide to within a factor of 1.5; a few couriers a cell is best.
    """

    def __init__(self, south_west: Point, north_east: Point, cell_m: int) -> None:
        width = (north_east.lon_e7 - south_west.lon_e7) % FULL_TURN_E7
        height = north_east.lat_e7 - south_west.lat_e7
        if height <= 0 or not 0 < width < RIGHT_ANGLE_E7 or cell_m <= 0:
            raise ValueError("the box must be south-west to north-east, its cells larger than 0")
        edges = np.array([south_west.lat_e7, north_east.lat_e7], np.int64)
        cell_e7 = cell_m * 1e3 / MM_PER_E7
        lat_shift = round(log2(cell_e7))
        lon_shift = round(log2(cell_e7 / max(float(cosines(edges).mean()), 0.01)))
        rows, cols = (height >> lat_shift) + 1, (width >> lon_shift) + 1
        if rows * cols > MAX_CELLS:
            raise ValueError(f"{rows} x {cols} cells are too many: make them larger")
        edges[1] = south_west.lat_e7 + (rows << lat_shift)  # the last row may reach beyond the box
        self._narrowest = max(float(cosines(edges.clip(max=RIGHT_ANGLE_E7)).min()), 0.0) * SAFE
        self._frame = np.array(
            [south_west.lat_e7, south_west.lon_e7, lat_shift, lon_shift, rows, cols], np.int64
        )
        self._heads = np.full(rows * cols + 1, NOBODY, np.int32)  # the last one: outside the box
        self._nodes = np.empty((0, 5), np.int32)
        self._cosines = np.empty(0, np.float64)
        self._present = 0

    def __len__(self) -> int:
        return self._present

    def update(self, numbers: Int32s, lat_e7: Int32s, lon_e7: Int32s) -> None:
        """Columns (n,) of valid positions; if a number comes twice, the later row counts."""
        if not len(numbers) == len(lat_e7) == len(lon_e7):
            raise ValueError("columns of different length")
        if len(numbers):
            if int(numbers.min()) < 0:
                raise ValueError("courier numbers are not negative")
            self._reserve(int(numbers.max()) + 1)
            self._present += _place(
                self._nodes, self._cosines, self._heads, self._frame, numbers, lat_e7, lon_e7
            )

    def remove(self, numbers: Int32s) -> None:
        """Forget them; who is not there is no error."""
        known = numbers[(numbers >= 0) & (numbers < len(self._nodes))]
        self._present -= _take_out(self._nodes, self._heads, known)

    def nearest(self, center: Point, k: int, within_m: int | None = None) -> Found:
        """At most k numbers and their `straight_mm`, by distance, then by number."""
        limit_mm = ANY_DISTANCE_MM if within_m is None else within_m * 1_000
        found: Found = _search_one(
            self._nodes, self._cosines, self._heads, self._frame, self._narrowest,
            center.lat_e7, center.lon_e7, min(k, self._present), limit_mm,
        )  # fmt: skip
        return found

    def within(self, center: Point, radius_m: int) -> Found:
        """Everyone up to that far away, by distance, then by number."""
        return self.nearest(center, self._present, radius_m)

    def nearest_each(
        self, rows: Places, k: int, within_m: int | None = None
    ) -> tuple[Int32s, Int64s, Int64s]:
        """`nearest` of (n, 2) rows: numbers (n, k), mm (n, k), and how many were found (n,).

        Entries past the number found mean nothing.
        """
        k = min(k, self._present)
        limit_mm = ANY_DISTANCE_MM if within_m is None else within_m * 1_000
        found: tuple[Int32s, Int64s, Int64s] = _search_each(
            self._nodes, self._cosines, self._heads, self._frame, self._narrowest, rows, k, limit_mm
        )
        return found

    def _reserve(self, size: int) -> None:
        """Make room, doubling, so that a growing fleet is copied seldom."""
        old = len(self._nodes)
        if size > old:
            more = (1 << (size - 1).bit_length()) - old
            self._nodes = np.vstack((self._nodes, np.full((more, 5), ABSENT, np.int32)))
            self._cosines = np.append(self._cosines, np.zeros(more))


_kernel: Any = njit(cache=True, nogil=True)
_cosine = _kernel(cosines)


@_kernel
def _place(nodes, cos, heads, frame, numbers, lat_e7, lon_e7):  # type: ignore[no-untyped-def]
    """Move each number to the list of its new cell; returns how many are new."""
    arrived = 0
    for i in range(numbers.size):
        number = numbers[i]
        lat, lon = np.int64(lat_e7[i]), np.int64(lon_e7[i])
        cell = _cell(frame, lat, lon)
        nodes[number, LAT] = lat
        nodes[number, LON] = lon
        cos[number] = _cosine(lat)
        if nodes[number, CELL] == cell:
            continue
        if nodes[number, CELL] == ABSENT:
            arrived += 1
        else:
            _unlink(nodes, heads, number)
        first = heads[cell]
        nodes[number, CELL] = cell
        nodes[number, NEXT] = first
        nodes[number, PREVIOUS] = NOBODY
        if first != NOBODY:
            nodes[first, PREVIOUS] = number
        heads[cell] = number
    return arrived


@_kernel
def _take_out(nodes, heads, numbers):  # type: ignore[no-untyped-def]
    gone = 0
    for number in numbers:
        if nodes[number, CELL] != ABSENT:
            _unlink(nodes, heads, number)
            nodes[number, CELL] = ABSENT
            gone += 1
    return gone


@_kernel
def _unlink(nodes, heads, number):  # type: ignore[no-untyped-def]
    before, after = nodes[number, PREVIOUS], nodes[number, NEXT]
    if before == NOBODY:
        heads[nodes[number, CELL]] = after
    else:
        nodes[before, NEXT] = after
    if after != NOBODY:
        nodes[after, PREVIOUS] = before


@_kernel
def _cell(frame, lat, lon):  # type: ignore[no-untyped-def]
    """The cell of a place; the extra last one if it is outside the box."""
    y = (lat - frame[SOUTH]) >> frame[LAT_SHIFT]
    x = _eastward(frame, lon) >> frame[LON_SHIFT]
    if 0 <= y < frame[ROWS] and x < frame[COLS]:
        return y * frame[COLS] + x
    return frame[ROWS] * frame[COLS]


@_kernel
def _eastward(frame, lon):  # type: ignore[no-untyped-def]
    return (lon - frame[WEST]) % FULL_TURN_E7


@_kernel
def _search_one(nodes, cos, heads, frame, narrowest, lat, lon, k, limit_mm):  # type: ignore[no-untyped-def]
    numbers, mm, squares = np.empty(k, np.int32), np.empty(k, np.int64), np.empty(k)
    query = (lat, lon, _cosine(lat), k, limit_mm)
    size = _search(nodes, cos, heads, frame, narrowest, query, squares, numbers)
    _sort(squares, numbers, mm, size)
    return numbers[:size], mm[:size]


@_kernel
def _search_each(nodes, cos, heads, frame, narrowest, rows, k, limit_mm):  # type: ignore[no-untyped-def]
    numbers, mm = np.empty((rows.shape[0], k), np.int32), np.empty((rows.shape[0], k), np.int64)
    found, squares = np.zeros(rows.shape[0], np.int64), np.empty(k)
    for i in range(rows.shape[0]):
        query = (rows[i, 0], rows[i, 1], _cosine(rows[i, 0]), k, limit_mm)
        found[i] = _search(nodes, cos, heads, frame, narrowest, query, squares, numbers[i])
        _sort(squares, numbers[i], mm[i], found[i])
    return numbers, mm, found


@_kernel
def _sort(squares, numbers, mm, size):  # type: ignore[no-untyped-def]
    """Turn a max-heap into ascending order: the farthest leaves first."""
    for place in range(size - 1, -1, -1):
        far, number = squares[0], numbers[0]
        _sift_down(squares, numbers, place, squares[place], numbers[place])
        numbers[place] = number
        mm[place] = np.int64(sqrt(far) * MM_PER_E7 + 0.5)


@_kernel
def _search(nodes, cos, heads, frame, narrowest, query, squares, numbers):  # type: ignore[no-untyped-def]
    """Fill a max-heap with the k nearest, ring by ring of cells; returns its size."""
    lat, lon, k = query[0], query[1], query[3]
    if k == 0:
        return 0
    rows, cols = frame[ROWS], frame[COLS]
    home = _cell(frame, lat, lon)
    size = _scan(nodes, cos, heads[rows * cols], query, squares, numbers, 0)
    if home == rows * cols:  # asked from outside the box: no ring is nearer than another
        for cell in range(rows * cols):
            size = _scan(nodes, cos, heads[cell], query, squares, numbers, size)
        return size
    reach = (query[4] + 1) / MM_PER_E7
    bound = reach * reach  # nothing farther than this is wanted
    lon_weight = query[2] * narrowest
    south, west = lat - frame[SOUTH], _eastward(frame, lon)
    home_y, home_x = home // cols, home % cols
    for ring in range(max(rows, cols)):
        beyond = np.inf  # how near the cells of this ring and of later ones may come
        for y in range(max(home_y - ring, 0), min(home_y + ring, rows - 1) + 1):
            gap = _gap(south, y, frame[LAT_SHIFT])
            square = gap * gap
            step = 1 if abs(y - home_y) == ring else max(2 * ring, 1)
            for x in range(home_x - ring, home_x + ring + 1, step):
                if x < 0 or x >= cols:
                    continue
                gap = _gap(west, x, frame[LON_SHIFT])
                nearest = (square + lon_weight * (gap * gap)) * SAFE
                beyond = min(beyond, nearest)
                if nearest <= bound:
                    size = _scan(
                        nodes, cos, heads[y * cols + x], query, squares, numbers, size
                    )  # fmt: skip
                    if size == k:
                        bound = min(bound, squares[0])
        if beyond > bound:
            break
    return size


@_kernel
def _gap(offset, number, shift):  # type: ignore[no-untyped-def]
    """How far an offset is from an interval [number << shift, (number + 1) << shift)."""
    low = number << shift
    high = ((number + 1) << shift) - 1
    return float(max(low - offset, offset - high, 0))


@_kernel
def _scan(nodes, cos, number, query, squares, numbers, size):  # type: ignore[no-untyped-def]
    """Offer everyone in one list to the heap; returns its new size."""
    lat, lon, cos_lat, k, limit_mm = query
    while number != NOBODY:
        dlat = nodes[number, LAT] - lat
        dlon = abs(nodes[number, LON] - lon)
        if dlon > HALF_TURN_E7:
            dlon = FULL_TURN_E7 - dlon
        square = dlat * dlat + cos_lat * cos[number] * (dlon * dlon)
        wanted = size < k or _before(square, number, squares[0], numbers[0])
        if wanted and np.int64(sqrt(square) * MM_PER_E7 + 0.5) <= limit_mm:
            if size < k:
                _sift_up(squares, numbers, size, square, number)
                size += 1
            else:
                _sift_down(squares, numbers, k, square, number)
        number = nodes[number, NEXT]
    return size


@_kernel
def _before(square, number, other_square, other_number):  # type: ignore[no-untyped-def]
    return square < other_square or (square == other_square and number < other_number)


@_kernel
def _sift_up(squares, numbers, hole, square, number):  # type: ignore[no-untyped-def]
    """Insert at the end of a max-heap."""
    while hole > 0:
        parent = (hole - 1) >> 1
        if not _before(squares[parent], numbers[parent], square, number):
            break
        squares[hole], numbers[hole] = squares[parent], numbers[parent]
        hole = parent
    squares[hole], numbers[hole] = square, number


@_kernel
def _sift_down(squares, numbers, size, square, number):  # type: ignore[no-untyped-def]
    """Replace the root of a max-heap of that size."""
    hole = 0
    while 2 * hole + 1 < size:
        child = 2 * hole + 1
        if child + 1 < size and _before(
            squares[child], numbers[child], squares[child + 1], numbers[child + 1]
        ):
            child += 1
        if not _before(square, number, squares[child], numbers[child]):
            break
        squares[hole], numbers[hole] = squares[child], numbers[child]
        hole = child
    squares[hole], numbers[hole] = square, number
