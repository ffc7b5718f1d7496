"""What is suggested: what goes together, what somebody likes, and more hits than popularity has."""

import pytest
from msgspec import msgpack

from benchmarks.recommendations import Guessing, town
from engine import events as e
from engine.commands import Tick
from engine.engine import Record
from engine.projections import Projections, dump, load, tastes
from engine.projections.tastes import Suggestion, Tastes, Why
from engine.values import DAY, Actor, PricedLine, Proof, Purpose
from geo.points import Point
from simulation.days.city import stores_of
from simulation.people.demand import Population
from simulation.streams import RandomStreams
from tests.days.random_days import RandomDay

NOW = 400 * DAY
HOME = Point(0, 0)


def placed(order, customer, products, store="s"):
    lines = [PricedLine(x, 1, 100) for x in products]
    return e.OrderPlaced(
        order, "app", customer, store, lines, HOME, 0, 100, "bank", Proof.NONE, "", 1, 0, 0
    )


class Shop:
    """Who buys what, in short; questions, in words."""

    def __init__(self):
        self.tastes, self.orders = Tastes(), 0

    def buys(self, customer, *products, store="s", at=NOW, times=1):
        for _ in range(times):
            self.orders += 1
            self.tastes.placed(at, placed(f"o{self.orders}", customer, products, store))
            self.tastes.fulfilled(at, e.OrderFulfilled(f"o{self.orders}", at))
        return self

    def suggests(self, customer=None, cart=(), store="s", at=NOW):
        return self.tastes.suggested(store, at, customer, [*cart])

    def names(self, *args, **more):
        return [x.product for x in self.suggests(*args, **more)]


def crowd():
    """Tea is what everybody buys; cake comes with tea, and soup with noodles."""
    shop = Shop()
    for n in range(20):
        shop.buys(f"t{n}", "tea", "cake") if n % 2 else shop.buys(f"t{n}", "tea")
    for n in range(8):
        shop.buys(f"n{n}", "noodles", "soup")
    return shop.buys("x", "rice")


def test_a_store_that_was_asked_about_before_it_sold_anything_is_looked_at_again():
    shop = Shop()
    assert shop.suggests() == []
    assert shop.buys("a", "tea").names() == ["tea"]


def test_without_anything_known_it_is_what_sells_here():
    assert crowd().suggests()[:2] == [("tea", Why.POPULAR), ("cake", Why.POPULAR)]
    assert crowd().names(store="elsewhere") == []


def test_what_goes_with_the_cart_comes_first_and_nothing_that_is_in_it():
    shop = crowd()
    assert shop.suggests(cart=["noodles"])[0] == Suggestion("soup", Why.TOGETHER)
    assert shop.suggests(cart=["soup"])[0] == Suggestion("noodles", Why.TOGETHER)
    assert "noodles" not in shop.names(cart=["noodles", "soup"])
    assert shop.names(cart=["nobody knows it"])[0] == "tea"


def test_what_is_together_by_chance_does_not_count():
    shop = Shop()
    for n in range(40):
        shop.buys(f"a{n}", "tea", "rice" if n % 4 else "cake")
        shop.buys(f"b{n}", "rice" if n % 4 else "cake")
    assert all(x.why is not Why.TOGETHER for x in shop.suggests(cart=["tea"]))
    assert shop.buys("c", "pie", "jam", times=2).names(cart=["pie"])[0] != "jam"  # twice is chance


def test_what_somebody_buys_again_and_again_comes_first_for_him_alone():
    shop = crowd().buys("ann", "rice", times=6)
    assert shop.suggests("ann")[0] == Suggestion("rice", Why.AGAIN)
    assert shop.names("bob")[0] == "tea"


def test_what_others_like_him_bought_comes_before_what_everybody_does():
    shop = crowd().buys("ann", "noodles", times=2)
    names = shop.names("ann")
    assert names.index("soup") < names.index("cake")
    assert dict(shop.suggests("ann"))["soup"] is Why.ALIKE
    assert crowd().names().index("cake") < crowd().names().index("soup")


def test_what_was_bought_long_ago_says_less():
    old = crowd().buys("ann", "rice", at=NOW - 300 * DAY, times=3)
    new = crowd().buys("ann", "rice", at=NOW, times=3)
    assert old.names("ann")[0] == "tea"
    assert new.names("ann")[0] == "rice"


def test_what_he_did_not_like_is_not_suggested_until_he_buys_it_again():
    shop = crowd().buys("ann", "rice", times=3)
    rated = e.OrderRated("o1", "ann", "app", "s", 2, None, 0, [], [], ["rice"], NOW)
    shop.tastes.rated(NOW, rated)
    assert "rice" not in shop.names("ann")
    assert "rice" in shop.names("bob")
    assert "rice" in shop.buys("ann", "rice").names("ann")


