"""Streets that are set, taken away and nonsense, at random."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from engine import commands as c
from tests.spaces import folded

Made = c.AnyCommand | list[c.AnyCommand]


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    """Of a RandomDay: how likely, and what."""
    yield 0.3, lambda: _set(day)


def _set(day) -> c.SetStreets:
    chance = day.rng.random()
    if chance < 0.3:
        return c.SetStreets()
    streets = folded(day.rng.choice((0, 2_000, 9_000)))
    return c.SetStreets(replace(streets, rows=1) if chance < 0.4 else streets)
