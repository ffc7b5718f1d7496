"""Where things are brought: streets something can be measured with, areas somebody can be in.

That a quote lay within the area of its moment cannot be said of a state, which knows only the
areas of now: tests/auditor.py says it of every event.
"""

from collections.abc import Iterator

from engine.rules.areas import CORNERS_MAX, corners
from engine.state import State
from geo.zones import ZoneError


def violations(s: State) -> Iterator[str]:
    streets = s.settings.current.travel.streets
    if streets is not None and (fault := streets.fault()):
        yield f"nothing can be measured on these streets: {fault}"
    for key, store in s.stores.stores.items():
        if store.area is None:
            continue
        if corners(store.area) > CORNERS_MAX:
            yield f"{key} delivers within {corners(store.area)} corners"
        try:
            type(store.area)(store.area.parts)  # as whoever drew it was checked
        except ZoneError as error:
            yield f"{key} delivers to no area: {error}"
