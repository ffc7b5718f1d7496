"""The tables of an export, said once: columns, types and what they mean. docs/analytics.md is
generated from here: `python -m gateway.history.tables`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from gateway.history.schema import SQL, Table, columns
from gateway.history.trade_tables import TRADE
from gateway.history.work_tables import WORK

DOCUMENT = Path(__file__).parents[2] / "docs" / "analytics.md"
TABLES: dict[str, Table] = {
    "orders": Table(
        "A row for each order; those still open at the end are the last.",
        columns("""
            order_id         text  its id
            service_id       text  who brought it
            customer_id      text  an opaque id
            store_id         text
            fulfillment      text  delivery or collection
            provider_id      text  who was to hold the money
            status           text  placed, scheduled, confirmed, accepted, ready, handed_over, \
fulfilled, cancelled or returned
            reason           text  actor/reason of an early end
            goods_minor      minor after discounts, less what was missing
            discount_minor   minor off the goods
            fee_minor        minor for the delivery, after discounts
            tip_minor        minor promised with the order
            due_minor        minor owed for goods and delivery, less what was missing
            currency         text
            dropoff_cell     text  H3 cell of resolution 8, of deliveries
            placed_at        time
            promised_at      time  at the door, or ready to be collected; the first promise
            window_from_at   time  of orders wanted later
            window_to_at     time
            confirmed_at     time  the money is held, and the store is asked
            accepted_at      time  by the store
            ready_at         time
            ended_at         time  empty: still open
            attempts         int   at handing it over
        """),
    ),
    "order_lines": Table(
        "What was bought. `kept` is what was left of `ordered` after picking.",
        columns("""
            order_id         text
            product_id       text
            name             text
            category         text  when it was ordered
            ordered          int   pieces
            kept             int   pieces
            price_minor      minor of one piece, frozen by the quote
            discount_minor   minor off what was kept
            subsidy_minor    minor of that, borne by the platform
            amount_minor     minor of what was kept, after discounts
            currency         text
        """),
    ),
    "deliveries": Table(
        "How each order that went with a courier went: the delivery clock as mdrp-sim names it.",
        columns("""
            delivery_id      text  of the last attempt
            order_id         text
            store_id         text
            courier_id       text  who fetched it
            vehicle          text
            status           text  of the order
            placed_at        time
            promised_at      time
            taken_at         time  accepted by that courier
            ready_at         time
            in_store_at      time  that courier's arrival there
            picked_up_at     time
            door_at          time  handed over
            click_to_taken_ms         int
            click_to_door_ms          int
            ready_to_pickup_ms        int
            in_store_to_pickup_ms     int
            ready_to_door_ms          int
            drop_off_lateness_ms      int   negative: early
            straight_m       int   from store to door
            ridden_m         real  for it, between reported positions; shared rides in shares
            co2e_g           real  of that
            expected_at      time  half of such come by then, as it was told; empty: it was not
        """),
    ),
    "quotes": Table(
        "Every quote offered, and the order it became. Refused ones are in `refusals`.",
        columns("""
            quote_id         text
            customer_id      text
            store_id         text
            fulfillment      text
            total_minor      minor
            currency         text
            promised_ms      int   from placing to the door
            dropoff_cell     text  of deliveries
            offered_at       time
            accepted_at      time
            order_id         text
            expected_ms      int   half of such are there within; empty: it was not told
        """),
    ),
    "refusals": Table(
        "Everything that was asked for and refused.",
        columns("""
            refused_at       time
            command          text
            reason           text  a code of docs/protocol.md
            store_id         text
            customer_id      text
            courier_id       text
            order_id         text
            dropoff_cell     text  of quotes for deliveries
            detail           text  JSON
        """),
    ),
    "till_lines": Table(
        "What stores sold over their own counters, by receipt; refunds are negative. Tills are not \
in the ledger.",
        columns("""
            told_at          time  when it was told
            sold_at          time  by the till's clock
            store_id         text
            receipt_id       text
            refund           text  its name; empty for sales
            till             text
            tender           text
            product_id       text
            name             text
            category         text
            quantity         int
            price_minor      minor
            amount_minor     minor after discounts
            currency         text
        """),
    ),
    "payments": Table(
        "What customers were asked for. What became of it is in `payment_events` and `ledger`.",
        columns("""
            payment_id       text
            order_id         text
            provider_id      text
            purpose          text  order, edit or tip
            amount_minor     minor
            currency         text
            requested_at     time
            method           text  where it was paid: mini_program, app ...; default: a code, a form
        """),
    ),
    "payment_events": Table(
        "authorized, authorized_late, failed, withdrawn; capture, void and refund when they were \
issued, and again with _settled or _failed when they were answered.",
        columns("""
            happened_at      time
            payment_id       text
            instruction_id   text
            what             text
            amount_minor     minor of instructions
            currency         text
            reason           text
        """),
    ),
    "ledger": Table(
        "Every posting. Debits are positive; the postings of an entry, and of the whole, sum to 0.",
        columns("""
            posted_at        time
            entry            int   counts
            order_id         text
            memo             text
            account          text  kind:whose
            kind             text  provider, store, courier, ...; of the platform the whole account
            amount_minor     minor
            currency         text
        """),
    ),
    "stock_movements": Table(
        "Every change of every shelf: the sum of a column is the level.",
        columns("""
            moved_at         time
            store_id         text
            product_id       text
            cause            text
            actor            text
            reason           text
            order_id         text
            on_hand          int
            reserved         int
            damaged          int
            on_hand_after    int
            reserved_after   int
        """),
    ),
    **WORK,
    "customer_segments": Table(
        "When a customer became another kind of customer. Scores are 1 to 5.",
        columns("""
            since            time
            customer_id      text
            segment          text
            recency          int
            frequency        int
            monetary         int
        """),
    ),
    "ratings": Table(
        "What customers said of orders. Stars are 1 to 5.",
        columns("""
            rated_at         time
            order_id         text
            customer_id      text
            store_id         text
            stars            int
            courier_id       text
            courier_stars    int   empty: nothing was said of the courier
            tags             text  separated by spaces
        """),
    ),
    "complaints": Table(
        "A row for each complaint; those still open at the end are the last.",
        columns("""
            complaint_id     text
            customer_id      text
            order_id         text
            reason           text
            opened_at        time
            answered_at      time  by an operator, the first time
            escalated_at     time  nobody had answered in time
            refunded_minor   minor approved for it
            currency         text
            closed_at        time
            outcome          text
        """),
    ),
    "returns": Table(
        "Goods taken back after delivery: a row for each that was previewed.",
        columns("""
            change_id        text
            order_id         text
            store_id         text
            reason           text
            way              text  courier, who fetches them, or store
            previewed_at     time
            confirmed_at     time
            received_at      time
            goods_minor      minor given back for what came, or previewed for what was to come
            delivery_minor   minor of the delivery fee
            fee_minor        minor what fetching costs, taken off
            currency         text
            outcome          text  received, or why nothing came of it; empty: still open
        """),
    ),
    **TRADE,
    "stores": Table(
        "Those there are.",
        columns("""
            store_id         text
            name             text
            lat              real
            lon              real
            cell             text
        """),
    ),
    "products": Table(
        "Those there are, as last listed.",
        columns("""
            product_id       text
            name             text
            category         text
        """),
    ),
    "couriers": Table(
        "Those there are, as last registered.",
        columns("""
            courier_id       text
            vehicle          text
            capacity         int
            fleet_id         text  whose he is; empty: the house's own
        """),
    ),
    "positions": Table(
        "Only with `--positions`: every position that was accepted.",
        columns("""
            measured_at      time  measured
            courier_id       text
            lat              real
            lon              real
        """),
    ),
}

HEAD = """\
# Tables of an export

