"""What operators ask of orders that belong together."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Ref, Sent


class GroupOrders(Sent, frozen=True):
    """One courier is to carry these, and what is in `group` already: a service's group of that
    name is `service/name`. Nothing that a courier knows of yet can join."""

    group: Ref
    orders: Annotated[list[Id], Meta(min_length=1, max_length=10)]


class DissolveGroup(Sent, frozen=True):
    """Each of its orders with whoever is best for it, after all."""

    group: Ref


GroupingRequest = GroupOrders | DissolveGroup
