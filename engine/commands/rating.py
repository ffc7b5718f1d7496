"""How well it went, in the eyes of the customer."""

from engine.commands.command import Command
from engine.values import OrderId, ProductId, ServiceId


class RateOrder(Command, frozen=True):
    """Once, after it ended. `courier_stars`: 0 if nothing is said of the courier."""

    order: OrderId
    service: ServiceId
    stars: int
    courier_stars: int
    tags: list[str]
    liked: list[ProductId]
    disliked: list[ProductId]
