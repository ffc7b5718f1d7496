"""What operators ask about providers' bills. The bills themselves come by HTTP, as files."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Reason, Ref, Sent


class ListReconciliations(Sent, frozen=True):
    """Of which days a provider's bill was compared with our books, the newest first.

    Answered by `reconciliations`.
    """

    provider: Id
    limit: Annotated[int, Meta(ge=1, le=200)] = 31


class ListDifferences(Sent, frozen=True):
    """Where a bill and our books disagree. Answered by `differences`."""

    reconciliation: Ref
    after: Annotated[int, Meta(ge=-1, le=10**9)] = -1
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class ResolveDifference(Sent, frozen=True):
    """Somebody looked at it, and this is why. `booked`: the bill is right, our books follow it."""

    reconciliation: Ref
    index: Annotated[int, Meta(ge=0, le=10**9)]
    note: Reason
    booked: bool = False
