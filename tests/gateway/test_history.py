"""A journal as tables: every row is what the engine says, and damage is refused by its number."""

import sqlite3
from collections import Counter
from functools import cache

import pytest

from engine import commands as c
from engine import events as e
from engine.errors import CorruptJournalError
from engine.rules.lines import goods_total
from engine.values import Line
from gateway.cli import main
from gateway.history import tables
from gateway.history.asking import answer
from gateway.history.exporting import FOLDER, NotAnExportError, export, fresh, manifest_of
from gateway.history.parquet import Writer
from gateway.history.tables import TABLES
from gateway.history.telling import Teller
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from gateway.storage.witness import WITNESS_FILE
from simulation.run import simulate
from tests import cases
from tests.days.random_days import RandomDay
from tests.journals import journal_of
from tests.simulated_city import troubled

SEEDS = (
    1,
    3,
    4,
    6,
    7,
    8,
    12,
    15,
    16,
    28,
    31,
    49,
    53,
    63,
)  # all that is told happens on one of them
UNFINISHED = (6, 8, 16)
STEPS = 1_000


@cache
def random_day(seed):
    """Some stop in the middle of everything."""
    day = RandomDay(seed)
    return [*day.records(STEPS), *(() if seed in UNFINISHED else day.heal())], day.engine


@cache
def city():
    records = []
    run = simulate(troubled(), 3, records.append)
    return records, run


def told(records):
    """Rows by table, as dicts."""
    teller = Teller(with_positions=True)
    for record in records:
        teller.fold(record)
    teller.finish(records[-1].at if records else 0)
    return {
        name: [dict(zip((x.name for x in TABLES[name].columns), row, strict=True)) for row in rows]
        for name, rows in teller.rows.items()
    }


def ask(folder, question):
    return answer(folder / FOLDER, question)[1]


def test_everything_that_is_told_happens_on_the_days_looked_at():
    happened = {type(x) for seed in SEEDS for r in random_day(seed)[0] for x in r.events}
    assert set(Teller()._table) - happened <= {e.SettingsChanged}


days = pytest.mark.parametrize("seed", SEEDS)


@days
def test_every_order_is_a_row_that_says_what_the_engine_says(seed):
    records, engine = random_day(seed)
    rows = {x["order_id"]: x for x in told(records)["orders"]}
    orders = dict(engine.state.orders.everything())
    assert rows.keys() == orders.keys()
    for key, order in orders.items():
        row = rows[key]
        assert row["status"] == order.status
        assert row["reason"] == (order.why or None)
        assert row["due_minor"] == order.due_minor
        assert row["goods_minor"] == goods_total(order.lines)
        assert row["goods_minor"] + row["fee_minor"] == row["due_minor"]
        assert row["placed_at"] == order.placed.placed_at
        assert row["ended_at"] == (order.ended_at or None)
        assert row["accepted_at"] == (order.accepted_at or None)


@days
def test_lines_are_what_was_ordered_and_what_was_left(seed):
    records, engine = random_day(seed)
    found = Counter()
    for x in told(records)["order_lines"]:
        found[x["order_id"], x["product_id"]] += x["kept"]
    expected = Counter()
    for key, order in engine.state.orders.everything():
        for line in order.placed.lines:
            expected[key, line.product] += 0
        for line in order.lines:
            expected[key, line.product] += line.quantity
    assert found == expected
    goods = Counter()
    for x in told(records)["order_lines"]:
        goods[x["order_id"]] += x["amount_minor"]
    assert goods == Counter(
        {key: goods_total(x.lines) for key, x in engine.state.orders.everything()}
    )


@days
def test_tills_tell_every_receipt_and_what_was_given_back(seed):
    records, _ = random_day(seed)
    events = [x for record in records for x in record.events]
    found = Counter()
    for x in told(records)["till_lines"]:
        found[x["receipt_id"], x["refund"]] += x["amount_minor"]
    expected = Counter()
    for x in events:
        if isinstance(x, e.ReceiptRecorded):
            expected[x.receipt, None] += x.total_minor
        elif isinstance(x, e.ReceiptRefunded):
            expected[x.receipt, x.refund] -= x.amount_minor
    assert found == expected


