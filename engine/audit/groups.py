"""What belongs together is with one courier, or with none yet; and told to nobody in parts."""

from collections.abc import Iterator

from engine.rules.grouping import GROUP_MAX, carriages
from engine.state import State
from engine.state.deliveries import DeliveryStatus
from engine.state.orders import ENDED
from engine.values import Fulfillment, OrderId


def violations(s: State) -> Iterator[str]:
    for group, orders in s.groups.groups.items():
        for problem in (*_members(s, orders), *_carried(s, orders)):
            yield f"{group}: {problem}"


def _members(s: State, orders: list[OrderId]) -> Iterator[str]:
    if not 0 < len(orders) <= GROUP_MAX:
        yield f"it has {len(orders)} orders"
    for key in orders:
        order = s.orders[key]
        if order.status in ENDED or order.placed.fulfillment is Fulfillment.COLLECTION:
            yield f"{key} is {order.status}, by {order.placed.fulfillment}"
    windows = {s.orders[x].placed.window_from_at: None for x in orders}
    if len(windows) > 1:
        yield f"they are wanted at different times: {[*windows]}"


def _carried(s: State, orders: list[OrderId]) -> Iterator[str]:
    found = [x for _, x in carriages(s.groups, s.deliveries, orders[0])]
    couriers = {x.courier: None for x in found if x is not None and x.courier is not None}
    if len(couriers) > 1:
        yield f"it is with {[*couriers]}"
    told = [x for x in found if x is not None and x.status is not DeliveryStatus.CREATED]
    if told and any(x is None for x in found):
        yield "somebody was told of a part of it, and the rest was not accepted"
