"""Which accounts money moves between. An entry is (account, amount) pairs: debits are positive.

Accounts are named `kind:whose`. What a provider owes us is `provider:X`; what couriers and store
tills hold in notes and coins is `cash:X` and `till:X`; `platform:held` is money that providers
moved before anybody earned it.
"""

from engine.events import LedgerPosted
from engine.state.payments import Payment
from engine.values import CASH, CourierId, OrderId, Posting, ProviderId, StoreId

FEES, COURIER_COST = "platform:delivery_fees", "platform:courier_cost"
EXCHANGES = "platform:exchanges"  # what came back and pays for something else
RETURN_FEES, PROMOTIONS = "platform:return_fees", "platform:promotions"
PROVIDER_FEES, DIFFERENCES = "platform:provider_fees", "platform:differences"
REFUNDS, UNCOLLECTED, HELD = "platform:refunds", "platform:uncollected", "platform:held"

Entry = tuple[tuple[str, int], ...]


def of_provider(provider: ProviderId) -> str:
    return f"provider:{provider}"


def of_courier(courier: CourierId) -> str:
    """What he earns."""
    return f"courier:{courier}"


def of_store(store: StoreId) -> str:
    """What it earns."""
    return f"store:{store}"


def cash_of(courier: CourierId) -> str:
    """What he collected at doors and has not handed in."""
    return f"cash:{courier}"


def till_of(store: StoreId) -> str:
    """What was collected over its counter."""
    return f"till:{store}"


def source_of(payment: Payment, courier: CourierId | None, store: StoreId) -> str:
    """Where the money of a payment is at the moment it is earned."""
    if payment.provider == CASH:
        return till_of(store) if courier is None else cash_of(courier)
    return HELD if payment.taken else of_provider(payment.provider)


def posted(order: OrderId, memo: str, *entry: tuple[str, int]) -> LedgerPosted:
    """Without what is nothing. The entry must have something left."""
    return LedgerPosted(order, memo, [Posting(account, x) for account, x in entry if x])