@days
def test_the_ledgers_rows_sum_to_its_balances(seed):
    records, engine = random_day(seed)
    rows = told(records)["ledger"]
    balances = Counter()
    for x in rows:
        balances[x["account"]] += x["amount_minor"]
    expected = engine.state.ledger.balances
    assert {k: x for k, x in balances.items() if x} == {k: x for k, x in expected.items() if x}
    entries = Counter()
    for x in rows:
        entries[x["entry"]] += x["amount_minor"]
    assert set(entries.values()) == {0}
    assert len(entries) == engine.state.ledger.entries


def test_more_of_the_same_at_another_price_is_a_line_of_its_own():
    case = cases.confirmed(cases.city(9), pieces=2).at(20, c.SetPrice("store", "ramen", 1_500))
    case.at(21, c.EditLines("o", "app", [Line("ramen", 3)]))
    amount = case.state.payments["o/2"].amount_minor
    case.at(22, c.ReportAuthorization("bank", "o/2", True, amount, "ref"))
    lines = told(case.records)["order_lines"]
    found = [(x["ordered"], x["kept"], x["price_minor"]) for x in lines]
    assert found == [(2, 2, cases.GOODS), (1, 1, 1_500)]


@days
def test_what_was_asked_of_providers_and_answered_is_what_the_engine_knows(seed):
    records, engine = random_day(seed)
    rows, payments = told(records), engine.state.payments
    assert {x["payment_id"]: x["method"] for x in rows["payments"]} == {
        key: x.method.value for key, x, _ in payments.everything()
    }
    assert {x["payment_id"]: x["amount_minor"] for x in rows["payments"]} == {
        key: x.amount_minor for key, x, _ in payments.everything()
    }
    captured = Counter()
    for x in rows["payment_events"]:
        if x["what"] in ("capture", "capture_failed"):
            captured[x["payment_id"]] += x["amount_minor"] * (1 if x["what"] == "capture" else -1)
    assert +captured == +Counter({k: x.captured_minor for k, x, _ in payments.everything()})


@days
def test_movements_sum_to_what_is_on_the_shelf(seed):
    records, engine = random_day(seed)
    found = Counter()
    for x in told(records)["stock_movements"]:
        found[x["store_id"], x["product_id"]] += x["on_hand"]
    assert +found == +Counter(
        {
            (store, product): level.on_hand
            for store, products in engine.state.inventory.levels.items()
            for product, level in products.items()
        }
    )


@days
def test_what_was_given_back_is_told_with_what_came_of_it(seed):
    records, _ = random_day(seed)
    rows, events = told(records)["returns"], [x for record in records for x in record.events]
    assert len(rows) == sum(isinstance(x, e.ChangePreviewed) for x in events)
    received = {x.change: x for x in events if isinstance(x, e.ChangeReceived)}
    assert {x["change_id"] for x in rows if x["outcome"] == "received"} == set(received)
    for x in rows:
        if x["outcome"] == "received":
            assert x["goods_minor"] == received[x["change_id"]].goods_minor
    closed = {x.change: x.reason for x in events if isinstance(x, e.ChangeClosed)}
    assert {x["change_id"]: x["outcome"] for x in rows if x["change_id"] in closed} == closed


@days
def test_ratings_and_complaints_are_told_with_what_came_of_them(seed):
    records, _ = random_day(seed)
    rows, events = told(records), [x for record in records for x in record.events]
    stars = [x.stars for x in events if isinstance(x, e.OrderRated)]
    assert [x["stars"] for x in rows["ratings"]] == stars
    complaints = {x["complaint_id"]: x for x in rows["complaints"]}
    assert len(complaints) == sum(isinstance(x, e.ComplaintOpened) for x in events)
    closed = {x.complaint: x.outcome for x in events if isinstance(x, e.ComplaintClosed)}
    assert {k: x["outcome"] for k, x in complaints.items() if x["closed_at"]} == closed
    approved = Counter()
    for x in events:
        if isinstance(x, e.RefundApproved):
            approved[x.complaint] += x.amount_minor
    assert +Counter({k: x["refunded_minor"] for k, x in complaints.items()}) == approved


