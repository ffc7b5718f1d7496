"""Where things and people are: what a holder of a tracking link asks, and what operators ask."""

from gateway.messages.values import Id, Sent, Time


class Track(Sent, frozen=True):
    """The order the link is for. Answered by `tracking`."""


class GetTrail(Sent, frozen=True):
    """Where a courier was: measured from, up to but without, at most a day; kept for a week.

    `known_at`: as it was known then, without what came later. Answered by `trail`.
    """

    courier: Id
    from_at: Time
    to_at: Time
    known_at: Time | None = None
