"""Goods behind the shelf: what stores ordered and sent each other, and what was lost."""

from collections.abc import Sequence

from gateway.reporting.amounts import NOTHING, minutes, share
from gateway.reporting.period import Tables
from simulation.pages import Cell, Page

SUPPLIERS, STORES = 20, 20
CAUSES = "('counted', 'adjusted', 'discarded')"

Part = tuple[str, tuple[str, ...], Sequence[Sequence[Cell]], str]


def add_to(page: Page, tables: Tables) -> None:
    """Nothing, if nothing of it happened."""
    parts = _purchases(tables), _transfers(tables), _losses(tables)
    if not any(rows for _, _, rows, _ in parts):
        return
    page.section("Goods", "In pieces. What is sold of them is above.")
    for title, head, rows, said in parts:
        if rows:
            page.table(title, head, rows, said)


def _purchases(tables: Tables) -> Part:
    rows = tables.rows(
        "SELECT coalesce(supplier_id, 'none named'), count(DISTINCT purchase_id),"
        " sum(ordered)::BIGINT, sum(received)::BIGINT,"
        " median(epoch(received_at) - epoch(ordered_at)) FROM bought"
        " WHERE status IN ('ordered', 'closed')"
        f" GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT {SUPPLIERS}"
    )
    told = [
        (
            name,
            number,
            ordered,
            received,
            share(received, ordered),
            NOTHING if way is None else minutes(way),
        )
        for name, number, ordered, received, way in rows
    ]
    head = ("supplier", "purchases", "ordered", "received", "of those ordered", "half within")
    return "Purchases", head, told, "Drafted in the period and ordered, by supplier."


def _transfers(tables: Tables) -> Part:
    rows = tables.rows(
        "SELECT coalesce(name, destination_id), count(DISTINCT transfer_id),"
        " count(DISTINCT transfer_id) FILTER (by_engine), sum(shipped)::BIGINT,"
        " sum(received)::BIGINT, sum(lost)::BIGINT"
        " FROM sent LEFT JOIN stores ON destination_id = stores.store_id"
        " WHERE status IN ('shipped', 'received') GROUP BY destination_id, name"
        f" ORDER BY 5 DESC, 1 LIMIT {STORES}"
    )
    head = ("to", "transfers", "drafted by the engine", "shipped", "received", "lost")
    return "Transfers", head, rows, "Asked for in the period, from store to store."


def _losses(tables: Tables) -> Part:
    """What left shelves, or was found on them, without anybody buying it."""
    rows = tables.rows(
        "SELECT coalesce(name, store_id), coalesce(-sum(on_hand) FILTER (cause = 'counted'"
        " AND on_hand < 0), 0)::BIGINT, coalesce(sum(on_hand) FILTER (cause = 'counted'"
        " AND on_hand > 0), 0)::BIGINT, coalesce(-sum(on_hand) FILTER (cause = 'adjusted'), 0)"
        "::BIGINT, coalesce(-sum(damaged) FILTER (cause = 'discarded'), 0)::BIGINT"
        " FROM moved LEFT JOIN stores USING (store_id) GROUP BY store_id, name"
        f" HAVING sum(abs(on_hand) + abs(damaged)) FILTER (cause IN {CAUSES}) > 0"
        f" ORDER BY 2 DESC, 1 LIMIT {STORES}"
    )
    head = ("store", "missing when counted", "found when counted", "written off", "thrown away")
    return "Losses", head, rows, "Changes of shelves that nobody paid for, by store."
