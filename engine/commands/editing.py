"""Changes of an order that is paid for, before the store has begun with it."""

from engine.commands.command import Command
from engine.values import Line, OrderId, ServiceId
from geo.points import Point


class EditLines(Command, frozen=True):
    """These instead: what was bought keeps its price, what is more costs what it costs today."""

    order: OrderId
    service: ServiceId
    lines: list[Line]


class EditDropoff(Command, frozen=True):
    """Bring it there instead."""

    order: OrderId
    service: ServiceId
    dropoff: Point
