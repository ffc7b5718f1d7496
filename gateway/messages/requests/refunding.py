"""What operators ask for when money is to go back."""

from gateway.messages.values import Id, Money, Reason, Ref, Sent


class RefundOrder(Sent, frozen=True):
    """Give back part or all of what was captured. `refund` is the id you choose for it.

    What is above the limit of one person, all refunds of the order together, waits for another:
    then it is answered by `refund`, and the instruction is not issued yet.
    """

    refund: Id
    order: Id
    amount: Money
    reason: Reason


class EndorseRefund(Sent, frozen=True):
    """You agree to what somebody else asked for."""

    instruction: Ref


class InstructAgain(Sent, frozen=True):
    """What a provider could not void or refund, once more: under a new name, with the same amount.

    Any try may be named; the last has to have failed. Not for captures, whose order is written off.
    """

    instruction: Ref


class ListFailedInstructions(Sent, frozen=True):
    """Voids and refunds that a provider could not carry out, and nobody has tried again.
    Answered by `failed_instructions`."""


class DeclineRefund(Sent, frozen=True):
    """It is not to be given back; also for whoever asked."""

    instruction: Ref
    reason: Reason


class ListRefunds(Sent, frozen=True):
    """Those that wait: for a second person, or for the capture. Answered by `refunds`."""
