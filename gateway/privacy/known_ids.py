"""Whether somebody here has an id already: whoever has it can be named, whatever it looks like."""

from collections.abc import Container, Iterator

from engine.state import State


def is_known(s: State, id: str) -> bool:
    """Also one that begins with a known one, as those of payments and deliveries do."""
    return any(x in known for known in _known(s) for x in (id, id.partition("/")[0]))


def _known(s: State) -> Iterator[Container[str]]:
    yield from (s.orders.orders, s.orders.archive, s.quotes.quotes, s.order_changes.changes)
    yield from (s.payments.payments, s.payments.archive, s.payments.instructions)
    yield from (s.customers.customers, s.complaints.complaints, s.campaigns.campaigns)
    yield from (s.promotions.promotions, s.promotions.coupons, s.stores.stores, s.couriers.couriers)
    yield from (s.products.products, s.categories.categories, s.reconciliations.reconciliations)
    yield from (s.transfers.transfers, s.purchases.purchases)
    yield from (s.staff.duties, s.staff.timecards, s.staff.duties_of, s.staff.timecards_of)
    yield from s.shifts.shifts.values()
    yield from s.receipts.recent.values()
    yield from s.receipts.older.values()