*Generated from `gateway/history/tables.py` by `python -m gateway.history.tables`.*

`o2o export DIR --parquet OUT` writes the journal in `DIR` as Parquet: a folder for each table, with
part files in it; `export.json` says up to which record. It only reads, beside a server that runs.
`o2o sql DIR "SELECT ..."` asks them with DuckDB, where each table is a view of its name.

Money is in whole minor units beside its currency. Times are moments: `o2o sql` and
`o2o report` tell them, and count days and hours, by the city's clock (`--timezone` for another).
Cells are H3, in hexadecimal.
An empty value says that it never happened. Customers are opaque ids, and doors are cells.

```
o2o sql data "SELECT store_id, sum(goods_minor) FROM orders GROUP BY 1 ORDER BY 2 DESC"
```
"""


def document() -> str:
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    for name, table in TABLES.items():
        yield f"## {name}\n\n{table.said}\n\n| column | type | |\n|---|---|---|"
        for column in table.columns:
            yield f"| `{column.name}` | {SQL[column.kind]} | {column.said} |"
        yield ""


def main() -> int:
    """Write it, or with `--check` say whether it is up to date."""
    if "--check" in sys.argv:
        return 0 if DOCUMENT.read_text() == document() else 1
    DOCUMENT.write_text(document())
    return 0


if __name__ == "__main__":
    sys.exit(main())
