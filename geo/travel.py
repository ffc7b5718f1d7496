"""Travel times without a street map: straight line x detour factor / speed of the vehicle.

Integers in and out, and nothing between that two machines could round differently.
"""

from enum import StrEnum

import numpy as np
from msgspec import Struct

from geo.points import Point
from geo.sphere import (
    EARTH_RADIUS_M,
    RADIANS_PER_E7,
    RIGHT_ANGLE_E7,
    Floats,
    Int64s,
    Places,
    kernel,
    sine,
    sine_and_cosine,
    straight_mm,
    straight_mm_between,
    turn_e7,
)

HOUR_MS = 3_600_000
HOURS = 24
PERMILLE = 1_000
PROJECTABLE_M = 200_000.0


class Vehicle(StrEnum):
    """How a courier moves."""

    WALK = "walk"
    BICYCLE = "bicycle"
    SCOOTER = "scooter"
    CAR = "car"


class TravelModel(Struct, frozen=True, kw_only=True):
    """Door-to-door speeds in mm/s (traffic lights included) and the detour streets impose.

    The detour is streets over straight line, in permille; 1.2 to 1.4 is usual for cities
    (R. H. Ballou et al., Transportation Research A 36 (2002) 843-848). Raises ValueError.
    """

    walk_mm_s: int = 1_300
    bicycle_mm_s: int = 4_200
    scooter_mm_s: int = 5_600
    car_mm_s: int = 6_000
    detour_permille: int = 1_300

    def __post_init__(self) -> None:
        if min(self.walk_mm_s, self.bicycle_mm_s, self.scooter_mm_s, self.car_mm_s) <= 0:
            raise ValueError("a speed must be positive")
        if self.detour_permille < PERMILLE:
            raise ValueError("a detour is never shorter than the straight line: permille >= 1000")

    def speed_mm_s(self, vehicle: Vehicle) -> int:
        match vehicle:
            case Vehicle.WALK:
                return self.walk_mm_s
            case Vehicle.BICYCLE:
                return self.bicycle_mm_s
            case Vehicle.SCOOTER:
                return self.scooter_mm_s
            case Vehicle.CAR:
                return self.car_mm_s

    def travel_ms(self, a: Point, b: Point, speed_mm_s: int) -> int:
        """Milliseconds from a to b, rounded up; the same in both directions."""
        mm = straight_mm(a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7)
        return -(-mm * self.detour_permille // speed_mm_s)

    def matrix_ms(self, origins: Places, destinations: Places, speed_mm_s: int) -> Int64s:
        """(O, D) milliseconds, in every cell what `travel_ms` says."""
        mm = straight_mm_between(origins[:, None, :], destinations[None, :, :])
        ms: Int64s = -(-mm * self.detour_permille // speed_mm_s)
        return ms

    def legs_ms(self, origins: Places, destinations: Places, speed_mm_s: int) -> Int64s:
        """(n,) milliseconds from each row of origins to the same row of destinations."""
        mm = straight_mm_between(origins, destinations)
        ms: Int64s = -(-mm * self.detour_permille // speed_mm_s)
        return ms

    def project(self, points: Places, origin: Point, unit_speed_mm_s: int = 1_000) -> Floats:
        """(P, 2) seconds at the unit speed (1 m/s unless told), on a plane through the origin.

        The Euclidean distance of two rows is their travel time in seconds, detour included; a
        courier of v mm/s needs 1/(v / unit_speed_mm_s) of it. Agrees with `travel_ms` to 1e-5
        within 20 km of the origin and 1e-4 within 50 km. Raises ValueError beyond 200 km.
        """
        return project(points, origin) * (self.detour_permille / unit_speed_mm_s)


class HourlySpeeds(Struct, frozen=True):
    """How fast traffic moves in each hour of the local day, as a multiplier in permille.

    Constant within an hour, so that who leaves later never arrives earlier: S. Ichoua, M. Gendreau,
    J.-Y. Potvin, "Vehicle dispatching with time-dependent travel times", EJOR 144 (2003), sec. 3.
    `utc_offset_min` is fixed: a change to summer time is a change of settings. Raises ValueError.
    """

    permille: tuple[int, ...] = (PERMILLE,) * HOURS
    utc_offset_min: int = 0

    def __post_init__(self) -> None:
        if len(self.permille) != HOURS:
            raise ValueError(f"a day has {HOURS} hours, not {len(self.permille)}")
        if not all(100 <= p <= 3_000 for p in self.permille):
            raise ValueError("multipliers are 100 to 3000 permille")
        if abs(self.utc_offset_min) > 14 * 60:
            raise ValueError("no place is more than 14 hours from UTC")

    def at(self, utc_ms: int) -> int:
        """The multiplier at a moment, in permille."""
        return self.permille[(utc_ms + self.utc_offset_min * 60_000) // HOUR_MS % HOURS]

    def stretched_ms(self, depart_utc_ms: int, base_ms: int) -> int:
        """How long a trip of `base_ms` at normal speed takes when it starts at that moment."""
        local = depart_utc_ms + self.utc_offset_min * 60_000
        left = base_ms * PERMILLE  # of normal milliseconds, in thousandths
        now = local
        while left > 0:
            rate = self.permille[now // HOUR_MS % HOURS]
            until = (now // HOUR_MS + 1) * HOUR_MS
            if left <= (until - now) * rate:
                return now - local - (-left // rate)
            left -= (until - now) * rate
            now = until
        return 0


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
