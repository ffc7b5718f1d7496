"""Money: what every account kept, and whether orders, line by line, say the same as the ledger."""

from typing import NamedTuple

from gateway.reporting.amounts import Currency
from gateway.reporting.period import Tables
from simulation.pages import Page

SAID = {
    "provider": "providers owe us, for what they captured less what they gave back",
    "cash": "notes and coins with couriers, not handed in",
    "till": "collected for orders over stores' counters",
    "platform:held": "moved by providers before anybody earned it",
    "store": "earned by stores",
    "courier": "earned by couriers, tips included",
    "platform:delivery_fees": "delivery fees",
    "platform:return_fees": "fees for fetching what goes back",
    "platform:courier_cost": "paid to couriers",
    "platform:promotions": "discounts the platform bears",
    "platform:exchanges": "owed to customers for what came back, until they have something else",
    "platform:refunds": "refunds the platform bears",
    "platform:uncollected": "captures that failed",
    "platform:provider_fees": "what providers keep",
    "platform:differences": "differences to providers' bills, booked",
}
OWN = "platform:"
TRANSIT = "platform:held"


class Agreement(NamedTuple):
    """One sum, told twice."""

    said: str
    by_orders_minor: int
    by_ledger_minor: int

    @property
    def holds(self) -> bool:
        return self.by_orders_minor == self.by_ledger_minor


def agreements(tables: Tables) -> list[Agreement]:
    """Sums over single orders beside sums over accounts. Each has to hold to the minor unit."""
    at_the_door = (  # what came back earlier may pay for some of it
        "FROM posted WHERE (memo = 'delivered'"
        " OR memo = 'exchange' AND order_id IN (SELECT order_id FROM done))"
    )
    refunds = "FROM told WHERE what"
    pairs = (
        (
            "goods of fulfilled orders, line by line, and what stores were credited for them",
            "SELECT sum(amount_minor) FROM order_lines JOIN done USING (order_id)",
            f"SELECT -sum(amount_minor) {at_the_door} AND kind = 'store'",
        ),
        (
            "delivery fees of fulfilled orders, and the platform's account of them",
            "SELECT sum(fee_minor) FROM done",
            f"SELECT -sum(amount_minor) {at_the_door} AND kind = 'platform:delivery_fees'",
        ),
        (
            "tips given with orders, and what couriers were credited at the door",
            "SELECT sum(tip_minor) FROM done WHERE fulfillment = 'delivery'",
            f"SELECT -sum(amount_minor) {at_the_door} AND kind = 'courier'",
        ),
        (
            "what customers owed for fulfilled orders with its tips, and what was taken from them",
            "SELECT sum(due_minor + CASE fulfillment WHEN 'delivery' THEN tip_minor ELSE 0 END)"
            " FROM done",
            f"SELECT sum(amount_minor) {at_the_door} AND amount_minor > 0",
        ),
        (
            "refunds told to providers, and what their accounts gave back",
            f"SELECT (SELECT coalesce(sum(amount_minor), 0) {refunds} = 'refund')"
            f" - (SELECT coalesce(sum(amount_minor), 0) {refunds} = 'refund_failed')",
            "SELECT -sum(amount_minor) FROM posted WHERE kind = 'provider'"
            " AND memo IN ('refund', 'rest', 'refund failed', 'refund again')",
        ),
        (
            "debits and credits of all accounts",
            "SELECT sum(amount_minor) FROM posted WHERE amount_minor > 0",
            "SELECT -sum(amount_minor) FROM posted WHERE amount_minor < 0",
        ),
    )
    return [Agreement(said, tables.one(mine), tables.one(books)) for said, mine, books in pairs]


def balances(tables: Tables) -> dict[str, int]:
    """Debits less credits in the period, by kind of account."""
    question = "SELECT kind, sum(amount_minor)::BIGINT FROM posted GROUP BY 1"
    found = dict(tables.rows(question))
    known = {kind: found.pop(kind) for kind in SAID if kind in found}
    return known | dict(sorted(found.items()))


def result_minor(kept: dict[str, int]) -> int:
    """What is left for the platform."""
    return -sum(x for kind, x in kept.items() if kind.startswith(OWN) and kind != TRANSIT)


def add_to(page: Page, tables: Tables, currency: Currency) -> bool:
    """Whether everything agrees."""
    page.section(
        "Money",
        "What the double-entry ledger booked in the period. Every other sum of money on this page "
        "is counted from single orders and must come to the same.",
    )
    kept = balances(tables)
    rows = [(kind, SAID.get(kind, ""), currency.text(amount)) for kind, amount in kept.items()]
    page.table(
        "Accounts",
        ("account", "what it is", "debits less credits"),
        rows,
        "Positive: somebody owes it to us, or it was spent. Negative: we owe it, or it was earned.",
    )
    page.text(f"Left for the platform: {currency.text(result_minor(kept))}.")
    told = agreements(tables)
    for x in told:
        sums = currency.text(x.by_orders_minor)
        if not x.holds:
            sums += f" and {currency.text(x.by_ledger_minor)}"
        page.verdict(f"{x.said}: {sums}", x.holds)
    return all(x.holds for x in told)
