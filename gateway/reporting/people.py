"""People in stores: hours that were paid, beside those that were planned, and what they packed."""

from gateway.reporting.amounts import NOTHING
from gateway.reporting.period import Tables
from simulation.pages import Page, count

STORES, PEOPLE = 25, 25
H = 3_600_000


def add_to(page: Page, tables: Tables) -> None:
    """Nothing, if nobody clocked in and nobody was to."""
    if not tables.one("SELECT (SELECT count(*) FROM worked) + (SELECT count(*) FROM rostered)"):
        return
    said = "Timecards that began in the period, duties of rosters that were published."
    page.section("People in stores", said)
    _stores(page, tables)
    _people(page, tables)


def _stores(page: Page, tables: Tables) -> None:
    rows = tables.rows(
        "WITH cards AS (SELECT store_id, count(DISTINCT staff_id) AS people, sum(paid_ms) AS paid,"
        " sum(unpaid_breaks_ms) AS unpaid, count(*) FILTER (forgotten) AS forgotten FROM worked"
        " GROUP BY 1), plans AS (SELECT store_id, sum(epoch(ends_at) - epoch(starts_at)) * 1000"
        " AS planned FROM rostered WHERE published AND NOT dropped GROUP BY 1),"
        " packing AS (SELECT store_id, count(*) AS packed FROM packed GROUP BY 1)"
        " SELECT coalesce(name, store_id), coalesce(people, 0), coalesce(paid, 0)::BIGINT,"
        " coalesce(planned, 0)::BIGINT, coalesce(unpaid, 0)::BIGINT, coalesce(packed, 0),"
        " coalesce(forgotten, 0) FROM cards FULL JOIN plans USING (store_id)"
        " LEFT JOIN packing USING (store_id) LEFT JOIN stores USING (store_id)"
        f" ORDER BY 3 DESC, 1 LIMIT {STORES}"
    )
    page.table(
        "Hours by store",
        (
            *("store", "people", "paid hours", "planned hours", "unpaid breaks, h"),
            *("orders packed", "an hour paid", "did not clock out"),
        ),
        [
            (
                *(name, people, count(paid / H, 1), count(planned / H, 1), count(unpaid / H, 1)),
                *(packed, count(packed / paid * H, 2) if paid else NOTHING, forgotten),
            )
            for name, people, paid, planned, unpaid, packed, forgotten in rows
        ],
    )


def _people(page: Page, tables: Tables) -> None:
    rows = tables.rows(
        "SELECT staff_id, string_agg(DISTINCT job, ', ' ORDER BY job), count(*),"
        " count(DISTINCT store_id), sum(paid_ms)::BIGINT, sum(paid_breaks_ms)::BIGINT,"
        " sum(unpaid_breaks_ms)::BIGINT FROM worked GROUP BY 1"
        f" ORDER BY 5 DESC, 1 LIMIT {PEOPLE}"
    )
    page.table(
        "Hours by person",
        ("person", "as", "times", "stores", "paid hours", "of these breaks, h", "unpaid, h"),
        [
            (who, job, times, stores, *(count(x / H, 1) for x in hours))
            for who, job, times, stores, *hours in rows
        ],
        f"At most the {PEOPLE} who worked longest; all are in the table timecards.",
    )
