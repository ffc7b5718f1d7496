"""Orders that belong together."""

from engine.commands.command import Command
from engine.values import GroupId, OrderId


class GroupOrders(Command, frozen=True):
    """An operator: one courier is to carry all of these, and whatever is in the group already."""

    group: GroupId
    orders: list[OrderId]


class DissolveGroup(Command, frozen=True):
    """An operator: each with whoever is best for it, after all."""

    group: GroupId


class ReviewGroup(Command, frozen=True):
    """Whether the group can still be waited for, without breaking a promise."""

    group: GroupId
