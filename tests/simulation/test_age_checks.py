"""Goods that ask for a look at an age: whoever is played looks, so that they are handed over."""

from functools import cache
from itertools import takewhile

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.engine import Record
from engine.values import MINUTE
from simulation.calibration import toml
from simulation.calibration.fitting import fit
from simulation.calibration.observing import Observer, observe
from simulation.days.day import of_scenario
from simulation.forking.future import play
from simulation.forking.habits import past_of
from simulation.live.city import alive
from simulation.reliving import reliving
from simulation.run import simulate
from simulation.scenarios.policies import policy_of
from simulation.scenarios.scenario_file import parse
from simulation.streams import RandomStreams
from tests.serving import live, serving
from tests.simulated_city import SMALL

PLANNER = policy_of("insertion")
CHECKED = SMALL.replace('id = "tea"', 'id = "tea"\nage_check = true')
COLLECTS = "\n[commerce.shoppers]\ncollects = 1.0\ncomes_after_min = { median = 1, p90 = 2 }\n"


@cache
def day(text: str) -> tuple[Record, ...]:
    records: list[Record] = []
    simulate(parse(text), 3, records.append)
    return tuple(records)


def refused(records: tuple[Record, ...]) -> int:
    return sum(x.rejection == "age_check_required" for x in records)


def test_whoever_brings_it_looks_at_an_age_and_only_then():
    records = day(CHECKED)
    assert refused(records) == 0
    events = [x for r in records for x in r.events]
    asked = {
        x.order: any(line.product == "tea" for line in x.lines)
        for x in events
        if isinstance(x, e.OrderPlaced)
    }
    looked = {x.order: x.age_checked for x in events if isinstance(x, e.DeliveryCompleted)}
    assert {True, False} == {*looked.values()}
    assert looked == {order: asked[order] for order in looked}


def test_a_fork_delivers_as_much_as_where_nobody_has_to_look():
    def outlook(text: str):
        observer, until = Observer(), day(text)[0].at + 25 * MINUTE
        for record in takewhile(lambda x: x.at <= until, day(text)):
            observer.see(record)
        past = past_of(observer.finished(), observer.engine)
        return play(snapshot.dump(observer.engine), past, PLANNER, 1, 0.5)

    free, checked = outlook(SMALL), outlook(CHECKED)
    assert free.delivered > 10
    assert (checked.delivered, checked.open, checked.km) == (free.delivered, free.open, free.km)


def test_a_relived_day_delivers_as_much_as_it_did():
    past = reliving.past_of(iter(day(CHECKED)))
    found = reliving.relive(past, PLANNER)
    assert not [x for x in found.rejections if "age_check" in x]
    assert found.outcome.delivered == pytest.approx(past.real.delivered, abs=3)
    assert found.outcome.open == 0


def test_who_fetches_it_at_the_counter_is_looked_at():
    records = day(CHECKED + COLLECTS)
    assert refused(records) == 0
    looked = {x.command.age_checked for x in records if isinstance(x.command, c.ReportCollection)}
    assert looked == {True, False}


def test_what_asks_for_it_is_fitted_with_it():
    fitted = fit(observe(day(CHECKED)), parse(CHECKED).engine, "Fitted")
    assert {x.id: x.age_check for x in fitted.products} == {"tea": True, "noodles": False}
    assert parse(toml.text_of(fitted)).products == fitted.products


@pytest.mark.slow
@live
async def test_a_store_of_the_live_city_looks_at_an_age_too(tmp_path):
    streams, speed = RandomStreams(1), 240.0
    scenario = CHECKED.replace("orders = 45", "orders = 200") + COLLECTS
    day = of_scenario(parse(scenario), streams)
    async with (
        serving(tmp_path, speed=speed) as app,
        alive(app.url, app.mint, day, streams, speed) as city,
    ):
        await city.run(minutes=5)
        assert await city.drain(at_most_min=120)
        orders = app.engine.state.orders.orders.values()
        collected = [
            x.product for order in orders if order.status == "fulfilled" for x in order.lines
        ]
        assert "tea" in collected
        assert not [x for x in city.refusals if "age_check" in x]
