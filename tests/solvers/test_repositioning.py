"""Where couriers with nothing to do are sent, on towns small enough to know the answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.policies.repositioning import Outlook, Terms, expected_delay_s, moves

EAGER = Terms(least_s=0.0, per_ride_s=0.0, ride_max_s=10_000.0)


def town(stores, couriers, demand, busy=0.0, lead_s=60.0, free_s=0.0, may_move=None) -> Outlook:
    """Places are seconds along one street."""
    stores, couriers = np.array(stores, float), np.array(couriers, float)
    count = len(couriers)
    return Outlook(
        demand=np.array(demand, float),
        lead_s=np.full(len(stores), float(lead_s)),
        spread_s=np.full(len(stores), 20.0),
        there_s=np.abs(couriers[:, None] - stores) + np.broadcast_to(free_s, count)[:, None],
        between_s=np.abs(stores[:, None] - stores),
        speed=np.ones(count),
        may_move=np.full(count, True) if may_move is None else np.array(may_move),
        busy=busy,
    )


def test_a_gap_is_filled_by_who_is_not_needed_where_he_is():
    assert moves(town([0, 600], [0, 1, 2], [5, 5], busy=0.2), EAGER)[0][1] == 1


def test_who_is_in_the_right_place_already_stays():
    assert moves(town([0, 600], [0, 600], [5, 5])) == []


def test_where_nothing_is_expected_nobody_is_sent():
    assert moves(town([0, 600], [0, 1, 2], [5, 0])) == []
    assert moves(town([0, 600], [0, 1, 2], [0, 0]), EAGER) == []


def test_two_are_not_sent_for_one_gap():
    chosen = moves(town([0, 600], [0, 1, 2, 3], [5, 5]), Terms(least_s=1.0))
    assert [store for _, store in chosen] == [1]


def test_goods_that_take_long_leave_time_to_ride_when_they_are_ordered():
    """Being there before the goods are ready is worth nothing."""
    assert moves(town([0, 600], [0, 1, 2], [5, 5], lead_s=60))
    assert moves(town([0, 600], [0, 1, 2], [5, 5], lead_s=1_200)) == []


def test_the_ride_must_be_worth_it():
    gap = town([0, 600], [0, 1, 2], [1, 1])
    assert moves(gap, Terms(least_s=0.0, per_ride_s=0.1))
    assert moves(gap, Terms(least_s=0.0, per_ride_s=5.0)) == []
    assert moves(gap, Terms(ride_max_s=300.0)) == []


def test_only_who_may_move_is_moved():
    chosen = moves(town([0, 600], [0, 1, 2], [5, 5], may_move=[False, True, False]), EAGER)
    assert chosen
    assert {courier for courier, _ in chosen} == {1}


def test_somebody_soon_free_next_to_a_store_counts():
    taken = town([0, 600], [0, 1, 600], [5, 5], free_s=[0, 0, 60], may_move=[True, True, False])
    assert moves(taken) == []


def test_no_more_move_in_one_round_than_agreed():
    far = town([0, 500, 1_000, 1_500, 2_000], [0] * 8, [5] * 5)
    assert len(moves(far, EAGER)) == 3
    assert len(moves(far, Terms(moves_max=1, ride_max_s=5_000.0))) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 1_500), min_size=1, max_size=5),
    st.lists(st.integers(0, 1_500), min_size=1, max_size=6),
    st.integers(0, 9),
    st.sampled_from([0.0, 0.3, 0.9]),
)
def test_every_set_of_moves_lowers_what_is_expected_by_at_least_its_price(
    stores, couriers, demand, busy
):
    outlook = town(stores, couriers, [demand] * len(stores), busy)
    terms = Terms(least_s=10.0, per_ride_s=0.1)
    chosen, there_s = moves(outlook, terms), outlook.there_s.copy()
    price = 0.0
    for courier, store in chosen:
        price += terms.least_s + terms.per_ride_s * there_s[courier, store]
        there_s[courier] = outlook.between_s[store]
    assert len({courier for courier, _ in chosen}) == len(chosen) <= terms.moves_max
    before, after = expected_delay_s(outlook, outlook.there_s), expected_delay_s(outlook, there_s)
    assert before - after >= price - 1e-6
    if not chosen:
        assert before == pytest.approx(after)
