"""What stores ask for: their screens and their tills."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.settings import Units
from gateway.messages.terms import Hours
from gateway.messages.values import Id, Money, Quantity, Reason, Ref, Sent, Time


class AcceptOrder(Sent, frozen=True):
    """It will be ready by then, at most a day ahead."""

    order: Id
    ready_at: Time


class RejectOrder(Sent, frozen=True):
    order: Id
    reason: Reason


class UpdateReadyTime(Sent, frozen=True):
    """It will be earlier or later than said."""

    order: Id
    ready_at: Time


class ReportReady(Sent, frozen=True):
    """It stands on the counter."""

    order: Id


class LabelOrder(Sent, frozen=True):
    """What stands on its bags, a label each: the courier reads all of them when he fetches it, or
    hears that a bag is left or somebody else's. Once accepted, for who has a courier come; again,
    to label anew; none, and nothing is to be read.
    """

    order: Id
    labels: Annotated[list[Id], Meta(max_length=20)]


class ReportMissing(Sent, frozen=True):
    """The shelf had fewer than the books said; the order goes without them."""

    order: Id
    product: Id
    quantity: Quantity


class ReceiveReturn(Sent, frozen=True):
    """What could not be delivered is back; fit to be sold again, or not."""

    delivery: Ref
    sellable: bool


class ReportCollection(Sent, frozen=True):
    """The customer is at the counter and says this code; right, and the goods are theirs.

    `age_checked`: you looked at a document, as goods with an `age_check` ask for.
    """

    order: Id
    code: Annotated[str, Meta(pattern=r"^[0-9]{1,8}\Z")]
    age_checked: bool = False


class OpenStore(Sent, frozen=True):
    """Take orders again."""


class CloseStore(Sent, frozen=True):
    """No new orders; what was accepted is still prepared."""


class SetPrice(Sent, frozen=True):
    """From then on, in this store, or from now on; open quotes keep theirs.

    A price begins later than all there are: to change what is planned, withdraw it first.
    """

    product: Id
    price: Money
    from_at: Time | None = None


class WithdrawPrices(Sent, frozen=True):
    """Those of this product that have not begun yet."""

    product: Id


class ListInStore(Sent, frozen=True):
    """Sell it in this store, within these weekly hours; without hours, always."""

    product: Id
    hours: Annotated[list[Hours], Meta(max_length=50)] = []


class DelistInStore(Sent, frozen=True):
    """Not in this store, whoever else sells it."""

    product: Id


class ReceiveStock(Sent, frozen=True):
    """Goods arrived."""

    product: Id
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]


class CountStock(Sent, frozen=True):
    """Somebody counted the shelf, what is reserved included."""

    product: Id
    counted: Units


class SetSafetyStock(Sent, frozen=True):
    """So many are never promised online."""

    product: Id
    quantity: Units


class RecordSale(Sent, frozen=True):
    """Sold at the store's own till, from the same shelf."""

    product: Id
    quantity: Quantity


class ListStock(Sent, frozen=True):
    """The store's own shelf, by product id. Answered by `stock`."""

    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100
