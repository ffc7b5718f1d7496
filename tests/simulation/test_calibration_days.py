"""A live journal is of several days, and begins when it begins: a scenario is fitted to one."""

from datetime import date

import pytest
from msgspec.structs import replace

from engine.engine import Record
from engine.values import DAY, HOUR, MINUTE, Millis
from gateway.cli import main
from gateway.commands.told_days import day_in
from geo.travel import Vehicle
from simulation.calibration.fitting import fit
from simulation.calibration.observed import CourierDay
from simulation.calibration.observing import Observer, observe
from simulation.calibration.working import shifts_of, without_gaps
from simulation.run import simulate
from simulation.scenarios.plausibility import flaws_of
from simulation.scenarios.scenario_file import load
from tests.simulated_city import SMALL, small

TWO_DAYS = (
    SMALL.replace("starts_at = 2025-03-07T11:00:00", "starts_at = 2025-03-07T11:07:00")
    .replace("hours = 0.75", "hours = 30.0")
    .replace("orders = 45", "orders = 160")
    .replace("to_h = 1.5", "to_h = 31")
    .replace("[engine]", "[engine]\nutc_offset_min = 0\nshift_max_ms = 200_000_000")
)
FIRST, SECOND = date(2025, 3, 7), date(2025, 3, 8)  # by UTC, which is this city's clock


@pytest.fixture(scope="module")
def two_days(tmp_path_factory):
    folder = tmp_path_factory.mktemp("days")
    (folder / "two.toml").write_text(TWO_DAYS)
    assert main(["simulate", str(folder / "two.toml"), "--out", str(folder / "run")]) == 0
    return folder / "run"


def test_of_several_days_the_one_with_the_most_visits_or_the_chosen_one_is_fitted_to(two_days):
    found = day_in(two_days, None)
    assert (found.date, found.days, found.to_at - found.from_at) == (FIRST, 2, DAY)
    assert day_in(two_days, SECOND).from_at == found.to_at
    with pytest.raises(ValueError, match=r"nobody came on 2025-03-09; there are 2025-03-07 \("):
        day_in(two_days, date(2025, 3, 9))


def test_a_journal_s_other_day_can_be_held_out(two_days, tmp_path, capsys):
    out, report = tmp_path / "fit.toml", tmp_path / "fit.html"
    words = ["calibrate", str(two_days), "--out", str(out), "--report", str(report)]
    assert main([*words, "--held-out", "2025-03-08"]) == 0
    told = capsys.readouterr()
    assert "tells of 2 days; this is about 2025-03-07" in told.err
    fitted = load(out)
    assert fitted.hours <= 24
    assert 90 < fitted.demand.orders < 140
    assert "held out: nothing was fitted to it" in report.read_text()
    assert main([*words, "--day", "2025-03-08"]) == 0
    assert load(out).demand.orders < 60
    capsys.readouterr()
    assert main([*words, "--held-out", "yesterday"]) == 2
    assert "neither a folder nor a date" in capsys.readouterr().err


def test_a_day_that_begins_at_any_minute_can_be_played_again():
    """Live, nobody opens at a full half hour, and couriers come with the first customers."""
    records: list[Record] = []
    city = small()
    late = replace(city, starts_at=city.starts_at.replace(minute=17))
    simulate(late, 3, records.append)
    fitted = fit(observe(records), late.engine, "Any minute")
    assert not [*flaws_of(fitted)]
    assert sum(x.count for x in fitted.couriers) == 8


def test_what_was_before_the_day_is_forgotten_and_who_is_at_work_has_just_come():
    records: list[Record] = []
    simulate(small(), 3, records.append)
    middle = next(n for n, x in enumerate(records) if x.at > records[0].at + 25 * MINUTE)
    observer = Observer()
    for record in records[:middle]:
        observer.see(record)
    before = observer.finished()
    at = records[middle].at
    observer.begin(at)
    for record in records[middle:]:
        observer.see(record)
    seen, whole = observer.finished(), observe(records)
    assert len(before.visits) + len(seen.visits) == len(whole.visits)
    assert seen.stores.keys() == whole.stores.keys()
    assert {x.shifts[0][0] for x in seen.couriers.values() if x.shifts} == {at}
    worked = sum(x.worked_ms for x in whole.couriers.values())
    assert sum(x.worked_ms for x in seen.couriers.values()) < worked
    assert max(x.shelf for x in seen.stores.values()) > 0


def courier(*shifts: tuple[float, float]) -> CourierDay:
    told = [(Millis(round(a * HOUR)), Millis(round(b * HOUR))) for a, b in shifts]
    return CourierDay(Vehicle.SCOOTER, 12, told)


def test_who_comes_twice_has_two_shifts_and_who_goes_on_after_a_break_down_one():
    assert len([*shifts_of(courier((0, 4), (8, 12)))]) == 2
    assert len([*shifts_of(courier((0, 4), (2.5, 4)))]) == 1
    assert len([*shifts_of(courier((0, 4), (4.1, 4.3)))]) == 1, "called back for a last order"
    assert not [*shifts_of(courier())]


def test_where_nobody_was_on_shift_whoever_was_there_last_stays():
    (group,) = small().couriers
    early, late = (
        replace(group, name=name, from_h=first, to_h=last)
        for name, first, last in (("early", 0.4, 3.0), ("late", 5.0, 8.0))
    )
    made = without_gaps([late, early], 9.0)
    assert [(x.name, x.from_h, x.to_h) for x in made] == [("early", 0.0, 5.0), ("late", 5.0, 9.0)]
    long = replace(group, name="long", from_h=0.0, to_h=10.0)
    assert [x.to_h for x in without_gaps([long, early, late], 9.0)] == [10.0, 3.0, 8.0]
