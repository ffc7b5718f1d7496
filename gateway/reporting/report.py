"""The report as a whole: what there is to say about a period, in order of who asks first."""

from pathlib import Path

from msgspec import Struct

from gateway.history.exporting import Manifest
from gateway.reporting import books, customers, goods, operations, people, sales
from gateway.reporting.amounts import NOTHING, Currency, minutes, share
from gateway.reporting.period import Period, Tables
from simulation.pages import Page, count


class Report(Struct):
    """`agrees`: every sum of money is the ledger's."""

    html: str
    agrees: bool


def report(
    out: Path, manifest: Manifest, period: Period, name: str, guarantee_minor: int = 0
) -> Report:
    """Of the export in `out`."""
    tables = Tables(out, period)
    try:
        page = Page(f"Report of {name}", f"{period.said()}; up to record {manifest.seq:,}")
        if not tables.one("SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM refusals)"):
            page.text("There is nothing to report: nobody has asked for anything yet.")
            return Report(page.html(), True)
        currency = Currency(_currency(tables))
        _summary(page, tables, currency)
        agrees = books.add_to(page, tables, currency)
        sales.add_to(page, tables, period, currency)
        goods.add_to(page, tables)
        people.add_to(page, tables)
        customers.add_to(page, tables, period, currency)
        operations.add_to(page, tables, period, currency, guarantee_minor)
        page.section("Where this is from")
        page.text(
            f"Journal {name}, record {manifest.seq:,}, digest {manifest.digest}. The same journal "
            "and period give the same page. Tables: docs/analytics.md."
        )
        return Report(page.html(), agrees)
    finally:
        tables.close()


def _currency(tables: Tables) -> str:
    """The engine's: it never changes."""
    found = tables.rows("SELECT currency FROM ledger UNION SELECT currency FROM orders")
    assert len(found) <= 1
    return found[0][0] if found else "CNY"


def _summary(page: Page, tables: Tables, currency: Currency) -> None:
    [(orders, charged)] = tables.rows("SELECT count(*), coalesce(sum(due_minor), 0) FROM done")
    [(brought, on_time, median)] = tables.rows(
        "SELECT count(*), count(*) FILTER (drop_off_lateness_ms <= 0),"
        " quantile_disc(click_to_door_ms, 0.5) FROM brought"
    )
    [(duty, busy, delivered)] = tables.rows(
        "SELECT coalesce(sum(on_duty_ms), 0), coalesce(sum(busy_ms), 0),"
        " coalesce(sum(delivered), 0) FROM shifts"
    )
    spent = tables.one("SELECT sum(amount_minor) FROM posted WHERE kind = 'platform:courier_cost'")
    hours = duty / 3_600_000
    page.tiles(
        [
            ("orders placed", count(tables.one("SELECT count(*) FROM placed"))),
            ("fulfilled", count(orders)),
            ("charged to customers", currency.text(charged)),
            ("average order", currency.text(charged / orders) if orders else NOTHING),
            ("in time", share(on_time, brought)),
            ("click to door, half within", minutes(median / 1_000) if brought else NOTHING),
            ("couriers busy", share(busy, duty)),
            ("deliveries an hour", count(delivered / hours, 2) if hours else NOTHING),
            ("couriers' cost a delivery", currency.text(spent / brought) if brought else NOTHING),
        ]
    )
