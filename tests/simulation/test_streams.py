"""Named random streams, the distributions drawn from them, and what people do with them."""

from itertools import repeat
from math import exp as c_exp
from math import log
from statistics import NormalDist, fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulation.days.arrivals import Arrivals, sources_of
from simulation.days.city import Ground, Neighborhoods, couriers_of, stores_of
from simulation.elementary import exp, ln
from simulation.people import conduct
from simulation.people.conduct import Answer
from simulation.people.demand import Population
from simulation.people.stores import Kitchen
from simulation.scenarios.quantities import Varying
from simulation.streams import Draws, RandomStreams, normal_quantile
from tests.simulated_city import small, troubled

DRAWS = 20_000


def test_a_name_gives_the_same_numbers_whoever_else_draws():
    alone = RandomStreams(7).named("courier", "3")
    expected = [alone.random() for _ in range(100)]
    streams = RandomStreams(7)
    other, one = streams.named("courier", "4"), streams.named("courier", "3")
    got = []
    for n in range(100):
        for _ in range(n % 3):
            other.random()
            streams.named("new consumer", str(n)).normal()
        got.append(one.random())
    assert got == expected


def test_names_and_seeds_make_different_streams():
    names = [("a",), ("b",), ("a", "1"), ("a", "2"), ("a", "1", "2"), ("a", "12")]
    firsts = {(s, n): RandomStreams(s).named(*n).random() for s in (1, 2) for n in names}
    assert len(set(firsts.values())) == len(firsts)


def test_the_numbers_of_a_stream_are_the_same_on_every_machine():
    """Written down once: BLAKE2b and the order of the bytes are fixed by their standards."""
    draws = RandomStreams(7).named("order", "1")
    assert [draws.random().hex() for _ in range(9)][::4] == [
        "0x1.65511f3b45ed8p-3",
        "0x1.049954b4a4bacp-2",
        "0x1.1f77648b14b34p-3",
    ]


def test_uniform_numbers_fill_the_unit_interval_evenly():
    draws = RandomStreams(1).named("uniform")
    counts = [0] * 10
    for _ in range(DRAWS):
        counts[int(draws.random() * 10)] += 1
    chi_square = sum((x - DRAWS / 10) ** 2 / (DRAWS / 10) for x in counts)
    assert chi_square < 27.9  # 9 degrees of freedom, 1 in 1000


@given(st.floats(1e-300, 1e300))
def test_the_logarithm_is_that_of_the_library(x):
    assert ln(x) == pytest.approx(log(x), rel=1e-14, abs=1e-15)


@given(st.floats(-600, 600))
def test_the_exponential_is_that_of_the_library(x):
    assert exp(x) == pytest.approx(c_exp(x), rel=1e-13)


@given(st.floats(1e-15, 1 - 1e-15))
def test_the_quantile_is_that_of_the_normal_distribution(p):
    assert normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-6, abs=1e-6)


@given(st.floats(-600, 600), st.floats(1e-300, 1e300), st.floats(1e-15, 1 - 1e-15))
def test_compiled_they_give_the_bits_that_python_gives(x, positive, p):
    assert exp(x) == exp.py_func(x)
    assert ln(positive) == ln.py_func(positive)
    assert normal_quantile(p) == normal_quantile.py_func(p)


def test_no_draw_leaves_the_domain_of_the_quantile():
    for extreme in (0.0, 1.0 - 2.0**-53):
        draws = Draws("edge")
        draws.random = repeat(extreme).__next__
        assert 8 < abs(draws.normal()) < 9


