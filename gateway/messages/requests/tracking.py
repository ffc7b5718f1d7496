"""Where things and people are: what a holder of a tracking link asks, and what operators ask."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.messages.values import Id, Place, Sent, Time

Ring = Annotated[list[Place], Meta(min_length=3, max_length=200)]


class Track(Sent, frozen=True):
    """The order the link is for. Answered by `tracking`."""


class GetTrail(Sent, frozen=True):
    """Where a courier was: measured from, up to but without, at most a day; kept for a week.

    `known_at`: as it was known then, without what came later. `areas`: when he entered and left
    these, besides stores; each is a ring of places. Answered by `trail`.
    """

    courier: Id
    from_at: Time
    to_at: Time
    known_at: Time | None = None
    areas: Annotated[dict[Id, Ring], Meta(max_length=16)] = {}


class GetWay(Sent, frozen=True):
    """The line a courier is to ride, as an encoded polyline; a courier asks for his own. Answered
    by `way`."""

    courier: Id
    precision: Literal[5, 6] = 5  # digits of a degree
