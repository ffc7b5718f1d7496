"""Where things are brought, and how long it takes: streets something can be measured with, areas
somebody can be in, travel times no farther from the measured ones than a step.

That a quote lay within the area of its moment cannot be said of a state, which knows only the
areas of now: tests/auditor.py says it of every event.
"""

from collections.abc import Iterator

from engine.rules.areas import CORNERS_MAX, corners
from engine.rules.travel_time import LEAST_PPM, MOST_PPM, index_in_force
from engine.state import State
from geo.zones import Polygon, ZoneError


def violations(s: State) -> Iterator[str]:
    travel, ppm = s.settings.current.travel, s.settings.index_ppm
    if not LEAST_PPM <= ppm <= MOST_PPM or index_in_force(travel.index_permille, ppm) != (
        travel.index_permille
    ):
        yield f"travel times follow an index of {travel.index_permille}, measured is {ppm}"
    streets = travel.streets
    if streets is not None and (fault := streets.fault()):
        yield f"nothing can be measured on these streets: {fault}"
    for key, store in s.stores.stores.items():
        if store.area is None:
            continue
        if corners(store.area) > CORNERS_MAX:
            yield f"{key} delivers within {corners(store.area)} corners"
        try:
            Polygon(store.area.parts)  # as whoever drew it was checked
        except ZoneError as error:
            yield f"{key} delivers to no area: {error}"
