"""The report: its sums are the ledger's, whatever the day was like, and it says so when not."""

import re
from collections import Counter
from datetime import UTC, datetime
from functools import cache

import duckdb
import pytest

from engine import commands as c
from engine import events as e
from gateway.cli import main
from gateway.history.exporting import FOLDER, export
from gateway.reporting.amounts import Currency, minutes
from gateway.reporting.books import agreements, balances, result_minor
from gateway.reporting.period import Tables, period_of
from gateway.reporting.report import report
from simulation.run import simulate
from tests import cases
from tests.days.random_days import RandomDay
from tests.journals import journal_of
from tests.simulated_city import troubled

SEEDS = (6, 16, 19)  # with discounts, returns and refunds
STEPS = 1_000


@cache
def random_day(seed):
    day = RandomDay(seed)
    return [*day.records(STEPS), *day.heal()], day.engine.state


@cache
def city():
    records = []
    run = simulate(troubled(), 3, records.append)
    return records, run


def kinds_of(state):
    found = Counter()
    for account, amount in state.ledger.balances.items():
        found[account if account.startswith("platform:") else account.split(":")[0]] += amount
    return {kind: amount for kind, amount in found.items() if amount}


def sums_of(html):
    """Every amount on the page, as text."""
    return set(re.findall(r"-?[\d\u202f]+\.\d\d CNY", html))


def whole(folder, manifest, first=None, last=None, zone="UTC"):
    return Tables(folder / FOLDER, period_of(first, last, zone, manifest))


days = pytest.mark.parametrize("seed", SEEDS)


@days
def test_its_sums_are_the_ledgers_to_the_minor_unit(tmp_path, seed):
    records, state = random_day(seed)
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    tables = whole(tmp_path, manifest)
    kept = {kind: amount for kind, amount in balances(tables).items() if amount}
    assert kept == kinds_of(state)
    told = agreements(tables)
    assert [x for x in told if not x.holds] == []
    assert sum(x.by_orders_minor > 0 for x in told) >= 4
    made = report(tmp_path / FOLDER, manifest, period_of(None, None, "UTC", manifest), "day")
    assert made.agrees
    currency = Currency("CNY")
    assert {currency.text(x) for x in kinds_of(state).values()} <= sums_of(made.html)
    assert currency.text(result_minor(kept)) in made.html


@days
def test_revenue_by_store_is_what_the_ledger_credited_at_the_door(tmp_path, seed):
    records, _ = random_day(seed)
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    tables = whole(tmp_path, manifest)
    sold = dict(tables.rows("SELECT store_id, sum(goods_minor)::BIGINT FROM done GROUP BY 1"))
    credited = Counter()
    events = [x for record in records for x in record.events]
    fulfilled = {x.order for x in events if type(x).__name__ == "OrderFulfilled"}
    posted = [x for x in events if type(x).__name__ == "LedgerPosted" and x.order in fulfilled]
    for posting in (y for x in posted if x.memo in ("delivered", "exchange") for y in x.postings):
        if posting.account.startswith("store:"):
            credited[posting.account.removeprefix("store:")] -= posting.amount_minor
    assert {k: x for k, x in sold.items() if x} == dict(+credited)


def test_two_halves_add_up_to_the_whole(tmp_path):
    records, state = random_day(1)
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    busy = [x.at for x in records if any(type(y).__name__ == "LedgerPosted" for y in x.events)]
    middle = datetime.fromtimestamp(busy[len(busy) // 2] / 1_000, UTC).isoformat()
    halves = (whole(tmp_path, manifest, last=middle), whole(tmp_path, manifest, first=middle))
    total = Counter()
    for half in halves:
        assert all(x.holds for x in agreements(half))
        assert sum(balances(half).values()) == 0
        assert balances(half)
        total.update(balances(half))
    assert {kind: x for kind, x in total.items() if x} == kinds_of(state)


def test_it_says_where_orders_and_ledger_do_not_agree(tmp_path, capsys):
    """Somebody laid hands on the tables: one order costs a cent more."""
    records, _ = random_day(1)
    export(journal_of(tmp_path, records), tmp_path / FOLDER)
    [part] = (tmp_path / FOLDER / "orders").iterdir()
    changed = tmp_path / "changed.parquet"
    duckdb.sql(
        "COPY (SELECT * REPLACE (due_minor + (status = 'fulfilled' AND order_id = (SELECT"
        f" min(order_id) FROM '{part}' WHERE status = 'fulfilled'))::INT AS due_minor)"
        f" FROM '{part}') TO '{changed}'"
    )
    changed.rename(part)
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path), "--out", str(page)]) == 1
    assert "do not agree" in capsys.readouterr().err
    bad = re.findall(r'<p class="bad">([^<]*)</p>', page.read_text())
    assert len(bad) == 1
    assert "what customers owed" in bad[0]


