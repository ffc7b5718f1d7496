"""Weather and disruptions: each changes what it is about, for its time, and nothing else."""

from functools import cache
from itertools import pairwise
from math import sqrt
from statistics import fmean

import msgspec
import pytest
from msgspec.structs import replace

from engine import events as e
from engine.commands import TakeBreak
from engine.engine import Record
from engine.values import HOUR, MINUTE, Millis
from geo.points import Point, distance_m
from simulation.days.arrivals import Arrivals, sources_of
from simulation.days.conditions import Conditions
from simulation.days.day import of_scenario
from simulation.people import conduct
from simulation.people.conduct import Answer
from simulation.run import Run, simulate
from simulation.scenarios.areas import Area
from simulation.scenarios.episodes import (
    Crowd,
    FlashSale,
    PaymentOutage,
    Rain,
    RoadClosure,
    StoreOutage,
    Strike,
)
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.scenario import Scenario, Zone
from simulation.scenarios.scenario_file import parse
from simulation.scenarios.tables import merged
from simulation.streams import RandomStreams
from tests.simulated_city import EVENTFUL, SMALL, eventful, small

MIDDLE = Point.of_degrees(31.2304, 121.4737)
DISC = Area(lat=31.2304, lon=121.4737, radius_m=600)
BENT = Area(
    polygon=[(31.22, 121.46), (31.24, 121.46), (31.23, 121.47), (31.24, 121.48), (31.22, 121.48)]
)


def with_episodes(*episodes, scenario: Scenario | None = None) -> Scenario:
    return replace(scenario or small(), episodes=list(episodes))


@cache
def played(digest: bytes, seed: int) -> tuple[Run, list[Record]]:
    records: list[Record] = []
    return simulate(msgspec.json.decode(digest, type=Scenario), seed, records.append), records


def play(scenario: Scenario, seed: int = 1) -> tuple[Run, list[Record]]:
    run, records = played(msgspec.json.encode(scenario), seed)
    assert run.is_sound, run.scorecard.stuck + run.scorecard.violations
    return run, records


def events_of(records: list[Record], kind: type, start: float = 0, end: float = 99) -> list:
    """With their times, in hours after the start."""
    zero = small().starts_ms
    timed = [((x.at - zero) / HOUR, y) for x in records for y in x.events if type(y) is kind]
    return [(at, y) for at, y in timed if start <= at < end]


# who comes


def test_zones_have_their_share_of_the_customers_at_their_own_hours():
    zones = [
        Zone(name="West", where=DISC, weight=3, profile=[1, 0, 0]),
        Zone(name="East", where=BENT),
    ]
    scenario = small()
    busy = replace(scenario, zones=zones, demand=replace(scenario.demand, orders=4_000))
    visits = list(Arrivals(busy, RandomStreams(3)))
    west = [x for x in visits if x.source == 0]
    assert len(west) == pytest.approx(3_000, abs=4 * sqrt(3_000))
    assert all(x.at < busy.starts_ms + busy.hours * HOUR / 3 + 1 for x in west)
    assert [x.at for x in visits] == sorted(x.at for x in visits)
    day = of_scenario(busy, RandomStreams(3))
    for (_, wish), visit in zip(day.visits(0), visits[:200], strict=False):
        assert zones[visit.source].where.contains(wish.home)


def test_a_crowd_more_changes_nothing_of_who_comes_otherwise():
    crowd = Crowd(name="Stadium", from_h=0.2, to_h=0.4, where=DISC, orders=30, profile=[3, 1])
    without = {x.key: (at, x) for at, x in of_scenario(small(), RandomStreams(4)).visits(0)}
    scenario = with_episodes(crowd)
    visits = list(of_scenario(scenario, RandomStreams(4)).visits(0))
    assert without == {x.key: (at, x) for at, x in visits if not x.key.startswith("stadium")}
    crowded = [(at, x) for at, x in visits if x.key.startswith("stadium")]
    assert len(crowded) > 12
    assert all(0.2 * HOUR <= at < 0.4 * HOUR and DISC.contains(x.home) for at, x in crowded)
    assert sum(at < 0.3 * HOUR for at, _ in crowded) > len(crowded) / 2


