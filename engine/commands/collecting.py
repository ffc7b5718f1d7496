"""What happens at the counter, when customers come themselves."""

from engine.commands.command import Command
from engine.values import OrderId, StoreId


class ReportCollection(Command, frozen=True):
    """The customer is here, and says this code."""

    store: StoreId
    order: OrderId
    code: str
    age_checked: bool = False  # the store looked at a document


class ExpireCollection(Command, frozen=True):
    """The customer has had long enough to come."""

    order: OrderId
