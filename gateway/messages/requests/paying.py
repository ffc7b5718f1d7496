"""What payment providers report, and what is asked about money."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.messages.values import Id, Money, PayingBy, Ref, Sent, Text


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

    Answered by `tip_requested`: the payment to be made. `method` as for an order.
    """

    tip: Id
    order: Id
    amount: Money
    provider: Id
    method: PayingBy = "default"


class PayOtherwise(Sent, frozen=True):
    """While an order waits for its payment: by another provider or method, in time anew. At most
    three ways for one order. What was asked before is given up, and sent back if it is paid all
    the same. Answered by `other_payment`: the payment to be made; in `cash` nothing is.
    """

    order: Id
    provider: Id
    method: PayingBy = "default"


class GetPayment(Sent, frozen=True):
    """How it stands, and where the customer can pay. Answered by `payment`."""

    payment: Ref


class StartPayment(Sent, frozen=True):
    """What the customer's client invokes the payment with, made for this moment. Answered by
    `payment` with a `page`; without one if it waits for nobody any more.

    Ask again whenever you need it again: it stays one payment, and can be paid once. `openid` is
    who pays, as WeChat's mini-program or official account knows him, or Alipay's mini-program
    (a user id of 2088... or an open id). `client_ip` and `device` are for WeChat's `h5`;
    `return_url` is where a browser is led back to, and Alipay's `h5` cannot do without. All this
    is told to the provider and kept nowhere. What is missing is `payer_incomplete`, what the
    provider would not take `payment_refused`: the payment waits on, and the next request may be
    better.
    """

    payment: Ref
    openid: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,128}\Z")] = ""
    client_ip: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f.:]{0,45}\Z")] = ""
    device: Literal["wap", "ios", "android"] = "wap"
    return_url: Annotated[str, Meta(pattern=r"^(https?://[!-~]{1,244})?\Z")] = ""


class HandInCash(Sent, frozen=True):
    """This courier gave the office so much of what was collected at doors."""

    handover: Id
    courier: Id
    amount: Money


class ListCash(Sent, frozen=True):
    """Which courier holds how much in notes and coins. Answered by `cash`."""
