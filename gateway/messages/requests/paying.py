"""What payment providers report."""

from gateway.messages.values import Money, Ref, Sent, Text


class ReportAuthorization(Sent, frozen=True):
    """The money is held, or it is not. The amount must be the one requested."""

    payment: Ref
    authorized: bool
    amount: Money
    reference: Text = ""


class ReportInstruction(Sent, frozen=True):
    """A capture, void or refund was carried out, or could not be."""

    instruction: Ref
    succeeded: bool
    reference: Text = ""