@days
def test_every_refusal_is_a_row_and_every_quote(seed):
    records, _ = random_day(seed)
    rows = told(records)
    refused = Counter(
        (type(x.command).__name__, x.rejection.reason.value) for x in records if x.rejection
    )
    assert Counter((x["command"], x["reason"]) for x in rows["refusals"]) == refused
    offered = [y.quote for x in records for y in x.events if isinstance(y, e.QuoteOffered)]
    assert sorted(x["quote_id"] for x in rows["quotes"]) == sorted(offered)
    accepted = [x["order_id"] for x in rows["quotes"] if x["order_id"]]
    assert sorted(accepted) == sorted(x["order_id"] for x in rows["orders"])


def test_a_delivery_tells_its_clock_and_shifts_add_up_to_the_scorecard():
    records, run = city()
    rows, card = told(records), run.scorecard
    done = [x for x in rows["deliveries"] if x["status"] == "fulfilled"]
    assert len(done) == card.orders.delivered
    mean_s = sum(x["click_to_door_ms"] for x in done) / len(done) / 1_000
    assert round(mean_s, 1) == card.service.click_to_door.mean_s
    for x in done:
        assert x["door_at"] - x["placed_at"] == x["click_to_door_ms"]
        assert x["door_at"] - x["promised_at"] == x["drop_off_lateness_ms"]
        assert x["picked_up_at"] <= x["door_at"]
        assert x["straight_m"] > 0
    shifts = rows["courier_shifts"]
    assert sum(x["delivered"] for x in shifts) == card.orders.delivered
    assert sum(x["earned_minor"] for x in shifts) == card.fleet.cost_minor  # nobody tipped
    assert round(sum(x["on_duty_ms"] for x in shifts) / 3_600_000, 1) >= card.fleet.worked_h
    assert all(x["busy_ms"] <= x["on_duty_ms"] for x in shifts)
    assert sum(x["ridden_m"] for x in shifts) > 0
    assert len(rows["positions"]) > len(shifts)


def test_part_files_hold_the_same_rows_however_small(tmp_path):
    records, _ = random_day(1)
    journal_of(tmp_path, records)
    export(tmp_path, tmp_path / FOLDER)
    whole = ask(tmp_path, "SELECT * FROM ledger ORDER BY ALL")
    teller, writer = Teller(), Writer(tmp_path / "parts")
    for record in records:
        teller.fold(record)
        writer.take(teller.rows, 10)
    teller.finish(records[-1].at)
    writer.finish(teller.rows)
    writer.close()
    assert len([*(tmp_path / "parts" / "ledger").iterdir()]) > 3
    assert answer(tmp_path / "parts", "SELECT * FROM ledger ORDER BY ALL")[1] == whole


def test_a_query_sees_times_money_and_what_never_happened(tmp_path):
    records, engine = random_day(2)
    journal_of(tmp_path, records)
    export(tmp_path, tmp_path / FOLDER)
    kinds = dict(ask(tmp_path, "SELECT column_name, column_type FROM (DESCRIBE orders)"))
    assert kinds["placed_at"] == "TIMESTAMP WITH TIME ZONE"
    assert kinds["due_minor"] == "BIGINT"
    [[due]] = ask(tmp_path, "SELECT sum(due_minor)::BIGINT FROM orders WHERE status = 'fulfilled'")
    fulfilled = [x for _, x in engine.state.orders.everything() if x.status == "fulfilled"]
    assert due == sum(x.due_minor for x in fulfilled)
    never = "SELECT count(*) FROM orders WHERE accepted_at IS NULL"
    assert ask(tmp_path, never)[0][0] == sum(
        not x.accepted_at for _, x in engine.state.orders.everything()
    )


