"""A city's own clock: what people read, in reports, answers and on the console, is its time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine import commands as c
from engine.engine import Engine
from engine.projections import Projections
from engine.queries.open_work import OpenWork
from engine.settings import Settings
from engine.values import HOUR, Millis
from gateway.cli import main
from gateway.history.exporting import FOLDER, export
from gateway.local_time import BETWEEN, clock_name, local_text, zone_name
from gateway.reporting.period import period_of
from gateway.telling.city import city_kpis
from tests.journals import journal_of

EVENING = Millis(1_741_363_200_000)  # 2025-03-07 16:00 UTC: midnight in Shanghai


def opened(offset_min):
    engine = Engine()
    return engine, engine.step(EVENING, c.OpenEngine(Settings(utc_offset_min=offset_min)))


def test_a_moment_is_told_by_the_citys_clock_and_the_clock_is_named():
    assert local_text(EVENING, 480) == "2025-03-08 00:00:00 UTC+8"
    assert local_text(EVENING, -210) == "2025-03-07 12:30:00 UTC-3:30"
    assert local_text(EVENING, 0) == "2025-03-07 16:00:00 UTC"
    assert clock_name(345) == "UTC+5:45"


@pytest.mark.parametrize("offset_min", [*range(-720, 841, 60), *BETWEEN])
def test_the_zone_database_agrees_all_year(offset_min):
    zone = ZoneInfo(zone_name(offset_min))
    for day in range(0, 365, 7):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        assert at.astimezone(zone).utcoffset() == timedelta(minutes=offset_min)


def test_a_clock_the_database_has_no_name_for_is_told_in_utc():
    assert zone_name(-840) == zone_name(7) == "UTC"


def test_a_report_is_about_the_citys_days_unless_told(tmp_path):
    _, records = opened(480)
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    ours = period_of("2025-03-08", "2025-03-08", None, manifest)
    assert ours.said() == "2025-03-08 00:00 to 2025-03-09 00:00, UTC+8"
    assert ours.start == datetime(2025, 3, 7, 16, tzinfo=UTC)
    told = period_of("2025-03-08", "2025-03-08", "Europe/Lisbon", manifest)
    assert told.said().endswith("Europe/Lisbon")
    assert told.start == datetime(2025, 3, 8, tzinfo=UTC)


def test_sql_counts_hours_by_the_citys_clock_unless_told(tmp_path, capsys):
    _, records = opened(330)
    journal_of(tmp_path, records)
    question = "SELECT hour(TIMESTAMPTZ '2025-03-07 16:00:00+00') AS hour"
    assert main(["sql", str(tmp_path), question]) == 0
    assert capsys.readouterr().out == "hour\n21\n"
    assert main(["sql", str(tmp_path), question, "--timezone", "UTC"]) == 0
    assert capsys.readouterr().out == "hour\n16\n"


def test_the_map_is_told_the_citys_clock_and_hears_when_it_is_set():
    engine, records = opened(480)
    projections, work = Projections(), OpenWork()
    for record in records:
        projections.fold(record)
    assert city_kpis(engine.state, work, projections, {}).utc_offset_min == 480
    changed = c.ChangeSettings(Settings(utc_offset_min=-180))
    engine.step(Millis(EVENING + HOUR), changed)
    assert city_kpis(engine.state, work, projections, {}).utc_offset_min == -180