@pytest.mark.parametrize(
    "event",
    [e.CustomerForgotten("ann", NOW), e.ConsentSet("ann", Purpose.PERSONALIZATION, False, NOW)],
)
def test_who_is_forgotten_or_withdraws_is_a_stranger(event):
    projections = Projections()
    projections.tastes = shop_tastes = crowd().buys("ann", "rice", times=6).tastes
    projections.table = projections._folds()
    assert shop_tastes.suggested("s", NOW, "ann", [])[0].product == "rice"
    projections.fold(Record(1, NOW, Tick(), [event]))
    assert shop_tastes.suggested("s", NOW, "ann", [])[0].product == "tea"
    assert "ann" not in shop_tastes.recent


def test_what_was_never_delivered_was_never_liked():
    shop = crowd()
    before = msgpack.encode(shop.tastes)
    shop.tastes.placed(NOW, placed("o", "ann", ["rice"]))
    shop.tastes.ended(NOW, e.OrderCancelled("o", Actor.CUSTOMER, "too_slow", NOW))
    assert msgpack.encode(shop.tastes) == before
    shop.tastes.placed(NOW, placed("o", "ann", ["rice", "tea"]))
    shop.tastes.reduced(NOW, e.OrderReduced("o", [PricedLine("tea", 1, 100)], 100))
    shop.tastes.fulfilled(NOW, e.OrderFulfilled("o", NOW))
    assert shop.tastes.in_baskets[shop.tastes.numbers["rice"]] == 1


def test_it_stays_small_whatever_is_bought(monkeypatch):
    for name, size in (("PRODUCTS", 40), ("NEIGHBORS", 4), ("PURCHASES", 3), ("CUSTOMERS", 10)):
        monkeypatch.setattr(tastes, name, size)
    shop = Shop()
    for n in range(400):
        shop.buys(f"c{n % 60}", *(f"p{n * k % 97}" for k in (1, 2, 3, 5)))
    t = shop.tastes
    assert len(t.products) == 40
    assert max(map(len, (*t.together, *t.alike))) <= 8
    assert len(t.recent) <= 10
    assert len(t.older) <= 10
    assert max(map(len, t.recent.values())) <= 3 * tastes.BOUGHT.size
    assert t.open == {}


def test_the_latest_customers_and_the_most_frequent_neighbors_are_kept(monkeypatch):
    monkeypatch.setattr(tastes, "CUSTOMERS", 3)
    monkeypatch.setattr(tastes, "NEIGHBORS", 2)
    shop = Shop()
    for n in range(9):
        shop.buys(f"c{n}", "tea", f"p{n}")
        shop.buys(f"c{n}", "tea", "cake")
    assert {"c8", "c7", "c6"} <= {*shop.tastes.recent, *shop.tastes.older}
    assert "c0" not in {*shop.tastes.recent, *shop.tastes.older}
    tea, cake = shop.tastes.numbers["tea"], shop.tastes.numbers["cake"]
    assert shop.tastes.together[tea][cake] == 9


@pytest.mark.parametrize("seed", [2, 5])
def test_tastes_kept_and_loaded_go_on_as_if_nothing_had_been(seed):
    day, one = RandomDay(seed), Projections()
    records = [*day.records(600), *day.heal()]
    for record in records[:400]:
        one.fold(record)
    two = load(dump(one))
    for record in records[400:]:
        one.fold(record)
        two.fold(record)
    assert msgpack.encode(one.tastes) == msgpack.encode(two.tastes)
    assert one.tastes.numbers == two.tastes.numbers
    assert one.tastes.baskets > 0


def test_people_with_tastes_are_guessed_better_than_by_what_sells():
    """Without the engine: what the people of the benchmark's city want, bought at once."""
    scenario, streams = town(1_600, 100), RandomStreams(3)
    people = Population(scenario, streams, stores_of(scenario, streams))
    guessing = Guessing(1_600, streams.named("hidden"))
    for n in range(1_600):
        wish = people.wish(n)
        at = NOW + n * 60_000
        bought = [x.product for x in wish.lines]
        order = placed(f"o{n}", wish.customer, bought, wish.store.id)
        guessing.see(Record(n + 1, at, Tick(), [order, e.OrderFulfilled(f"o{n}", at)]))
    popular, personal = (guessing.personal[x].rates() for x in ("popular", "personal"))
    assert all(a > 1.2 * b for a, b in zip(personal, popular, strict=True)), (personal, popular)
    popular, cart = (guessing.beside[x].rates() for x in ("popular", "cart"))
    assert all(a > 1.5 * b for a, b in zip(cart, popular, strict=True)), (cart, popular)


def test_people_without_tastes_want_what_they_always_wanted():
    """The default: not one draw more than before, so every known day stays as it was."""
    scenario, streams = town(50, 20, tastes=0.0), RandomStreams(3)
    sites = stores_of(scenario, streams)
    people = Population(scenario, streams, sites)
    assert people._menu(sites[0], "7") is sites[0].popularity
