"""A second attempt to bring what could not be handed over."""

from engine.commands.command import Command
from engine.values import OrderId, ServiceId


class RequestRedelivery(Command, frozen=True):
    """Once it is back, bring it again. `service` is empty if an operator asks."""

    order: OrderId
    service: ServiceId = ServiceId("")