def test_a_flash_sale_brings_people_for_its_stores_at_its_price():
    sale = FlashSale(name="Tea!", from_h=0.1, to_h=0.5, stores="Counter", orders=20, price=0.5)
    _, records = play(with_episodes(sale))
    placed = [x for _, x in events_of(records, e.OrderPlaced) if x.order.startswith("otea-")]
    assert len(placed) > 8
    assert {x.store for x in placed} <= {"counter-1", "counter-2"}
    changes = [(at, x) for at, x in events_of(records, e.PriceSet, 0.05) if x.store == "counter-1"]
    assert [(round(at, 2), x.price_minor) for at, x in changes] == [(0.1, 750), (0.5, 1_500)]


def test_rain_brings_more_customers_while_it_falls_and_the_same_ones_before():
    rain = Rain(name="Rain", from_h=0.25, to_h=0.5, demand=3.0)
    wet, dry = with_episodes(rain), small()
    visits = [list(Arrivals(x, RandomStreams(5))) for x in (dry, wet)]
    ends = small().starts_ms + HOUR // 4
    before = [[x for x in y if x.at < ends] for y in visits]
    assert [len(before[0])] == [len(before[1])]
    assert all(abs(a.at - b.at) <= 1 for a, b in zip(*before, strict=True))
    (whole,) = sources_of(wet)
    (usual,) = sources_of(dry)
    assert sum(x[2] for x in whole.pieces) == pytest.approx(45 + 2 * usual.pieces[1][2])


# couriers


def test_in_rain_everybody_rides_slower_and_the_scorecard_says_by_how_much():
    rain = Rain(name="Rain", from_h=0, to_h=12, speed=0.5)
    dry, wet = play(small())[0].scorecard.fleet, play(with_episodes(rain))[0].scorecard.fleet
    assert wet.ride_time_ratio == pytest.approx(2 * dry.ride_time_ratio, rel=0.05)


def test_with_couriers_of_the_engines_pace_and_fair_weather_a_ride_takes_what_was_planned():
    """One source of travel times: nothing is left to be surprised by but rounding."""
    scenario = small()
    even = [replace(x, pace=type(x.pace)(median=1, p90=1)) for x in scenario.couriers]
    card = play(replace(scenario, couriers=even))[0].scorecard
    assert card.fleet.ride_time_ratio == 1.0


def test_in_rain_fewer_offers_are_accepted_from_the_same_lots():
    streams, group = RandomStreams(1), replace(small().couriers[0], declines=0.1, silent=0.1)
    answers = [
        [conduct.offer_reply(streams, group, "c", f"d{n}", 1, x).answer for n in range(3_000)]
        for x in (1.0, 0.5)
    ]
    dry, wet = answers
    assert dry.count(Answer.YES) / 3_000 == pytest.approx(0.8, abs=0.03)
    assert wet.count(Answer.YES) / 3_000 == pytest.approx(0.4, abs=0.03)
    assert all(a is Answer.YES for a, b in zip(dry, wet, strict=True) if b is Answer.YES)
    assert [x is Answer.SILENCE for x in dry] == [x is Answer.SILENCE for x in wet]


def test_a_closed_road_slows_the_part_of_a_way_that_leads_through():
    closure = RoadClosure(name="x", from_h=0, to_h=1, where=DISC, speed=0.25)
    conditions = Conditions(with_episodes(closure))
    start = small().starts_ms
    west, east = Point.of_degrees(31.2304, 121.4611), Point.of_degrees(31.2304, 121.4863)
    share = 1_200 / distance_m(west, east)
    expected = 1_000 / (1 + share * 3)
    assert conditions.leg_permille(start, west, east) == pytest.approx(expected, abs=3)
    assert conditions.leg_permille(start, MIDDLE, Point(MIDDLE.lat_e7 + 1, MIDDLE.lon_e7)) == 250
    assert conditions.leg_permille(Millis(start + HOUR), west, east) == 1_000


def test_what_is_known_the_engine_is_told_and_promises_get_later():
    rain = Rain(name="Rain", from_h=0.2, to_h=0.5, speed=0.4)
    told = replace(rain, known=True)
    _, without = play(with_episodes(rain))
    _, records = play(with_episodes(told))
    assert events_of(without, e.SettingsChanged) == []
    changes = events_of(records, e.SettingsChanged)
    usual = small().engine.travel.scooter_mm_s
    assert [round(at, 2) for at, _ in changes] == [0.2, 0.5]
    speeds = [x.settings.travel.scooter_mm_s for _, x in changes]
    assert speeds == [pytest.approx(0.4 * usual, abs=1), usual]
    quotes = [events_of(x, e.QuoteOffered, 0.2, 0.5) for x in (without, records)]
    assert (
        fmean(x.promised_ms for _, x in quotes[1])
        > fmean(x.promised_ms for _, x in quotes[0]) + MINUTE
    )


