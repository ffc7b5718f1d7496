"""Finding and counting orders: always what a walk through all of them would find and count."""

from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine.queries import order_index
from engine.queries.order_index import OrderIndex, Wanted
from engine.state.orders import OrderStatus
from engine.values import DAY, HOUR, MINUTE, Fulfillment
from tests import cases
from tests.days.random_days import RandomDay


@cache
def day():
    """A day that is over, its index folded along the way."""
    chaos = RandomDay(3)
    folded = OrderIndex(chaos.engine.state)
    for phase in (chaos.records(1_500), chaos.heal()):
        for record in phase:
            for event in record.events:
                if type(event) in order_index.INDEXED:
                    folded.fold(event, chaos.engine.state)
    return folded, chaos.engine.state


def walked(s, wanted):
    """Newest first, the slow way."""
    found = [(x.number, k) for k, x in s.orders.everything() if fits(x, wanted)]
    return [k for _, k in sorted(found, reverse=True)]


def fits(x, wanted):
    placed = x.placed
    return (
        wanted.store in (None, placed.store)
        and wanted.service in (None, placed.service)
        and wanted.customer in (None, placed.customer)
        and (not wanted.statuses or x.status in wanted.statuses)
        and wanted.fulfillment in (None, placed.fulfillment)
        and (wanted.placed_from is None or placed.placed_at >= wanted.placed_from)
        and (wanted.placed_to is None or placed.placed_at < wanted.placed_to)
    )


exact = st.deferred(  # when something was placed, to the millisecond
    lambda: st.sampled_from([x.placed.placed_at for _, x in day()[1].orders.everything()])
)
times = st.none() | exact | st.integers(0, 40 * MINUTE)
questions = st.builds(
    Wanted,
    st.sampled_from([None, "s0", "s1", "nowhere"]),
    st.sampled_from([None, "app", "nobody"]),
    st.sampled_from([None, "ann", "bob"]),
    st.lists(st.sampled_from(list(OrderStatus)), max_size=3).map(tuple),
    st.sampled_from([None, *Fulfillment]),
    times,
    times,
)


@given(questions, st.integers(1, 7), st.sampled_from([1, 5, 16_384]))
@settings(max_examples=150, deadline=None)
def test_page_by_page_everything_is_found_once_and_in_order(wanted, limit, block):
    index, s = day()
    usual, order_index.BLOCK = order_index.BLOCK, block
    try:
        found, place = index.find(wanted, limit)
        pages = 1
        while place is not None:
            page, place = index.find(wanted, limit, place)
            assert page
            found += page
            pages += 1
    finally:
        order_index.BLOCK = usual
    assert found == walked(s, wanted)
    assert pages == max(1, -(-len(found) // limit))


@given(questions, st.sampled_from(["hour", "day", "store", "service"]), st.integers(-840, 840))
@settings(max_examples=100, deadline=None)
def test_what_is_counted_is_what_is_there(wanted, by, offset_min):
    index, s = day()
    expected, owed = Counter(), Counter()
    for key in walked(s, wanted):
        order = s.orders[key]
        length = {"hour": HOUR, "day": DAY}.get(by)
        name = getattr(order.placed, by) if length is None else None
        if length is not None:
            local = order.placed.placed_at + offset_min * MINUTE
            name = local // length * length - offset_min * MINUTE
        expected[name, order.status] += 1
        owed[name] += order.due_minor * (order.status is OrderStatus.FULFILLED)
    counted = index.count(wanted, by, offset_min)
    assert {(x.key, k): n for x in counted for k, n in x.statuses.items()} == expected
    assert {x.key: x.fulfilled_minor for x in counted} == {x.key: owed[x.key] for x in counted}


def test_an_index_that_followed_is_one_that_was_drawn_up_at_once():
    folded, s = day()
    fresh = OrderIndex(s)
    everything = Wanted()
    assert len(folded) == len(fresh) == s.orders.count
    assert folded.find(everything, 10**6) == fresh.find(everything, 10**6)
    assert folded.count(everything, "store", 0) == fresh.count(everything, "store", 0)
    assert folded.count(everything, "hour", 0) == fresh.count(everything, "hour", 0)


def test_what_is_placed_between_two_pages_is_on_neither():
    case = cases.city(9)
    for name in ("a", "b", "c"):
        cases.placed(case, name)
    index = OrderIndex(case.state)
    first, place = index.find(Wanted(), 2)
    cases.placed(case, "d")
    fold(index, case)
    assert (first, *index.find(Wanted(), 2, place)) == (["c", "b"], ["a"], None)


@pytest.mark.parametrize("known", [True, False])
def test_a_page_goes_on_where_its_last_order_was_even_if_nobody_knows_it_any_case(known):
    case = cases.city(9)
    for name in ("a", "b", "c"):
        cases.placed(case, name)
    index = OrderIndex(case.state)
    placed_at = case.state.orders["b"].placed.placed_at
    assert index.find(Wanted(), 2, (placed_at, "b" if known else "gone"))[0] == ["a"]


def test_a_reduced_order_counts_with_what_is_left_of_it():
    case = cases.accepted(cases.city(3), pieces=3)
    index = OrderIndex(case.state)
    case.at(case.now_s + 1, c.ReportMissing("store", "o", "ramen", 1))
    fold(index, case)
    case.until_planning().plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    for report in (c.AcceptOffer, c.ReportPickup, c.ReportDropoff):
        case.at(case.now_s + 1, report("kim", "o/1"))
        fold(index, case)
    [counted] = index.count(Wanted(), "store", 0)
    assert counted.statuses == {OrderStatus.FULFILLED: 1}
    assert counted.fulfilled_minor == 2 * cases.GOODS + cases.FEE


def fold(index, case):
    for event in case.events:
        if type(event) in order_index.INDEXED:
            index.fold(event, case.state)
