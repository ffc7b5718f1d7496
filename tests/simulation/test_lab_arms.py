"""What if, before the first run and in words: what is varied, which arms there are, a verdict."""

import tomllib
from math import inf

import pytest

from simulation.lab.arms import Arm, arms_of
from simulation.lab.asides import asides
from simulation.lab.deciding import Finding
from simulation.lab.figures import BY_KEY, HEADLINES
from simulation.lab.variation import Axis, VaryError, axis_of, vary
from simulation.lab.wording import verdict
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import scenario_of
from tests.simulated_city import EVENTFUL, SMALL


def document() -> dict:
    return tomllib.loads(SMALL)


# what is varied


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("couriers=80..140:20", [80, 100, 120, 140]),
        ("promise_min=30,40", [30, 40]),
        ("x=0.1..0.3:0.1", [0.1, 0.2, 0.3]),
        ("x=1_000, 2.5,true,insertion", [1000, 2.5, True, "insertion"]),
        ("x=1..2:1,9", [1, 2, 9]),
    ],
)
def test_what_is_varied_is_a_list_a_range_or_both(text, values):
    assert axis_of(text).values == values


@pytest.mark.parametrize(
    "text",
    [
        "couriers",
        "=3",
        "couriers=",
        "x=1..5",
        "x=5..1:1",
        "x=1..5:0",
        "x=a..b:c",
        "x=1,1",
        "x=1..1000:1",
        "x=1..inf:1",
        "x=1,,2",
        "x=1,",
    ],
)
def test_what_cannot_be_understood_is_refused_with_how_it_would_be(text):
    with pytest.raises(VaryError):
        axis_of(text)


def test_a_range_that_runs_backwards_is_told_which_way_round():
    with pytest.raises(VaryError, match=r"80\.\.140:20 is the same"):
        axis_of("couriers=140..80:20")


def varied(**settings: object) -> Scenario:
    return scenario_of(vary(document(), {k.replace("__", "."): v for k, v in settings.items()}))  # type: ignore[misc]


def test_short_names_turn_what_they_say():
    assert varied(promise_min=20).engine.promise_min_ms == 20 * 60_000
    assert varied(batch_s=1.5).engine.planning_interval_ms == 1_500
    assert varied(orders=90).demand.orders == 90
    assert varied(shift_h=1).couriers[0].to_h == 1
    assert varied(repositions=True).planner.repositions
    assert varied(co2e_price=50).planner.co2e_minor_per_kg == 50
    assert varied(moves_per_h=0).planner.moves_per_h == 0


def test_any_path_of_a_scenario_can_be_varied_by_number_or_by_name():
    assert varied(engine__handling_ms=5).engine.handling_ms == 5
    assert varied(planner__weights__lateness_per_s=3).planner.weights.lateness_per_s == 3
    assert varied(couriers__Scooters__capacity=20).couriers[0].capacity == 20
    twice = vary(
        tomllib.loads(SMALL + EVENTFUL), {"stores[1].cooks": 7, "episodes.Shower.speed": 0.5}
    )
    scenario = scenario_of(twice)
    assert (scenario.stores[1].cooks, scenario.episodes[0].speed) == (7, 0.5)


def test_groups_grow_and_shrink_in_proportion():
    stores = [(x.name, x.count) for x in varied(stores=9).stores]
    assert stores == [("Kitchen", 6), ("Counter", 3)]
    assert [x.count for x in varied(stores=4).stores] == [3, 1]
    assert varied(couriers=17).couriers[0].count == 17


@pytest.mark.parametrize(
    ("axis", "key", "nearest"),
    [
        ("couriesr=3", "couriesr", "couriers"),
        ("engine.promise_mim_ms=3", "engine.promise_mim_ms", "promise_min_ms"),
        ("couriers.Scoters.count=3", "couriers.Scoters.count", "Scooters"),
        ("stores[7].cooks=3", "stores[7].cooks", "there are 2"),
        ("couriers.Scooters=3", "couriers.Scooters", "whole table"),
        ("hours.x=3", "hours.x", "not a table"),
        ("couriers=few", "couriers", "whole number"),
        ("couriers=inf", "couriers", "whole number"),
        ("promise_min=inf", "engine.promise_min_ms", "expected"),
        ("orders=nan", "demand.orders", "expected"),
        ("couriers=0", "couriers", "no courier"),
        ("promise_max=1", "engine.promise_max_ms", "cooking"),
        ("promise_min=-5,10", "engine.promise_min_ms", "nothing an engine can work with"),
        ("delivery_fee=3", "delivery_fee", '"fee_minor"'),
        ("bundling=3", "bundling", '"batch_s"'),
        ("handling_ms=3", "handling_ms", '"engine.handling_ms"'),
        ("engine=3", "engine", "vary one of its values"),
        ("weather=3", "weather", "there are couriers, stores"),
    ],
)
def test_what_cannot_be_varied_so_is_refused_before_the_first_run(axis, key, nearest):
    with pytest.raises(ScenarioError) as refused:
        arms_of(document(), [axis_of(axis)], [])
    assert any(x.key == key and nearest in str(x) for x in refused.value.flaws), refused.value.flaws


def test_all_arms_that_cannot_be_are_refused_at_once():
    with pytest.raises(ScenarioError) as refused:
        arms_of(document(), [axis_of("couriers=0,8"), axis_of("promise_max=1,90")], [])
    assert {x.code for x in refused.value.flaws} == {"no_courier", "promise_too_short"}


