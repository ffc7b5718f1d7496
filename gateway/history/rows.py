"""What rows are made of: a list of tuples for each table, and a few values as tables have them."""

from typing import Any

from engine.projections.clocks import NEVER
from engine.projections.demand import RESOLUTION
from engine.values import Fulfillment, Millis
from geo.cells import cell_of
from geo.points import Point

Rows = dict[str, list[tuple[Any, ...]]]


def time_or_none(at: Millis) -> Millis | None:
    return None if at == NEVER else at


def cell_text(dropoff: Point, fulfillment: Fulfillment) -> str | None:
    """Of a door; a collection has none. Raises ValueError for what is nowhere on Earth."""
    if fulfillment is not Fulfillment.DELIVERY:
        return None
    return f"{cell_of(dropoff, RESOLUTION):x}"
