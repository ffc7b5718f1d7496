"""Who is what kind of customer: the rule, and judging again when time or the rule has moved on."""

from engine.commands.command import Command
from engine.settings import Segmentation
from engine.values import CustomerId


class SetSegmentation(Command, frozen=True):
    """Where scores begin, from here on; every customer is judged again, a few at a time."""

    segmentation: Segmentation


class ReviewCustomer(Command, frozen=True):
    """So long without a purchase: a score may have fallen."""

    customer: CustomerId


class ReviewCustomers(Command, frozen=True):
    """The rule is a new one: judge the next few by it. `first` is a number, not an id."""

    rule: int
    first: int
