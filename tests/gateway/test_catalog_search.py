"""Searching the catalog: by words, by category, by place; and against the plain way to do it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands as c
from engine import events as e
from engine.engine import Engine
from engine.queries.catalog_index import CatalogIndex, words
from engine.queries.search import LOOKED_AT_MAX, Wanted, search
from engine.settings import Settings
from engine.state import State
from engine.terms import Hours
from engine.values import HOUR, MINUTE, Line
from geo.points import Point
from geo.travel import Vehicle
from tests.cases import HOME, STORE_PLACE, city, positions

FAR = Point(390_000_000, 1_160_600_000)  # five kilometers from STORE_PLACE


class Shops:
    """A small city of shops; `tell` submits and insists on being obeyed."""

    def __init__(self) -> None:
        self.engine, self.index = Engine(), CatalogIndex()
        self.tell(
            c.OpenEngine(Settings()),
            c.RegisterStore("near", "Near", STORE_PLACE, 5 * MINUTE),
            c.RegisterStore("far", "Far", FAR, 5 * MINUTE),
            c.RegisterCourier("kim", Vehicle.SCOOTER, 12),
            c.StartShift("kim", 20 * HOUR),
            c.DefineCategory("drinks", "Drinks"),
            c.DefineCategory("hot", "Hot drinks", "drinks"),
            positions((0, STORE_PLACE, 0)),
        )
        for product, name, category in (
            ("p1", "Green Tea", "hot"),
            ("p2", "Ice Tea", "drinks"),
            ("p3", "Café crème", "hot"),
            ("p4", "牛肉面", "noodles"),
            ("p5", "Tea cake", "cakes"),
        ):
            self.tell(c.ListProduct(product, name, category))
            for store in ("near", "far"):
                self.tell(c.SetPrice(store, product, 100), c.ReceiveStock(store, product, 5))

    def tell(self, *commands: c.AnyCommand) -> "Shops":
        for command in commands:
            assert self.engine.step(0, command)[-1].rejection is None, command
        return self

    def finds(self, text: str = "", **more) -> list[str]:
        page = search(self.engine.state, self.index, Wanted(text, **more), 0, None, 50)
        assert page.last is None
        return [f"{x.sold.product}/{x.store}" for x in page.hits]


def in_near(*products: str) -> list[str]:
    return [f"{x}/near" for x in products]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tea", ("p1", "p2", "p5")),
        ("TEA g", ("p1",)),
        ("te", ("p1", "p2", "p5")),  # the last word may be only begun
        ("te green", ()),  # not so the others
        ("green tea cake", ()),
        ("cafe", ("p3",)),
        ("CRÈME", ("p3",)),
        ("面", ("p4",)),
        ("牛 面", ("p4",)),
        ("鱼", ()),
        ("", ("p1", "p2", "p3", "p4", "p5")),
        ("  ", ("p1", "p2", "p3", "p4", "p5")),
        ("--", ()),
    ],
)
def test_a_name_is_found_by_its_words(text, found):
    assert Shops().finds(text, store="near") == in_near(*found)


def test_a_category_is_found_with_all_below_it():
    shops = Shops()
    assert shops.finds(category="drinks", store="near") == in_near("p1", "p2", "p3")
    assert shops.finds(category="hot", store="near") == in_near("p1", "p3")
    assert shops.finds(category="noodles", store="near") == in_near("p4")  # never defined
    assert shops.finds("tea", category="hot", store="near") == in_near("p1")
    shops.tell(c.DefineCategory("hot", "Hot"))  # no longer below drinks
    assert shops.finds(category="drinks", store="near") == in_near("p2")


def test_what_is_listed_again_is_found_by_its_new_name_only():
    shops = Shops()
    assert shops.finds("ice", store="near") == in_near("p2")
    shops.tell(c.ListProduct("p2", "Cold Tea", "drinks"), c.ListProduct("p0", "Ice", "drinks"))
    shops.tell(c.SetPrice("near", "p0", 1), c.ReceiveStock("near", "p0", 1))
    assert shops.finds("ice", store="near") == in_near("p0")
    assert shops.finds("cold", store="near") == in_near("p2")
    assert shops.finds("ice tea", store="near") == []


def test_only_what_could_be_ordered_now_is_found():
    shops = Shops().tell(
        c.DelistProduct("p1"),
        c.DelistInStore("near", "p2"),
        c.ListInStore("near", "p3", [Hours(0, 1)]),  # Mondays, a minute
        c.RecordSale("near", "p4", 5),
    )
    assert shops.finds(store="near") == in_near("p5")
    assert shops.finds("tea") == ["p2/far", "p5/far", "p5/near"]
    shops.tell(c.CloseStore("near"))
    assert shops.finds("tea") == ["p2/far", "p5/far"]
    assert shops.finds(store="nowhere") == []
    shops.tell(c.PauseStore("far", 9 * MINUTE, "rush"))
    assert shops.finds() == []


def test_what_is_found_here_comes_in_the_time_a_quote_would_promise():
    case = city(3)
    index, wanted = CatalogIndex(), Wanted(dropoff=HOME)
    [hit] = search(case.state, index, wanted, case.engine.now, None, 9).hits
    case.at(1, c.RequestQuote("q", "app", "ann", "store", [Line("ramen", 1)], HOME))
    assert case.events[0].promised_ms == hit.promised_ms
    case.at(1, c.ListProduct("ramen", "Ramen", "food", skills=["cold_box"]))
    assert search(case.state, index, wanted, case.engine.now, None, 9).hits == []
    assert len(search(case.state, index, Wanted(), case.engine.now, None, 9).hits) == 1
    case.at(1, c.ListProduct("ramen", "Ramen", "food"))
    in_time = Wanted(dropoff=HOME, within_ms=hit.promised_ms)
    assert search(case.state, index, in_time, case.engine.now, None, 9).hits
    hasty = Wanted(dropoff=HOME, within_ms=hit.promised_ms - 1)
    assert not search(case.state, index, hasty, case.engine.now, None, 9).hits


def test_who_is_too_far_or_has_nobody_to_send_is_not_found_here():
    shops = Shops()
    assert shops.finds("cake", dropoff=HOME) == ["p5/far", "p5/near"]
    assert shops.finds("cake", dropoff=HOME, within_ms=25 * MINUTE) == ["p5/near"]
    assert shops.finds("cake", dropoff=Point(390_000_000, 1_161_300_000)) == []
    shops.tell(c.EndShift("kim"))
    assert shops.finds("cake", dropoff=HOME) == []
    assert shops.finds("cake") == ["p5/far", "p5/near"]


# against the plain way


def shelves(seed: int) -> State:
    """Stores whose shelves overlap, some of them empty, some things without a price."""
    rng, state = Random(seed), State()
    names = ("red", "green", "bean", "beer", "tea")
    stores = [f"s{n}" for n in range(rng.choice((1, 3, 9)))]
    for store in stores:
        state.stores.store_registered(e.StoreRegistered(store, "", STORE_PLACE, 0))
    for parent, child in (("", "food"), ("food", "sweet"), ("sweet", "dry")):
        state.categories.category_defined(e.CategoryDefined(child, child, parent))
    for n in range(rng.choice((5, 40, 200))):
        product, category = f"p{n:03d}", rng.choice(("food", "sweet", "dry", "other"))
        name = " ".join(rng.choices(names, k=2))
        state.products.product_listed(e.ProductListed(product, name, category, 1))
        for store in stores:
            if rng.random() < 0.6:
                state.prices.price_set(e.PriceSet(store, product, 1, rng.choice((0, 0, 9))))
            if rng.random() < 0.7:
                state.inventory.stock_received(e.StockReceived(store, product, 1))
    return state


BELOW = {"": None, "food": ("food", "sweet", "dry"), "dry": ("dry",), "other": ("other",)}


def plainly(s: State, text: str, category: str) -> list[tuple[str, str]]:
    found = []
    for store in s.stores.stores:
        for key, product in s.products.products.items():
            *whole, begun = words(text) or [""]
            named = words(product.name)
            fits = all(x in named for x in whole) and any(x.startswith(begun) for x in named)
            below = BELOW[category]
            if not fits or (below is not None and product.category not in below):
                continue
            if s.prices.current(store, key, 5) is not None and s.inventory.available(store, key):
                found.append((key, store))
    return sorted(found)


@given(st.data())
def test_page_by_page_all_that_is_there_is_found_once_and_in_order(data):
    state = shelves(data.draw(st.integers(0, 30)))
    text = data.draw(st.sampled_from(["", "red", "be", "green b", "tea red", "x"]))
    category = data.draw(st.sampled_from(list(BELOW)))
    limit = data.draw(st.sampled_from([1, 3, 50]))
    index, wanted = CatalogIndex(), Wanted(text, category)
    found, after = [], None
    while True:
        page = search(state, index, wanted, 5, after, limit)
        assert len(page.hits) <= limit
        found += [(x.sold.product, x.store) for x in page.hits]
        if page.last is None:
            break
        assert after is None or page.last > after
        after = page.last
    assert found == plainly(state, text, category)


def test_a_search_among_empty_shelves_gives_up_early_and_says_where_to_go_on():
    state, index = State(), CatalogIndex()
    state.stores.store_registered(e.StoreRegistered("s", "", STORE_PLACE, 0))
    for n in range(LOOKED_AT_MAX + 10):
        state.products.product_listed(e.ProductListed(f"p{n:05d}", "Tea", "", 1))
        state.prices.price_set(e.PriceSet("s", f"p{n:05d}", 1, 0))
    last = f"p{LOOKED_AT_MAX + 9:05d}"
    state.inventory.stock_received(e.StockReceived("s", last, 1))
    page = search(state, index, Wanted("tea"), 0, None, 9)
    assert (page.hits, page.last) == ([], (f"p{LOOKED_AT_MAX - 1:05d}", "s"))
    page = search(state, index, Wanted("tea"), 0, page.last, 9)
    assert [x.sold.product for x in page.hits] == [last]
    assert page.last is None