def test_a_known_closure_is_told_as_what_the_average_ride_loses():
    closure = RoadClosure(name="x", from_h=0.1, to_h=0.3, where=DISC, speed=0.25, known=True)
    scenario = with_episodes(closure)
    day = of_scenario(scenario, RandomStreams(1))
    (_, during), (_, after) = day.conditions.news(scenario.engine, day.usual_rides)
    share = fmean(DISC.share_of(a, b) for a, b in day.usual_rides())
    usual = scenario.engine.travel.scooter_mm_s
    assert during.travel.scooter_mm_s == pytest.approx(usual / (1 + 3 * share), rel=0.01)
    assert after == scenario.engine


def test_who_strikes_is_offline_for_so_long_and_comes_back():
    strike = Strike(name="Walk-out", from_h=0.25, to_h=0.5, share=0.5)
    _, records = play(with_episodes(strike))
    gone = {x.courier for at, x in events_of(records, e.ShiftEnded) if round(at, 3) == 0.25}
    back = {x.courier for at, x in events_of(records, e.ShiftStarted) if round(at, 3) == 0.5}
    assert 1 <= len(gone) < 8
    assert gone == back
    streams = RandomStreams(1)
    assert gone == {
        f"scooters-{n}"
        for n in range(1, 9)
        if conduct.walks_out(streams, 0.5, "Walk-out", f"scooters-{n}")
    }
    assert not any(x.courier in gone for _, x in events_of(records, e.OfferAccepted, 0.251, 0.5))


def test_who_strikes_does_not_begin_either():
    strike = Strike(name="Walk-out", from_h=0, to_h=0.5, share=1.0, couriers="Late")
    scenario = small()
    late = replace(scenario.couriers[0], name="Late", from_h=0.2, count=2)
    _, records = play(
        with_episodes(strike, scenario=replace(scenario, couriers=[*scenario.couriers, late]))
    )
    started = {x.courier: at for at, x in events_of(records, e.ShiftStarted)}
    assert [round(started[x], 2) for x in ("scooters-8", "late-1", "late-2")] == [0.0, 0.5, 0.5]


def test_couriers_take_breaks_and_are_offered_nothing_meanwhile():
    scenario = small()
    tired = [replace(x, break_every_h=0.3, break_min=6) for x in scenario.couriers]
    _, records = play(replace(scenario, couriers=tired))
    asked = [x for x in records if isinstance(x.command, TakeBreak)]
    assert len(asked) >= 8
    assert all(x.rejection is None for x in asked)
    assert {x.command.until - x.at for x in asked} == {6 * MINUTE}
    resting: dict[str, int] = {}
    for record in records:
        for event in record.events:
            if type(event) is e.BreakPlanned:
                resting[event.courier] = event.until
            elif type(event) is e.DeliveryOffered:
                assert record.at >= resting.get(event.courier, 0)


def test_a_break_begins_when_the_hands_are_empty():
    """Who was busy when it was due takes the whole of it afterwards."""
    scenario = small()
    tired = [replace(x, break_every_h=0.2, break_min=6) for x in scenario.couriers]
    _, records = play(replace(scenario, couriers=tired))
    times: dict[str, list[int]] = {}
    for x in records:
        if isinstance(x.command, TakeBreak):
            times.setdefault(x.command.courier, []).append(x.at)
    gaps = [b - a for x in times.values() for a, b in pairwise(x)]
    assert any(gap < 0.14 * HOUR for gap in gaps), "somebody had to put it off"


# stores and the bank


