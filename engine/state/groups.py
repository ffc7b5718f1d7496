"""Groups: which orders one courier is to carry. Which one does, deliveries say."""

from msgspec import Struct

from engine.events import GroupDissolved, OrderGrouped, OrderLeftGroup
from engine.values import GroupId, OrderId


class Groups(Struct, dict=True):
    """Invariant: an order is in one group at most, and only while it is open."""

    groups: dict[GroupId, list[OrderId]] = {}  # the first to join first; none is empty

    def __post_init__(self) -> None:
        # Derived, hence not fields: snapshots neither write nor read them.
        self.of_order: dict[OrderId, GroupId] = {
            order: group for group, orders in self.groups.items() for order in orders
        }
        self.version = 0  # up by one at every change

    # queries

    def together_with(self, order: OrderId) -> list[OrderId]:
        """Its group, itself included; nothing if it is in none."""
        group = self.of_order.get(order)
        return self.groups[group] if group is not None else []

    # events

    def order_grouped(self, e: OrderGrouped) -> None:
        assert e.order not in self.of_order
        self.groups[e.group] = [*self.groups.get(e.group, []), e.order]
        self.of_order[e.order] = e.group
        self.version += 1

    def order_left_group(self, e: OrderLeftGroup) -> None:
        assert self.of_order[e.order] == e.group
        del self.of_order[e.order]
        left = [x for x in self.groups[e.group] if x != e.order]
        if left:
            self.groups[e.group] = left
        else:
            del self.groups[e.group]
        self.version += 1

    def group_dissolved(self, e: GroupDissolved) -> None:
        assert self.groups[e.group] == e.orders
        for order in self.groups.pop(e.group):
            del self.of_order[order]
        self.version += 1
