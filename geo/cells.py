"""H3 cells of points: demand by area, heat maps, forecasts. Uber's hexagonal grid, h3geo.org.

Resolution 8 is about 0.7 km2 a cell, 9 is 0.1 km2. H3 calculates in floats: a point on an edge
may fall to either side on another machine, so nothing that must repeat may depend on one point.
"""

from h3.api import basic_int as h3

from geo.points import Point

MAX_RESOLUTION = 15


def cell_of(point: Point, resolution: int) -> int:
    """The cell a point lies in. Raises ValueError if the resolution is not 0 to 15."""
    _check(resolution)
    cell: int = h3.latlng_to_cell(point.lat_deg, point.lon_deg, resolution)
    return cell


def outline_of(cell: int) -> list[Point]:
    """Five or six corners, counterclockwise, not closed."""
    return [Point.of_degrees(*corner) for corner in h3.cell_to_boundary(cell)]


def _check(resolution: int) -> None:
    if not 0 <= resolution <= MAX_RESOLUTION:
        raise ValueError(f"H3 resolutions are 0 to {MAX_RESOLUTION}, not {resolution}")
