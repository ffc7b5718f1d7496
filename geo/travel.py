"""Travel times: straight line x detour factor / speed of the vehicle, or by a city's streets.

Integers in and out, and nothing between that two machines could round differently.
"""

from enum import StrEnum

import numpy as np
from msgspec import Struct

from geo.points import Point
from geo.space import StreetSpace
from geo.sphere import (
    EARTH_RADIUS_M,
    RADIANS_PER_E7,
    RIGHT_ANGLE_E7,
    Floats,
    Places,
    kernel,
    sine,
    sine_and_cosine,
    straight_mm,
    turn_e7,
)

PERMILLE = 1_000
PROJECTABLE_M = 200_000.0


class Vehicle(StrEnum):
    """How a courier moves."""

    WALK = "walk"
    BICYCLE = "bicycle"
    SCOOTER = "scooter"
    CAR = "car"


SPEED_OF = {x: f"{x}_mm_s" for x in Vehicle}


class TravelModel(Struct, frozen=True, kw_only=True):
    """Door-to-door speeds in mm/s (traffic lights included) and the detour streets impose.

    The detour is streets over straight line, in permille; 1.2 to 1.4 is usual for cities
    (R. H. Ballou et al., Transportation Research A 36 (2002) 843-848). With `streets` the straight
    line is one in their space: at the same speeds and detour, which stay usual for the whole
    city, some ways take longer and some less. The travel time index is what rides take over what
    they take as a rule (D. Schrank et al., Urban Mobility Report, Texas A&M Transportation
    Institute), in permille: of rain, of the rush hour. Raises ValueError.
    """

    walk_mm_s: int = 1_300
    bicycle_mm_s: int = 4_200
    scooter_mm_s: int = 5_600
    car_mm_s: int = 6_000
    detour_permille: int = 1_300
    streets: StreetSpace | None = None
    index_permille: int = PERMILLE

    def __post_init__(self) -> None:
        if min(self.walk_mm_s, self.bicycle_mm_s, self.scooter_mm_s, self.car_mm_s) <= 0:
            raise ValueError("a speed must be positive")
        if self.detour_permille < PERMILLE:
            raise ValueError("a detour is never shorter than the straight line: permille >= 1000")
        if self.index_permille <= 0:
            raise ValueError("a travel time index must be positive")

    @property
    def line_permille(self) -> int:
        """Of the time a straight line would take at the vehicle's speed: detour and index."""
        return self.detour_permille * self.index_permille // PERMILLE

    def speed_mm_s(self, vehicle: Vehicle) -> int:
        speed: int = getattr(self, SPEED_OF[vehicle])
        return speed

    def travel_ms(self, a: Point, b: Point, speed_mm_s: int) -> int:
        """Milliseconds from a to b, rounded up; the same in both directions."""
        if self.streets is None:
            mm = straight_mm(a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7)
        else:
            mm = self.streets.apart_mm(a, b)
        return self.line_ms(mm, speed_mm_s)

    def line_ms(self, mm: int, speed_mm_s: int) -> int:
        """Milliseconds for a straight line, or one in the space of the streets, rounded up."""
        return -(-mm * self.line_permille // speed_mm_s)

    def project(self, points: Places, origin: Point, unit_speed_mm_s: int = 1_000) -> Floats:
        """(P, 2) seconds at the unit speed (1 m/s unless told), on a plane through the origin.

        With streets (P, 4), in their space. The Euclidean distance of two rows is their travel time
        in seconds, detour included; a courier of v mm/s needs 1/(v / unit_speed_mm_s) of it. Agrees
        with `travel_ms` to 1e-5 within 20 km of the origin and 1e-4 within 50 km; with streets,
        everywhere. Raises ValueError beyond 200 km, if there are none.
        """
        factor = self.line_permille / unit_speed_mm_s
        if self.streets is None:
            return project(points, origin) * factor
        here = self.streets.locate(np.array([[origin.lat_e7, origin.lon_e7]]))
        return (self.streets.locate(points) - here).astype(np.float64) * (factor / PERMILLE)


def project(points: Places, origin: Point) -> Floats:
    """(P, 2) meters east and north of the origin: the orthographic projection of the sphere.

    J. P. Snyder, Map Projections: A Working Manual, USGS PP 1395 (1987), eq. 20-3 and 20-4. At c
    meters from the origin lengths are short by up to (c / R)² / 2. ValueError beyond 200 km.
    """
    plane = np.empty((len(points), 2))
    reach = (PROJECTABLE_M / EARTH_RADIUS_M) ** 2
    far = _project(points, origin.lat_e7, origin.lon_e7, reach, plane)
    if far:
        raise ValueError(f"{far} points are more than 200 km from the origin")
    return plane * EARTH_RADIUS_M


@kernel
def _project(points: Places, lat_e7: int, lon_e7: int, reach: float, plane: Floats) -> int:
    """On a sphere of radius 1; how many are too far away."""
    sin_0, cos_0 = sine_and_cosine(lat_e7)
    far = 0
    for k in range(points.shape[0]):
        turn = turn_e7(lon_e7, points[k, 1])
        sin_lat, cos_lat = sine_and_cosine(points[k, 0])
        x = cos_lat * sine(turn * RADIANS_PER_E7)
        # sin(lat - lat0) + the sagitta of the parallel, not a difference of two large numbers
        half = sine(turn * RADIANS_PER_E7 / 2)
        y = sin_lat * cos_0 - cos_lat * sin_0 + 2.0 * half * half * cos_lat * sin_0
        plane[k, 0], plane[k, 1] = x, y
        # The far hemisphere would be folded onto this one.
        folded = abs(turn) > RIGHT_ANGLE_E7 or abs(points[k, 0] - lat_e7) > RIGHT_ANGLE_E7
        far += folded or x * x + y * y > reach
    return far
