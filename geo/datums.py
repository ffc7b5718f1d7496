"""China's shifted coordinates to WGS-84 and back: GCJ-02 (AMap, Tencent) and BD-09 (Baidu).

Converted at the edge, once; inside there is WGS-84 only. Neither datum was ever published: these
are the formulas that maps of China have been found to follow. Floats, not for decisions.
"""

from enum import StrEnum
from math import atan2, cos, pi, radians, sin, sqrt

from geo.points import Point

SEMI_MAJOR_M = 6_378_245.0  # ellipsoid of Krasovsky, 1940
ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943

# GCJ-02 applies in mainland China. This customary box is coarser than the border: a client outside
# China must not declare a Chinese datum.
LAT_RANGE = (0.8293, 55.8271)
LON_RANGE = (72.004, 137.8347)

_BAIDU_WAVES = 3000.0 * pi / 180.0
_FIXED_POINT_STEPS = 12  # the shift changes by 1e-3 per degree: three digits gained a step


class Datum(StrEnum):
    """What latitude and longitude are measured against."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(lat_deg: float, lon_deg: float, datum: Datum) -> Point:
    """A point from degrees of any datum. Raises PointError, judging the degrees as given."""
    point = Point.of_degrees(lat_deg, lon_deg)
    if datum is Datum.WGS84:
        return point
    if datum is Datum.BD09:
        lat_deg, lon_deg = _gcj02_of_bd09(lat_deg, lon_deg)
    return Point.of_degrees(*_wgs84_of_gcj02(lat_deg, lon_deg))


def from_wgs84(point: Point, datum: Datum) -> tuple[float, float]:
    """Degrees (lat, lon) for a map that uses that datum."""
    lat, lon = point.lat_deg, point.lon_deg
    if datum is Datum.WGS84:
        return lat, lon
    lat, lon = _gcj02_of_wgs84(lat, lon)
    return _bd09_of_gcj02(lat, lon) if datum is Datum.BD09 else (lat, lon)


def _is_in_china(lat: float, lon: float) -> bool:
    return LAT_RANGE[0] <= lat <= LAT_RANGE[1] and LON_RANGE[0] <= lon <= LON_RANGE[1]


def _gcj02_of_wgs84(lat: float, lon: float) -> tuple[float, float]:
    if not _is_in_china(lat, lon):
        return lat, lon
    north_m, east_m = _shift_m(lon - 105.0, lat - 35.0)
    flattening = 1.0 - ECCENTRICITY_SQUARED * sin(radians(lat)) ** 2
    meridian_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / flattening**1.5
    parallel_m = SEMI_MAJOR_M / sqrt(flattening) * cos(radians(lat))
    return lat + north_m / radians(meridian_m), lon + east_m / radians(parallel_m)


def _wgs84_of_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """By fixed-point iteration: the place whose shifted image is this one."""
    if not _is_in_china(lat, lon):
        return lat, lon
    true_lat, true_lon = lat, lon
    for _ in range(_FIXED_POINT_STEPS):
        image_lat, image_lon = _gcj02_of_wgs84(true_lat, true_lon)
        true_lat, true_lon = true_lat + lat - image_lat, true_lon + lon - image_lon
    return true_lat, true_lon


def _shift_m(x: float, y: float) -> tuple[float, float]:
    """Meters north and east, x degrees east and y degrees north of (35, 105)."""
    common = (20.0 * sin(6.0 * pi * x) + 20.0 * sin(2.0 * pi * x)) * 2.0 / 3.0
    root = sqrt(abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * sin(pi * y) + 40.0 * sin(pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * sin(pi * y / 12.0) + 320.0 * sin(pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * sin(pi * x) + 40.0 * sin(pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * sin(pi * x / 12.0) + 300.0 * sin(pi * x / 30.0)) * 2.0 / 3.0
    return north, east


def _bd09_of_gcj02(lat: float, lon: float) -> tuple[float, float]:
    radius = sqrt(lon * lon + lat * lat) + 2e-5 * sin(lat * _BAIDU_WAVES)
    angle = atan2(lat, lon) + 3e-6 * cos(lon * _BAIDU_WAVES)
    return radius * sin(angle) + 0.006, radius * cos(angle) + 0.0065


def _gcj02_of_bd09(lat: float, lon: float) -> tuple[float, float]:
    """By fixed-point iteration: Baidu's own inverse is off by up to a meter."""
    x, y = lon - 0.0065, lat - 0.006
    for _ in range(_FIXED_POINT_STEPS):
        image_y, image_x = _bd09_of_gcj02(y, x)
        x, y = x + lon - image_x, y + lat - image_y
    return y, x
