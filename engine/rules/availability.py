"""Whether something is for sale in a store at a time: listed, and within its hours."""

from collections.abc import Iterable

from engine.rejections import Detail
from engine.rejections import RejectionReason as Reason
from engine.rules.hours import is_within, next_within
from engine.state.listings import Listings
from engine.state.products import Products
from engine.values import Millis, ProductId, StoreId

Fault = tuple[Reason, Detail]


def sale_fault(
    products: Products,
    listings: Listings,
    store: StoreId,
    wanted: Iterable[ProductId],
    at: Millis,
    utc_offset_min: int,
) -> Fault | None:
    """The first of these that is not for sale, and when it will be again if that is known."""
    here = listings.of_store.get(store)
    for product in wanted:
        if not products[product].is_listed:
            return Reason.NOT_LISTED, {"product": product}
        listing = here.get(product) if here else None
        if listing is None:
            continue
        if not listing.is_listed:
            return Reason.NOT_LISTED, {"product": product}
        if not is_within(listing.hours, at, utc_offset_min):
            again_at = next_within(listing.hours, at, utc_offset_min)
            return Reason.OUT_OF_HOURS, {"product": product, "available_at": again_at}
    return None
