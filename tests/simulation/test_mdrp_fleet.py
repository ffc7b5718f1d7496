"""Couriers do what the public rules allow, when they allow it, and nothing else."""

import pytest

from simulation.mdrp.fleet import Fleet, Instruction, RefusedError
from simulation.mdrp.instance import Courier, Instance, MealOrder, Restaurant, Spot
from tests.mdrp_days import TERMS


def town() -> Fleet:
    """One courier five minutes from restaurant r; two of its orders; one of restaurant q."""
    return Fleet(
        Instance(
            "town",
            TERMS,
            [Restaurant("r", Spot(1_600, 0)), Restaurant("q", Spot(0, 640))],
            [Courier("kim", Spot(0, 0), 10, 60), Courier("lee", Spot(0, 0), 10, 60)],
            [
                MealOrder("a", Spot(1_600, 320), 5, "r", 20),
                MealOrder("b", Spot(1_600, 640), 6, "r", 24),
                MealOrder("c", Spot(0, 320), 6, "q", 12),
                MealOrder("z", Spot(0, 320), 6, "q", 61),
            ],
        )
    )


def kim(fleet: Fleet, at_min: float):
    return next(x for x in fleet.view(at_min) if x.id == "kim")


def test_food_is_handed_over_when_ready_and_driven_to_each_door_in_turn():
    fleet = town()
    fleet.follow(12, Instruction("kim", ["a", "b"]))
    fleet.advance(23)
    assert kim(fleet, 23).state == "to_pickup"
    fleet.advance(24)
    assert (kim(fleet, 24).state, kim(fleet, 24).at) == ("delivering", "b")
    # out at 24 + 2; one minute to each door; two minutes before and after each hand-over
    first, second = fleet.delivered
    assert (first.picked_up_min, first.dropped_off_min) == (24, 29)
    assert (second.picked_up_min, second.dropped_off_min) == (24, 34)
    assert kim(fleet, 24).free_min == 36


def test_a_courier_arriving_late_needs_two_minutes_at_the_counter():
    fleet = town()
    fleet.follow(18, Instruction("kim", ["a"]))
    fleet.advance(25)
    assert fleet.delivered[0].picked_up_min == 18 + 5 + 2


def test_the_list_may_change_until_the_pickup_and_the_first_instruction_counts():
    fleet = town()
    fleet.follow(12, Instruction("kim", ["a"]))
    fleet.follow(15, Instruction("kim", ["b", "a"]))
    fleet.advance(40)
    assert [(x.order, x.assigned_min) for x in fleet.delivered] == [("b", 15), ("a", 12)]


def test_an_order_taken_off_the_list_is_free_again():
    fleet = town()
    fleet.follow(12, Instruction("kim", ["a", "b"]))
    with pytest.raises(RefusedError, match="with another courier"):
        fleet.follow(12, Instruction("lee", ["b"]))
    fleet.follow(13, Instruction("kim", ["a"]))
    fleet.follow(13, Instruction("lee", ["b"]))
    fleet.advance(60)
    assert {x.order: x.courier for x in fleet.delivered} == {"a": "kim", "b": "lee"}


def test_a_move_ends_at_the_restaurant():
    fleet = town()
    fleet.follow(12, Instruction("kim", move="r"))
    fleet.advance(16)
    assert (kim(fleet, 16).state, kim(fleet, 16).free_min) == ("moving", 17)
    with pytest.raises(RefusedError, match="courier busy"):
        fleet.follow(16, Instruction("kim", ["a"]))
    fleet.advance(17)
    assert (kim(fleet, 17).state, kim(fleet, 17).at) == ("idle", "r")
    fleet.follow(17, Instruction("kim", ["a"]))
    fleet.advance(20)
    assert fleet.delivered[0].picked_up_min == 20
    assert [(x.left_min, x.restaurant) for x in fleet.moved] == [(12, "r")]


@pytest.mark.parametrize(
    ("at_min", "told", "why"),
    [
        (12, Instruction("max", ["a"]), "unknown courier"),
        (9, Instruction("kim", ["a"]), "off duty"),
        (61, Instruction("kim", ["a"]), "off duty"),
        (12, Instruction("kim"), "empty or repeated"),
        (12, Instruction("kim", ["a", "a"]), "empty or repeated"),
        (12, Instruction("kim", ["a", "c"]), "more than one restaurant"),
        (12, Instruction("kim", ["z"]), "pickup after off-time"),
        (12, Instruction("kim", move="x"), "unknown restaurant"),
    ],
)
def test_what_breaks_a_rule_is_refused(at_min, told, why):
    with pytest.raises(RefusedError, match=why):
        town().follow(at_min, told)


def test_a_started_leg_is_not_diverted_and_food_is_not_delivered_twice():
    fleet = town()
    fleet.follow(12, Instruction("kim", ["a"]))
    with pytest.raises(RefusedError, match="more than one restaurant"):
        fleet.follow(13, Instruction("kim", ["c"]))
    fleet.advance(40)
    with pytest.raises(RefusedError, match="already delivered"):
        fleet.follow(40, Instruction("kim", ["a"]))


def test_only_those_on_duty_or_at_work_are_seen():
    fleet = town()
    assert fleet.view(9) == []
    fleet.follow(53, Instruction("kim", ["b"]))
    fleet.advance(62)
    assert [x.id for x in fleet.view(62)] == ["kim"]
