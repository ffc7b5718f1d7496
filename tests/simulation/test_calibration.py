"""Calibration: a scenario is played, watched, and fitted; what was put in comes out again."""

from datetime import timedelta
from functools import cache

import msgspec
import pytest
from msgspec.structs import replace

from engine import commands as c
from engine import events as e
from engine.engine import Engine, Record
from engine.settings import Settings
from engine.values import CASH, Millis
from gateway.cli import main
from geo.points import Point
from simulation.calibration import toml
from simulation.calibration.fitting import TooLittleError, fit
from simulation.calibration.observed import Observed
from simulation.calibration.observing import observe
from simulation.calibration.quality import compare, counts, page
from simulation.run import simulate
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import find, load, parse
from tests import cases


@cache
def scenario() -> Scenario:
    return load(find("lunch_rush"))


@cache
def day(seed: int) -> Observed:
    records: list[Record] = []
    simulate(scenario(), seed, records.append)
    return observe(records)


@cache
def fitted() -> Scenario:
    return fit(day(1), scenario().engine, "Fitted")


def test_what_was_put_in_comes_out_again():
    told, found = scenario(), fitted()
    assert found.starts_at == told.starts_at
    assert timedelta(hours=found.hours) == timedelta(hours=told.hours)
    assert found.demand.orders == pytest.approx(told.demand.orders, rel=0.2)
    assert found.city.radius_m == pytest.approx(told.city.radius_m, rel=0.1)
    assert found.demand.thinking_s.median == pytest.approx(25, rel=0.2)
    assert sum(x.count for x in found.stores) == sum(x.count for x in told.stores)
    assert sum(x.count for x in found.couriers) == sum(x.count for x in told.couriers)
    noodles = next(x for x in found.stores if "noodles" in x.sells)
    real = next(x for x in told.stores if "noodles" in x.sells)
    assert noodles.preparation_s.median == pytest.approx(real.preparation_s.median, rel=0.15)
    assert noodles.handover_s.median == pytest.approx(real.handover_s.median, rel=0.2)
    for group in found.couriers:
        assert group.pace.median == pytest.approx(1.0, abs=0.15)
        assert group.declines < 0.2
    assert any(x.declines for x in found.couriers)


def test_a_day_of_the_fitted_scenario_is_like_one_nobody_fitted_anything_to():
    records: list[Record] = []
    simulate(fitted(), 9, records.append)
    found = {x.name: x for x in compare(day(2), observe(records))}
    to_door = found["from placing to the door, s"]
    assert len(to_door.real) > 250
    assert to_door.distance < 0.15
    assert sum(x.differs for x in found.values()) <= 2, {k: x.distance for k, x in found.items()}


@cache
def grocery_morning() -> list[Record]:
    """Seven stores of which some orders are collected, wanted later, or paid in cash."""
    records: list[Record] = []
    simulate(replace(load(find("friday_grocery")), hours=4.0), 2, records.append)
    return records


def all_of(kind: type) -> list:
    return [x for r in grocery_morning() for x in r.events if isinstance(x, kind)]


def test_the_bank_is_who_answers_and_not_the_cash_at_the_door():
    """Nobody is asked about a note, and no provider is called cash."""
    seen, placed = observe(grocery_morning()), all_of(e.OrderPlaced)
    assert CASH in [x.provider for x in placed]
    assert seen.bank.name == "alipay"
    assert seen.bank.asked == sum(x.provider != CASH for x in all_of(e.PaymentRequested))
    assert min(seen.bank.answers_s) > 0
    fitted_bank = fit(seen, Settings(), "Fitted").bank
    assert fitted_bank.answers_s.median == pytest.approx(1.2, rel=0.4)
    records: list[Record] = []
    simulate(fit(seen, Settings(), "Fitted"), 3, records.append)
    found = {x.name: x for x in compare(seen, observe(records))}
    assert not found["payment provider answers, s"].differs


def test_what_is_wanted_for_later_says_nothing_of_how_long_deliveries_take():
    later = {x.order for x in all_of(e.OrderPlaced) if x.window_from_at}
    brought = [x.order for x in all_of(e.DeliveryCompleted)]
    soon = [x for x in brought if x not in later]
    assert len(observe(grocery_morning()).to_door_s) == len(soon) < len(brought)


def test_what_is_told_late_does_not_end_the_day_before_it_was_told():
    """Phones that were offline tell of then; whoever is at work works until now."""
    case = cases.on_board(cases.city(1))
    handed_over = c.ReportDropoff("kim", "o/1", occurred_at=case.engine.now + 60_000)
    case.at(case.now_s + 1_800, handed_over)
    seen = observe(case.records)
    assert seen.closes_at == case.engine.now
    assert seen.couriers["kim"].worked_ms == case.engine.now
    assert case.state.orders["o"].delivered_at == handed_over.occurred_at


def test_goods_that_are_listed_again_are_carried_as_last_listed_and_sold_as_before():
    engine, records = Engine(), list[Record]()
    for command in (
        c.OpenEngine(Settings()),
        c.RegisterStore("s", "Cellar", Point(0, 0), 60_000),
        c.ListProduct("ice", "Ice", "food", 1),
        c.SetPrice("s", "ice", 500),
        c.ListProduct("ice", "Ice", "food", 3, skills=["cold_box"], age_check=True),
    ):
        records += engine.step(Millis(1_000), command)
    ice = observe(records).products["ice"]
    assert (ice.load, ice.skills, ice.age_check) == (3, ("cold_box",), True)
    assert ice.price_minor == 500


def test_another_city_is_told_apart():
    """The check can fail: couriers at half their pace are seen."""
    slow = [replace(x, pace=replace(x.pace, median=0.5, p90=0.56)) for x in fitted().couriers]
    records: list[Record] = []
    simulate(replace(fitted(), couriers=slow), 9, records.append)
    found = {x.name: x for x in compare(day(2), observe(records))}
    assert found["pace of a courier, planned over taken"].differs
    assert found["from placing to the door, s"].differs


def test_what_is_written_is_read_again():
    text = toml.text_of(fitted(), "Two\nlines")
    assert text.startswith("# Two\n# lines\n")
    assert msgspec.to_builtins(parse(text)) == msgspec.to_builtins(fitted())


def test_nothing_to_fit_to_is_said():
    with pytest.raises(TooLittleError, match="an order, a store, a courier on shift"):
        fit(Observed(), Settings(), "Nothing")


def test_the_page_says_whether_the_day_was_held_out():
    html = page(day(2), day(1), True, "Fit <of> a day")
    assert "held out: nothing was fitted to it" in html
    assert "Fit &lt;of&gt; a day" in html
    assert "very day it was fitted to" in page(day(1), day(1), False, "Fit")
    assert dict(counts(day(1)))["orders placed"] == day(1).placed


def test_the_command_fits_a_journal(tmp_path, capsys):
    assert main(["simulate", "lunch_rush", "--seed", "1", "--out", str(tmp_path / "day")]) == 0
    out, report = tmp_path / "fit.toml", tmp_path / "fit.html"
    words = ["calibrate", str(tmp_path / "day"), "--out", str(out), "--report", str(report)]
    assert main(words) == 0
    assert load(out).demand == fitted().demand, "a journal and the records themselves say the same"
    assert "from placing to the door" in capsys.readouterr().out
    assert report.read_text().count('class="plot"') > 5