def test_a_store_without_power_is_closed_and_silent_and_what_cooks_waits():
    cut = StoreOutage(name="Fuse", from_h=0.3, to_h=0.5, stores="Kitchen", count=3)
    _, usual = play(small(), 2)
    _, records = play(with_episodes(cut), 2)
    dark = {"kitchen-1", "kitchen-2", "kitchen-3"}
    at_store = {x.order: x.store for _, x in events_of(records, e.OrderPlaced)}
    for kind in (e.OrderAccepted, e.OrderReady):
        assert not [x for _, x in events_of(records, kind, 0.301, 0.5) if at_store[x.order] in dark]
    closed = {x.store: at for at, x in events_of(records, e.StoreClosed)}
    opened = {x.store: at for at, x in events_of(records, e.StoreOpened)}
    assert {x: (round(closed[x], 2), round(opened[x], 2)) for x in dark} == dict.fromkeys(
        dark, (0.3, 0.5)
    )
    before = {x.order: at for at, x in events_of(usual, e.OrderReady)}
    after = {x.order: at for at, x in events_of(records, e.OrderReady)}
    cooking = [
        x.order
        for at, x in events_of(records, e.OrderAccepted, 0, 0.3)
        if at_store[x.order] in dark and before.get(x.order, 0) > 0.3 and x.order in after
    ]
    assert cooking
    assert all(after[x] == pytest.approx(before[x] + 0.2, abs=1e-4) for x in cooking)


def test_a_bank_that_is_down_answers_when_it_is_back():
    outage = PaymentOutage(name="Down", from_h=0.2, to_h=0.4)
    run, records = play(with_episodes(outage))
    answers = [*events_of(records, e.PaymentAuthorized), *events_of(records, e.PaymentFailed)]
    authorized = [at for at, x in answers if type(x) is e.PaymentAuthorized]
    assert not [at for at in authorized if 0.2 <= at < 0.4]
    assert [at for at in authorized if 0.4 <= at < 0.41]
    assert run.scorecard.late_payments > 0
    assert run.scorecard.orders.cancelled.get("payment/payment_timeout", 0) > 0


# all of it


@pytest.mark.parametrize("seed", range(1, 4))
def test_however_eventful_the_day_every_order_ends(seed):
    run, _ = play(eventful(), seed)
    assert run.scorecard.orders.delivered > 20


def test_the_same_eventful_day_twice_is_the_same():
    assert simulate(eventful(), 2).scorecard.digest == play(eventful(), 2)[0].scorecard.digest


def test_episodes_of_a_base_are_changed_by_name():
    base = {"episodes": [{"kind": "rain", "name": "R", "from_h": 1, "to_h": 2}]}
    own = {"episodes": [{"name": "R", "to_h": 3}, {"kind": "strike", "name": "S"}]}
    assert merged(base, own, Scenario)["episodes"] == [
        {"kind": "rain", "name": "R", "from_h": 1, "to_h": 3},
        {"kind": "strike", "name": "S"},
    ]


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('kind = "rain"', 'kind = "rian"', "wrong_value", "episodes[0].kind"),
        ('kind = "rain"\n', "", "missing_key", "episodes[0].kind"),
        ("acceptance", "aceptance", "unknown_key", "episodes[0].aceptance"),
        ("speed = 0.7", "speed = 0", "wrong_value", "episodes[0].speed"),
        ("to_h = 0.6", "to_h = 0.1", "negative_episode", "episodes[0].to_h"),
        (
            "from_h = 0.2\nto_h = 0.6",
            "from_h = 2\nto_h = 3",
            "negative_episode",
            "episodes[0].from_h",
        ),
        ('stores = "Kitchen"', 'stores = "Kitchens"', "unknown_group", "episodes[2].stores"),
        (
            "share = 0.4",
            'share = 0.4\ncouriers = "Scoters"',
            "unknown_group",
            "episodes[5].couriers",
        ),
        ("lat = 31.236", "lat = 41.236", "out_of_town", "episodes[6].where"),
        ("profile = [3, 1]", "profile = [0]", "no_demand", "episodes[6].profile"),
        ('name = "Stadium"', 'name = "Walk out"', "duplicate_id", "episodes[6].name"),
        ('name = "East side"', 'name = "Old-Town"', "duplicate_id", "zones[1].name"),
        ("profile = [2, 1, 1]", "profile = [0, 0]", "no_demand", "zones[0].profile"),
    ],
)
def test_an_episode_that_cannot_be_is_refused_with_its_key(old, new, code, key):
    assert old in EVENTFUL
    with pytest.raises(ScenarioError) as refused:
        parse(SMALL + EVENTFUL.replace(old, new, 1))
    assert (code, key) in [(x.code, x.key) for x in refused.value.flaws]