def test_a_question_that_makes_no_sense_is_answered_with_why(tmp_path):
    journal_of(tmp_path, random_day(1)[0])
    export(tmp_path, tmp_path / FOLDER)
    with pytest.raises(ValueError, match="nothing_such"):
        ask(tmp_path, "SELECT * FROM nothing_such")
    with pytest.raises(ValueError, match="time zone"):
        answer(tmp_path / FOLDER, "SELECT 1", "Middle/Earth")


def test_an_export_is_used_until_the_journal_goes_on(tmp_path):
    records, _ = random_day(1)
    journal_of(tmp_path, records[:700])
    first = fresh(tmp_path, tmp_path / FOLDER)
    made = (tmp_path / FOLDER).stat().st_mtime_ns
    assert fresh(tmp_path, tmp_path / FOLDER) == first
    assert (tmp_path / FOLDER).stat().st_mtime_ns == made
    journal_of(tmp_path, records[700:])
    assert fresh(tmp_path, tmp_path / FOLDER).seq == len(records)


def test_exporting_only_reads_and_the_writer_goes_on_beside_it(tmp_path):
    records, _ = random_day(1)
    journal = SqliteJournal(tmp_path / JOURNAL_FILE)
    journal.append(records[:700])
    manifest = export(tmp_path, tmp_path / "out")
    journal.append(records[700:])
    journal.close()
    assert manifest.seq == 700
    left = {x.name for x in tmp_path.iterdir()} - {f"{JOURNAL_FILE}-wal", f"{JOURNAL_FILE}-shm"}
    assert left == {JOURNAL_FILE, WITNESS_FILE, f"{JOURNAL_FILE}.lock", "out"}


def test_a_damaged_journal_is_refused_by_its_record_and_leaves_what_was_there(tmp_path, capsys):
    records, _ = random_day(1)
    journal_of(tmp_path, records[:700])
    before = export(tmp_path, tmp_path / FOLDER)
    journal_of(tmp_path, records[700:])
    with sqlite3.connect(tmp_path / JOURNAL_FILE) as db:
        db.execute("UPDATE record SET body = CAST(body || x'00' AS BLOB) WHERE seq = 900")
    db.close()
    with pytest.raises(CorruptJournalError, match="record 900"):
        export(tmp_path, tmp_path / FOLDER)
    assert manifest_of(tmp_path / FOLDER) == before
    assert not [x for x in tmp_path.iterdir() if x.suffix in (".new", ".old")]
    assert main(["export", str(tmp_path)]) == 1
    assert "record 900" in capsys.readouterr().err
    assert main(["sql", str(tmp_path), "SELECT 1"]) == 1


def test_what_is_not_an_export_is_not_replaced(tmp_path):
    journal_of(tmp_path / "data", random_day(1)[0][:100])
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter-1").write_text("It was a dark and stormy night")
    with pytest.raises(NotAnExportError):
        export(tmp_path / "data", precious)
    assert (precious / "chapter-1").exists()


def test_an_empty_journal_has_all_tables_and_no_rows(tmp_path, capsys):
    journal_of(tmp_path, [])
    assert set(export(tmp_path, tmp_path / FOLDER).rows.values()) == {0}
    assert ask(tmp_path, "SELECT count(*), max(placed_at) FROM orders") == [(0, None)]
    assert main(["sql", str(tmp_path), 'SELECT count(*) AS "all" FROM ledger']) == 0
    assert capsys.readouterr().out == "all\n0\n"


def test_no_journal_is_said_to_be_none(tmp_path, capsys):
    assert main(["export", str(tmp_path)]) == 2
    assert "no journal" in capsys.readouterr().err


def test_the_document_tells_of_the_tables_there_are():
    assert tables.DOCUMENT.read_text() == tables.document()
