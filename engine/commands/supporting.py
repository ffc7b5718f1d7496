"""What is known of a customer, and what he allows."""

from engine.commands.command import Command
from engine.values import (
    Channel,
    CustomerId,
    InteractionId,
    OrderId,
    Purpose,
    ServiceId,
    Standing,
)


class SetConsent(Command, frozen=True):
    """Given or withdrawn. `service` is empty if an operator took it down."""

    customer: CustomerId
    purpose: Purpose
    given: bool
    service: ServiceId = ServiceId("")


class SetStanding(Command, frozen=True):
    """Who is blocked gets no quotes; what he ordered before is still brought."""

    customer: CustomerId
    standing: Standing
    reason: str


class RecordInteraction(Command, frozen=True):
    """Somebody spoke with a customer. `order` is empty if it was about none."""

    interaction: InteractionId
    customer: CustomerId
    channel: Channel
    topic: str
    order: OrderId = OrderId("")
    service: ServiceId = ServiceId("")


class ForgetCustomer(Command, frozen=True):
    """Who is behind the id was erased elsewhere: nothing more is to be done with it."""

    customer: CustomerId
    service: ServiceId = ServiceId("")
