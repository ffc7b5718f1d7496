"""What a payment provider can be asked, whoever it is; and what it may answer.

Everything is asked with an id of ours and may be asked again: the same id is the same thing.
"""

from base64 import b32encode
from collections.abc import Mapping
from datetime import date
from hashlib import blake2b
from typing import Literal, Protocol

from msgspec import Struct

from engine.values import (
    InstructionId,
    InstructionKind,
    Millis,
    MovementKind,
    OrderId,
    PaymentId,
    PaymentMethod,
    ProviderId,
)
from gateway.messages.values import PageKind

TOLERANCE_S = 300  # between our clock and the time in a signature, both ways
BODY_MAX_BYTES = 64 * 1024  # of a notice
NOTICE_LIFE_S = 26 * 3600  # no provider repeats a notice for longer; nor do we forget earlier


class NoticeRefusedError(Exception):
    """It is not from whom it says it is, or not for us, or no notice at all. Nothing was done."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}" if why else code)
        self.code = code


class TryAgainError(Exception):
    """Nobody knows whether it was done: the network, or the provider, has a bad moment."""


class NotPayableError(TryAgainError):
    """The provider would not take what it was asked: `code` is its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PayerIncompleteError(Exception):
    """This way of paying needs to know more about who pays. Nothing was asked of the provider."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Payer(Struct, frozen=True):
    """Who pays, as far as a way of paying asks. The provider is told; it is kept nowhere."""

    openid: str = ""
    client_ip: str = ""
    device: Literal["wap", "ios", "android"] = "wap"
    return_url: str = ""

    def __repr__(self) -> str:
        return "Payer()"  # nobody's business, and in no log


NOBODY = Payer()


class Due(Struct, frozen=True):
    """A payment we want, until `expires_at_s` on the wall."""

    payment: PaymentId
    order: OrderId
    amount_minor: int
    currency: str
    expires_at_s: int
    reference: str = ""  # the provider's, once it gave one
    method: PaymentMethod = PaymentMethod.DEFAULT

    @property
    def number(self) -> str:
        return number_of(self.payment)


class Page(Struct, frozen=True):
    """Where the customer pays: never with us.

    `qr`: show it as a code, or open it. `client_secret`: for the provider's own form. What begins
    with a provider's name is for its program on the customer's phone, `redirect` for his browser.
    """

    kind: PageKind
    value: str
    parameters: dict[str, str] = {}


class Standing(Struct, frozen=True):
    """How a payment stands at the provider.

    `unpaid` may still be paid; `closed` never will be; `held` is ours to take; `taken` is with us.
    """

    status: Literal["unpaid", "held", "taken", "closed"]
    amount_minor: int = 0
    currency: str = ""
    reference: str = ""
    moved_at: Millis = Millis(0)  # by the provider's clock, if it was taken


class Instruction(Struct, frozen=True):
    """What we told it to do with a payment that it holds or has taken."""

    instruction: InstructionId
    kind: InstructionKind
    amount_minor: int
    reason: str
    due: Due
    taken: bool

    @property
    def number(self) -> str:
        return number_of(self.instruction)


class Outcome(Struct, frozen=True):
    """`pending`: it was accepted, and will be told or can be asked for."""

    status: Literal["done", "failed", "pending"]
    reference: str = ""
    moved_at: Millis = Millis(0)


class Paid(Struct, frozen=True):
    """News: a payment was made."""

    notice: str  # the provider's id of it: a repeat has the same
    number: str
    standing: Standing


class Carried(Struct, frozen=True):
    """News: a capture or a refund was carried out, or was not."""

    notice: str
    number: str  # of the instruction; of the payment for a capture
    outcome: Outcome
    amount_minor: int
    currency: str


class Doubtful(Struct, frozen=True):
    """News that settles nothing by itself: better ask the provider how it stands."""

    notice: str
    number: str  # of the payment


News = Paid | Carried | Doubtful


class Billed(Struct, frozen=True):
    """A line of a bill. `moved`: the money has; not `final`: nobody said so yet."""

    kind: MovementKind
    number: str
    amount_minor: int
    fee_minor: int
    moved: bool
    state: str
    final: bool = True


class Acknowledgment(Struct, frozen=True):
    """What a notice is answered with over HTTP."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"


class Provider(Protocol):
    """One provider, one merchant. Everything may raise TryAgainError unless it says otherwise."""

    name: ProviderId
    currencies: tuple[str, ...]  # empty: all
    methods: tuple[PaymentMethod, ...]  # that it is configured for
    confirm_above_minor: int  # a notice about more than this is not believed without asking

    async def ask(self, due: Due, payer: Payer = NOBODY) -> Page:
        """Make it payable, by its method. Again: the same payment, invoked anew.

        Raises PayerIncompleteError, NotPayableError.
        """
        ...

    async def look(self, due: Due) -> Standing:
        """How does it stand?"""
        ...

    async def close(self, due: Due) -> Standing:
        """Nobody shall pay it any more. If somebody did, that is told instead."""
        ...

    async def instruct(self, instruction: Instruction) -> Outcome:
        """Capture, void or refund. Again, for what is pending: how far is it?"""
        ...

    def hear(self, headers: Mapping[str, str], body: bytes, now_s: int) -> News | None:
        """Whether a notice is genuine, and what it says; None if nothing of interest.

        Signature first, over the bytes as they came. Raises NoticeRefusedError; never waits.
        """
        ...

    async def rotate(self) -> bool:
        """A notice was signed with a key nobody knows: fetch the newest. Whether there are any."""
        ...

    def taken(self) -> Acknowledgment:
        """What says that a notice need not be repeated."""
        ...

    def refused(self, status: int, code: str) -> Acknowledgment:
        """What says that it must be."""
        ...

    async def bill(self, day: date) -> bytes:
        """The bill of a day, in the provider's own format."""
        ...

    def bill_lines(self, data: bytes, currency: str) -> list[Billed]:
        """What it says. Raises BillError."""
        ...

    def period(self, day: date) -> tuple[Millis, Millis]:
        """From when until when a day lasts, where the provider keeps its books."""
        ...


class BillError(ValueError):
    """Not a bill of this provider, or not a whole one."""


def number_of(key: PaymentId | InstructionId) -> str:
    """Our id in an alphabet and a length that every provider takes: 25 of a-z 2-7."""
    digest = blake2b(key.encode(), digest_size=15).digest()
    return "o" + b32encode(digest).decode().lower()
