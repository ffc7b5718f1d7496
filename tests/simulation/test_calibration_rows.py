"""Calibration from rows: a day is played, told as CSV files, read again, and fitted."""

import csv
from functools import cache

import pytest
from msgspec.structs import replace

from engine.engine import Record
from gateway.cli import main
from simulation.calibration.fitting import fit
from simulation.calibration.observing import observe
from simulation.calibration.quality import compare, counts
from simulation.calibration.rows import columns_of, fitted_to, observed, only, untold
from simulation.calibration.telling import Teller, write_csv
from simulation.run import simulate
from simulation.scenarios.recorded import Recorded
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import document, find, load, scenario_of
from tests.mdrp_days import small_day, write


@cache
def scenario() -> Scenario:
    return load(find("lunch_rush"))


@cache
def records(seed: int) -> tuple[Record, ...]:
    found: list[Record] = []
    simulate(scenario(), seed, found.append)
    return tuple(found)


@cache
def told(seed: int) -> Recorded:
    teller = Teller(scenario())
    for record in records(seed):
        teller.see(record)
    return teller.told()


def written(folder, day):
    folder.mkdir()
    write_csv(folder, day)
    files = {x: {"file": str(folder / f"{x}.csv")} for x in ("orders", "stores", "couriers")}
    return scenario_of({**document(find("lunch_rush")), "csv": files})


def words(folder, out, *more):
    files = [f"--{x}={folder / x}.csv" for x in ("orders", "stores", "couriers")]
    return ["calibrate", "lunch_rush", *files, "--out", str(out), *more]


def test_what_was_put_in_comes_out_of_csv_files(tmp_path):
    """Within what one day of 350 orders can tell; the files are read as anybody's would be."""
    day = written(tmp_path / "day", told(1)).recorded
    assert not day.unread
    real, found = scenario(), fitted_to(day, scenario(), "Fitted")
    assert found.starts_at == real.starts_at
    assert found.hours == pytest.approx(real.hours, abs=0.5)
    assert found.demand.orders == pytest.approx(len(told(1).orders))
    assert found.city.radius_m == pytest.approx(real.city.radius_m, rel=0.1)
    assert found.demand.lines.median == pytest.approx(real.demand.lines.median, rel=0.2)
    journal = fit(observe(records(1)), real.engine, "Fitted").demand
    # An order has one line of a product, though it was wished for twice: twos seem to be more.
    assert journal.two_of_it <= found.demand.two_of_it <= journal.two_of_it + 0.2
    pieces = [x.lines.typical * (1 + x.two_of_it) for x in (found.demand, journal)]
    assert pieces[0] == pytest.approx(pieces[1], rel=0.15)
    assert found.demand.reach_m == pytest.approx(journal.reach_m, rel=0.4)
    assert sum(x.count for x in found.couriers) == sum(x.count for x in real.couriers)
    assert {x.name: x.count for x in found.stores} == {x.name: x.count for x in real.stores}
    for made, group in ((x, y) for x in found.stores for y in real.stores if x.name == y.name):
        assert made.preparation_s.typical == pytest.approx(group.preparation_s.typical, rel=0.2)
        assert made.handover_s.typical == pytest.approx(group.handover_s.typical, rel=0.2)
        assert (made.rejects, made.stock) == (group.rejects, group.stock), "as the scenario has it"
    for group in found.couriers:
        known = next(x for x in real.couriers if x.vehicle is group.vehicle)
        assert group.pace.median == pytest.approx(known.pace.median, rel=0.15)
        assert group.door_s.typical == pytest.approx(known.door_s.typical, rel=0.2)
        assert (group.declines, group.answers_s) == (known.declines, known.answers_s)
    assert found.bank == real.bank


def test_rows_say_what_the_records_say():
    rows, whole = observed(told(1), scenario()), observe(records(1))
    assert rows.placed == whole.placed
    assert sorted(rows.to_door_s) == pytest.approx(sorted(whole.to_door_s))
    assert rows.on_time / rows.promised == pytest.approx(whole.on_time / whole.promised)
    for key, store in whole.stores.items():
        assert sorted(rows.stores[key].kitchen) == sorted(store.kitchen)
        # A second courier's arrival, after a rescue, stands in the place of the first one's.
        assert sum(rows.stores[key].handovers_s) == pytest.approx(sum(store.handovers_s), rel=0.1)
    paced = [(rows.couriers[k].pace, x.pace) for k, x in whole.couriers.items() if x.legs_s]
    assert all(a == pytest.approx(b, rel=0.05) for a, b in paced)


