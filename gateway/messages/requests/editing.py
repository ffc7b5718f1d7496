"""Second thoughts: other lines or another door, and answers to what the store offers instead."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Line, Place, Quantity, Sent


class EditLines(Sent, frozen=True):
    """All lines as they are to be, until the store has begun. Answered by `order_edited`.

    What was bought keeps its price. What costs more is done once its payment is authorized.
    """

    order: Id
    lines: Annotated[list[Line], Meta(min_length=1, max_length=100)]


class EditDropoff(Sent, frozen=True):
    """Another door, with its own delivery fee, until the store has begun.

    Answered by `order_edited`.
    """

    order: Id
    dropoff: Place


class AcceptSubstitute(Sent, frozen=True):
    """Yes, instead of what is `missing`."""

    order: Id
    missing: Id


class DeclineSubstitute(Sent, frozen=True):
    """Rather without it."""

    order: Id
    missing: Id


class ProposeSubstitute(Sent, frozen=True):
    """So many are missing; so many pieces of something else would be there.

    The customer never pays more for them than for what is missing. Until the answer, or until
    nobody answered, the order is not ready.
    """

    order: Id
    missing: Id
    quantity: Quantity
    substitute: Id
    pieces: Quantity = 1
