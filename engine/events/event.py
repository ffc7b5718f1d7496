"""What every event is, and the one that says no."""

from msgspec import Struct

from engine.rejections import Detail, RejectionReason


class Event(Struct, frozen=True, tag=True, omit_defaults=True, array_like=True):
    """Something that happened. It is never taken back, only followed.

    Journals are kept: fields are added at the end with defaults, never renamed or removed.
    """


class CommandRejected(Event, frozen=True):
    """Nothing changed, and this is why. Changes no state; what follows it, if anything, is
    only that it was tried."""

    reason: RejectionReason
    detail: Detail = {}
