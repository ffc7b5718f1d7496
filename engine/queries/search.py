"""What can be bought: by category, by words, in a store, or wherever it is delivered from in time.

Only what could be ordered now: the store is open, the product listed, priced, within its hours
and in stock. Nothing is promised: a quote is.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import merge

from msgspec import Struct

from engine.queries.assortment import OnSale, on_sale
from engine.queries.catalog_index import CatalogIndex, Condition
from engine.rules.areas import area_fault
from engine.rules.bundling import demand
from engine.rules.opening import takes_orders
from engine.rules.promising import (
    fleet_at_work,
    has_capacity,
    preparing_ms,
    promised_ms,
    ride_ms,
    workload,
)
from engine.rules.skills import needed
from engine.state import State
from engine.values import Line, Millis, ProductId, Skill, StoreId
from geo.points import Point

LOOKED_AT_MAX = 5_000  # pairs of product and store for one page: a page may be short

Pair = tuple[ProductId, StoreId]


class Wanted(Struct, frozen=True):
    """Empty, or None: not asked for."""

    text: str = ""
    category: str = ""
    store: StoreId = StoreId("")
    dropoff: Point | None = None
    within_ms: int | None = None  # to the door


class Hit(Struct, frozen=True):
    store: StoreId
    sold: OnSale
    promised_ms: int | None  # to the door, for one piece of it; None if no place was said


class Page(Struct, frozen=True):
    """In order of product and store; `last` looked at, if there may be more."""

    hits: list[Hit]
    last: Pair | None


def search(
    s: State, index: CatalogIndex, wanted: Wanted, at: Millis, after: Pair | None, limit: int
) -> Page:
    index.refresh(s)
    stores = reachable(s, wanted, at)
    reached: dict[tuple[Skill, ...], dict[StoreId, int | None]] = {(): stores}
    conditions = index.conditions(wanted.text, wanted.category)
    hits: list[Hit] = []
    pairs = _pairs(s, index, stores, conditions, after, limit)
    for looked_at, (product, store) in enumerate(pairs, 1):
        if all(x.holds(product) for x in conditions):
            sold = on_sale(s, store, product, at)
            skills = _skills(s, product)
            if skills not in reached:
                reached[skills] = reachable(s, wanted, at, skills)
            can_come = store in reached[skills]
            if can_come and sold is not None and sold.available > 0 and sold.sold_at == at:
                hits.append(Hit(store, sold, reached[skills][store]))
        if len(hits) == limit or looked_at == LOOKED_AT_MAX:
            return Page(hits, (product, store))
    return Page(hits, None)


def reachable(
    s: State, wanted: Wanted, at: Millis, skills: Sequence[Skill] = ()
) -> dict[StoreId, int | None]:
    """Open stores, in order of their ids; those that would deliver there in time, and when: what
    asks for these skills."""
    known, settings = s.stores.stores, s.settings.current
    offset_min = settings.utc_offset_min
    named = [wanted.store] if wanted.store else sorted(known)
    open_ = [
        x
        for x in named
        if x in known and takes_orders(known[x], at, offset_min) and not s.staff.is_deserted(x)
    ]
    if wanted.dropoff is None:
        return dict.fromkeys(open_)
    fleet = fleet_at_work(s.couriers, s.positions, s.deliveries, s.orders, skills)
    promised: dict[StoreId, int | None] = {}
    for key in open_:
        store = known[key]
        if area_fault(store, settings, wanted.dropoff):
            continue
        load = workload(settings, fleet, store.location, s.promises)
        way_ms = ride_ms(settings, store.location, wanted.dropoff)
        preparation_ms = preparing_ms(store, s.orders, s.staff, key)
        found_ms = promised_ms(settings, preparation_ms, way_ms, load)
        most_ms = min(settings.promise_max_ms, wanted.within_ms or settings.promise_max_ms)
        if has_capacity(settings, load) and found_ms <= most_ms:
            promised[key] = found_ms
    return promised


def _skills(s: State, product: ProductId) -> tuple[Skill, ...]:
    """What one piece of it asks of its courier."""
    taken = demand([Line(product, 1)], [s.products[product]])
    return tuple(needed(s.products[x.product] for x in taken))


def _pairs(
    s: State,
    index: CatalogIndex,
    stores: dict[StoreId, int | None],
    conditions: list[Condition],
    after: Pair | None,
    limit: int,
) -> Iterator[Pair]:
    """Of products that have a price there, in order; all that fulfill the conditions, and more.

    The shelves are walked until the page is full, about `limit * all / found` steps; where so few
    are found that it takes fewer, every store is asked for each of those.
    """
    history = s.prices.history
    least = min(conditions, key=lambda x: x.size, default=None)
    if least is not None and least.size**2 * len(stores) < limit * len(index.keys):
        keys = sorted(least.keys())
        start = bisect_left(keys, after[0]) if after else 0
        few = ((x, y) for x in keys[start:] for y in stores if x in history.get(y, ()))
        yield from (x for x in few if after is None or x > after)
        return
    shelves = [_shelf(index, s, store, after) for store in stores if store in history]
    yield from merge(*shelves)


def _shelf(index: CatalogIndex, s: State, store: StoreId, after: Pair | None) -> Iterator[Pair]:
    keys = index.priced(store, s.prices.history[store])
    start = bisect_left(keys, after[0]) if after else 0
    for n in range(start, len(keys)):
        pair = keys[n], store
        if after is None or pair > after:
            yield pair