def test_what_rows_do_not_tell_is_left_to_the_scenario():
    bare = only(frozenset(), told(1))
    assert columns_of(bare) == frozenset()
    found = fitted_to(replace(bare, couriers=[]), scenario(), "Bare")
    real = scenario()
    assert found.couriers == real.couriers
    assert found.products == real.products
    for known in ("lines", "two_of_it", "customers", "thinking_s", "changes_mind", "wants_pin"):
        assert getattr(found.demand, known) == getattr(real.demand, known)
    assert found.demand.tolerance_min == real.demand.tolerance_min
    by_name = {x.name: x for x in real.stores}
    assert all(x.preparation_s == by_name[x.name].preparation_s for x in found.stores)
    assert "baskets" in untold(bare)
    assert "couriers' paces" in untold(bare)
    assert "baskets" not in untold(told(1))


def test_a_held_out_day_told_in_rows_is_laid_beside_a_simulated_one(tmp_path, capsys):
    written(tmp_path / "day", told(1))
    written(tmp_path / "other", told(2))
    out, report = tmp_path / "fit.toml", tmp_path / "fit.html"
    more = ("--held-out", str(tmp_path / "other"), "--report", str(report))
    assert main(words(tmp_path / "day", out, *more)) == 0
    said = capsys.readouterr()
    assert "from placing to the door" in said.out
    assert "not fitted: patience" in said.out
    assert "orders.csv" in said.err
    assert report.read_text().count('class="plot"') > 5
    assert "held out: nothing was fitted to it" in report.read_text()
    fitted, teller = load(out), Teller(scenario())
    simulate(fitted, 9, teller.see)
    found = compare(observed(told(2), scenario()), observed(teller.told(), fitted))
    by_name = {x.name: x for x in found}
    assert by_name["from placing to the door, s"].distance < 0.2
    assert not by_name["quote to order, s"].real, "rows do not tell when somebody began to think"
    assert sum(x.differs for x in found) <= 3, {x.name: x.distance for x in found}


def test_another_city_is_told_apart():
    """The check can fail: kitchens at half their pace are seen."""
    slow = [
        replace(x, preparation_s=replace(x.preparation_s, median=2_000, p90=3_000))
        for x in scenario().stores
    ]
    teller = Teller(scenario())
    simulate(replace(scenario(), stores=slow), 9, teller.see)
    beside = compare(observed(told(1), scenario()), observed(teller.told(), scenario()))
    found = {x.name: x for x in beside}
    assert found["in the kitchen, waiting included, s"].differs
    assert found["from placing to the door, s"].differs


def test_rows_that_cannot_be_read_are_listed_and_counted(tmp_path, capsys):
    written(tmp_path / "day", told(1))
    path = tmp_path / "day" / "orders.csv"
    with path.open(newline="") as file:
        columns, *rows = csv.reader(file)
    at = {x: columns.index(x) for x in columns}
    rows[1][at["delivered_at"]] = "2025-03-07T09:00:00+08:00"
    rows[2][at["courier"]] = "nobody"
    rows[3][at["at_door_at"]] = "soon"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    assert main(words(tmp_path / "day", tmp_path / "fit.toml")) == 0
    said = capsys.readouterr().err
    assert "line 3, delivered_at: is before the order was placed" in said
    assert 'line 4, courier: no courier is called "nobody"' in said
    assert 'line 5, at_door_at: "soon" is no time' in said
    assert f"{len(rows) - 3:,} of {len(rows):,} rows read, 3 could not be" in said


def test_a_call_that_makes_no_sense_says_what_would(tmp_path, capsys):
    out = str(tmp_path / "fit.toml")
    assert main(["calibrate", "lunch_rush", "--out", out]) == 2
    assert "give --orders and --stores" in capsys.readouterr().err
    assert main(["calibrate", "lunch_rsh", "--out", out]) == 2
    assert 'did you mean "lunch_rush"' in capsys.readouterr().err
    assert main(["calibrate", str(tmp_path), "--out", out]) == 2
    assert "has no journal" in capsys.readouterr().err
    written(tmp_path / "day", told(1))
    mapped = ("--columns", "orders.placed_at=Created")
    assert main(words(tmp_path / "day", out, *mapped)) == 2
    assert 'orders.csv has no column "Created"' in capsys.readouterr().err
    assert not (tmp_path / "fit.toml").exists()


def test_counts_say_nothing_of_what_is_not_told():
    bare = dict(counts(observed(only(frozenset({"delivered_at"}), told(1)), scenario())))
    assert bare["of these in time, %"] != bare["of these in time, %"]
    assert bare["orders at the door"] > 250


def test_a_public_meal_delivery_day_is_fitted_alike(tmp_path, capsys):
    folder, out = tmp_path / "town", tmp_path / "fit.toml"
    instance = small_day(1, orders=120, couriers=20)
    write(instance, folder)
    assert main(["calibrate", str(folder), "--out", str(out)]) == 0
    assert "not fitted: baskets" in capsys.readouterr().out
    found = load(out)
    assert found.demand.orders == 120
    assert sum(x.count for x in found.couriers) == 20
    assert found.engine.travel.scooter_mm_s == pytest.approx(320_000 / 60, abs=1)
    longest = max(x.ready_min - x.placed_min for x in instance.orders)
    assert 5 * 60 <= found.stores[0].preparation_s.typical <= longest * 60
