"""H3 cells of points: demand by area, heat maps, forecasts. Uber's hexagonal grid, h3geo.org.

Resolution 8 is about 0.7 km2 a cell, 9 is 0.1 km2. H3 calculates in floats: a point on an edge
may fall to either side on another machine, so nothing that must repeat may depend on one point.
"""

import numpy as np
from h3.api import basic_int as h3
from numpy.typing import NDArray

from geo.points import Point
from geo.sphere import Int64s, Places

Cells = NDArray[np.uint64]

MAX_RESOLUTION = 15


def cell_of(point: Point, resolution: int) -> int:
    """The cell a point lies in. Raises ValueError if the resolution is not 0 to 15."""
    _check(resolution)
    cell: int = h3.latlng_to_cell(point.lat_deg, point.lon_deg, resolution)
    return cell


def cells_of(rows: Places, resolution: int) -> Cells:
    """(n,) cells of (n, 2) rows of lat_e7, lon_e7."""
    _check(resolution)
    degrees = (rows / 1e7).tolist()
    to_cell = h3.latlng_to_cell
    return np.fromiter(
        (to_cell(lat, lon, resolution) for lat, lon in degrees), np.uint64, len(rows)
    )


def count_by_cell(rows: Places, resolution: int) -> tuple[Cells, Int64s]:
    """Cells that have any rows, ascending, and how many: a heat map."""
    cells, counts = np.unique(cells_of(rows, resolution), return_counts=True)
    return cells, counts.astype(np.int64)


def center_of(cell: int) -> Point:
    return Point.of_degrees(*h3.cell_to_latlng(cell))


def outline_of(cell: int) -> list[Point]:
    """Five or six corners, counterclockwise, not closed."""
    return [Point.of_degrees(*corner) for corner in h3.cell_to_boundary(cell)]


def disk_around(cell: int, rings: int) -> list[int]:
    """The cell and its neighbors up to so many rings away, ascending."""
    return sorted(h3.grid_disk(cell, rings))


def parent_of(cell: int, resolution: int) -> int:
    """The coarser cell it belongs to. Raises ValueError if it has none at that resolution."""
    if resolution > h3.get_resolution(cell):
        raise ValueError(f"a cell of resolution {h3.get_resolution(cell)} has no finer parent")
    _check(resolution)
    parent: int = h3.cell_to_parent(cell, resolution)
    return parent


def _check(resolution: int) -> None:
    if not 0 <= resolution <= MAX_RESOLUTION:
        raise ValueError(f"H3 resolutions are 0 to {MAX_RESOLUTION}, not {resolution}")
