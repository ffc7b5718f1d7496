"""What it costs to know how things went: folding a day, telling it, exporting and reporting it."""

import time

import pytest

from engine.engine import Engine
from engine.projections import Projections, dump
from gateway import messages as m
from gateway.asking.analytics import analytics
from gateway.history.exporting import export
from gateway.reporting.period import period_of
from gateway.reporting.report import report
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from gateway.storage.recovery import collector_paused
from gateway.tokens import Identity
from tests.scripted_day import ScriptedDay

pytestmark = pytest.mark.benchmark(timer=time.process_time)


@pytest.fixture(scope="module")
def records():
    with collector_paused():
        return list(ScriptedDay(1, orders=6_000, couriers=600, stores=100, hours=3))


@pytest.fixture(scope="module")
def folded(records):
    return fold(records)


def fold(records):
    projections = Projections()
    for record in records:
        projections.fold(record)
    return projections


def test_fold_a_day(benchmark, records):
    """What every live turn, and every record of a recovery, pays for all projections together."""
    with collector_paused():
        benchmark.pedantic(fold, args=(records,), rounds=5, warmup_rounds=1)
    benchmark.extra_info["us_per_record"] = round(1e6 * benchmark.stats["min"] / len(records), 2)


def test_tell_an_operator(benchmark, records, folded):
    """The loop stands still for so long: nothing else is decided."""
    engine = Engine()
    engine.apply_all(records)
    who = Identity("operator", "ops", 0)
    benchmark(analytics, m.GetAnalytics(24), who, engine, folded)


def test_keep_beside_a_snapshot(benchmark, folded):
    benchmark(dump, folded)


def test_export_and_report_a_day(benchmark, tmp_path, records):
    """6,000 orders: from the journal to the page."""
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    for k in range(0, len(records), 1_000):
        journal.append(records[k : k + 1_000])
    journal.close()

    def both():
        manifest = export(tmp_path, tmp_path / "out")
        return report(tmp_path / "out", manifest, period_of(None, None, "UTC", manifest), "day")

    assert benchmark.pedantic(both, rounds=2).agrees
