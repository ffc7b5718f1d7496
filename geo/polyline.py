"""Encoded polylines, as maps and routing engines read them: latitude first, differences, base 32.

The format of Google's Encoded Polyline Algorithm; of precision 5 (Google, VROOM) or 6 (OSRM,
Valhalla). A half is rounded away from zero, on either side of it.
"""

from collections.abc import Iterable, Iterator

from geo.points import E7, Point

PRECISION = 5
PRECISIONS = (5, 6)
CHUNK, MORE, FIRST = 0x1F, 0x20, 63  # five bits; others follow; of the printable characters
CHUNKS_MAX = 7  # of a number: a difference of whole turns at precision 6 takes six


def encode(points: Iterable[Point], precision: int = PRECISION) -> str:
    """Of places, in order, as text; of none, the empty one. ValueError: no such precision."""
    unit = _unit_e7(precision)
    text: list[str] = []
    lat = lon = 0
    for point in points:
        next_lat, next_lon = _rounded(point.lat_e7, unit), _rounded(point.lon_e7, unit)
        text += _digits(next_lat - lat)
        text += _digits(next_lon - lon)
        lat, lon = next_lat, next_lon
    return "".join(text)


def decode(text: str, precision: int = PRECISION) -> list[Point]:
    """The places again, to the precision. ValueError: cut off, or no polyline; PointError: it
    leads off the Earth."""
    unit = _unit_e7(precision)
    numbers = [*_numbers(text)]
    if len(numbers) % 2:
        raise ValueError("a latitude without a longitude")
    found: list[Point] = []
    lat = lon = 0
    for d_lat, d_lon in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + d_lat, lon + d_lon
        found.append(Point(lat * unit, lon * unit).checked())
    return found


def _unit_e7(precision: int) -> int:
    if precision not in PRECISIONS:
        raise ValueError(f"precision {precision}: it is one of {PRECISIONS}")
    return E7 // 10**precision


def _rounded(degrees_e7: int, unit: int) -> int:
    nearest = (abs(degrees_e7) + unit // 2) // unit
    return -nearest if degrees_e7 < 0 else nearest


def _digits(number: int) -> Iterator[str]:
    rest = ~(number << 1) if number < 0 else number << 1
    while rest > CHUNK:
        yield chr((rest & CHUNK | MORE) + FIRST)
        rest >>= 5
    yield chr(rest + FIRST)


def _numbers(text: str) -> Iterator[int]:
    rest = chunks = 0
    for letter in text:
        digit = ord(letter) - FIRST
        if not 0 <= digit < 2 * MORE or chunks == CHUNKS_MAX:
            raise ValueError(f"not of a polyline: {letter!r}")
        rest |= (digit & CHUNK) << 5 * chunks
        chunks += 1
        if digit < MORE:
            yield ~(rest >> 1) if rest & 1 else rest >> 1
            rest = chunks = 0
    if chunks:
        raise ValueError("cut off within a number")
