"""Facts about groups: orders that one courier carries."""

from engine.events.event import Event
from engine.values import GroupId, OrderId


class OrderGrouped(Event, frozen=True):
    """From here on it goes with the others of its group."""

    group: GroupId
    order: OrderId


class OrderLeftGroup(Event, frozen=True):
    """It goes its own way, or none; the others stay together."""

    group: GroupId
    order: OrderId
    reason: str  # delivered, cancelled, recalled, moved, failed, returned or written_off


class GroupDissolved(Event, frozen=True):
    """Each of these goes with whoever is best for it: together they could not be carried."""

    group: GroupId
    orders: list[OrderId]
    reason: str  # late, too_large, split or by_hand


GroupEvent = OrderGrouped | OrderLeftGroup | GroupDissolved