def test_a_simulated_day_is_reported_as_its_scorecard_has_it(tmp_path):
    """And with every section, so that a planner sees what a change does."""
    records, run = city()
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    made = report(
        *(tmp_path / FOLDER, manifest, period_of(None, None, "Asia/Shanghai", manifest)),
        *("city", 2_000),
    )
    assert made.agrees
    card, html = run.scorecard, made.html
    assert f"<b>{card.orders.delivered}</b><span>fulfilled" in html
    assert f"<b>{100 * card.service.on_time_share:.1f} %</b>" in html
    assert minutes(card.service.click_to_door.mean_s) in html
    assert minutes(card.service.click_to_door.p90_s) in html
    paid = Currency("CNY").text(card.fleet.cost_minor)
    assert paid in sums_of(html)
    for title in ("Money", "Sales", "Customers", "Operations"):
        assert f"<h2>{title}</h2>" in html
    plots = html.count('<div class="plot"')
    assert plots >= 12
    assert html.count("<h3>") == html.count("</h3>")
    assert "top-up" in html
    explained = re.findall(r'</h3><p class="said">([^<]+)</p>\s*<div class="plot"', html)
    assert len(explained) == plots  # a line that explains each


def test_who_bought_before_the_period_comes_back_in_it(tmp_path):
    records, _ = random_day(1)  # of two customers
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    [[first, last]] = Tables(tmp_path / FOLDER, period_of(None, None, "UTC", manifest)).rows(
        "SELECT strftime(quantile_disc(ended_at, 0.5), '%Y-%m-%dT%H:%M:%S+00:00'),"
        " strftime(max(ended_at), '%Y-%m-%dT%H:%M:%S+00:00') FROM done"
    )
    late = period_of(first, None, "UTC", manifest)
    html = report(tmp_path / FOLDER, manifest, late, "city").html
    tables = Tables(tmp_path / FOLDER, late)
    new = tables.one(
        "SELECT count(*) FROM (SELECT customer_id, min(ended_at) AS first FROM orders"
        f" WHERE status = 'fulfilled' GROUP BY 1) WHERE first >= TIMESTAMPTZ '{first}'"
    )
    told = re.search(r'"y":\[([\d,]*)\],"name":"first order"', html)[1]
    assert sum(map(int, told.split(","))) == new < tables.one("SELECT count(*) FROM done")
    assert last > first


def test_a_period_of_days_includes_the_last_whole_and_ends_at_its_midnight(tmp_path):
    manifest = export(journal_of(tmp_path, []), tmp_path / FOLDER)
    period = period_of("2025-03-07", "2025-03-08", "Asia/Shanghai", manifest)
    assert period.start.isoformat() == "2025-03-07T00:00:00+08:00"
    assert period.end.isoformat() == "2025-03-09T00:00:00+08:00"
    assert (period.days, period.step) == (2, "hour")
    with pytest.raises(ValueError, match="nothing lies between"):
        period_of("2025-03-08", "2025-03-07", "UTC", manifest)
    with pytest.raises(ValueError, match="neither a day nor a time"):
        period_of("yesterday", None, "UTC", manifest)
    with pytest.raises(ValueError, match="no time zone"):
        period_of(None, None, "Middle/Earth", manifest)


def test_an_empty_journal_gives_a_page_that_says_so(tmp_path, capsys):
    journal_of(tmp_path, [])
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path), "--out", str(page)]) == 0
    html = page.read_text()
    assert "nothing to report" in html
    assert len(html) < 10_000
    assert capsys.readouterr().err == ""


def test_a_period_in_which_nothing_happened_is_reported_all_the_same(tmp_path):
    records, _ = random_day(1)
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    quiet = period_of("2001-01-01", "2001-01-02", "UTC", manifest)
    made = report(tmp_path / FOLDER, manifest, quiet, "day")
    assert made.agrees
    assert "<b>0</b><span>fulfilled" in made.html


def test_the_same_journal_and_period_give_the_same_page(tmp_path):
    records, _ = random_day(4)
    manifest = export(journal_of(tmp_path, records), tmp_path / FOLDER)
    period = period_of(None, None, "UTC", manifest)
    pages = {report(tmp_path / FOLDER, manifest, period, "day").html for _ in range(3)}
    assert len(pages) == 1


def test_amounts_have_as_many_digits_as_the_currency():
    assert Currency("CNY").text(123_456) == "1\u202f234.56 CNY"
    assert Currency("JPY").text(123_456) == "123\u202f456 JPY"
    assert Currency("KWD").text(-1_500) == "-1.500 KWD"


def test_a_refund_that_took_two_tries_went_back_once(tmp_path):
    case = cases.delivered()
    case.at(case.now_s + 1, cases.settled("o/1/capture"))
    case.at(case.now_s + 1, c.RefundOrder("r", "o", 300, "cold", "ops"))
    case.at(case.now_s + 1, cases.settled("r", succeeded=False))
    case.at(case.now_s + 1, c.InstructAgain("r", "ops")).includes(e.InstructionIssued)
    manifest = export(journal_of(tmp_path, case.records), tmp_path / FOLDER)
    told = agreements(whole(tmp_path, manifest))
    assert [x for x in told if not x.holds] == []
    assert [x.by_ledger_minor for x in told if x.said.startswith("refunds")] == [300]
