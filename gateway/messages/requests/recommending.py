"""What is asked when somebody is about to choose."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Place, Sent


class Recommend(Sent, frozen=True):
    """What to show whom: by what is in the cart, and by what this customer bought, if he allows
    personalization. Only what the store can sell now, and bring to `dropoff`, if that is given.

    Answered by `recommendations`.
    """

    store: Id
    customer: Id | None = None
    cart: Annotated[list[Id], Meta(max_length=50)] = []
    dropoff: Place | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 5