# arms


def test_arms_are_every_combination_and_the_scenario_as_it_is_comes_first():
    axes = [axis_of("couriers=6..10:2"), Axis("promise_min", [15, 20])]
    arms = arms_of(document(), axes, ["matching", "insertion"])
    assert len(arms) == 12
    assert [x.label for x in arms[:3]] == ["A", "B", "C"]
    assert arms[0].name == "couriers 8, promise_min 15, policy insertion"
    assert arms[0].scenario == scenario_of(document())
    assert len({x.digest for x in arms}) == 12


def test_policies_have_the_names_people_use_and_a_budget_if_they_search():
    arms = arms_of(document(), [], ["greedy", "ruin_recreate", "improvement:50"])
    planners = [(x.scenario.planner.policy, x.scenario.planner.iterations) for x in arms]
    assert planners == [("insertion", 0), ("improvement", 300), ("improvement", 50)]


@pytest.mark.parametrize("policy", ["insrtion", "insertion:5", "improvement:many"])
def test_a_policy_nobody_has_is_refused(policy):
    with pytest.raises(ScenarioError):
        arms_of(document(), [], [policy])


def test_the_same_arm_twice_is_refused():
    with pytest.raises(VaryError, match="are the same"):
        arms_of(document(), [], ["insertion", "greedy"])
    with pytest.raises(VaryError, match="couriers is varied twice"):
        arms_of(document(), [axis_of("couriers=3"), axis_of("couriers=4")], [])
    with pytest.raises(VaryError, match="policy is varied twice"):
        arms_of(document(), [axis_of("policy=matching")], ["insertion"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("promise_min=15", "engine.promise_min_ms=600_000,1_200_000"),
        ("couriers=4,8", "couriers.Scooters.count=3"),
        ("planner.policy=insertion", "policy=matching"),
    ],
)
def test_what_one_name_sets_another_does_not_take_back_in_silence(first, second):
    with pytest.raises(VaryError, match="set the same thing"):
        arms_of(document(), [axis_of(first), axis_of(second)], [])


# in words


def finding(figure: str, difference: float, half: float, answer: str) -> Finding:
    return Finding(figure, 20, 20.0, 20.0 + difference, difference, half, 0.99, 0.01, answer)  # type: ignore[arg-type]


ARM = Arm("B", {"couriers": 60}, "", None)  # type: ignore[arg-type]


def test_a_verdict_says_how_much_sooner_and_what_is_no_different():
    said = verdict(
        ARM,
        [
            finding("click_to_door_min", -1.8, 0.4, "less"),
            finding("cost_per_order", 0.003, 0.01, "same"),
        ],
        "CNY",
    )
    assert (
        said
        == "B (couriers 60) delivers 1.8 ± 0.4 minutes sooner; costs the same per order (within 0.01 CNY)."
    )


def test_a_verdict_says_what_is_not_clear_and_within_which_bounds():
    said = verdict(
        ARM,
        [
            finding("late_percent", 4.0, 1.5, "more"),
            finding("co2e_g_per_order", 0.5, 2.0, "unclear"),
        ],
        "CNY",
    )
    assert said == (
        "B (couriers 60) is late 4.0 ± 1.5 points more often; "
        "not clear: CO2e per order (-1.5 to +2.5 g)."
    )


def test_what_changes_nothing_is_not_called_unclear():
    """However few the days: every figure of every one of them is the same."""
    for width in (0.0, inf):
        found = [finding(x.key, 0.0, width, "unclear") for x in HEADLINES]
        assert "changes nothing: every figure is the same on all 20 days" in verdict(
            ARM, found, "CNY"
        )
    found[0] = finding("click_to_door_min", 0.0, 0.4, "unclear")
    assert "not clear" in verdict(ARM, found, "CNY")


def columns(**figures: list[float]) -> dict[str, list[float]]:
    return {key: figures.get(key, [1.0] * 6) for key in BY_KEY}


def test_money_is_told_beside_the_verdict_where_it_is_clear():
    base, dear = columns(), columns(fees_less_couriers=[101.0, 99.0, 101.0, 99.0, 101.0, 99.0])
    (said,) = asides(base, dear, [], "CNY")
    assert said == "Delivery fees less couriers bring in 99 ± 1 CNY a day more."


def test_a_kilogram_has_a_price_only_where_it_is_saved_and_not_by_serving_fewer():
    base = columns(co2e_g_per_order=[40.0, 41.0] * 3, click_to_door_min=[20.0, 21.0] * 3)
    arm = columns(co2e_g_per_order=[35.0, 35.5] * 3, click_to_door_min=[19.0, 19.8] * 3)
    less = finding("co2e_g_per_order", -5.0, 1.0, "less")
    (said,) = asides(base, arm, [less], "CNY")
    assert said == "A kilogram of CO2e saved costs neither time nor money."
    assert not asides(base, arm, [less, finding("served_percent", -9.0, 1.0, "less")], "CNY")


def test_a_verdict_about_nothing_clear_says_so_and_small_intervals_are_not_nothing():
    unclear = [finding("served_percent", 0.1, 9.0, "unclear")]
    assert verdict(ARM, unclear, "CNY").startswith("B (couriers 60): nothing is clear; not clear")
    tiny = [finding("served_percent", 0.03, 0.004, "more")]
    assert "serves 0.030 ± 0.004 points more of those who come" in verdict(ARM, tiny, "CNY")
