"""What payment providers report, and what is asked about money."""

from gateway.messages.values import Id, Money, Ref, Sent, Text


class ReportAuthorization(Sent, frozen=True):
    """The money is held, or it never will be. The amount must be the one requested.

    `taken`: it has been moved already, there is nothing left to capture; whatever is not earned
    comes back to you as a refund.
    """

    payment: Ref
    authorized: bool
    amount: Money
    reference: Text = ""
    taken: bool = False


class ReportInstruction(Sent, frozen=True):
    """A capture, void or refund was carried out, or could not be."""

    instruction: Ref
    succeeded: bool
    reference: Text = ""


class AddTip(Sent, frozen=True):
    """The customer was content: to the courier whole, by a payment of its own. After delivery.

    Answered by `tip_requested`: the payment to be made.
    """

    tip: Id
    order: Id
    amount: Money
    provider: Id


class GetPayment(Sent, frozen=True):
    """How it stands, and where the customer can pay. Answered by `payment`."""

    payment: Ref


class HandInCash(Sent, frozen=True):
    """This courier gave the office so much of what was collected at doors."""

    handover: Id
    courier: Id
    amount: Money


class ListCash(Sent, frozen=True):
    """Which courier holds how much in notes and coins. Answered by `cash`."""