def test_a_log_normal_has_the_median_and_the_tenth_above_that_it_says():
    spread, draws = Varying(median=480.0, p90=780.0), RandomStreams(1).named("prep")
    values = sorted(spread.draw(draws) for _ in range(DRAWS))
    assert values[DRAWS // 2] == pytest.approx(480, rel=0.02)
    assert values[DRAWS * 9 // 10] == pytest.approx(780, rel=0.02)
    assert values[0] > 0


def test_what_varies_exponentially_has_its_mean_and_its_half():
    spread, draws = Varying(mean=300.0), RandomStreams(1).named("prep")
    values = sorted(spread.draw(draws) for _ in range(DRAWS))
    assert fmean(values) == pytest.approx(300, rel=0.02)
    assert values[DRAWS // 2] == pytest.approx(spread.typical, rel=0.03)
    assert Varying(median=8, p90=9).typical == 8


def test_an_exponential_has_its_mean():
    draws = RandomStreams(1).named("gap")
    assert fmean(draws.exponential(60.0) for _ in range(DRAWS)) == pytest.approx(60, rel=0.02)


def test_picks_are_as_likely_as_their_steps():
    draws = RandomStreams(1).named("pick")
    counts = [0, 0, 0, 0]
    for _ in range(DRAWS):
        counts[draws.pick([1.0, 1.0, 3.0, 4.0])] += 1
    assert counts[1] == 0
    assert counts[2] / DRAWS == pytest.approx(0.5, abs=0.02)


# demand


def test_arrivals_follow_the_profile_and_add_up_to_the_expected_count():
    calm = small()
    busy = replace(calm, hours=3.0, demand=replace(calm.demand, orders=9_000.0))
    parts = [0, 0, 0]
    for at, _, _ in Arrivals(busy, RandomStreams(5)):
        parts[(at - busy.starts_ms) * 3 // (busy.ends_ms - busy.starts_ms)] += 1
    assert sum(parts) == pytest.approx(9_000, abs=4 * 95)
    assert parts[1] / sum(parts) == pytest.approx(0.5, abs=0.02)


def test_arrivals_come_in_order_and_within_the_hours():
    times = [x.at for x in Arrivals(small(), RandomStreams(5))]
    assert times == sorted(times)
    assert small().starts_ms <= times[0] <= times[-1] < small().ends_ms


def test_what_a_customer_wants_does_not_depend_on_the_fleet_or_the_policy():
    def wishes(scenario):
        streams = RandomStreams(9)
        population = Population(scenario, streams, stores_of(scenario, streams))
        return [(x.customer, x.home, x.store.id, x.lines) for x in map(population.wish, range(50))]

    calm = small()
    fewer = [replace(x, count=3, declines=0.5) for x in calm.couriers]
    assert wishes(calm) == wishes(replace(calm, couriers=fewer))


def test_baskets_can_be_carried_and_come_from_the_store():
    calm = small()
    greedy = replace(calm, demand=replace(calm.demand, lines=Varying(median=9.0, p90=30.0)))
    streams = RandomStreams(2)
    population = Population(greedy, streams, stores_of(greedy, streams))
    for n in range(200):
        wish = population.wish(n)
        sold = {x.id: x.load for x in wish.store.products}
        load = sum(x.quantity * sold[x.product] for x in wish.lines)
        assert 1 <= load <= greedy.engine.load_max


def test_customers_order_from_stores_that_deliver_to_them():
    scenario, streams = small(), RandomStreams(3)
    near = replace(scenario, engine=replace(scenario.engine, delivery_radius_m=1_500))
    sites = stores_of(near, streams)
    ground, neighborhoods = Ground(near), Neighborhoods(near, streams, sites)
    (city,) = sources_of(near)
    for n in range(300):
        home = neighborhoods.home(city, n)
        tastes = neighborhoods.tastes(home)
        x, y = ground.meters(home)
        shares = [b - a for a, b in zip([0.0, *tastes], tastes, strict=False)]
        ways = [
            ((x - u) ** 2 + (y - v) ** 2) ** 0.5
            for u, v in (ground.meters(site.location) for site in sites)
        ]
        if min(ways) < 1_000:
            assert all(way <= 1_500 for way, share in zip(ways, shares, strict=True) if share > 0)


def test_everybody_lives_within_the_city():
    scenario, streams = small(), RandomStreams(3)
    ground = Ground(scenario)
    for profile in couriers_of(scenario, streams):
        x, y = ground.meters(profile.home)
        assert x * x + y * y <= scenario.city.radius_m**2 * 1.001
        assert scenario.starts_ms <= profile.starts_ms < profile.ends_ms


# kitchens and replies


def test_a_kitchen_cooks_first_come_first_served_with_all_its_cooks():
    kitchen = Kitchen(cooks=2, starts_ms=0)
    assert [kitchen.take(0, 100), kitchen.take(0, 50), kitchen.take(0, 10)] == [100, 50, 60]
    assert kitchen.next_free(0) == 60
    assert kitchen.next_free(500) == 500


def test_replies_come_in_the_shares_the_scenario_says():
    scenario, streams = troubled(), RandomStreams(1)
    group = scenario.couriers[0]
    replies = [
        conduct.offer_reply(streams, group, "c", f"d{n}", 1).answer  # type: ignore[arg-type]
        for n in range(4_000)
    ]
    assert replies.count(Answer.NO) / 4_000 == pytest.approx(group.declines, abs=0.03)
    assert replies.count(Answer.SILENCE) / 4_000 == pytest.approx(group.silent, abs=0.03)


def test_the_same_offer_gets_the_same_answer_and_another_time_another_draw():
    streams, group = RandomStreams(1), troubled().couriers[0]
    first = conduct.offer_reply(streams, group, "c", "d", 1)  # type: ignore[arg-type]
    assert conduct.offer_reply(streams, group, "c", "d", 1) == first  # type: ignore[arg-type]
    assert conduct.offer_reply(streams, group, "c", "d", 2) != first  # type: ignore[arg-type]


def test_more_trouble_never_changes_how_long_anything_takes():
    """Shares are drawn from the same lots, so scenarios can be compared pairwise."""
    calm, storm = small(), troubled()
    for n in range(200):
        streams = RandomStreams(n)
        assert (
            conduct.cooking(streams, calm.stores[0], f"o{n}").preparation_ms  # type: ignore[arg-type]
            == conduct.cooking(streams, storm.stores[0], f"o{n}").preparation_ms  # type: ignore[arg-type]
        )
