"""When something happened that a courier's phone told later, if that can be true."""

from engine.values import HOUR, MINUTE, Millis

SKEW_MS = 2 * MINUTE  # by which clocks may differ: within it, a time is moved to what can be
LATE_MAX_MS = 6 * HOUR  # what is older than that is no offline phone, but a wrong clock


def bounds_at(now: Millis, not_before: Millis) -> tuple[Millis, Millis]:
    """From when to when it can have happened: not before the step before it, and not to come."""
    return Millis(max(not_before, now - LATE_MAX_MS)), now


def believed_at(said_at: Millis, earliest: Millis, latest: Millis) -> Millis | None:
    """Within the bounds; None if it is so far outside that the clock must be wrong."""
    if not earliest - SKEW_MS <= said_at <= latest + SKEW_MS:
        return None
    return Millis(min(latest, max(earliest, said_at)))
