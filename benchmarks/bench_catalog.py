"""What a shopper waits for: a search of 100 stores with 2,000 products each.

Shared: 2,000 products, each in every store. Own: 200,000 products, each in one store. 1,000
couriers at work; every question from a cursor in the middle, the page of 50.
"""

import time
from random import Random

import pytest

from engine import events as e
from engine.columns import PositionBatch
from engine.queries.catalog_index import CatalogIndex
from engine.queries.search import Wanted, search
from engine.state import State
from geo.points import Point

CENTER = Point(390_000_000, 1_160_000_000)
pytestmark = pytest.mark.benchmark(timer=time.process_time)
STORES, PRODUCTS, COURIERS = 100, 2_000, 1_000
SHARED, OWN = "shared", "own"
SYLLABLES = ("ka", "mo", "ri", "tes", "lan", "vo", "shi", "pel", "dra", "nu", "gor", "fe")
NOW = 1_000


def city(kind: str) -> State:
    rng, state = Random(1), State()
    names = ["".join(rng.choices(SYLLABLES, k=3)) for _ in range(3_000)]
    for n in range(STORES):
        at = Point(CENTER.lat_e7 + rng.randrange(-400_000, 400_000), CENTER.lon_e7)
        state.stores.store_registered(e.StoreRegistered(f"s{n:03d}", "", at, 600_000))
    for n in range(PRODUCTS * (STORES if kind == OWN else 1)):
        product = f"p{n:06d}"
        name, category = " ".join(rng.choices(names, k=3)), f"c{n % 50}"
        state.products.product_listed(e.ProductListed(product, name, category, 1))
        stores = [n // PRODUCTS] if kind == OWN else range(STORES)
        for store in stores:
            state.prices.price_set(e.PriceSet(f"s{store:03d}", product, 100, 0))
            state.inventory.stock_received(e.StockReceived(f"s{store:03d}", product, 9))
    for n in range(COURIERS):
        state.couriers.courier_registered(e.CourierRegistered(f"k{n}", n, "scooter", 9))
        state.couriers.shift_started(e.ShiftStarted(f"k{n}", 10**9))
    spots = [CENTER.lat_e7 + rng.randrange(-400_000, 400_000) for _ in range(COURIERS)]
    places = PositionBatch.pack(range(COURIERS), spots, [CENTER.lon_e7] * COURIERS, [1] * COURIERS)
    state.positions.positions_reported(e.PositionsReported(places))
    return state


CITIES: dict[str, tuple[State, CatalogIndex]] = {}


def known(kind: str) -> tuple[State, CatalogIndex]:
    if kind not in CITIES:
        state, index = city(kind), CatalogIndex()
        index.refresh(state)
        CITIES[kind] = state, index
    return CITIES[kind]


HERE = CENTER
ASKED = {
    "everything": Wanted(),
    "everything here": Wanted(dropoff=HERE, within_ms=30 * 60_000),
    "a category here": Wanted(category="c7", dropoff=HERE, within_ms=30 * 60_000),
    "a word here": Wanted(text="karivo", dropoff=HERE, within_ms=30 * 60_000),
    "a letter here": Wanted(text="k", dropoff=HERE, within_ms=30 * 60_000),
    "a store": Wanted(store="s050", text="mo"),
}


@pytest.mark.parametrize("kind", [SHARED, OWN])
@pytest.mark.parametrize("asked", ASKED)
def test_a_page(benchmark, kind, asked):
    state, index = known(kind)
    after = ("p001000" if kind == SHARED else "p100000", "s050")
    page = benchmark(search, state, index, ASKED[asked], NOW, after, 50)
    assert len(page.hits) <= 50


@pytest.mark.parametrize("kind", [SHARED, OWN])
def test_the_index_after_one_product_was_listed_again(benchmark, kind):
    state, index = known(kind)
    listed = e.ProductListed("p000007", "something else", "c1", 1)

    def change() -> tuple[tuple[State], dict]:
        state.products.product_listed(listed)
        return (state,), {}

    benchmark.pedantic(index.refresh, setup=change, rounds=20)


@pytest.mark.parametrize("kind", [SHARED, OWN])
def test_the_index_from_nothing(benchmark, kind):
    state, _ = known(kind)
    benchmark.pedantic(lambda: CatalogIndex().refresh(state), rounds=3)
