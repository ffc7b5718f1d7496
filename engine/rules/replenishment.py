"""What a shelf will be short of, what another can spare, and how long goods last."""

from engine.state.inventory import StockLevel
from engine.state.reorders import HOURS, MILLI, UNSEEN, Reorder
from engine.values import HOUR


def taken(level: StockLevel) -> int:
    """By customers until now, or promised to them, less what they brought back."""
    back = level.returned + level.brought_back + level.spoiled
    return level.issued + level.sold + level.reserved - back


def expected(reorder: Reorder, at: int, hours: int) -> int:
    """Pieces customers will take in the next hours; an hour of the day nobody has seen yet
    counts as the mean of those that were."""
    known = [x for x in reorder.hourly_milli if x != UNSEEN]
    if not known:
        return 0
    mean = sum(known) // len(known)
    profile = [mean if x == UNSEEN else x for x in reorder.hourly_milli]
    days, rest = divmod(hours, HOURS)
    first = at // HOUR % HOURS
    milli = days * sum(profile) + sum(profile[(first + n) % HOURS] for n in range(rest))
    return -(-milli // MILLI)


def needed(level: StockLevel, reorder: Reorder, at: int, pending: int) -> int:
    """How many to ask for now, so that `target` are there when they arrive; 0 while more than
    `point` will be left. `pending`: asked for, and not yet on the way."""
    position = level.free + level.incoming + pending
    left = position - expected(reorder, at, reorder.lead_h)
    return reorder.target - left if left < reorder.point else 0


def surplus(level: StockLevel, reorder: Reorder | None, at: int, leaving: int) -> int:
    """How many this store can give away and still be at its target when its own supply comes.

    Who has no reorder point has not said what he needs: nothing is taken from him.
    """
    if reorder is None:
        return 0
    own = max(level.safety, reorder.target) + expected(reorder, at, reorder.lead_h)
    return max(0, level.free - leaving - own)
