"""Money that is given back, and who has to agree to it."""

from engine.commands.command import Command
from engine.values import InstructionId, Minor, OrderId


class RefundOrder(Command, frozen=True):
    """Give back part or all of what was captured. `by` is the operator who asks."""

    instruction: InstructionId
    order: OrderId
    amount_minor: Minor
    reason: str
    by: str = ""


class EndorseRefund(Command, frozen=True):
    """A second person agrees."""

    instruction: InstructionId
    by: str


class InstructAgain(Command, frozen=True):
    """What the provider could not void or refund: once more. `by` is the operator who says so."""

    instruction: InstructionId
    by: str


class DeclineRefund(Command, frozen=True):
    """Somebody does not, or whoever asked thought better of it."""

    instruction: InstructionId
    by: str
    reason: str
