"""When customers come, and from where: a Poisson process for every part of the city.

Every source draws from a stream of its own, so a crowd more, or rain at noon, changes nothing of
who comes otherwise.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from hashlib import blake2b
from heapq import merge
from itertools import pairwise
from typing import NamedTuple

from engine.values import Millis
from simulation.days.conditions import spells
from simulation.scenarios.areas import Area
from simulation.scenarios.episodes import Crowd, FlashSale, Rain
from simulation.scenarios.scenario import Scenario
from simulation.streams import RandomStreams

Piece = tuple[int, int, float]  # from, to (milliseconds), expected customers


class Source(NamedTuple):
    """Customers of one kind: who, from where, for which stores. `name` is part of their ids."""

    name: str
    pieces: list[Piece]  # one after another; nobody comes in between
    customers: int
    area: Area | None = None  # None: the whole city
    stores: str = ""  # only of this group


class Visit(NamedTuple):
    """The n-th visit of a source."""

    at: Millis
    source: int
    number: int


def word(name: str) -> str:
    """A name as a part of an id: the Latin letters and digits of it, or a digest if it has none."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return plain or blake2b(name.encode(), digest_size=4).hexdigest()


def sources_of(scenario: Scenario) -> list[Source]:
    """The zones, or the city as a whole; then the crowds and bargain hunters."""
    demand, zones = scenario.demand, scenario.zones
    whole = scenario.starts_ms, scenario.ends_ms
    if not zones:
        pieces = _wetted(scenario, _pieces(*whole, demand.profile, demand.orders))
        sources = [Source("", pieces, demand.customers)]
    else:
        sources, weights = [], sum(x.weight for x in zones)
        for zone in zones:
            share = zone.weight / weights
            pieces = _pieces(*whole, zone.profile or demand.profile, demand.orders * share)
            people = max(1, round(demand.customers * share))
            sources.append(Source(word(zone.name), _wetted(scenario, pieces), people, zone.where))
    for start, end, crowd in spells(scenario, Crowd):
        pieces = _pieces(start, end, crowd.profile or [1.0], crowd.orders)
        sources.append(Source(word(crowd.name), pieces, _people(crowd.orders), crowd.where))
    for start, end, sale in spells(scenario, FlashSale):
        pieces = _pieces(start, end, [1.0], sale.orders)
        sources.append(Source(word(sale.name), pieces, _people(sale.orders), stores=sale.stores))
    return sources


class Arrivals:
    """All visits of a day, in order.

    Unit exponential gaps on the scale of the expected count, mapped back to time (time
    rescaling; E. Çinlar, Introduction to Stochastic Processes, 1975, ch. 4.7): when more
    come, the same ones come earlier.
    """

    def __init__(self, scenario: Scenario, streams: RandomStreams) -> None:
        self.sources = sources_of(scenario)
        self._streams = streams

    def __iter__(self) -> Iterator[Visit]:
        return merge(*(self._of(n) for n in range(len(self.sources))))

    def _of(self, number: int) -> Iterator[Visit]:
        source = self.sources[number]
        draws = self._streams.named("arrivals", *([source.name] if source.name else []))
        sums = [0.0]
        for _, _, count in source.pieces:
            sums.append(sums[-1] + count)
        mark, visits = draws.exponential(1.0), 0
        while mark < sums[-1]:
            piece = bisect_left(sums, mark) - 1
            start, end, count = source.pieces[piece]
            share = (mark - sums[piece]) / count
            yield Visit(Millis(start + int(share * (end - start))), number, visits)
            visits += 1
            mark += draws.exponential(1.0)


def _people(orders: float) -> int:
    """Nearly everybody comes once."""
    return max(1, round(10 * orders))


def _pieces(start: int, end: int, profile: list[float], orders: float) -> list[Piece]:
    """Equal parts of the time, each with its share."""
    total, length = sum(profile), (end - start) / len(profile)
    return [
        (start + round(n * length), start + round((n + 1) * length), orders * x / total)
        for n, x in enumerate(profile)
    ]


def _wetted(scenario: Scenario, pieces: list[Piece]) -> list[Piece]:
    """Rain brings more orders, or fewer, while it falls."""
    for start, end, rain in spells(scenario, Rain):
        if rain.demand != 1.0:
            pieces = [part for piece in pieces for part in _rained(piece, start, end, rain.demand)]
    return pieces


def _rained(piece: Piece, start: int, end: int, factor: float) -> Iterator[Piece]:
    first, last, count = piece
    marks = sorted({first, last, *(x for x in (start, end) if first < x < last)})
    for a, b in pairwise(marks):
        times = factor if start <= a < end else 1.0
        yield a, b, count * (b - a) / (last - first) * times
