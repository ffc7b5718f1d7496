"""What is kept of a city's streets: the space to plan by, the network to ride on, lines to draw.

One file (.streets), made once by `o2o streets`. The data is
OpenStreetMap's, under the ODbL: whoever draws from it says so (`ATTRIBUTION`).
"""

import gzip
import json
import zlib
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import NDArray

from geo.points import Point, places
from geo.roads import Pieces, RoadGraph, Ways
from geo.snapping import Snapper, exact_ms
from geo.space import StreetSpace
from geo.surveying import Survey
from geo.travel import PERMILLE, TravelModel, Vehicle
from geo.wayfinding import Way, way_between

ATTRIBUTION = "© OpenStreetMap contributors, ODbL"
THINNED_DEG = 6 / 111_195  # lines are drawn so close to the streets: six meters
DEGREE_DIGITS = 5  # about a meter
GRAPH_COLUMNS = RoadGraph.__struct_fields__[:-1]  # all but its pieces


class StreetsError(ValueError):
    """Not a file of streets; the words say why."""


class CityStreets(Struct, frozen=True, dict=True):
    """Of one kind of vehicle; `lines` is GeoJSON, compressed by gzip."""

    vehicle: Vehicle
    survey: Survey
    graph: RoadGraph
    lines: bytes

    @property
    def space(self) -> StreetSpace:
        return self.survey.space

    @cached_property
    def snapper(self) -> Snapper:
        return Snapper(self.graph)

    def ride_ms(self, travel: TravelModel, a: Point, b: Point, speed_mm_s: int) -> int:
        """By the fastest way on the streets, by a vehicle of that speed in that travel model."""
        ends = self.snapper.snap(places([a, b]))
        ms = int(exact_ms(self.graph, ends.rows(slice(0, 1)), ends.rows(slice(1, 2)))[0, 0])
        usual = self.survey.pace_mm_s * travel.detour_permille
        return -(-ms * usual // (PERMILLE * speed_mm_s))

    def way(self, a: Point, b: Point) -> Way:
        """The fastest one, to move along on a map."""
        ends = self.snapper.snap(places([a, b]))
        return way_between(self.graph, ends.rows(slice(0, 1)), ends.rows(slice(1, 2)), a, b)


def drawn(ways: Ways) -> bytes:
    """Lines for a map, those of one speed together: GeoJSON, compressed by gzip."""
    degrees = ways.places[:, ::-1] / 1e7
    features = []
    for speed in np.unique(ways.speed_mm_s).tolist():
        lines = []
        for way in np.flatnonzero(ways.speed_mm_s == speed).tolist():
            nodes = ways.nodes[ways.start[way] : ways.start[way + 1]]
            if len(nodes) > 1:
                line = shapely.simplify(shapely.linestrings(degrees[nodes]), THINNED_DEG)
                lines.append(shapely.get_coordinates(line).round(DEGREE_DIGITS).tolist())
        geometry = {"type": "MultiLineString", "coordinates": lines}
        kmh = round(speed * 3_600 / 1e6)
        features.append({"type": "Feature", "properties": {"kmh": kmh}, "geometry": geometry})
    found = {"type": "FeatureCollection", "attribution": ATTRIBUTION, "features": features}
    return gzip.compress(json.dumps(found, separators=(",", ":")).encode(), mtime=0)


def encode(streets: CityStreets) -> bytes:
    """As a file."""
    graph = streets.graph
    columns = {x: _column(getattr(graph, x)) for x in GRAPH_COLUMNS}
    pieces = {x: _column(getattr(graph.pieces, x)) for x in Pieces.__struct_fields__}
    file = _File(streets.vehicle, streets.survey, streets.lines, columns, pieces)
    return zlib.compress(msgspec.msgpack.encode(file))


def decode(data: bytes) -> CityStreets:
    """Of a file. Raises StreetsError."""
    try:
        file = msgspec.msgpack.decode(zlib.decompress(data), type=_File)
        pieces = Pieces(**{x: _array(column) for x, column in file.pieces.items()})
        graph = RoadGraph(pieces=pieces, **{x: _array(y) for x, y in file.graph.items()})
    except (zlib.error, msgspec.MsgspecError, ValueError, TypeError) as e:
        raise StreetsError(f"not a file of streets: {e}") from e
    if fault := file.survey.space.fault():
        raise StreetsError(fault)
    return CityStreets(file.vehicle, file.survey, graph, file.lines)


class _Column(Struct, frozen=True, array_like=True):
    kind: Literal["<i4", "<i8"]
    width: int
    data: bytes


class _File(Struct, frozen=True):
    vehicle: Vehicle
    survey: Survey
    lines: bytes
    graph: dict[str, _Column]
    pieces: dict[str, _Column]


def _column(array: NDArray[Any]) -> _Column:
    kind: Literal["<i4", "<i8"] = "<i4" if array.dtype.itemsize == 4 else "<i8"
    width = 1 if array.ndim == 1 else array.shape[1]
    return _Column(kind, width, array.astype(kind).tobytes())


def _array(column: _Column) -> NDArray[Any]:
    flat = np.frombuffer(column.data, column.kind)
    return flat if column.width == 1 else flat.reshape(-1, column.width)
