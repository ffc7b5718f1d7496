"""Something else for what is missing: offered by the store, answered by whoever ordered it."""

from engine.commands.command import Command
from engine.values import OrderId, ProductId, ServiceId, StoreId


class ProposeSubstitute(Command, frozen=True):
    """The shelf had fewer than the books said; the store offers something else instead."""

    store: StoreId
    order: OrderId
    missing: ProductId
    quantity: int  # of the missing
    substitute: ProductId
    pieces: int  # of the substitute


class AcceptSubstitute(Command, frozen=True):
    order: OrderId
    service: ServiceId
    missing: ProductId


class DeclineSubstitute(Command, frozen=True):
    order: OrderId
    service: ServiceId
    missing: ProductId


class ExpireSubstitute(Command, frozen=True):
    """Nobody has answered: the order goes without."""

    order: OrderId
    missing: ProductId
    expires_at: int
