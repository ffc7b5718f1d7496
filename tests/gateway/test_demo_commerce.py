"""Live clients do all of commerce, not only deliveries; and the report of their day adds up."""

import re
from collections import Counter

import pytest

from engine import events as e
from engine.engine import Engine
from gateway.cli import main
from gateway.providers.sandbox.practising import free_port
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from tests.simulated_city import SMALL

COMMERCE = """
[commerce]
answers_min = { median = 2, p90 = 4 }
refunds = 0.7

[commerce.shoppers]
collects = 0.3
pays_cash = 0.2
schedules = 0.1
uses_coupon = 0.5
comes_after_min = { median = 1, p90 = 2 }
allows_marketing = 0.9
rates = 0.5
tips_after = 0.3
complains = 0.3
gives_back = 0.5
has_it_fetched = 0.6

[commerce.shops]
opens = 10.5
closes = 22.0
pickers = 2
cashiers = 1
late_min = 1.0
receipts_per_h = 60
counts_at_h = 0.2
counted = 2
shrinkage = 0.1
reorder_point = 995
reorder_target = 1_100
arrives_after_min = { median = 5, p90 = 9 }

[[commerce.bundles]]
id = "lunch-set"
name = "Lunch set"
category = "sets"
parts = { noodles = 1, tea = 1 }
price_minor = 3_900

[[commerce.price_changes]]
category = "drinks"
at_h = 0.3
times = 0.8

[[commerce.promotions]]
name = "Hello"
permille_off = 100
coupon = "HELLO"

[[commerce.promotions]]
name = "Again"
permille_off = 150
by_coupon = true

[[commerce.campaigns]]
name = "Come again"
promotion = "Again"
segments = ["new_customers", "potential_loyalist"]
at_h = 0.35
lasts_h = 5.0
held_out = 0.3

[[commerce.providers]]
name = "card"
share = 0.3
"""
SYSTEMS = ("products", "orders", "payments", "logistics", "customers", "analytics")


def records_of(folder):
    journal = SqliteJournal(folder / JOURNAL_FILE)
    records = list(journal.read(1))
    journal.close()
    return records


@pytest.mark.slow
def test_live_stores_office_and_customers_do_all_of_commerce_and_the_report_adds_up(
    tmp_path, capsys
):
    path, data, port = tmp_path / "shops.toml", tmp_path / "data", free_port()
    city = SMALL.replace("orders = 45", "orders = 130") + "utc_offset_min = 480\n"
    path.write_text(city + COMMERCE)
    words = ["demo", "--scenario", str(path), "--data", str(data), "--port", str(port)]
    assert main([*words, "--speed", "150", "--minutes", "42", "--headless"]) == 0
    told = capsys.readouterr().out
    for system in SYSTEMS:
        assert f"{system} " in told
    assert "planned by insertion" in told
    records = records_of(data)
    happened = Counter(type(x) for record in records for x in record.events)
    events = [x for record in records for x in record.events]
    placed = [x for x in events if isinstance(x, e.OrderPlaced)]
    fulfilled = {x.order for x in events if isinstance(x, e.OrderFulfilled)}
    assert [x for x in placed if x.fulfillment == "collection" and x.order in fulfilled]
    assert {x.provider for x in placed} == {"bank", "card", "cash"}
    assert [x for x in placed if x.discounts]
    assert [x for x in placed if x.window_to_at]
    assert [x for x in events if isinstance(x, e.ReceiptRecorded) and len(x.lines) > 1]
    for kind in (
        *(e.StoreHoursSet, e.DutyDrafted, e.RosterPublished, e.TimecardOpened),
        *(e.StockCounted, e.PurchaseDrafted, e.PurchaseOrdered, e.PurchaseClosed),
        *(e.CampaignLaunched, e.CampaignAssigned, e.OrderRated, e.PaymentRequested),
        *(e.ComplaintOpened, e.ComplaintAnswered, e.RefundApproved, e.ComplaintClosed),
        *(e.ChangeConfirmed, e.ChangeReceived, e.ReturnFetched),
    ):
        assert happened[kind], kind.__name__
    assert [x for x in events if isinstance(x, e.PaymentRequested) and x.purpose == "tip"]
    sold = {x.price_minor for x in events if isinstance(x, e.PriceSet) and x.product == "tea"}
    assert {1_500, 1_200} <= sold
    legs = {x.delivery for x in events if isinstance(x, e.ReturnFetched)}
    assert [x for x in events if isinstance(x, e.DeliveryPickedUp) and x.delivery in legs]
    adds_up(data, tmp_path / "day.html", records, capsys)


def adds_up(data, page, records, capsys):
    """The report has every section, and ends with 0 only if its sums are the ledger's."""
    engine = Engine()
    for record in records:
        engine.apply(record)
    assert sum(engine.state.ledger.balances.values()) == 0
    assert main(["report", str(data), "--out", str(page)]) == 0
    capsys.readouterr()
    sections = re.findall(r"<h[23]>([^<]*)", page.read_text())
    for section in ("Money", "Sales", "Goods", "Purchases", "Customers", "Campaigns", "Ratings"):
        assert section in sections
    for section in ("Complaints", "Returns after delivery", "Operations", "Couriers"):
        assert section in sections
